import { requestIdOf } from '../api/letters/call';
import { plainDate } from '../models/calendar';
import { letterWorkflowId } from '../workflows/letter-messages';
import type { TestCaller } from './support/api';
import { addDays } from './support/dates';
import { keepHistory } from './support/histories';
import { LETTER_HISTORIES } from './support/letter-branches';
import type { LetterHistory } from './support/letter-branches';
import { stepsOf } from './support/letter-history';
import { takeOneLine } from './support/letter-invoice';
import { DIAGNOSIS, letterPerson, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { reviewUntaken, startLetters } from './support/letters';
import type { LettersBench } from './support/letters';
import { until } from './support/until';

/**
 * Lives the branches of a letter's workflow on real servers and compares the steps of each with the table. With
 * RECORD_HISTORIES=1 the histories that are not committed yet are written. A day of waiting takes a second here.
 */
const today = plainDate(new Date().toISOString());
const HOUR_MS = 3_600_000;
let bench: LettersBench;
let lead: TestCaller;
let curator: TestCaller;
let nth = 0;

beforeAll(async () => {
  bench = await startLetters({ documentsDays: 2, appealDays: 2, dayMs: 1000 });
  lead = await bench.api.as('lead-expert', { fullName: 'Соколов Пётр Ильич' });
  curator = await bench.api.as('curator-doctor');
}, 180_000);
afterAll(() => bench?.close());

const APPROVE = { lineNo: 1, kind: 'approve' };
const REFUSE = { lineNo: 1, kind: 'refuse', ground: 'medical', reasonCode: 'CLIN-01', clause: 'КР 708, п. 2.4' };
const PART = { lineNo: 1, kind: 'approve-part', quantity: 1, reasonCode: 'FREQ-01', clause: 'КР 708, п. 2.4' };

interface Request {
  readonly person: LetterPerson;
  readonly clinic: TestCaller;
  readonly id: string;
  readonly path: string;
  readonly number: string | null;
  readonly senderRef: string;
}

interface Asked {
  /** Of the contract's policy, in force for this request only. */
  readonly policy?: object;
  readonly lines?: readonly object[];
  readonly quantity?: number;
  readonly days?: number;
  readonly urgency?: string;
  readonly hoursAgo?: number;
}

/** A request of a person of its own. */
async function ask({
  policy,
  lines,
  quantity = 1,
  days = 20,
  urgency = 'standard',
  hoursAgo = 0,
}: Asked): Promise<Request> {
  const { pool } = bench.api;
  const person = await letterPerson(pool, today, nth);
  nth += 1;
  const clinic = await bench.api.as('clinic', { clinicId: person.clinicId });
  const line = { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity, periodFrom: today };
  const senderRef = `BRANCH-${nth}`;
  const set = { autoApproveKopecks: 5_000_000, fourEyesKopecks: 30_000_000, documentRules: [], ...policy };
  await pool.query(
    `INSERT INTO letter_policy (contract_id, effective_from, auto_approve_kopecks, four_eyes_kopecks, document_rules)
     VALUES ($1, '2020-01-01', $2, $3, $4)`,
    [person.contractId, set.autoApproveKopecks, set.fourEyesKopecks, JSON.stringify(set.documentRules)],
  );
  const before = bench.clock.now;
  bench.clock.now = () => new Date(Date.now() - hoursAgo * HOUR_MS);
  try {
    const asked = await clinic.post('/v1/letters', {
      policyNo: person.policyNo,
      clinicCode: person.clinicCode,
      urgency,
      senderRef,
      lines: lines ?? [{ ...line, periodTo: addDays(today, days) }],
    });
    expect(asked.status).toBe(201);
    const id = asked.body.id as string;
    return { person, clinic, id, path: `/v1/letters/${id}`, number: asked.body.number as string | null, senderRef };
  } finally {
    bench.clock.now = before;
    await pool.query('DELETE FROM letter_policy WHERE contract_id IS NOT NULL');
  }
}

/** Everything above a kopeck goes to a doctor. */
const TO_DOCTOR = { policy: { autoApproveKopecks: 1 } };
const FOUR_EYES = { policy: { autoApproveKopecks: 1, fourEyesKopecks: 1 } };

async function done(caller: TestCaller, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await caller.post(path, body);
  expect({ path, status: answer.status, body: answer.body as unknown }).toMatchObject({ status: 200 });
  return answer.body as Record<string, unknown>;
}

async function decide(doctor: TestCaller, { path }: Request, ...lines: object[]): Promise<Record<string, unknown>> {
  await done(doctor, `${path}/claim`, {});
  return done(doctor, `${path}/decisions`, { lines });
}

const cancel = ({ clinic, path }: Request, lineNos: number[] = []) =>
  done(clinic, `${path}/cancellations`, { reason: 'Пациент передумал', lineNos });
const stateOf = async ({ id }: Request): Promise<string> =>
  ((await lead.get(`/v1/letters/${id}`)).body as { state: string }).state;

/** The history has the steps of the table; it is kept when it is not there yet. */
async function expectLived({ id }: Pick<Request, 'id'>, name: LetterHistory): Promise<void> {
  const handle = bench.temporal.workflow.getHandle(letterWorkflowId(id));
  const steps = async () => stepsOf(await handle.fetchHistory());
  await until(async () => (await steps()).length === LETTER_HISTORIES[name].length);
  expect(await steps()).toEqual(LETTER_HISTORIES[name]);
  await keepHistory(bench.temporal, letterWorkflowId(id), `guarantee-letter/${name}`);
}

describe('the first answer', () => {
  test('a part at once', async () => {
    const one = await ask({ days: 60 });
    await cancel(one);
    await expectLived(one, 'approved-in-part-at-once');
  });

  test('the same request again: the same answer, and nothing is promised twice', async () => {
    const one = await ask({});
    const line = { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 1, periodFrom: today };
    const again = await one.clinic.post('/v1/letters', {
      policyNo: one.person.policyNo,
      clinicCode: one.person.clinicCode,
      senderRef: one.senderRef,
      lines: [{ ...line, periodTo: addDays(today, 20) }],
    });
    expect(again.body).toMatchObject({ id: one.id, number: one.number, state: 'approved' });
    await cancel(one);
    await expectLived(one, 'asked-again');
  });

  test('an unknown policy takes nothing; the corrected request comes under the same reference', async () => {
    const person = await letterPerson(bench.api.pool, today, nth);
    nth += 1;
    const line = { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 1, periodFrom: today, periodTo: today };
    const request = { policyNo: person.policyNo, clinicCode: person.clinicCode, senderRef: 'TYPO-1', lines: [line] };
    const wrong = await curator.post('/v1/letters', { ...request, policyNo: 'nobody' });
    expect(wrong.body).toMatchObject({ status: 422, code: 'letter.policy-unknown' });
    const id = requestIdOf(curator.user.id, 'TYPO-1');
    await expectLived({ id }, 'nothing-taken');
    const corrected = await curator.post('/v1/letters', request);
    expect(corrected.body).toMatchObject({ id, state: 'approved' });
  });

  test('documents come, and the machine itself decides again', async () => {
    const one = await ask({ policy: { documentRules: [{ service: SERVICE, kinds: ['referral'] }] } });
    await one.clinic
      .post(`${one.path}/attachments`)
      .field('kind', 'referral')
      .attach('file', Buffer.from('%PDF-1.7'), { filename: 'a.pdf', contentType: 'application/pdf' });
    expect(await done(one.clinic, `${one.path}/documents`, { answer: 'Приложено' })).toMatchObject({
      state: 'approved',
    });
    await cancel(one);
    await expectLived(one, 'machine-reassessed');
  });
});

describe('doctors', () => {
  test('two who disagree: the lead decides, and nobody who was heard', async () => {
    const one = await ask(FOUR_EYES);
    const [first, second] = [await bench.api.as('medical-expert'), await bench.api.as('medical-expert')];
    await bench.api.pool.query(`UPDATE letter_request SET skill = NULL WHERE id = $1`, [one.id]);
    expect(await decide(first, one, APPROVE)).toMatchObject({ state: 'pended', awaitsSecondDoctor: true });
    expect(await decide(second, one, REFUSE)).toMatchObject({ state: 'pended', awaitsSecondDoctor: false });
    for (const doctor of [first, second]) {
      await doctor.post(`${one.path}/claim`);
      const again = await doctor.post(`${one.path}/decisions`, { lines: [APPROVE] });
      expect(again.body).toMatchObject({ status: 409, code: 'letter.lead-only' });
      await doctor.post(`${one.path}/release`);
    }
    expect(await decide(lead, one, APPROVE)).toMatchObject({ state: 'approved' });
    await cancel(one);
    await expectLived(one, 'doctors-disagree');
  });

  test('a second opinion is another doctor’s', async () => {
    const one = await ask(TO_DOCTOR);
    const asking = await bench.api.as('lead-expert');
    await done(asking, `${one.path}/claim`, {});
    await done(asking, `${one.path}/second-opinions`, { question: 'Есть ли показания?' });
    await done(asking, `${one.path}/claim`, {});
    const own = await asking.post(`${one.path}/decisions`, { lines: [APPROVE] });
    expect(own.status).toBe(409);
    await asking.post(`${one.path}/release`);
    expect(await decide(lead, one, APPROVE)).toMatchObject({ state: 'approved' });
    await cancel(one);
    await expectLived(one, 'second-opinion');
  });
});

describe('a letter in force', () => {
  test('is cut, extended, and not extended beyond its cover', async () => {
    const one = await ask({ quantity: 3 });
    await done(lead, `${one.path}/amendments`, { reason: 'Меньше', lines: [{ lineNo: 1, quantity: 2 }] });
    await done(lead, `${one.path}/extensions`, { validTo: addDays(today, 40) });
    const beyond = await lead.post(`${one.path}/extensions`, { validTo: addDays(today, 800) });
    expect(beyond.body).toMatchObject({ status: 409, code: 'letter.beyond-cover' });
    await cancel(one);
    await expectLived(one, 'amended-and-extended');
  });

  test('two acts that come at once take turns, and neither is lost', async () => {
    const one = await ask({ quantity: 3 });
    const acts = [
      done(lead, `${one.path}/amendments`, { reason: 'Меньше', lines: [{ lineNo: 1, quantity: 2 }] }),
      done(lead, `${one.path}/extensions`, { validTo: addDays(today, 40) }),
    ];
    await Promise.all(acts);
    expect((await one.clinic.get(one.path)).body).toMatchObject({
      state: 'amended',
      validTo: addDays(today, 40),
      lines: [{ approvedQuantity: 2 }],
    });
    await cancel(one);
    const steps = await stepsOf(await bench.temporal.workflow.getHandle(letterWorkflowId(one.id)).fetchHistory());
    // Either may have been the first.
    expect([...steps].sort()).toEqual([...LETTER_HISTORIES['two-acts-at-once']].sort());
    if (steps[1]!.startsWith('amend')) await expectLived(one, 'two-acts-at-once');
  });

  test('is cancelled line by line; the same call again cancels nothing more', async () => {
    const line = { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 1 };
    const lines = [0, 10].map((days) => ({
      ...line,
      periodFrom: addDays(today, days),
      periodTo: addDays(today, days + 5),
    }));
    const one = await ask({ lines, ...TO_DOCTOR });
    await decide(lead, one, APPROVE, { ...APPROVE, lineNo: 2 });
    expect(await cancel(one, [1])).toMatchObject({ state: 'amended', lines: [{ outcome: 'cancelled' }, {}] });
    const twice = await one.clinic.post(`${one.path}/cancellations`, { reason: 'Ещё раз', lineNos: [1] });
    expect(twice.body).toMatchObject({ status: 409, code: 'letter.not-now' });
    await cancel(one);
    await expectLived(one, 'cancelled-by-line');
  });

  test('is cancelled while a doctor has it', async () => {
    const one = await ask(TO_DOCTOR);
    expect(await cancel(one)).toMatchObject({ state: 'cancelled', pendedFor: null });
    await expectLived(one, 'cancelled-while-pended');
  });

  test('is used up, given back by the invoice that comes again without it, and cancelled', async () => {
    const one = await ask({});
    const line = { serviceDate: today, invoiceNo: `BRANCH-${one.person.policyId}` };
    await takeOneLine(bench.api.pool, one.person, { ...line, letterNo: `${one.number!}/1` });
    await reviewUntaken(bench);
    await until(async () => (await stateOf(one)) === 'used');
    await takeOneLine(bench.api.pool, one.person, { ...line, letterNo: '' });
    await reviewUntaken(bench);
    await until(async () => (await stateOf(one)) === 'approved');
    await bench.deliver();
    await cancel(one);
    await expectLived(one, 'used-up-and-given-back');
  });

  test('stays used when its term ends', async () => {
    const one = await ask({ days: 8 });
    await takeOneLine(bench.api.pool, one.person, { serviceDate: today, letterNo: `${one.number!}/1` });
    await reviewUntaken(bench);
    await until(async () => (await stateOf(one)) === 'used');
    await expectLived(one, 'used-to-the-end');
    expect(await stateOf(one)).toBe('used');
  });
});

describe('clocks', () => {
  test('the time to appeal against a refusal ends', async () => {
    const one = await ask(TO_DOCTOR);
    await decide(lead, one, REFUSE);
    await expectLived(one, 'appeal-not-used');
    const late = await one.clinic.post(`${one.path}/appeals`, { reason: 'Поздно', lineNos: [1] });
    expect(late.body).toMatchObject({ status: 409, code: 'letter.over' });
  });

  test('documents for an appeal never come: what was promised before stands', async () => {
    const one = await ask({ ...TO_DOCTOR, quantity: 2 });
    const first = await bench.api.as('lead-expert');
    await decide(first, one, PART);
    await done(one.clinic, `${one.path}/appeals`, { reason: 'Нужны два', lineNos: [1] });
    await done(lead, `${one.path}/claim`, {});
    await done(lead, `${one.path}/document-requests`, { question: 'Протокол?' });
    await until(async () => (await stateOf(one)) === 'partially-approved');
    expect((await one.clinic.get(one.path)).body.lines[0]).toMatchObject({ outcome: 'partial', approvedQuantity: 1 });
    await cancel(one);
    await expectLived(one, 'appealed-documents-never-came');
  });

  test('a broken deadline decides nothing: a doctor does, late as it is', async () => {
    const one = await ask({ ...TO_DOCTOR, urgency: 'emergency', hoursAgo: 1 - 2 / 3600 });
    await until(async () => (await lead.get(one.path)).body.overdue === true);
    expect(await decide(lead, one, APPROVE)).toMatchObject({ state: 'approved' });
    await cancel(one);
    await expectLived(one, 'overdue-and-decided');
  });
});

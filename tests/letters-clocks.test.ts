import { plainDate } from '../models/calendar';
import type { TestCaller } from './support/api';
import { addDays } from './support/dates';
import { DIAGNOSIS, letterPerson, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { startLetters } from './support/letters';
import type { LettersBench } from './support/letters';
import { keepHistory } from './support/histories';
import { until } from './support/until';
import { letterWorkflowId } from '../workflows/letter-messages';

/** Clocks of hours cannot be shortened by a parameter of the contract: the stored deadline itself is moved. */
const HOUR_MS = 3_600_000;
const today = plainDate(new Date().toISOString());

let bench: LettersBench;
let people: LetterPerson[];
let expert: TestCaller;

beforeAll(async () => {
  bench = await startLetters({ documentsDays: 2, appealDays: 2, dayMs: 1000 });
  people = [];
  for (let nth = 0; nth < 9; nth += 1) people.push(await letterPerson(bench.api.pool, today, nth));
  // Everything goes to a doctor.
  await bench.api.pool.query(`UPDATE letter_policy SET auto_approve_kopecks = 1 WHERE contract_id IS NULL`);
  expert = await bench.api.as('lead-expert');
}, 180_000);

afterAll(() => bench?.close());

/** A pended request whose submission lies `hoursAgo` in the past, so that its clock is that far gone. */
async function pended(person: LetterPerson, urgency: string, hoursAgo: number, extra: object = {}): Promise<string> {
  const at = new Date(Date.now() - hoursAgo * HOUR_MS);
  const clinic = await bench.api.as('clinic', { clinicId: person.clinicId });
  const before = bench.clock.now;
  bench.clock.now = () => at;
  try {
    const answer = await clinic.post('/v1/letters', {
      policyNo: person.policyNo,
      clinicCode: person.clinicCode,
      urgency,
      lines: [
        { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 1, periodFrom: today, periodTo: addDays(today, 5) },
      ],
      ...extra,
    });
    expect(answer.body).toMatchObject({ state: 'pended' });
    return answer.body.id as string;
  } finally {
    bench.clock.now = before;
  }
}

const keep = (id: string, branch: string) =>
  keepHistory(bench.temporal, letterWorkflowId(id), `guarantee-letter/${branch}`);
const detail = async (id: string) => (await expert.get(`/v1/letters/${id}`)).body;
const kinds = (letter: { thread: { kind: string }[] }) => letter.thread.map((event) => event.kind);

describe('the clocks of a request', () => {
  test.each([
    ['emergency', 1],
    ['standard', 24],
    ['planned-inpatient', 72],
  ])('%s has %i hours', async (urgency, hours) => {
    const id = await pended(people[['emergency', 'standard', 'planned-inpatient'].indexOf(urgency)]!, urgency, 0);
    const letter = await detail(id);
    const term = Date.parse(letter.dueAt) - Date.parse(letter.submittedAt);
    expect(term).toBe(hours * HOUR_MS);
  });

  test('a request that nobody has answered goes to the lead before its clock breaks, and is counted when it breaks', async () => {
    // 45 minutes of an hour are gone in three seconds: the lead hears of it; the end follows.
    const id = await pended(people[3]!, 'emergency', 0.75 - 3 / 3600);
    expect(kinds(await detail(id))).toEqual(['first-answer']);
    await until(async () => kinds(await detail(id)).includes('escalated'));
    const escalated = await detail(id);
    expect(escalated).toMatchObject({ state: 'pended', overdue: false });
    expect(Date.parse(escalated.escalatedAt)).toBeLessThan(Date.parse(escalated.dueAt));
    const late = await pended(people[4]!, 'emergency', 1 - 2 / 3600);
    await until(async () => (await detail(late)).overdue === true);
    expect(await detail(late)).toMatchObject({ state: 'pended', pendedFor: 'expert' });
    await keep(late, 'overdue');
    // Late or not, a doctor decides.
    await expert.post(`/v1/letters/${id}/claim`);
    const lines = [{ lineNo: 1, kind: 'refuse', ground: 'medical', reasonCode: 'CLIN-01', clause: 'п. 2.4' }];
    expect((await expert.post(`/v1/letters/${id}/decisions`, { lines })).body.state).toBe('refused');
    await keep(id, 'escalated-and-decided');
  });

  test('a request whose workflow had ended with its deadline, as those of the first version did, is decided all the same', async () => {
    const id = await pended(people[8]!, 'emergency', 1 - 2 / 3600);
    await until(async () => (await detail(id)).overdue === true);
    const run = bench.temporal.workflow.getHandle(letterWorkflowId(id));
    await run.terminate('ended as in the first version');
    const decide = (path: string, body: object) => expert.post(`/v1/letters/${id}/${path}`, body);
    await decide('claim', {});
    // The new run judges acts like the old one: what is turned down leaves the request as it was.
    const unfit = await decide('extensions', { validTo: addDays(today, 9) });
    expect(unfit.body).toMatchObject({ status: 409, code: 'letter.not-in-force' });
    const lines = [{ lineNo: 1, kind: 'refuse', ground: 'medical', reasonCode: 'CLIN-01', clause: 'п. 2.4' }];
    expect((await decide('decisions', { lines })).body).toMatchObject({ state: 'refused' });
    expect(kinds(await detail(id)).at(-1)).toBe('decide');
    // It lives on from there: its time to appeal ends, and then it is really over.
    await until(async () => (await run.describe()).status.name === 'COMPLETED');
    const clinic = await bench.api.as('clinic', { clinicId: people[8]!.clinicId });
    const late = await clinic.post(`/v1/letters/${id}/appeals`, { reason: 'Поздно', lineNos: [1] });
    expect(late.body).toMatchObject({ status: 409, code: 'letter.over' });
  });

  test('the clock stands while documents are owed, and goes on with what was left', async () => {
    const id = await pended(people[5]!, 'standard', 10);
    await expert.post(`/v1/letters/${id}/claim`);
    await expert.post(`/v1/letters/${id}/document-requests`, { question: 'Протокол?' });
    expect((await detail(id)).dueAt).toBeNull();
    const clinic = await bench.api.as('clinic', { clinicId: people[5]!.clinicId });
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const answered = await clinic.post(`/v1/letters/${id}/documents`, { answer: 'Приложен' });
    const left = Date.parse(answered.body.dueAt) - Date.now();
    expect(left).toBeGreaterThan(13.9 * HOUR_MS);
    expect(left).toBeLessThan(14 * HOUR_MS);
  });

  test('documents that never come close the request, and nothing stays held', async () => {
    const id = await pended(people[6]!, 'standard', 0);
    await expert.post(`/v1/letters/${id}/claim`);
    await expert.post(`/v1/letters/${id}/document-requests`, { question: 'Протокол?' });
    await until(async () => (await detail(id)).state === 'expired');
    expect(kinds(await detail(id))).toEqual(['first-answer', 'ask-documents', 'closed']);
    await keep(id, 'documents-never-came');
    const held = await bench.api.pool.query(
      `SELECT 1 FROM limit_reservation WHERE request_id = $1 AND state = 'held'`,
      [id],
    );
    expect(held.rowCount).toBe(0);
  });

  test('a promise ends with its last day and gives back what was not used', async () => {
    const id = await pended(people[7]!, 'standard', 0);
    await expert.post(`/v1/letters/${id}/claim`);
    const decided = await expert.post(`/v1/letters/${id}/decisions`, { lines: [{ lineNo: 1, kind: 'approve' }] });
    expect(decided.body.state).toBe('approved');
    const reserved = () => bench.api.pool.query(`SELECT state FROM limit_reservation WHERE request_id = $1`, [id]);
    expect((await reserved()).rows[0]).toEqual({ state: 'held' });
    await until(async () => (await detail(id)).state === 'expired');
    expect((await reserved()).rows[0]).toEqual({ state: 'released' });
    await keep(id, 'expired');
  });
});

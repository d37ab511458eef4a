import { createBatchActivities, createReviewActivities } from '../activities/batch-review';
import { createActivityDeps } from '../activities/deps';
import { plainDate } from '../models/calendar';
import { CHECK_SCOPES, ROUTE_SCOPES } from '../workflows/lib/chunks';
import type { ChunkScope } from '../workflows/messages';
import type { TestCaller } from './support/api';
import { addDays } from './support/dates';
import { takeOneLine } from './support/letter-invoice';
import { DIAGNOSIS, letterPerson, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { reviewUntaken, startLetters } from './support/letters';
import type { LettersBench } from './support/letters';
import { until } from './support/until';

const today = plainDate(new Date().toISOString());
/** The pack does not list the service for a common cold: such a line waits for a doctor. */
const DOUBTFUL = 'J06.9';
let bench: LettersBench;
let expert: TestCaller;
let lead: TestCaller;
let nth = 0;

beforeAll(async () => {
  bench = await startLetters();
  expert = await bench.api.as('medical-expert', { fullName: 'Орлова Анна Сергеевна' });
  lead = await bench.api.as('lead-expert', { fullName: 'Соколов Пётр Ильич' });
}, 180_000);
afterAll(() => bench?.close());

interface Case {
  readonly person: LetterPerson;
  readonly clinic: TestCaller;
  readonly path: string;
  readonly number: string;
}

/** A person with a letter for `quantity` services in force. */
async function withLetter(quantity: number): Promise<Case> {
  const person = await letterPerson(bench.api.pool, today, nth);
  nth += 1;
  const clinic = await bench.api.as('clinic', { clinicId: person.clinicId });
  const period = { periodFrom: addDays(today, -20), periodTo: addDays(today, 5) };
  const asked = await clinic.post('/v1/letters', {
    policyNo: person.policyNo,
    clinicCode: person.clinicCode,
    lines: [{ serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity, ...period }],
  });
  expect(asked.body).toMatchObject({ state: 'approved' });
  return { person, clinic, path: `/v1/letters/${asked.body.id as string}`, number: asked.body.number as string };
}

interface Billed {
  readonly lineId: number;
  readonly versionId: string;
  readonly taskId: string;
}

/** Bills a doubtful line that cites the letter, `daysAgo` of them apart, and reviews it: it waits for a doctor. */
async function bill({ person, number }: Case, daysAgo: readonly number[], quantity = 1): Promise<Billed[]> {
  const invoices = daysAgo.map((days) => `USE-${person.policyId}-${days}`);
  for (const [i, days] of daysAgo.entries()) {
    const line = { serviceDate: addDays(today, -days), letterNo: `${number}/1`, quantity };
    await takeOneLine(bench.api.pool, person, { ...line, diagnosisCode: DOUBTFUL, invoiceNo: invoices[i]! });
  }
  await reviewUntaken(bench);
  const rows = await bench.api.pool.query<Billed>(
    `SELECT l.id AS "lineId", v.public_id AS "versionId", r.task_id AS "taskId" FROM invoice i
     JOIN invoice_version v ON v.invoice_id = i.id AND v.current JOIN invoice_line l ON l.version_id = v.id
     JOIN review_task_line r ON r.line_id = l.id WHERE i.invoice_no = ANY($1) ORDER BY i.invoice_no`,
    [[...invoices].sort()],
  );
  expect(rows.rows.length).toBe(daysAgo.length);
  return rows.rows;
}

const REFUSAL = { kind: 'refuse', reasonCode: 'CLIN-01', clause: 'КР 708, п. 2.4' };

/** Claims and decides; whoever is told that the findings have changed meanwhile (412) looks again. */
async function decide(doctor: TestCaller, { taskId }: Billed, decision: object): Promise<void> {
  for (;;) {
    const claimed = await doctor.post(`/v1/review-tasks/${taskId}/claim`);
    expect(claimed.status).toBe(200);
    const decided = await doctor
      .post(`/v1/review-tasks/${taskId}/decisions`, { decisions: [{ lineNo: 1, ...decision }] })
      .set('If-Match', claimed.headers.etag as string);
    if (decided.status === 412) continue;
    expect({ status: decided.status, body: decided.body as unknown }).toMatchObject({ status: 200 });
    return;
  }
}

async function reverse({ versionId }: Billed, decision: object): Promise<void> {
  const reversed = await lead.post(`/v1/invoices/${versionId}/reversals`, { lineNo: 1, ...decision });
  expect({ status: reversed.status, body: reversed.body as unknown }).toMatchObject({ status: 200 });
}

const detail = async ({ clinic, path }: Case) => (await clinic.get(path)).body;
/** What the clinic sees of the only line. */
async function seen(one: Case): Promise<{ state: string; used: number; left: number; leftKopecks: number }> {
  const { state, lines } = await detail(one);
  const [line] = lines as { usedQuantity: number; leftQuantity: number; leftKopecks: number }[];
  return { state, used: line!.usedQuantity, left: line!.leftQuantity, leftKopecks: line!.leftKopecks };
}
const reserved = async ({ person }: Case): Promise<number> => {
  const rows = await bench.api.pool.query<{ n: number }>(
    `SELECT coalesce(sum(reserved), 0)::int AS n FROM limit_counter WHERE policy_id = $1 AND limit_key = 'annual'`,
    [person.policyId],
  );
  return rows.rows[0]!.n;
};
const findingsOf = async ({ lineId }: Pick<Billed, 'lineId'>): Promise<string[]> =>
  (
    await bench.api.pool.query<{ code: string }>(`SELECT code FROM finding WHERE line_id = $1 AND active`, [lineId])
  ).rows
    .map((row) => row.code)
    .sort();

test('a refusal gives back what the line took, a reversal takes it again, a reduction gives back its money: at once', async () => {
  const one = await withLetter(2);
  const price = one.person.priceKopecks;
  const whole = await reserved(one);
  const [line] = await bill(one, [3]);
  await until(async () => (await seen(one)).used === 1);
  const half = await reserved(one);
  expect(half).toBe(whole / 2);

  await decide(expert, line!, REFUSAL);
  expect(await seen(one)).toEqual({ state: 'approved', used: 0, left: 2, leftKopecks: 2 * price });
  expect(await reserved(one)).toBe(whole);

  await reverse(line!, { kind: 'accept' });
  expect(await seen(one)).toEqual({ state: 'approved', used: 1, left: 1, leftKopecks: price });
  expect(await reserved(one)).toBe(half);

  await reverse(line!, { kind: 'reduce', acceptedKopecks: 100, reasonCode: 'CLIN-01', clause: 'КР 708, п. 2.4' });
  const { used, left, leftKopecks } = await seen(one);
  expect([used, left]).toEqual([1, 1]);
  expect(leftKopecks).toBeGreaterThan(price);

  const insured = await bench.api.as('insured', { policyId: one.person.policyId });
  const thread = (await insured.get(one.path)).body.thread as {
    kind: string;
    body: { lines: { quantity: number }[] };
  }[];
  const uses = thread.filter((entry) => entry.kind === 'use').map(({ body }) => body.lines[0]?.quantity ?? 0);
  expect(uses).toEqual([1, 0, 1, 1]);
  // The workflow hears of it too and counts the same: no entry comes twice.
  await bench.deliver();
  expect(((await detail(one)).thread as unknown[]).length).toBe(thread.length);
}, 120_000);

test('a letter that was used up stands again when a line is refused, and can be extended', async () => {
  const one = await withLetter(1);
  const [line] = await bill(one, [2]);
  await until(async () => (await seen(one)).state === 'used');
  const extension = { validTo: addDays(today, 9) };
  expect((await lead.post(`${one.path}/extensions`, extension)).status).toBe(409);
  await decide(expert, line!, REFUSAL);
  expect(await seen(one)).toMatchObject({ state: 'approved', used: 0, left: 1 });
  await bench.deliver();
  expect((await lead.post(`${one.path}/extensions`, extension)).body).toMatchObject({ state: 'amended' });
}, 120_000);

test('a restored line makes a later one an over-use: found at once, withdrawn at once', async () => {
  const one = await withLetter(1);
  const [first] = await bill(one, [6]);
  await decide(expert, first!, REFUSAL);
  const [second] = await bill(one, [4]);
  expect(await findingsOf(second!)).not.toContain('AUTH-04');

  await reverse(first!, { kind: 'accept' });
  expect(await seen(one)).toMatchObject({ state: 'used', used: 2, left: -1 });
  const uses = async () =>
    ((await one.clinic.get(`${one.path}/uses`)).body.items as { verdict: string | null; beyond: boolean }[]).map(
      ({ verdict, beyond }) => [verdict, beyond],
    );
  expect(await uses()).toEqual([
    ['accept', false],
    [null, true],
  ]);
  expect(await findingsOf(second!)).toContain('AUTH-04');
  expect((await expert.get(`/v1/review-tasks/${second!.taskId}`)).body.codes).toContain('AUTH-04');

  await reverse(first!, REFUSAL);
  expect(await seen(one)).toMatchObject({ used: 1, left: 0 });
  expect(await uses()).toEqual([
    ['refuse', false],
    [null, false],
  ]);
  const stranger = await bench.api.as('clinic', { clinicId: one.person.clinicId + 1 });
  expect((await stranger.get(`${one.path}/uses`)).status).toBe(404);
  expect(await findingsOf(second!)).not.toContain('AUTH-04');
}, 120_000);

test('an over-use of a line that is decided already is a notice to people', async () => {
  const one = await withLetter(1);
  const [first] = await bill(one, [8]);
  await decide(expert, first!, REFUSAL);
  const [second] = await bill(one, [5]);
  await decide(expert, second!, { kind: 'accept' });
  await reverse(first!, { kind: 'accept' });
  const notices = await bench.api.pool.query(`SELECT codes_now FROM recheck_notice WHERE line_id = $1`, [
    second!.lineId,
  ]);
  expect(notices.rows).toEqual([{ codes_now: ['AUTH-04'] }]);
}, 120_000);

test('a dispute that is won takes its units again', async () => {
  const one = await withLetter(2);
  const [line] = await bill(one, [7]);
  await decide(expert, line!, REFUSAL);
  const acts = async () => (await lead.get(`/v1/invoices/${line!.versionId}/acts`)).body.items as { actId: string }[];
  await until(async () => (await acts()).length === 1);
  const claim = { lines: [{ lineNo: 1, claim: 'Исследование показано' }] };
  const dispute = await one.clinic.post(`/v1/acts/${(await acts())[0]!.actId}/disputes`, claim);
  expect(await seen(one)).toMatchObject({ used: 0, left: 2 });
  const decisions = [{ lineNo: 1, outcome: 'overturn', note: 'Протокол подтверждает показания' }];
  const won = await lead.post(`/v1/disputes/${dispute.body.disputeId as string}/decisions`, { decisions });
  expect(won.body).toMatchObject({ state: 'decided' });
  expect(await seen(one)).toMatchObject({ used: 1, left: 1 });
}, 120_000);

test.each([8, 4])(
  'doctors decide eight lines of a letter for %i at the same moment: the count is right to the unit and the kopeck',
  async (quantity) => {
    const one = await withLetter(quantity);
    const unit = (await reserved(one)) / quantity;
    const lines = await bill(one, [2, 3, 4, 5, 6, 7, 8, 9]);
    await until(async () => (await seen(one)).used === 8);
    const doctors = await Promise.all(lines.map(() => bench.api.as('medical-expert')));
    const verdicts = lines.map((_, i) => (i % 2 === 0 ? REFUSAL : { kind: 'accept' }));
    const left = quantity - 4;
    const counted = {
      state: left === 0 ? 'used' : 'approved',
      used: 4,
      left,
      leftKopecks: left * one.person.priceKopecks,
    };
    await Promise.all(lines.map((line, i) => decide(doctors[i]!, line, verdicts[i]!)));
    expect(await seen(one)).toEqual(counted);
    expect(await reserved(one)).toBe(left * unit);
    // All at once the other way round.
    await Promise.all(lines.map((line, i) => reverse(line, verdicts[i + 1] ?? verdicts[i - 1]!)));
    expect(await seen(one)).toEqual(counted);
    expect(await reserved(one)).toBe(left * unit);
  },
  180_000,
);

test('an invoice that comes again without the letter gives it back', async () => {
  const one = await withLetter(1);
  const invoiceNo = `AGAIN-${one.person.policyId}`;
  const line = { serviceDate: addDays(today, -2), invoiceNo };
  await takeOneLine(bench.api.pool, one.person, { ...line, letterNo: `${one.number}/1` });
  await reviewUntaken(bench);
  await until(async () => (await seen(one)).state === 'used');
  await takeOneLine(bench.api.pool, one.person, { ...line, letterNo: '' });
  await reviewUntaken(bench);
  await until(async () => (await seen(one)).used === 0);
  expect(await seen(one)).toMatchObject({ state: 'approved', left: 1 });
}, 120_000);

describe('a verdict while a batch runs', () => {
  type Step = 'taken' | 'checked' | 'routed';

  /** Bills a line and reviews it step by step; what comes `meanwhile` comes when the batch has done the step `after`. */
  async function billAround(
    one: Case,
    daysAgo: number,
    diagnosisCode: string,
    after: Step,
    meanwhile: () => Promise<void>,
  ) {
    const { pool } = bench.api;
    const invoiceNo = `MID-${one.person.policyId}`;
    const line = { serviceDate: addDays(today, -daysAgo), letterNo: `${one.number}/1`, diagnosisCode, invoiceNo };
    await takeOneLine(pool, one.person, line);
    const deps = createActivityDeps(pool, '/nowhere');
    const [flow, review] = [createBatchActivities(deps), createReviewActivities(deps)];
    const taken = (await flow.takeBatch({ businessKey: `mid-${invoiceNo}`, selection: { kind: 'untaken' } }))!;
    const { batchId } = taken;
    const chunks = (scopes: readonly ChunkScope[]) =>
      scopes.filter((scope) => taken.subjects[scope] > 0).map((scope) => ({ batchId, scope, offset: 0, length: 100 }));
    const reached = (step: Step) => (step === after ? meanwhile() : undefined);
    await reached('taken');
    for (const chunk of chunks(CHECK_SCOPES)) await review.checkChunk(chunk);
    await flow.closeChecking({ batchId });
    await reached('checked');
    for (const chunk of chunks(ROUTE_SCOPES)) await review.routeChunk(chunk);
    await reached('routed');
    // A step that is tried again finds itself done.
    await Promise.all([flow.finishBatch({ batchId }), flow.finishBatch({ batchId })]);
    const rows = await pool.query<{ lineId: number; state: string; noticed: string[] | null }>(
      `SELECT l.id AS "lineId", l.state, n.codes_now AS noticed FROM invoice i
       JOIN invoice_line l ON l.invoice_id = i.id AND l.current LEFT JOIN recheck_notice n ON n.line_id = l.id
       WHERE i.invoice_no = $1`,
      [invoiceNo],
    );
    return rows.rows[0]!;
  }

  test('one that restores a line before the batch decides: it does not accept what has become an over-use', async () => {
    const one = await withLetter(1);
    const [first] = await bill(one, [9]);
    await decide(expert, first!, REFUSAL);
    const billed = await billAround(one, 3, DIAGNOSIS, 'taken', () => reverse(first!, { kind: 'accept' }));
    expect(await findingsOf(billed)).toEqual(['AUTH-04']);
    expect(billed).toMatchObject({ state: expect.not.stringMatching('auto-accepted'), noticed: null });
  });

  test.each([
    ['is accepted already: people get a notice', DIAGNOSIS, 'routed', [], ['AUTH-04']],
    ['was just being decided: people get a notice', DIAGNOSIS, 'checked', [], ['AUTH-04']],
    ['waits for a doctor: who sees it', DOUBTFUL, 'routed', ['AUTH-04', 'CLIN-01'], null],
  ] as const)('one that restores a line when the other %s', async (_, diagnosisCode, after, findings, noticed) => {
    const one = await withLetter(1);
    const [first] = await bill(one, [9]);
    await decide(expert, first!, REFUSAL);
    const billed = await billAround(one, 3, diagnosisCode, after, () => reverse(first!, { kind: 'accept' }));
    expect(await findingsOf(billed)).toEqual(findings);
    expect(billed.noticed).toEqual(noticed);
  });

  test.each(['taken', 'routed'] as const)('one that refuses a line (%s): no over-use is left behind', async (after) => {
    const one = await withLetter(1);
    const [first] = await bill(one, [9]);
    const billed = await billAround(one, 3, DOUBTFUL, after, () => decide(expert, first!, REFUSAL));
    expect(billed.state).toBe('queued');
    expect(await findingsOf(billed)).toEqual(['CLIN-01']);
  });

  test('an over-use that the verdict itself has found stays: the batch does not withdraw it', async () => {
    const one = await withLetter(2);
    const [second, first] = await bill(one, [4, 9]);
    await decide(expert, first!, REFUSAL);
    expect(await findingsOf(second!)).not.toContain('AUTH-04');
    await billAround(one, 8, DOUBTFUL, 'taken', () => reverse(first!, { kind: 'accept' }));
    expect(await findingsOf(second!)).toContain('AUTH-04');
  });

  test('no such look at letters is listed as a batch', async () => {
    const listed = await lead.get('/v1/batches?limit=200');
    expect(listed.status).toBe(200);
    const keys = (listed.body.items as { businessKey: string }[]).map(({ businessKey }) => businessKey);
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => key.startsWith('letters/'))).toEqual([]);
    const looks = await bench.api.pool.query(`SELECT 1 FROM batch WHERE business_key LIKE 'letters/batch/%'`);
    expect(looks.rowCount).toBeGreaterThan(0);
  });
});

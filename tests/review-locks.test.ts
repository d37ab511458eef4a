import { setTimeout as sleep } from 'node:timers/promises';
import { loadInsurer, openReviewHouse, someInvoices } from './support/review-house';
import type { ReviewHouse } from './support/review-house';
import { until } from './support/until';

interface WaitingLine {
  readonly taskId: string;
  readonly versionId: string;
  readonly lineNo: number;
  /** How its row of the registry begins. */
  readonly row: string;
}

let house: ReviewHouse;
beforeAll(async () => {
  house = await openReviewHouse();
  await loadInsurer(house.pool, someInvoices(12));
  await house.review();
}, 180_000);
afterAll(() => house.close());

async function waitingLine(): Promise<WaitingLine> {
  const rows = await house.pool.query<WaitingLine & Record<string, unknown>>(
    `SELECT t.id AS "taskId", v.public_id AS "versionId", l.line_no AS "lineNo",
       concat_ws(',', c.code, i.invoice_no, l.invoice_date, l.line_no, '') AS row
     FROM review_task t JOIN review_task_line r ON r.task_id = t.id JOIN invoice_line l ON l.id = r.line_id
     JOIN invoice_version v ON v.id = l.version_id JOIN invoice i ON i.id = v.invoice_id JOIN clinic c ON c.id = i.clinic_id
     WHERE t.state = 'open' AND l.state = 'queued' ORDER BY l.id LIMIT 1`,
  );
  return rows.rows[0]!;
}

/** Statements that wait for somebody's lock. */
async function blocked(): Promise<number> {
  const rows = await house.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.rows[0]!.n;
}

async function deadlocks(): Promise<number> {
  // Processes hand in their counts a second after their last statement.
  await sleep(2_000);
  const rows = await house.pool.query<{ n: number }>(
    'SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows.rows[0]!.n;
}

test('a doctor decides a line while a batch that changes its findings ends: one waits for the other, no deadlock', async () => {
  const { taskId, versionId, lineNo, row } = await waitingLine();
  const expert = await house.api.as('medical-expert');
  await expert.post(`/v1/review-tasks/${taskId}/claim`, {}).expect(200);
  // The same service under an invoice number that sorts before: the waiting line is the duplicate now.
  await loadInsurer(
    house.pool,
    (each) => each.startsWith(row),
    (rows) => rows.map((each) => each.split(',').with(1, '0').join()),
  );

  const inTheWay = await house.pool.connect();
  await inTheWay.query('BEGIN');
  await inTheWay.query('SELECT 1 FROM review_task WHERE id = $1 FOR UPDATE', [taskId]);
  const decided = expert
    .post(`/v1/review-tasks/${taskId}/decisions`, { decisions: [{ lineNo, kind: 'accept' }] })
    .set('If-Match', '*')
    .then((answer) => answer);
  await until(async () => (await blocked()) === 1);
  const reviewed = house.review();
  await until(async () => (await blocked()) === 2);
  await inTheWay.query('COMMIT');
  inTheWay.release();

  expect((await decided).status).toBe(200);
  await reviewed;
  expect(await deadlocks()).toBe(0);
  const line = await house.pool.query(
    `SELECT v.kind, n.codes_now AS codes FROM invoice_version w JOIN invoice_line l ON l.version_id = w.id
     JOIN verdict v ON v.line_id = l.id AND v.active LEFT JOIN recheck_notice n ON n.line_id = l.id
     WHERE w.public_id = $1 AND l.line_no = $2`,
    [versionId, lineNo],
  );
  expect(line.rows).toMatchObject([{ kind: 'accept' }]);
}, 120_000);

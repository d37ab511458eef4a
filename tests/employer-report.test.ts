import { createRatingActivities, quarterBefore } from '../activities/clinic-rating';
import { join } from 'node:path';
import { loadCommentModel } from '../models/feedback/comments/store';
import { startTestApi } from './support/api';
import type { TestApi } from './support/api';

/** People by city and month of the quarter; the same person never counts twice. */
const PEOPLE: readonly (readonly [string, string, number])[] = [
  ['Казань', '2026-01', 25],
  ['Казань', '2026-02', 4],
  ['Казань', '2026-03', 30],
  ['Москва', '2026-01', 40],
  ['Москва', '2026-02', 35],
  ['Москва', '2026-03', 18],
  ['Тверь', '2026-01', 12],
  ['Тверь', '2026-02', 20],
  ['Тверь', '2026-03', 14],
];

let api: TestApi;
const comments = () => loadCommentModel(join(__dirname, '../data/comments/model'));

beforeAll(async () => {
  api = await startTestApi();
  const { pool } = api;
  await pool.query(`INSERT INTO policyholder (id, name) VALUES (1, 'Завод'), (2, 'Контора')`);
  await pool.query(
    `INSERT INTO contract (id, contract_no, policyholder_id, start_date, end_date)
     VALUES (1, 'D-1', 1, '2026-01-01', '2026-12-31'), (2, 'D-2', 2, '2026-01-01', '2026-12-31')`,
  );
  await pool.query(
    `INSERT INTO programme (id, code, contract_id, name, covered_kinds, excluded_services, excluded_diagnoses,
       letter_required, service_limits, waiting_days, franchise_percent)
     SELECT n, 'P' || n, n, 'П', '{}', '{}', '{}', '{}', '[]', 0, 0 FROM generate_series(1, 2) n`,
  );
  await pool.query(`INSERT INTO hub (id, code, name) VALUES (77, 'H77', 'H') ON CONFLICT DO NOTHING`);
  let person = 0;
  for (const [city, month, count] of PEOPLE) {
    await pool.query(
      `INSERT INTO clinic (code, name, city, level, payment_mode, open_sunday, billing_term_days, hub_id)
       VALUES ($1, $1, $1, 3, 'fee-for-service', false, 30, 77) ON CONFLICT DO NOTHING`,
      [city],
    );
    await pool.query(
      `WITH p AS (INSERT INTO policy (policy_no) SELECT 'N' || n FROM generate_series($1::int + 1, $1::int + $2::int) n RETURNING id),
       e AS (INSERT INTO enrolment (policy_id, programme_id, enrolled_from, enrolled_to)
         SELECT id, 1, '2026-01-01', '2026-12-31' FROM p)
       INSERT INTO feedback_answer (survey_id, clinic_id, invoice_no, policy_id, visit_date, answered_at, question, answer)
       SELECT 's' || p.id, c.id, 'I', p.id, ($3 || '-10')::date, ($3 || '-12')::date, q.question, q.answer
       FROM p, clinic c, (VALUES ('rating', '4'), ('comment', 'Диабет не лечат, нахамили в регистратуре')) AS q(question, answer)
       WHERE c.code = $4`,
      [person, count, month, city],
    );
    person += count;
  }
}, 120_000);
afterAll(() => api?.close());

test('the quarter that a day closes', () => {
  expect(quarterBefore('2026-04-01')).toEqual({ from: '2026-01-01', to: '2026-03-31' });
  expect(quarterBefore('2026-03-31')).toEqual({ from: '2025-10-01', to: '2025-12-31' });
  expect(quarterBefore('2026-12-05')).toEqual({ from: '2026-07-01', to: '2026-09-30' });
});

test('the employer sees its own frozen table, no cell under eleven people and none that follows from others', async () => {
  const ratings = createRatingActivities({ pool: api.pool, comments });
  expect(await ratings.freezeEmployerReports({ today: '2026-04-02' })).toEqual({ reports: 2 });
  const employer = await api.as('employer', { policyholderId: 1 });
  const { items } = (await employer.get('/v1/employer-reports')).body;
  expect(items).toHaveLength(1);
  const { aggregates } = items[0];
  expect(aggregates).toMatchObject({
    quarter: '2026-01-01',
    rows: ['Казань', 'Москва', 'Тверь'],
    columns: ['2026-01', '2026-02', '2026-03'],
  });
  const cells = (aggregates.cells as ({ people: number } | null)[][]).flat();
  expect(cells.every((cell) => cell === null || cell.people >= 11)).toBe(true);
  // Kazan in February has four people: it is withheld, and so is more, in its row and in its column.
  expect(aggregates.cells[0][1]).toBeNull();
  expect(aggregates.cells[0].filter((cell: unknown) => cell === null).length).toBeGreaterThan(1);
  expect(aggregates.cells.filter((row: unknown[]) => row[1] === null).length).toBeGreaterThan(1);
  expect(aggregates.total).toMatchObject({ people: 198, rating: 4 });
  expect(JSON.stringify(items)).not.toMatch(/абет|хамил|A\d\d|N\d/);
  const other = await api.as('employer', { policyholderId: 2 });
  const foreign = (await other.get('/v1/employer-reports')).body.items;
  expect(foreign).toHaveLength(1);
  expect(foreign[0].aggregates).toMatchObject({ cells: [], total: null });
  expect((await (await api.as('clinic')).get('/v1/employer-reports')).status).toBe(403);
});

test('later answers do not change a frozen report: nothing can be subtracted from it', async () => {
  const { pool } = api;
  const employer = await api.as('employer', { policyholderId: 1 });
  const before = (await employer.get('/v1/employer-reports')).body;
  await pool.query(`UPDATE feedback_answer SET answer = '1' WHERE question = 'rating' AND survey_id = 's1'`);
  const ratings = createRatingActivities({ pool, comments });
  expect(await ratings.freezeEmployerReports({ today: '2026-05-02' })).toEqual({ reports: 0 });
  expect((await employer.get('/v1/employer-reports')).body).toEqual(before);
  await expect(pool.query('DELETE FROM employer_report')).rejects.toThrow(/never changed/);
});

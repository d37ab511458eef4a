import { createBatchActivities } from '../activities/batch-review';
import { createActivityDeps } from '../activities/deps';
import { createChunkCheck } from '../activities/review/check-chunk';
import { startTestApi } from './support/api';
import type { TestApi } from './support/api';
import { findingsOf, loadInsurer, someInvoices } from './support/review-house';

const open: TestApi[] = [];
afterAll(() => Promise.all(open.map((api) => api.close())));

/** Takes a batch, lets something happen, checks it in two chunks per scope, and returns its findings. */
async function findingsAfter(happens: (api: TestApi, half: 1 | 2) => Promise<unknown>): Promise<string[]> {
  const api = await startTestApi();
  open.push(api);
  await loadInsurer(api.pool, someInvoices(12));
  const deps = createActivityDeps(api.pool, '/nonexistent');
  const taken = await createBatchActivities(deps).takeBatch({
    businessKey: 'reference-moves',
    selection: { kind: 'untaken' },
  });
  const check = createChunkCheck(deps);
  for (const scope of ['person', 'doctor-day', 'letter'] as const) {
    const { batchId, subjects } = taken!;
    const middle = Math.ceil(subjects[scope] / 2);
    await happens(api, 1);
    await check({ batchId, scope, offset: 0, length: middle });
    await happens(api, 2);
    await check({ batchId, scope, offset: middle, length: subjects[scope] - middle });
  }
  return findingsOf(api.pool);
}

test('what changes in the reference while a batch is checked changes nothing of its findings', async () => {
  const calm = await findingsAfter(() => Promise.resolve());
  const moved = await findingsAfter(async ({ pool }, half) => {
    if (half === 1) {
      await pool.query('UPDATE price_item SET price_kopecks = price_kopecks / 2');
      await pool.query(`UPDATE programme SET covered_kinds = '{lab}', annual_limit_kopecks = 1`);
      await pool.query('DELETE FROM programme_clinic WHERE clinic_id % 2 = 0');
      return;
    }
    await pool.query(
      `UPDATE insured SET sex = CASE sex WHEN 'M' THEN 'F' ELSE 'M' END, birth_date = birth_date - 9000`,
    );
    await pool.query('UPDATE enrolment SET enrolled_to = enrolled_from');
    await pool.query('UPDATE guarantee_letter SET valid_to = valid_from, quantity = 1');
    await pool.query('UPDATE diagnosis SET billable = NOT billable');
    await pool.query(
      `INSERT INTO diagnosis (code, name, known, billable) VALUES ('Q99.9' || random(), 'new', false, false)`,
    );
  });
  expect(calm.length).toBeGreaterThan(20);
  expect(moved).toEqual(calm);
}, 240_000);

test('the same changes before the batch is taken do change them', async () => {
  const api = await startTestApi();
  open.push(api);
  await loadInsurer(api.pool, someInvoices(12));
  await api.pool.query('UPDATE price_item SET price_kopecks = price_kopecks / 2');
  const deps = createActivityDeps(api.pool, '/nonexistent');
  const taken = await createBatchActivities(deps).takeBatch({ businessKey: 'moved', selection: { kind: 'untaken' } });
  const { batchId, subjects } = taken!;
  await createChunkCheck(deps)({ batchId, scope: 'person', offset: 0, length: subjects.person });
  const codes = (await findingsOf(api.pool)).map((finding) => finding.split(',')[3]);
  expect(codes.filter((code) => code === 'PRIC-02').length).toBeGreaterThan(100);
}, 120_000);

import { createSnapshots } from '../prisma/facts/snapshots';
import type { CompiledSnapshot } from '../prisma/facts/snapshots';
import type { Pool, Queryable } from '../prisma/pool';
import { resolveClinicItems, resolveCodes } from '../prisma/repositories/dictionaries';
import { upsertDiagnoses } from '../prisma/repositories/reference';
import { currentRuleSet } from '../prisma/repositories/rule-sets';
import { ENGINE_VERSION } from '../activities/engine-version';
import { startTestApi } from './support/api';
import type { TestApi } from './support/api';
import { loadInsurer } from './support/review-house';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await loadInsurer(api.pool, () => false);
}, 120_000);
afterAll(() => api.close());

/** What lines of some registry bring: codes that nobody knows. */
async function bringCodes(pool: Pool, name: string): Promise<void> {
  await resolveCodes(pool, 'diagnosis', [`Q${name}`, `R${name}`]);
  await resolveClinicItems(pool, [1, 2], [`item-${name}`, `item-${name}`]);
}

/** All that a review reads of a snapshot, by code instead of by position. */
function meaningOf({ snapshot, compiled }: CompiledSnapshot) {
  const { reference } = snapshot;
  const itemOf = (at: number) => {
    const { clinic, ...item } = reference.priceItems[at]!;
    return { clinic: reference.clinics[clinic]!.code, ...item };
  };
  return {
    clinics: reference.clinics,
    services: reference.services,
    programmes: reference.programmes,
    diagnoses: [...snapshot.diagnosisAt].map((at) => (at < 0 ? null : reference.diagnoses[at]!)),
    billable: [...snapshot.diagnosisAt].map((at) => (at < 0 ? null : compiled.diagnosisBillable[at]!)),
    items: [...snapshot.itemAt].map((at) => (at < 0 ? null : itemOf(at))),
    priced: [...snapshot.itemAt].map((at) => compiled.prices.start[at + 1]! - compiled.prices.start[at]!),
    counts: [reference.diagnoses.length, reference.priceItems.length, compiled.prices.price.length],
  };
}

/** The pool, and whether the price list was read through it. */
function watched(pool: Pool): { db: Queryable; readPrices: () => boolean } {
  let prices = 0;
  const query = (sql: string, values?: unknown[]) => {
    if (/FROM price_item ORDER BY/.test(sql)) prices += 1;
    return pool.query(sql, values);
  };
  return { db: { query } as Queryable, readPrices: () => prices > 0 };
}

const CHANGES: readonly [name: string, change: (pool: Pool) => Promise<unknown>, readsAll: boolean][] = [
  ['nothing', () => Promise.resolve(), false],
  ['the files of the reference once more', (pool) => loadInsurer(pool, () => false), false],
  ['codes that lines brought', (pool) => bringCodes(pool, '01'), false],
  ['more such codes', (pool) => bringCodes(pool, '02'), false],
  [
    'a code that lines brought becomes a known one',
    (pool) => upsertDiagnoses(pool, [{ diagnosisCode: 'Q01', name: 'known', billable: true }]),
    true,
  ],
  ['a price', (pool) => pool.query('UPDATE price_item SET price_kopecks = price_kopecks + 1 WHERE id = 1'), true],
  [
    'a price and codes',
    async (pool) => {
      await pool.query('UPDATE price_item SET price_kopecks = price_kopecks + 1 WHERE id = 2');
      await bringCodes(pool, '03');
    },
    true,
  ],
  [
    'one code goes, others come',
    async (pool) => {
      await pool.query(`DELETE FROM diagnosis WHERE code = 'R02'`);
      await bringCodes(pool, '04');
    },
    true,
  ],
];

test('a snapshot that is held grows by new codes alone and is read anew after any other change', async () => {
  const { pool } = api;
  const ruleSet = await currentRuleSet(pool, ENGINE_VERSION);
  const snapshots = createSnapshots();
  await snapshots.of(pool, ruleSet);
  const read: [string, boolean][] = [];
  for (const [name, change] of CHANGES) {
    await change(pool);
    const { db, readPrices } = watched(pool);
    const held = await snapshots.of(db, ruleSet);
    expect(meaningOf(held)).toEqual(meaningOf(await createSnapshots().of(pool, ruleSet)));
    read.push([name, readPrices()]);
  }
  expect(read).toEqual(CHANGES.map(([name, _change, readsAll]) => [name, readsAll]));
}, 240_000);

test('a change that was made before newer ones and is committed after them is seen', async () => {
  const { pool } = api;
  const ruleSet = await currentRuleSet(pool, ENGINE_VERSION);
  const snapshots = createSnapshots();
  await snapshots.of(pool, ruleSet);
  const slow = await pool.connect();
  await slow.query('BEGIN');
  await slow.query(`UPDATE diagnosis SET billable = NOT billable WHERE id = (SELECT min(id) FROM diagnosis)`);
  await bringCodes(pool, '05');
  await snapshots.of(pool, ruleSet);
  await slow.query('COMMIT');
  slow.release();
  await bringCodes(pool, '06');
  expect(meaningOf(await snapshots.of(pool, ruleSet))).toEqual(meaningOf(await createSnapshots().of(pool, ruleSet)));
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainingCatalogue } from '../activities/model-retraining/deps';
import { writePortfolioFile } from '../activities/model-retraining/portfolio-file';
import { withTransaction } from '../prisma/pool';
import { refreshPortfolioFromInvoices, refreshRatings } from '../prisma/repositories/portfolio';
import { createPortfolioChecks } from '../models/quotes/portfolio-checks';
import { readFactorFile } from '../models/quotes/factor-file';
import { startTestApi } from './support/api';
import type { TestApi } from './support/api';
import { loadInsurer } from './support/review-house';
import { FACTORS } from './support/risk-model';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await loadInsurer(api.pool, (row) => row.length % 5 === 0);
  await api.pool.query(
    `INSERT INTO verdict (line_id, kind, billed_kopecks, accepted_kopecks, reduced_kopecks, refused_kopecks, patient_share_kopecks, author_kind, rule_set_version)
     SELECT id, 'accept', amount_kopecks, amount_kopecks - patient_share_kopecks, 0, 0, patient_share_kopecks, 'rule', 'test' FROM invoice_line WHERE current`,
  );
}, 120_000);
afterAll(() => api.close());

const refresh = (until: number) => withTransaction(api.pool, (tx) => refreshPortfolioFromInvoices(tx, until));
const one = async (sql: string, values: unknown[] = []) =>
  (await api.pool.query(sql, values)).rows[0] as Record<string, number>;

describe('factors from the insurer’s own books', () => {
  test('every accepted kopeck of an insured at a clinic of the programme lands in one row of contract, clinic and year', async () => {
    expect(await refresh(2025)).toBeGreaterThan(10);
    const rows = await one(`SELECT sum(payout_kopecks)::float8 AS paid, count(*)::int AS rows FROM portfolio_row`);
    const lines = await one(
      `SELECT sum(v.accepted_kopecks)::float8 AS paid FROM verdict v JOIN invoice_line l ON l.id = v.line_id
       JOIN LATERAL (SELECT p.contract_id FROM enrolment e JOIN programme p ON p.id = e.programme_id
         WHERE e.policy_id = l.policy_id AND l.service_date BETWEEN e.enrolled_from AND e.enrolled_to
         ORDER BY e.enrolled_from DESC, e.id LIMIT 1) e ON true
       WHERE l.service_date < '2026-01-01' AND EXISTS (SELECT FROM programme p JOIN programme_clinic pc ON pc.programme_id = p.id
         WHERE p.contract_id = e.contract_id AND pc.clinic_id = l.clinic_id)`,
    );
    expect(rows.paid).toBe(lines.paid);
    expect(rows.paid).toBeGreaterThan(1_000_000);
  });

  test('person-years and people follow the enrolments; nothing tells of one person; a second refresh changes nothing', async () => {
    const before = await api.pool.query(
      'SELECT contract_no, year, clinic_code, payout_kopecks, person_years, factors FROM portfolio_row ORDER BY 1, 2, 3',
    );
    const direct = await one(
      `SELECT c.contract_no AS no, count(DISTINCT e.policy_id)::int AS people FROM enrolment e JOIN programme p ON p.id = e.programme_id
       JOIN contract c ON c.id = p.contract_id WHERE e.enrolled_from <= '2025-12-31' AND e.enrolled_to >= '2025-01-01' GROUP BY 1 ORDER BY 2 DESC LIMIT 1`,
    );
    const stored = await one(
      `SELECT max((factors ->> 'insured_count')::float8) AS people, max(person_years) AS years FROM portfolio_row WHERE contract_no = $1 AND year = 2025`,
      [direct.no],
    );
    expect(stored.people).toBeLessThanOrEqual(direct.people!);
    expect(stored.years).toBeLessThanOrEqual(stored.people! * 1.001);
    expect(stored.years).toBeGreaterThan(0);
    const codes = new Set(before.rows.flatMap((row) => Object.keys(row.factors as object)));
    const known = new Set(FACTORS.map(({ code }) => code));
    expect([...codes].filter((code) => !known.has(code))).toEqual([]);
    await refresh(2025);
    const after = await api.pool.query(
      'SELECT contract_no, year, clinic_code, payout_kopecks, person_years, factors FROM portfolio_row ORDER BY 1, 2, 3',
    );
    expect(after.rows).toEqual(before.rows);
    expect(await withTransaction(api.pool, (tx) => refreshRatings(tx))).toBe(0);
  });

  test('ratings of clinics reach the file that a training reads, each year with the version in force then', async () => {
    const plain = await trainingFile();
    expect(plain[0]).not.toContain('internal_rating');
    await api.pool
      .query(`INSERT INTO portfolio_row (contract_no, year, clinic_code, payout_kopecks, person_years, factors, origin)
      SELECT contract_no, 2024, clinic_code, payout_kopecks, person_years, factors, 'file' FROM portfolio_row WHERE year = 2025
      ON CONFLICT DO NOTHING`);
    await api.pool.query(
      `WITH v AS (INSERT INTO rating_version (kind, version, run_key, period_from, period_to)
         VALUES ('internal', 1, 'a', '2024-01-01', '2024-09-30'), ('internal', 2, 'b', '2025-01-01', '2025-12-31'),
           ('people', 1, 'a', '2025-01-01', '2025-12-31'), ('people', 2, 'b', '2026-01-01', '2026-03-31') RETURNING id, kind, version)
       INSERT INTO clinic_rating (version_id, clinic_id, score, low, high, mean, sd, place, best_place, worst_place, change, components)
       SELECT v.id, c.id, CASE v.kind WHEN 'people' THEN 4 + v.version / 10.0 ELSE 70 + v.version END, 0, 1, 0, 1, 1, 1, 1, 'same', '{}'
       FROM v CROSS JOIN clinic c`,
    );
    expect(await withTransaction(api.pool, (tx) => refreshRatings(tx))).toBeGreaterThan(10);
    const [header, ...rows] = await trainingFile();
    const [year, internal, people] = ['year', 'internal_rating', 'people_rating'].map((name) => header!.indexOf(name));
    const told = new Set(rows.map((cells) => [cells[year!], cells[internal!], cells[people!]].join(' ')));
    expect(told).toEqual(new Set(['2024 71 ', '2025 72 4.1']));
  });
});

async function trainingFile(): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'medex-portfolio-'));
  try {
    const path = join(folder, 'portfolio.csv');
    await writePortfolioFile(api.pool, await trainingCatalogue({ pool: api.pool, dataDir: folder }), path);
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('what comes from outside', () => {
  test.each([
    ['a value out of range', 'clinic_code,stars\nC1,4.5\nC2,9\n', 1, ['range']],
    ['no key', 'clinic_code,stars\n,4.5\n', 0, ['key']],
    ['a year that is none', 'clinic_code;year;stars\nC1;24;4,5\n', 0, ['key']],
    ['an empty cell', 'clinic_code,stars\nC1,\n', 0, []],
    ['a decimal comma', 'clinic_code;stars\nC1;4,5\n', 1, []],
  ])('%s: the good values are taken, the bad ones named', (_name, content, taken, rules) => {
    const layout = { subject: 'clinic', columns: { stars: 'yandex_rating' } } as const;
    const { values, faults } = readFactorFile(content, layout, FACTORS);
    expect(values).toHaveLength(taken);
    expect(faults.map(({ rule }) => rule)).toEqual(rules);
  });

  test('a file without the columns of its source is refused with what it has', () => {
    const layout = { subject: 'clinic', columns: { stars: 'yandex_rating' } } as const;
    expect(() => readFactorFile('id,score\nC1,4\n', layout, FACTORS)).toThrow(/clinic_code, stars.*id, score/);
  });

  test.each([
    ['too few rows', 10, (row: Row) => row, 'too-few-rows'],
    [
      'a factor a thousand times larger in the last year',
      300,
      (row: Row) => (row.year === 2024 ? { ...row, factors: { age_mean: 40_000 } } : row),
      'scale-jump',
    ],
    [
      'a factor out of its range',
      300,
      (row: Row) => (row.year === 2024 ? { ...row, factors: { age_mean: 90 } } : row),
      'out-of-range',
    ],
    [
      'a factor that went missing',
      300,
      (row: Row) => (row.year === 2024 ? { ...row, factors: {} } : row),
      'missing-jump',
    ],
    [
      'payouts that trebled',
      300,
      (row: Row) => (row.year === 2024 ? { ...row, payoutKopecks: 300 } : row),
      'payout-jump',
    ],
  ])('the checks of the data find %s', (_name, count, change, code) => {
    const clean = createPortfolioChecks(FACTORS);
    const spoiled = createPortfolioChecks(FACTORS);
    for (let i = 0; i < count; i++) {
      const row: Row = { year: 2022 + (i % 3), payoutKopecks: 100, factors: { age_mean: 40 } };
      clean.add(row);
      spoiled.add(change(row));
    }
    expect(spoiled.end().checks.map((found) => found.code)).toContain(code);
    const unspoiled = clean.end().checks.map((found) => found.code);
    expect(unspoiled).toEqual(code === 'too-few-rows' ? [code] : []);
  });
});

interface Row {
  readonly year: number;
  readonly payoutKopecks: number;
  readonly factors: Record<string, number>;
}

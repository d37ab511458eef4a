import type { Queryable } from '../pool';

export interface PortfolioRow {
  readonly contractNo: string;
  readonly year: number;
  readonly clinicCode: string;
  readonly payoutKopecks: number;
  readonly personYears: number;
  readonly factors: Readonly<Record<string, number | string>>;
}

/** Stores rows of a portfolio; a row that is there is replaced. */
export async function putPortfolioRows(db: Queryable, rows: readonly PortfolioRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db.query(
    `INSERT INTO portfolio_row (contract_no, year, clinic_code, payout_kopecks, person_years, factors, origin)
     SELECT r.*, 'file' FROM unnest($1::text[], $2::int[], $3::text[], $4::bigint[], $5::float8[], $6::jsonb[]) AS r
     ON CONFLICT (contract_no, year, clinic_code) DO UPDATE SET payout_kopecks = excluded.payout_kopecks,
       person_years = excluded.person_years, factors = excluded.factors, origin = 'file', updated_at = now()`,
    [
      rows.map((row) => row.contractNo),
      rows.map((row) => row.year),
      rows.map((row) => row.clinicCode),
      rows.map((row) => row.payoutKopecks),
      rows.map((row) => row.personYears),
      rows.map((row) => JSON.stringify(row.factors)),
    ],
  );
}

/** True once the portfolio has any row. */
export async function hasPortfolio(db: Queryable): Promise<boolean> {
  return (await db.query('SELECT FROM portfolio_row LIMIT 1')).rows.length > 0;
}

/** Rows in the order of contract, year and clinic, a page at a time: memory stays flat. */
export async function* portfolioPages(db: Queryable, size = 4_000): AsyncGenerator<PortfolioRow[]> {
  let last: PortfolioRow | undefined;
  for (;;) {
    const page = await db.query<PortfolioRow>(
      `SELECT contract_no AS "contractNo", year, clinic_code AS "clinicCode", payout_kopecks AS "payoutKopecks",
         person_years AS "personYears", factors
       FROM portfolio_row WHERE $1::text IS NULL OR (contract_no, year, clinic_code) > ($1, $2::int, $3::text)
       ORDER BY contract_no, year, clinic_code LIMIT $4`,
      [last?.contractNo ?? null, last?.year ?? null, last?.clinicCode ?? null, size],
    );
    if (page.rows.length > 0) yield page.rows;
    if (page.rows.length < size) return;
    last = page.rows.at(-1);
  }
}

/**
 * Payouts and people of whole years from the insurer's own books, set-based: accepted kopecks per contract, clinic and
 * year; person-years, sex and age from enrolments; cover from the programme. What the books do not know (the office, the
 * company) is carried over from the contract's last row with the clinic.
 *
 * @param untilYear - the last whole year
 * @returns rows written
 */
export async function refreshPortfolioFromInvoices(tx: Queryable, untilYear: number): Promise<number> {
  const written = await tx.query(
    `WITH paid AS (
       SELECT p.contract_id, l.clinic_id, extract(year FROM l.service_date)::int AS year, sum(v.accepted_kopecks)::bigint AS paid,
         count(DISTINCT (l.policy_id, l.service_date)) AS visits,
         count(DISTINCT (l.policy_id, l.service_date, l.diagnosis_id)) AS diagnoses
       FROM verdict v JOIN invoice_line l ON l.id = v.line_id AND l.current
       CROSS JOIN LATERAL (
         SELECT programme_id FROM enrolment e WHERE e.policy_id = l.policy_id AND l.service_date BETWEEN e.enrolled_from AND e.enrolled_to
         ORDER BY e.enrolled_from DESC, e.id LIMIT 1) e
       JOIN programme p ON p.id = e.programme_id
       WHERE v.active AND l.service_date < make_date($1 + 1, 1, 1)
       GROUP BY 1, 2, 3),
     years AS (SELECT DISTINCT year FROM paid),
     people AS (
       SELECT p.id AS programme_id, p.contract_id, y.year, count(DISTINCT e.policy_id)::float8 AS people,
         sum(least(e.enrolled_to, make_date(y.year, 12, 31)) - greatest(e.enrolled_from, make_date(y.year, 1, 1)) + 1) / 365.0 AS person_years,
         count(DISTINCT e.policy_id) FILTER (WHERE i.sex = 'M')::float8 AS men,
         count(DISTINCT e.policy_id) FILTER (WHERE i.policy_id IS NOT NULL)::float8 AS known,
         avg(y.year - extract(year FROM i.birth_date))::float8 AS age_mean,
         COALESCE(stddev_pop(y.year - extract(year FROM i.birth_date)), 0)::float8 AS age_std,
         avg((y.year - extract(year FROM i.birth_date) >= 50)::int)::float8 AS age_50_plus,
         avg((i.sex = 'F' AND y.year - extract(year FROM i.birth_date) BETWEEN 25 AND 40)::int)::float8 AS women_25_40
       FROM years y JOIN enrolment e ON e.enrolled_from <= make_date(y.year, 12, 31) AND e.enrolled_to >= make_date(y.year, 1, 1)
       JOIN programme p ON p.id = e.programme_id LEFT JOIN insured i ON i.policy_id = e.policy_id
       GROUP BY 1, 2, 3),
     cells AS (
       SELECT DISTINCT ON (p.contract_id, pc.clinic_id, p.year) p.*, pc.clinic_id,
         sum(p.person_years) OVER contract_clinic AS exposure, sum(p.people) OVER contract_clinic AS insured_count,
         count(*) OVER (PARTITION BY p.programme_id, p.year) AS clinics
       FROM people p JOIN programme_clinic pc ON pc.programme_id = p.programme_id
       WINDOW contract_clinic AS (PARTITION BY p.contract_id, pc.clinic_id, p.year)
       ORDER BY p.contract_id, pc.clinic_id, p.year, p.people DESC, p.programme_id)
     INSERT INTO portfolio_row (contract_no, year, clinic_code, payout_kopecks, person_years, factors, origin)
     SELECT c.contract_no, x.year, cl.code, COALESCE(paid.paid, 0), round(x.exposure::numeric, 4)::float8,
       COALESCE(before.factors, '{}') || jsonb_strip_nulls(jsonb_build_object(
         'insured_count', x.insured_count, 'programme_insured_count', x.people,
         'male_share', round((x.men / nullif(x.known, 0))::numeric, 4), 'age_mean', round(x.age_mean::numeric, 2),
         'age_std', round(x.age_std::numeric, 2), 'age_50_plus_share', round(x.age_50_plus::numeric, 4),
         'women_25_40_share', round(x.women_25_40::numeric, 4), 'clinic_level', cl.level,
         'clinics_in_programme', x.clinics, 'franchise_percent', pr.franchise_percent::float8,
         'annual_limit_rub', COALESCE(pr.annual_limit_kopecks, 0) / 100, 'dental_included', ('dental' = ANY (pr.covered_kinds))::int,
         'start_month', extract(month FROM c.start_date)::int,
         'diagnoses_per_visit', round((paid.diagnoses::numeric / nullif(paid.visits, 0)), 3))),
       'invoices'
     FROM cells x JOIN contract c ON c.id = x.contract_id JOIN clinic cl ON cl.id = x.clinic_id
     JOIN programme pr ON pr.id = x.programme_id
     LEFT JOIN paid ON paid.contract_id = x.contract_id AND paid.clinic_id = x.clinic_id AND paid.year = x.year
     LEFT JOIN LATERAL (
       SELECT r.factors - ARRAY['inflation_index', 'prior_payout_per_person', 'prior_clinic_payout_per_person', 'prior_person_years'] AS factors
       FROM portfolio_row r WHERE r.contract_no = c.contract_no AND r.clinic_code = cl.code AND r.year < x.year
       ORDER BY r.year DESC LIMIT 1) before ON true
     WHERE x.exposure > 0
     ON CONFLICT (contract_no, year, clinic_code) DO UPDATE SET payout_kopecks = excluded.payout_kopecks,
       person_years = excluded.person_years, factors = portfolio_row.factors || excluded.factors, origin = 'invoices', updated_at = now()`,
    [untilYear],
  );
  await refreshPriorYears(tx);
  return written.rowCount ?? 0;
}

/** Last year's payout and exposure of each contract, for rows that come from invoices: what experience rating reads. */
async function refreshPriorYears(tx: Queryable): Promise<void> {
  await tx.query(
    `WITH whole AS (
       SELECT contract_no, year, sum(payout_kopecks) / 100.0 AS paid, max(person_years) AS person_years
       FROM portfolio_row GROUP BY 1, 2)
     UPDATE portfolio_row r SET factors = r.factors || jsonb_strip_nulls(jsonb_build_object(
         'prior_payout_per_person', round((w.paid / w.person_years::numeric), 2),
         'prior_person_years', w.person_years,
         'prior_clinic_payout_per_person', round((p.payout_kopecks / 100.0 / w.person_years::numeric), 2)))
     FROM whole w LEFT JOIN portfolio_row p ON p.contract_no = w.contract_no AND p.year = w.year
     WHERE r.origin = 'invoices' AND w.contract_no = r.contract_no AND w.year = r.year - 1
       AND (p.clinic_code IS NULL OR p.clinic_code = r.clinic_code)`,
  );
}

/** Those of the factors that any row of the portfolio has. */
export async function factorsInPortfolio(db: Queryable, codes: readonly string[]): Promise<string[]> {
  const found = await db.query<{ code: string }>(
    `SELECT code FROM unnest($1::text[]) AS code WHERE EXISTS (SELECT FROM portfolio_row WHERE factors ? code)`,
    [codes],
  );
  return found.rows.map(({ code }) => code);
}

/**
 * The insurer's own ratings of clinics as factors `internal_rating` and `people_rating`: in each year's rows the newest
 * version whose period had ended by the end of that year. A clinic without a published rating has none.
 *
 * @returns rows changed
 */
export async function refreshRatings(tx: Queryable): Promise<number> {
  const written = await tx.query(
    `WITH years AS (SELECT DISTINCT year FROM portfolio_row),
     in_force AS (
       SELECT DISTINCT ON (y.year, v.kind) y.year, v.kind, v.id
       FROM years y JOIN rating_version v ON v.period_to < make_date(y.year + 1, 1, 1)
       ORDER BY y.year, v.kind, v.period_to DESC, v.version DESC),
     scores AS (
       SELECT f.year, c.code, jsonb_object_agg(f.kind || '_rating', r.score) AS factors
       FROM in_force f JOIN clinic_rating r ON r.version_id = f.id JOIN clinic c ON c.id = r.clinic_id
       WHERE r.score IS NOT NULL GROUP BY 1, 2)
     UPDATE portfolio_row p SET factors = p.factors - ARRAY['internal_rating', 'people_rating'] || s.factors, updated_at = now()
     FROM scores s WHERE s.code = p.clinic_code AND s.year = p.year`,
  );
  return written.rowCount ?? 0;
}

/** The newest published ratings of clinics (all by default) by their codes, as the factors that a quote takes. */
export async function newestRatings(
  db: Queryable,
  clinicCodes: readonly string[] | null = null,
): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const found = await db.query<{ code: string; factors: Record<string, number> }>(
    `WITH newest AS (SELECT DISTINCT ON (kind) id, kind FROM rating_version ORDER BY kind, period_to DESC, version DESC)
     SELECT c.code, jsonb_object_agg(n.kind || '_rating', r.score) AS factors
     FROM newest n JOIN clinic_rating r ON r.version_id = n.id JOIN clinic c ON c.id = r.clinic_id
     WHERE ($1::text[] IS NULL OR c.code = ANY ($1)) AND r.score IS NOT NULL GROUP BY 1`,
    [clinicCodes],
  );
  return new Map(found.rows.map(({ code, factors }) => [code, factors]));
}

import type { Queryable } from '../pool';

export type SourceSubject = 'clinic' | 'contract' | 'region' | 'pair' | 'market';

export interface FactorSource {
  readonly code: string;
  readonly kind: 'file-drop' | 'http';
  readonly place: string;
  readonly subject: SourceSubject;
  /** Factor code by column of the source. */
  readonly columns: Readonly<Record<string, string>>;
  readonly enabled: boolean;
}

export interface SourceValue {
  readonly factor: string;
  readonly subjectKey: string;
  /** 0: the latest year of the portfolio. */
  readonly year: number;
  readonly value: number;
}

const COLUMNS = 'code, kind, place, subject, columns, enabled';

export async function listFactorSources(db: Queryable): Promise<FactorSource[]> {
  return (await db.query<FactorSource>(`SELECT ${COLUMNS} FROM factor_source ORDER BY code`)).rows;
}

export async function findFactorSource(db: Queryable, code: string): Promise<FactorSource | null> {
  const rows = await db.query<FactorSource>(`SELECT ${COLUMNS} FROM factor_source WHERE code = $1`, [code]);
  return rows.rows[0] ?? null;
}

export async function putFactorSource(tx: Queryable, source: FactorSource, by: string): Promise<void> {
  await tx.query(
    `INSERT INTO factor_source (code, kind, place, subject, columns, enabled, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (code) DO UPDATE SET kind = excluded.kind, place = excluded.place, subject = excluded.subject,
       columns = excluded.columns, enabled = excluded.enabled`,
    [source.code, source.kind, source.place, source.subject, JSON.stringify(source.columns), source.enabled, by],
  );
}

export interface SourceLoad {
  readonly trainingId: string;
  readonly sourceCode: string;
  readonly sha256: string | null;
  readonly values: readonly SourceValue[];
  readonly rejected: number;
  readonly problems: readonly unknown[];
  readonly errorCode: string | null;
}

/** Replaces the source's values (unless the reading failed) and keeps the record of the reading. */
export async function storeSourceLoad(tx: Queryable, load: SourceLoad): Promise<void> {
  const { values } = load;
  if (load.errorCode === null) {
    await tx.query('DELETE FROM factor_value WHERE source_code = $1', [load.sourceCode]);
    await tx.query(
      `INSERT INTO factor_value (source_code, factor, subject_key, year, value)
       SELECT $1, v.* FROM unnest($2::text[], $3::text[], $4::int[], $5::float8[]) AS v
       ON CONFLICT (source_code, factor, subject_key, year) DO UPDATE SET value = excluded.value`,
      [
        load.sourceCode,
        values.map((one) => one.factor),
        values.map((one) => one.subjectKey),
        values.map((one) => one.year),
        values.map((one) => one.value),
      ],
    );
  }
  await tx.query(
    `INSERT INTO factor_load (source_code, training_id, sha256, taken, rejected, problems, error_code)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (training_id, source_code) DO UPDATE SET sha256 = excluded.sha256, taken = excluded.taken,
       rejected = excluded.rejected, problems = excluded.problems, error_code = excluded.error_code, loaded_at = now()`,
    [
      load.sourceCode,
      load.trainingId,
      load.sha256,
      values.length,
      load.rejected,
      JSON.stringify(load.problems),
      load.errorCode,
    ],
  );
}

export async function loadsOfTraining(db: Queryable, trainingId: string) {
  const rows = await db.query<{
    sourceCode: string;
    taken: number;
    rejected: number;
    problems: unknown;
    errorCode: string | null;
  }>(
    `SELECT source_code AS "sourceCode", taken, rejected, problems, error_code AS "errorCode" FROM factor_load
     WHERE training_id = $1 ORDER BY source_code`,
    [trainingId],
  );
  return rows.rows;
}

/** Writes the values of all enabled sources into the portfolio's rows; in a conflict the source later by code wins. */
export async function applyFactorValues(tx: Queryable): Promise<number> {
  const written = await tx.query(
    `WITH latest AS (SELECT max(year) AS year FROM portfolio_row),
     own AS (
       SELECT s.subject, s.code, v.factor, v.subject_key, CASE WHEN v.year = 0 THEN latest.year ELSE v.year END AS year, v.value
       FROM factor_value v JOIN factor_source s ON s.code = v.source_code AND s.enabled CROSS JOIN latest),
     fresh AS (
       SELECT r.contract_no, r.year, r.clinic_code, jsonb_object_agg(o.factor, o.value ORDER BY o.code) AS factors
       FROM portfolio_row r JOIN own o ON o.year = r.year AND o.subject_key = CASE o.subject
         WHEN 'clinic' THEN r.clinic_code WHEN 'contract' THEN r.contract_no WHEN 'region' THEN r.factors ->> 'region'
         WHEN 'pair' THEN r.contract_no || '/' || r.clinic_code ELSE '*' END
       GROUP BY 1, 2, 3)
     UPDATE portfolio_row r SET factors = r.factors || f.factors, updated_at = now() FROM fresh f
     WHERE f.contract_no = r.contract_no AND f.year = r.year AND f.clinic_code = r.clinic_code`,
  );
  return written.rowCount ?? 0;
}

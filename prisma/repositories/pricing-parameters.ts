import { pricingParametersSchema } from '../../models/quotes/parameters.schema';
import type { PricingParameters } from '../../models/quotes/parameters.schema';
import type { Queryable } from '../pool';

export interface ParametersRow {
  readonly version: number;
  readonly data: PricingParameters;
  readonly reason: string;
  readonly createdBy: string | null;
  readonly createdAt: string;
}

const COLUMNS = `version, data, reason, created_by AS "createdBy", created_at AS "createdAt"`;

/** A version of the price parameters, or the newest one. */
export async function pricingParameters(db: Queryable, version?: number): Promise<ParametersRow> {
  const rows = await db.query<ParametersRow>(
    `SELECT ${COLUMNS} FROM pricing_parameters WHERE $1::int IS NULL OR version = $1 ORDER BY version DESC LIMIT 1`,
    [version ?? null],
  );
  const row = rows.rows[0]!;
  return { ...row, data: pricingParametersSchema.parse(row.data) };
}

export async function listPricingParameters(db: Queryable, limit: number): Promise<ParametersRow[]> {
  const rows = await db.query<ParametersRow>(
    `SELECT ${COLUMNS} FROM pricing_parameters ORDER BY version DESC LIMIT $1`,
    [limit],
  );
  return rows.rows;
}

export async function addPricingParameters(
  tx: Queryable,
  draft: { readonly data: PricingParameters; readonly reason: string; readonly createdBy: string },
): Promise<ParametersRow> {
  const rows = await tx.query<ParametersRow>(
    `INSERT INTO pricing_parameters (data, reason, created_by) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
    [JSON.stringify(draft.data), draft.reason, draft.createdBy],
  );
  return rows.rows[0]!;
}

import type { ReferralReason } from '../../models/quotes/types';
import type { Queryable } from '../pool';

export type QuoteState = 'priced' | 'referred' | 'approved' | 'declined';

export interface NewQuote {
  readonly baseId: string | null;
  readonly name: string | null;
  readonly contractNo: string | null;
  readonly author: string;
  readonly authorRole: string;
  readonly modelVersion: string;
  readonly parametersVersion: number;
  readonly inputs: string;
  readonly result: string;
  readonly resultSha256: string;
  readonly riskKopecks: number;
  readonly priceKopecks: number;
  readonly referral: readonly ReferralReason[];
  readonly state: QuoteState;
}

export interface QuoteSummary {
  readonly id: string;
  readonly baseId: string | null;
  readonly name: string | null;
  readonly contractNo: string | null;
  readonly author: string;
  readonly modelVersion: string;
  readonly parametersVersion: number;
  readonly riskKopecks: number;
  readonly priceKopecks: number;
  readonly finalPriceKopecks: number | null;
  readonly referral: readonly ReferralReason[];
  readonly state: QuoteState;
  readonly revision: number;
  readonly createdAt: string;
}

export interface QuoteRow extends QuoteSummary {
  readonly authorRole: string;
  readonly inputs: string;
  readonly result: string;
  readonly resultSha256: string;
  readonly decisions: readonly QuoteDecisionRow[];
}

export interface QuoteDecisionRow {
  readonly kind: 'approve' | 'decline' | 'override';
  readonly reason: string;
  readonly priceKopecks: number | null;
  readonly decidedBy: string;
  readonly decidedAt: string;
}

const SUMMARY = `id, base_id AS "baseId", name, contract_no AS "contractNo", author, model_version AS "modelVersion",
  parameters_version AS "parametersVersion", risk_kopecks AS "riskKopecks", price_kopecks AS "priceKopecks",
  final_price_kopecks AS "finalPriceKopecks", referral, state, revision, created_at AS "createdAt"`;

export async function insertQuote(tx: Queryable, quote: NewQuote): Promise<{ id: string; createdAt: string }> {
  const rows = await tx.query<{ id: string; createdAt: string }>(
    `INSERT INTO quote (id, base_id, name, contract_no, author, author_role, model_version, parameters_version, inputs, result,
       result_sha256, risk_kopecks, price_kopecks, referral, state)
     VALUES (uuidv7(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     RETURNING id, created_at AS "createdAt"`,
    [
      quote.baseId,
      quote.name,
      quote.contractNo,
      quote.author,
      quote.authorRole,
      quote.modelVersion,
      quote.parametersVersion,
      quote.inputs,
      quote.result,
      quote.resultSha256,
      quote.riskKopecks,
      quote.priceKopecks,
      JSON.stringify(quote.referral),
      quote.state,
    ],
  );
  return rows.rows[0]!;
}

export async function findQuote(db: Queryable, id: string, lock = false): Promise<QuoteRow | null> {
  const rows = await db.query<QuoteRow>(
    `SELECT ${SUMMARY}, author_role AS "authorRole", inputs, result, result_sha256 AS "resultSha256",
       (SELECT COALESCE(jsonb_agg(jsonb_build_object('kind', kind, 'reason', reason, 'priceKopecks', price_kopecks,
          'decidedBy', decided_by, 'decidedAt', to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY d.id), '[]')
        FROM quote_decision d WHERE d.quote_id = quote.id) AS decisions
     FROM quote WHERE id = $1 ${lock ? 'FOR UPDATE' : ''}`,
    [id],
  );
  return rows.rows[0] ?? null;
}

export interface QuoteFilter {
  readonly state?: QuoteState | undefined;
  readonly contractNo?: string | undefined;
  readonly baseId?: string | undefined;
  readonly author?: string | undefined;
  readonly after: { readonly createdAt: string; readonly id: string } | null;
  readonly limit: number;
}

/** Newest first. */
export async function listQuotes(db: Queryable, filter: QuoteFilter): Promise<QuoteSummary[]> {
  const rows = await db.query<QuoteSummary>(
    `SELECT ${SUMMARY} FROM quote
     WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR contract_no = $2)
       AND ($3::uuid IS NULL OR base_id = $3 OR id = $3) AND ($4::uuid IS NULL OR author = $4)
       AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid))
     ORDER BY created_at DESC, id DESC LIMIT $7`,
    [
      filter.state ?? null,
      filter.contractNo ?? null,
      filter.baseId ?? null,
      filter.author ?? null,
      filter.after?.createdAt ?? null,
      filter.after?.id ?? null,
      filter.limit,
    ],
  );
  return rows.rows;
}

/** Records a decision on a referred quote and moves its state; the caller holds the row's lock. */
export async function decideQuote(
  tx: Queryable,
  quote: Pick<QuoteRow, 'id' | 'author' | 'priceKopecks'>,
  decision: Omit<QuoteDecisionRow, 'decidedAt'>,
): Promise<void> {
  await tx.query(
    `INSERT INTO quote_decision (quote_id, quote_author, kind, reason, price_kopecks, decided_by)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [quote.id, quote.author, decision.kind, decision.reason, decision.priceKopecks, decision.decidedBy],
  );
  await tx.query(`UPDATE quote SET state = $2, final_price_kopecks = $3, revision = revision + 1 WHERE id = $1`, [
    quote.id,
    decision.kind === 'decline' ? 'declined' : 'approved',
    decision.kind === 'decline' ? null : (decision.priceKopecks ?? quote.priceKopecks),
  ]);
}

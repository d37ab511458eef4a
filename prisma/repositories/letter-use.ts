import type { Queryable } from '../pool';

/** Outbox topic: invoices have taken something of a letter, or given it back. */
export const LETTER_USE_TOPIC = 'letter-use';

/** Queues every letter that a batch's lines cite, in the transaction that ends the batch. */
export async function queueLetterUses(tx: Queryable, batchId: string): Promise<void> {
  await tx.query(
    `INSERT INTO outbox (topic, key, payload)
     SELECT DISTINCT $2, r.request_id || ':' || $1, jsonb_build_object('requestId', r.request_id)
     FROM invoice_version v JOIN invoice_line l ON l.version_id = v.id
       JOIN letter_request_line r ON r.letter_ref_id = l.letter_ref_id
     WHERE v.batch_id = $1::uuid AND l.letter_ref_id IS NOT NULL
     ON CONFLICT (topic, key) DO NOTHING`,
    [batchId, LETTER_USE_TOPIC],
  );
}

/** What current invoice lines that are not refused have taken of a request's lines, in all. */
export async function readLetterUse(
  db: Queryable,
  requestId: string,
): Promise<{ lineNo: number; quantity: number; kopecks: number }[]> {
  const rows = await db.query<{ lineNo: number; quantity: number; kopecks: number }>(
    `SELECT r.line_no AS "lineNo", sum(l.quantity)::int AS quantity, sum(l.amount_kopecks)::bigint AS kopecks
     FROM letter_request_line r JOIN invoice_line l ON l.letter_ref_id = r.letter_ref_id AND l.current
     WHERE r.request_id = $1
       AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.line_id = l.id AND v.active AND v.kind = 'refuse')
     GROUP BY r.line_no ORDER BY r.line_no`,
    [requestId],
  );
  return rows.rows;
}

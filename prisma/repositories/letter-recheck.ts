import type { Queryable } from '../pool';

/**
 * Which of these letters could be overspent: all units or all money of the current lines that cite them, refused ones
 * too, exceed the promise. Of the others no line can have a finding, whatever becomes of a verdict.
 */
export async function overspendable(db: Queryable, letterRefIds: readonly number[]): Promise<number[]> {
  if (letterRefIds.length === 0) return [];
  const rows = await db.query<{ id: number }>(
    `SELECT g.letter_ref_id AS id FROM guarantee_letter g JOIN invoice_line l ON l.letter_ref_id = g.letter_ref_id AND l.current
     WHERE g.letter_ref_id = ANY($1::int[]) GROUP BY g.letter_ref_id, g.quantity, g.amount_kopecks
     HAVING sum(l.quantity::bigint) > g.quantity OR sum(GREATEST(l.amount_kopecks, 0)) > g.amount_kopecks
     ORDER BY g.letter_ref_id`,
    [letterRefIds],
  );
  return rows.rows.map((row) => row.id);
}

/**
 * A batch without invoices of its own whose subjects are letters: it pins the rule set and what has been decided so far,
 * this transaction's verdicts included, so that what it finds can be replayed like any other finding.
 * @param key the decision that has moved the letters, unique
 * @returns its id
 */
export async function takeLetterRecheck(
  tx: Queryable,
  input: {
    readonly key: string;
    readonly letterRefIds: readonly number[];
    readonly ruleSetVersion: string;
    readonly routingPolicyVersion: number;
  },
): Promise<string> {
  const rows = await tx.query<{ id: string }>(
    `WITH made AS (
       INSERT INTO batch (business_key, state, rule_set_version, routing_policy_version, verdict_watermark,
         version_watermark, letter_count, checked_at, done_at)
       VALUES ($1, 'done', $2, $3, (SELECT COALESCE(max(id), 0) FROM verdict),
         (SELECT COALESCE(max(id), 0) FROM invoice_version), cardinality($4::int[]), now(), now()) RETURNING id),
     subject AS (
       INSERT INTO batch_subject (batch_id, scope, ordinal, subject_id, day)
       SELECT made.id, 'letter', k.place - 1, k.id,
         (SELECT min(l.service_date) FROM invoice_line l WHERE l.letter_ref_id = k.id AND l.current)
       FROM made, unnest($4::int[]) WITH ORDINALITY k(id, place))
     SELECT id FROM made`,
    [`letters/${input.key}`, input.ruleSetVersion, input.routingPolicyVersion, input.letterRefIds],
  );
  return rows.rows[0]!.id;
}

/**
 * Lines whose findings nobody else is still writing: their own batch has ended, or is the one that asks.
 * @param ownBatchId the batch that asks; null: none
 */
export async function linesOfEndedBatches(
  db: Queryable,
  lineIds: readonly number[],
  ownBatchId: string | null,
): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `SELECT l.id FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id JOIN batch b ON b.id = v.batch_id
     WHERE l.id = ANY($1::bigint[]) AND (b.state = 'done' OR b.id = $2::uuid)`,
    [lineIds, ownBatchId],
  );
  return rows.rows.map((row) => row.id);
}

/** Letters that a batch's own lines cite, and those that it has checked. */
export async function lettersOfBatch(db: Queryable, batchId: string): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `SELECT l.letter_ref_id AS id FROM invoice_version v JOIN invoice_line l ON l.version_id = v.id AND l.current
     WHERE v.batch_id = $1 AND l.letter_ref_id IS NOT NULL
     UNION SELECT subject_id FROM batch_subject WHERE batch_id = $1 AND scope = 'letter'`,
    [batchId],
  );
  return rows.rows.map((row) => row.id);
}

/** Locks letters in the order and the way of every other change of them. */
export async function lockLetterRefs(tx: Queryable, letterRefIds: readonly number[]): Promise<void> {
  if (letterRefIds.length === 0) return;
  await tx.query('SELECT 1 FROM letter_ref WHERE id = ANY($1::int[]) ORDER BY id FOR NO KEY UPDATE', [letterRefIds]);
}

/** Which of these letters have lines that others have refused, or restored, after a batch had been taken. */
export async function refusalsSince(
  db: Queryable,
  batchId: string,
  letterRefIds: readonly number[],
): Promise<number[]> {
  if (letterRefIds.length === 0) return [];
  const rows = await db.query<{ id: number }>(
    `SELECT DISTINCT l.letter_ref_id AS id FROM invoice_line l JOIN verdict d ON d.line_id = l.id
     WHERE l.letter_ref_id = ANY($1::int[]) AND l.current AND (d.kind = 'refuse' OR d.reverses_id IS NOT NULL)
       AND d.id > (SELECT verdict_watermark FROM batch WHERE id = $2::uuid) AND d.batch_id IS DISTINCT FROM $2::uuid ORDER BY 1`,
    [letterRefIds, batchId],
  );
  return rows.rows.map((row) => row.id);
}

import type { Queryable } from '../pool';

/** A flagged line without a verdict, as routing reads it. */
export interface FlaggedLine {
  readonly lineId: number;
  readonly versionId: number;
  readonly policyId: number;
  readonly clinicCode: string;
  readonly hubId: number;
  readonly quantity: number;
  readonly unitPriceKopecks: number;
  readonly amountKopecks: number;
  readonly patientShareKopecks: number;
  readonly termDays: number | null;
}

export interface ChunkVersion {
  readonly id: number;
  readonly publicId: string;
  readonly receivedAt: string;
}

/** Which lines a routing pass is about: the current versions of a chunk, or lines whose findings a re-check changed. */
export type RouteTarget = { readonly versionIds: readonly number[] } | { readonly lineIds: readonly number[] };

/** Current versions of a chunk of the batch's numbered invoices; a version that was replaced meanwhile is left alone. */
export async function chunkVersions(
  tx: Queryable,
  chunk: { readonly batchId: string; readonly offset: number; readonly length: number },
): Promise<ChunkVersion[]> {
  const rows = await tx.query<ChunkVersion & Record<string, unknown>>(
    `SELECT v.id, v.public_id AS "publicId", v.received_at AS "receivedAt"
     FROM batch_subject s JOIN invoice_version v ON v.id = s.subject_id
     WHERE s.batch_id = $1 AND s.scope = 'invoice' AND s.ordinal >= $2 AND s.ordinal < $3 AND v.current
     ORDER BY v.id FOR NO KEY UPDATE OF v`,
    [chunk.batchId, chunk.offset, chunk.offset + chunk.length],
  );
  return rows.rows;
}

/**
 * Accepts every undecided line without findings, in one statement: what the insurer is asked to pay is paid, the
 * patient's share stays (the same arithmetic as models/review-case/money.ts). Returns how many.
 */
export async function acceptCleanLines(
  tx: Queryable,
  target: RouteTarget,
  author: { readonly ruleSetVersion: string; readonly batchId: string },
): Promise<number> {
  const done = await tx.query(
    `WITH made AS (
       INSERT INTO verdict (line_id, kind, billed_kopecks, accepted_kopecks, reduced_kopecks, refused_kopecks,
         patient_share_kopecks, author_kind, rule_set_version, batch_id)
       SELECT l.id, 'accept', l.amount_kopecks, l.amount_kopecks - s.share, 0, 0, s.share, 'rule', $2, $3
       FROM invoice_line l
       CROSS JOIN LATERAL (SELECT GREATEST(0, LEAST(l.patient_share_kopecks, l.amount_kopecks)) AS share) s
       WHERE ${targetSql(target)} AND l.current AND l.state IN ('normalised', 'received', 'priced', 'checked', 'queued')
         AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.line_id = l.id AND f.active)
       ORDER BY l.id
       ON CONFLICT (line_id) WHERE active DO NOTHING RETURNING line_id)
     UPDATE invoice_line l SET state = 'auto-accepted' FROM made WHERE l.id = made.line_id`,
    [targetIds(target), author.ruleSetVersion, author.batchId],
  );
  return done.rowCount ?? 0;
}

/** Undecided lines with active findings. */
export async function flaggedLines(tx: Queryable, target: RouteTarget): Promise<FlaggedLine[]> {
  const rows = await tx.query<FlaggedLine & Record<string, unknown>>(
    `SELECT l.id AS "lineId", l.version_id AS "versionId", l.policy_id AS "policyId", c.code AS "clinicCode",
       c.hub_id AS "hubId", l.quantity, l.unit_price_kopecks AS "unitPriceKopecks", l.amount_kopecks AS "amountKopecks",
       l.patient_share_kopecks AS "patientShareKopecks",
       (SELECT k.review_term_days FROM enrolment e JOIN programme p ON p.id = e.programme_id
        JOIN contract k ON k.id = p.contract_id
        WHERE e.policy_id = l.policy_id AND l.service_date BETWEEN e.enrolled_from AND e.enrolled_to
        ORDER BY e.enrolled_from DESC LIMIT 1) AS "termDays"
     FROM invoice_line l JOIN clinic c ON c.id = l.clinic_id
     WHERE ${targetSql(target)} AND l.current AND l.state IN ('normalised', 'received', 'priced', 'checked', 'queued')
       AND EXISTS (SELECT 1 FROM finding f WHERE f.line_id = l.id AND f.active)
     ORDER BY l.id`,
    [targetIds(target)],
  );
  return rows.rows;
}

/** Lines of earlier batches that still wait for people and whose findings this batch has changed. */
export async function recheckedQueuedLines(tx: Queryable, batchId: string): Promise<number[]> {
  const rows = await tx.query<{ id: number }>(
    `SELECT l.id FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id
     WHERE l.state = 'queued' AND v.current AND v.batch_id <> $1
       AND l.id IN (SELECT line_id FROM finding WHERE batch_id = $1 OR superseded_by = $1) ORDER BY l.id FOR UPDATE OF l`,
    [batchId],
  );
  return rows.rows.map((row) => row.id);
}

export async function setLineStates(tx: Queryable, lineIds: readonly number[], state: string): Promise<void> {
  if (lineIds.length === 0) return;
  await tx.query('UPDATE invoice_line SET state = $2 WHERE id = ANY($1::bigint[]) AND state <> $2', [lineIds, state]);
}

/** Versions that wait for people, with the earliest deadline of their tasks. */
export async function markWaiting(
  tx: Queryable,
  versions: readonly { readonly id: number; readonly deadline: string; readonly calendarVersion: string }[],
): Promise<void> {
  if (versions.length === 0) return;
  await tx.query(
    `UPDATE invoice_version v SET state = 'waiting', review_deadline = w.deadline, calendar_version = w.calendar
     FROM unnest($1::int[], $2::timestamptz[], $3::text[]) AS w(id, deadline, calendar)
     WHERE v.id = w.id AND v.state IN ('received', 'checked')`,
    [
      versions.map((version) => version.id),
      versions.map((version) => version.deadline),
      versions.map((version) => version.calendarVersion),
    ],
  );
}

export async function setVersionStates(tx: Queryable, ids: readonly number[], state: string): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(`UPDATE invoice_version SET state = $2 WHERE id = ANY($1::int[]) AND state <> 'superseded'`, [
    ids,
    state,
  ]);
}

function targetSql(target: RouteTarget): string {
  return 'versionIds' in target ? 'l.version_id = ANY($1::int[])' : 'l.id = ANY($1::bigint[])';
}

function targetIds(target: RouteTarget): readonly number[] {
  return 'versionIds' in target ? target.versionIds : target.lineIds;
}

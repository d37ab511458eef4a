import type { PoolClient, Queryable } from '../pool';
import type { BatchRow } from './batches';
import type { TracedLine } from './chunk-lines';
import { createTextCache } from './chunk-subjects';
import { LINE_COLUMNS, readLineTable } from './line-table';
import type { LineTableRead } from './line-table';
import type { ReferenceSnapshot } from './reference-snapshot';

export type CheckedScope = 'person' | 'doctor-day' | 'letter';

export interface ReplayedLine extends TracedLine {
  readonly ownBatchId: string;
  /** When the first verdict was given; null: none yet. */
  readonly decidedAt: string | null;
}

/** A line by invoice version (internal id) and number, with its first verdict; null when no batch has checked it. */
export async function findReplayedLine(db: Queryable, versionId: number, lineNo: number): Promise<ReplayedLine | null> {
  const rows = await db.query<ReplayedLine & Record<string, unknown>>(
    `SELECT l.id, l.policy_id AS "policyId", l.doctor_id AS "doctorId", l.service_date AS "serviceDate",
       l.letter_ref_id AS "letterRefId", v.batch_id AS "ownBatchId",
       (SELECT min(created_at) FROM verdict WHERE line_id = l.id) AS "decidedAt"
     FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id
     WHERE v.id = $1 AND l.line_no = $2 AND v.batch_id IS NOT NULL`,
    [versionId, lineNo],
  );
  return rows.rows[0] ?? null;
}

export interface TouchingBatch {
  readonly batchId: string;
  readonly scope: CheckedScope;
  /** First day that the batch touched of the subject. */
  readonly day: string;
}

/** Later batches that checked a subject of the line before it was decided, the youngest first. */
export async function laterBatches(db: Queryable, line: ReplayedLine): Promise<TouchingBatch[]> {
  const rows = await db.query<TouchingBatch & Record<string, unknown>>(
    `SELECT b.id AS "batchId", s.scope, s.day FROM batch o JOIN batch b ON b.seq > o.seq
     JOIN batch_subject s ON s.batch_id = b.id AND (
       (s.scope = 'person' AND s.subject_id = $2) OR (s.scope = 'letter' AND s.subject_id = $3)
       OR (s.scope = 'doctor-day' AND s.subject_id = $4 AND s.day = $5::date))
     JOIN batch_chunk c ON c.batch_id = b.id AND c.scope = s.scope AND s.ordinal >= c."offset"
       AND s.ordinal < c."offset" + c.length AND c.checked_at <= COALESCE($6::timestamptz, 'infinity')
     WHERE o.id = $1 ORDER BY b.seq DESC`,
    [line.ownBatchId, line.policyId, line.letterRefId, line.doctorId, line.serviceDate, line.decidedAt],
  );
  return rows.rows;
}

/**
 * Everything that rules read of a line, as its batch saw it: versions that were current then (also those that have
 * been replaced since), without what was refused by then. Reference tables have to be turned back by the caller.
 */
export async function readReplayLines(
  client: PoolClient,
  input: { readonly batch: BatchRow; readonly line: TracedLine; readonly snapshot: ReferenceSnapshot },
): Promise<LineTableRead> {
  const { batch, line } = input;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(line.serviceDate)) throw new Error('not a date');
  const [versions, verdicts, seq] = [batch.versionWatermark, batch.verdictWatermark, batch.seq].map(Math.trunc);
  const parts = [`n.policy_id = ${Math.trunc(line.policyId)}`];
  if (line.doctorId !== null) {
    parts.push(`(n.doctor_id = ${Math.trunc(line.doctorId)} AND n.service_date = '${line.serviceDate}')`);
  }
  if (line.letterRefId !== null) parts.push(`n.letter_ref_id = ${Math.trunc(line.letterRefId)}`);
  const subjects = parts.join(' OR ');
  const query = `SELECT ${LINE_COLUMNS} FROM (
      SELECT n.* FROM invoice_line n WHERE n.current AND (${subjects})
      UNION ALL
      SELECT n.* FROM invoice_line n WHERE NOT n.current AND (${subjects})
        AND n.version_id = ANY (ARRAY(SELECT id FROM invoice_version WHERE NOT current AND id <= ${versions}))
    ) l JOIN invoice_version v ON v.id = l.version_id JOIN batch b ON b.id = v.batch_id
    WHERE v.id <= ${versions} AND b.seq <= ${seq}
      AND NOT EXISTS (SELECT 1 FROM invoice_version w
        WHERE w.invoice_id = v.invoice_id AND w.id > v.id AND w.id <= ${versions})
      AND NOT EXISTS (SELECT 1 FROM verdict f WHERE f.line_id = l.id AND f.kind = 'refuse' AND f.id <= ${verdicts}
        AND NOT EXISTS (SELECT 1 FROM verdict r WHERE r.reverses_id = f.id AND r.id <= ${verdicts}))`;
  return readLineTable(client, query, input.snapshot, createTextCache());
}

import type { Queryable } from '../pool';

export interface BatchRow {
  readonly id: string;
  readonly businessKey: string;
  readonly state: string;
  readonly ruleSetVersion: string;
  readonly routingPolicyVersion: number;
  readonly verdictWatermark: number;
  readonly versionWatermark: number;
  readonly seq: number;
  readonly lineCount: number;
  readonly invoiceCount: number;
  readonly personCount: number;
  readonly doctorDayCount: number;
  readonly letterCount: number;
  readonly takenAt: string;
  readonly checkedAt: string | null;
  readonly doneAt: string | null;
}

const COLUMNS = `id, business_key AS "businessKey", state, rule_set_version AS "ruleSetVersion",
  routing_policy_version AS "routingPolicyVersion", verdict_watermark AS "verdictWatermark",
  version_watermark AS "versionWatermark", seq, line_count AS "lineCount", invoice_count AS "invoiceCount",
  person_count AS "personCount", doctor_day_count AS "doctorDayCount", letter_count AS "letterCount",
  taken_at AS "takenAt", checked_at AS "checkedAt", done_at AS "doneAt"`;

export async function findBatch(db: Queryable, id: string): Promise<BatchRow | null> {
  const rows = await db.query<BatchRow & Record<string, unknown>>(`SELECT ${COLUMNS} FROM batch WHERE id = $1`, [id]);
  return rows.rows[0] ?? null;
}

export async function findBatchByKey(db: Queryable, businessKey: string): Promise<BatchRow | null> {
  const rows = await db.query<BatchRow & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM batch WHERE business_key = $1`,
    [businessKey],
  );
  return rows.rows[0] ?? null;
}

/** Newest first, by keyset; without the looks at letters after a verdict, which nobody has started as a batch. */
export async function listBatches(
  db: Queryable,
  page: { readonly after: { readonly takenAt: string; readonly id: string } | null; readonly limit: number },
): Promise<BatchRow[]> {
  const rows = await db.query<BatchRow & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM batch
     WHERE business_key NOT LIKE 'letters/%'
       AND ($1::timestamptz IS NULL OR (taken_at, id) < ($1::timestamptz, $2::uuid))
     ORDER BY taken_at DESC, id DESC LIMIT $3`,
    [page.after?.takenAt ?? null, page.after?.id ?? null, page.limit],
  );
  return rows.rows;
}

export interface ChunkSums {
  readonly chunks: number;
  readonly linesChecked: number;
  readonly findings: number;
  readonly routed: number;
}

/** What has been done of a batch so far, from the rows of its finished chunks. */
export async function chunkSums(db: Queryable, batchId: string): Promise<ChunkSums> {
  const rows = await db.query<ChunkSums & Record<string, unknown>>(
    `SELECT count(*)::int AS chunks, COALESCE(sum(findings_found), 0)::int AS findings,
       COALESCE(sum(lines_checked) FILTER (WHERE scope = 'person'), 0)::int AS "linesChecked",
       COALESCE(sum(length) FILTER (WHERE scope = 'invoice'), 0)::int AS routed
     FROM batch_chunk WHERE batch_id = $1`,
    [batchId],
  );
  return rows.rows[0]!;
}

/** All chunks are checked: from here on verdicts may be made. False when it was so already. */
export async function closeChecking(db: Queryable, batchId: string): Promise<boolean> {
  const done = await db.query(
    `UPDATE batch SET state = 'checked', checked_at = COALESCE(checked_at, now()) WHERE id = $1 AND state = 'checking'`,
    [batchId],
  );
  return done.rowCount === 1;
}

/** False when it was done already. */
export async function finishBatch(db: Queryable, batchId: string): Promise<boolean> {
  const done = await db.query(
    `UPDATE batch SET state = 'done', done_at = COALESCE(done_at, now()) WHERE id = $1 AND state <> 'done'`,
    [batchId],
  );
  return done.rowCount === 1;
}

export async function isChunkDone(
  db: Queryable,
  chunk: { readonly batchId: string; readonly scope: string; readonly offset: number },
): Promise<boolean> {
  const rows = await db.query('SELECT 1 FROM batch_chunk WHERE batch_id = $1 AND scope = $2 AND "offset" = $3', [
    chunk.batchId,
    chunk.scope,
    chunk.offset,
  ]);
  return rows.rows.length > 0;
}

/** The chunk's row, in the transaction of its results. False when another attempt was quicker: write nothing then. */
export async function claimChunk(
  tx: Queryable,
  chunk: { readonly batchId: string; readonly scope: string; readonly offset: number; readonly length: number },
  sums: { readonly linesChecked: number; readonly findingsFound: number },
): Promise<boolean> {
  const done = await tx.query(
    `INSERT INTO batch_chunk (batch_id, scope, "offset", length, lines_checked, findings_found)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [chunk.batchId, chunk.scope, chunk.offset, chunk.length, sums.linesChecked, sums.findingsFound],
  );
  return done.rowCount === 1;
}

export interface CodeSum {
  readonly code: string;
  readonly findings: number;
  readonly lines: number;
  readonly atRiskKopecks: number;
}

/** Active findings of a batch's own lines by code: the summary that people read. */
export async function findingsByCode(db: Queryable, batchId: string): Promise<CodeSum[]> {
  const rows = await db.query<CodeSum & Record<string, unknown>>(
    `SELECT f.code, count(*)::int AS findings, count(DISTINCT f.line_id)::int AS lines,
       sum(f.at_risk_kopecks)::bigint AS "atRiskKopecks"
     FROM finding f WHERE f.batch_id = $1 AND f.active GROUP BY f.code ORDER BY f.code`,
    [batchId],
  );
  return rows.rows;
}

export interface OutcomeSums {
  readonly autoAccepted: number;
  readonly ruleReduced: number;
  readonly ruleRefused: number;
  readonly queued: number;
  readonly tasks: number;
  readonly settledInvoices: number;
  readonly waitingInvoices: number;
  readonly billedKopecks: number;
  readonly acceptedKopecks: number;
  readonly reducedKopecks: number;
  readonly refusedKopecks: number;
  readonly patientShareKopecks: number;
}

export async function outcomeSums(db: Queryable, batchId: string): Promise<OutcomeSums> {
  const rows = await db.query<OutcomeSums & Record<string, unknown>>(
    `SELECT count(*) FILTER (WHERE d.kind = 'accept')::int AS "autoAccepted",
       count(*) FILTER (WHERE d.kind = 'reduce')::int AS "ruleReduced",
       count(*) FILTER (WHERE d.kind = 'refuse')::int AS "ruleRefused",
       COALESCE(sum(d.billed_kopecks), 0)::bigint AS "billedKopecks",
       COALESCE(sum(d.accepted_kopecks), 0)::bigint AS "acceptedKopecks",
       COALESCE(sum(d.reduced_kopecks), 0)::bigint AS "reducedKopecks",
       COALESCE(sum(d.refused_kopecks), 0)::bigint AS "refusedKopecks",
       COALESCE(sum(d.patient_share_kopecks), 0)::bigint AS "patientShareKopecks",
       (SELECT count(*)::int FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id
        WHERE v.batch_id = $1 AND l.state = 'queued') AS queued,
       (SELECT count(*)::int FROM review_task t JOIN invoice_version v ON v.id = t.version_id WHERE v.batch_id = $1) AS tasks,
       (SELECT count(*)::int FROM invoice_version WHERE batch_id = $1 AND state = 'settle-ready') AS "settledInvoices",
       (SELECT count(*)::int FROM invoice_version WHERE batch_id = $1 AND state = 'waiting') AS "waitingInvoices"
     FROM verdict d WHERE d.batch_id = $1 AND d.author_kind = 'rule'`,
    [batchId],
  );
  return rows.rows[0]!;
}

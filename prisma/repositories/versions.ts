import type { Queryable } from '../pool';

export interface VersionRow {
  readonly id: number;
  readonly publicId: string;
  readonly current: boolean;
  readonly state: string;
}

/** The version of a public id, locked until the transaction ends when `lock` is given. */
export async function findVersion(db: Queryable, publicId: string, lock = false): Promise<VersionRow | null> {
  const rows = await db.query<VersionRow & Record<string, unknown>>(
    `SELECT id, public_id AS "publicId", current, state FROM invoice_version WHERE public_id = $1
     ${lock ? 'FOR NO KEY UPDATE' : ''}`,
    [publicId],
  );
  return rows.rows[0] ?? null;
}

/** Whose lines a transaction may decide or route again; at least one of them. */
export interface RoutedVersions {
  /** The version, by its public id, whose lines are decided. */
  readonly publicId?: string;
  /** Letters that are looked at again: every current line that cites one may change. */
  readonly letterRefIds?: readonly number[];
  /** A batch that ends: waiting lines of earlier batches whose findings it has changed. */
  readonly batchId?: string;
}

/**
 * Locks these versions in one order, before any task or line of them. Everybody who decides or routes lines takes
 * version, task, lines in this order, so that no two wait for each other.
 */
export async function lockRoutedVersions(tx: Queryable, routed: RoutedVersions): Promise<void> {
  const values: unknown[] = [];
  const sources: string[] = [];
  if (routed.publicId !== undefined) {
    sources.push(`SELECT id FROM invoice_version WHERE public_id = $${values.push(routed.publicId)}`);
  }
  if (routed.letterRefIds !== undefined) {
    const at = values.push(routed.letterRefIds);
    sources.push(`SELECT version_id FROM invoice_line WHERE current AND letter_ref_id = ANY($${at}::int[])`);
  }
  if (routed.batchId !== undefined) {
    const at = values.push(routed.batchId);
    sources.push(`SELECT l.version_id FROM invoice_line l JOIN invoice_version w ON w.id = l.version_id
      WHERE l.state = 'queued' AND w.current AND w.batch_id <> $${at}
        AND l.id IN (SELECT line_id FROM finding WHERE batch_id = $${at} OR superseded_by = $${at})`);
  }
  await tx.query(
    `SELECT 1 FROM invoice_version WHERE id IN (${sources.join(' UNION ')}) ORDER BY id FOR NO KEY UPDATE`,
    values,
  );
}

/** Waiting versions of which every line has its verdict become decided; returns their public ids. */
export async function decideVersions(tx: Queryable, versionIds: readonly number[]): Promise<string[]> {
  const rows = await tx.query<{ publicId: string }>(
    `UPDATE invoice_version v SET state = 'decided'
     WHERE v.id = ANY($1::int[]) AND v.state = 'waiting' AND NOT EXISTS (
       SELECT 1 FROM invoice_line l WHERE l.version_id = v.id
         AND NOT EXISTS (SELECT 1 FROM verdict d WHERE d.line_id = l.id AND d.active))
     RETURNING v.public_id AS "publicId"`,
    [versionIds],
  );
  return rows.rows.map((row) => row.publicId);
}

/** Public ids of a batch's versions that wait for people. */
export async function waitingVersions(tx: Queryable, batchId: string): Promise<string[]> {
  const rows = await tx.query<{ publicId: string }>(
    `SELECT public_id AS "publicId" FROM invoice_version WHERE batch_id = $1 AND state = 'waiting' AND current ORDER BY id`,
    [batchId],
  );
  return rows.rows.map((row) => row.publicId);
}

export interface CaseRow {
  readonly state: string;
  readonly openTasks: number;
  readonly nextEscalationAt: string | null;
}

/** Where a version stands, as its workflow sees it; null when there is no such version. */
export async function caseOf(db: Queryable, publicId: string): Promise<CaseRow | null> {
  const rows = await db.query<CaseRow & Record<string, unknown>>(
    `SELECT CASE WHEN v.current THEN v.state ELSE 'superseded' END AS state,
       count(t.id) FILTER (WHERE t.state IN ('open', 'claimed', 'on-hold'))::int AS "openTasks",
       min(t.escalate_at) FILTER (WHERE t.state IN ('open', 'claimed') AND t.escalated_at IS NULL) AS "nextEscalationAt"
     FROM invoice_version v LEFT JOIN review_task t ON t.version_id = v.id
     WHERE v.public_id = $1 GROUP BY v.id`,
    [publicId],
  );
  return rows.rows[0] ?? null;
}

/** Marks the tasks whose time has come; they rise in the queue and the lead expert sees them. Returns how many. */
export async function escalateTasks(tx: Queryable, publicId: string, dueBy: string): Promise<number> {
  const done = await tx.query(
    `UPDATE review_task t SET escalated_at = now(), priority = priority + 1, revision = revision + 1
     FROM invoice_version v WHERE v.id = t.version_id AND v.public_id = $1 AND t.state IN ('open', 'claimed')
       AND t.escalated_at IS NULL AND t.escalate_at <= $2`,
    [publicId, dueBy],
  );
  return done.rowCount ?? 0;
}

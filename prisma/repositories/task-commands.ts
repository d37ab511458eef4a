import type { Deadline } from '../../models/calendar';
import type { BilledLine } from '../../models/review-case/money';
import type { Queryable } from '../pool';

/** A task as a command sees it, locked. */
export interface LockedTask {
  readonly id: string;
  readonly versionId: number;
  /** True when the invoice has a newer version. */
  readonly superseded: boolean;
  readonly state: 'open' | 'claimed' | 'on-hold' | 'decided' | 'cancelled';
  readonly holderId: string | null;
  readonly holderName: string | null;
  readonly leaseUntil: string | null;
  /** True while the lease runs, by the database's clock. */
  readonly leased: boolean;
  readonly clock: Deadline;
  readonly escalatedAt: string | null;
  readonly revision: number;
}

const LOCKED = `id, version_id AS "versionId",
  (SELECT NOT v.current FROM invoice_version v WHERE v.id = version_id) AS superseded, state, holder_id AS "holderId", holder_name AS "holderName",
  lease_until AS "leaseUntil", COALESCE(lease_until > now(), false) AS leased, clock, escalated_at AS "escalatedAt",
  revision`;

/** Locks a task's row: of many who come at once, one goes on and the others wait for what it leaves. */
export async function lockTask(tx: Queryable, taskId: string): Promise<LockedTask | null> {
  const rows = await tx.query<LockedTask & Record<string, unknown>>(
    `SELECT ${LOCKED} FROM review_task WHERE id = $1 FOR UPDATE`,
    [taskId],
  );
  return rows.rows[0] ?? null;
}

export interface TaskLine extends BilledLine {
  readonly lineId: number;
  readonly lineNo: number;
  /** True when the line has an active verdict. */
  readonly decided: boolean;
}

/** Read after the lock, never by it. */
const TASK_LINE = `SELECT l.id AS "lineId", l.line_no AS "lineNo", l.amount_kopecks AS "amountKopecks",
  l.patient_share_kopecks AS "patientShareKopecks",
  EXISTS (SELECT 1 FROM verdict d WHERE d.line_id = l.id AND d.active) AS decided FROM invoice_line l`;

/** Lines of a task, locked. */
export async function linesOfTask(tx: Queryable, taskId: string): Promise<TaskLine[]> {
  // Locked by a statement of its own: the one that reads then sees what was decided while it waited.
  const locked = await tx.query<{ id: number }>(
    `SELECT l.id FROM review_task_line r JOIN invoice_line l ON l.id = r.line_id WHERE r.task_id = $1
     ORDER BY l.line_no FOR UPDATE OF l`,
    [taskId],
  );
  const ids = locked.rows.map((row) => row.id);
  const sql = `${TASK_LINE} WHERE l.id = ANY($1) ORDER BY l.line_no`;
  return (await tx.query<TaskLine & Record<string, unknown>>(sql, [ids])).rows;
}

/** One line of a version by its number, locked. */
export async function lineOfVersion(tx: Queryable, versionId: number, lineNo: number): Promise<TaskLine | null> {
  const where = 'WHERE l.version_id = $1 AND l.line_no = $2';
  await tx.query(`SELECT 1 FROM invoice_line l ${where} FOR UPDATE`, [versionId, lineNo]);
  const rows = await tx.query<TaskLine & Record<string, unknown>>(`${TASK_LINE} ${where}`, [versionId, lineNo]);
  return rows.rows[0] ?? null;
}

export interface TaskChange {
  readonly state: LockedTask['state'];
  readonly holder?: { readonly id: string; readonly name: string } | null;
  readonly leaseSeconds?: number;
  readonly clock?: Deadline;
  readonly deadline?: string | null;
  readonly escalateAt?: string | null;
}

/** Moves a locked task on and returns its new revision. What is not given stays; a lease exists only while claimed. */
export async function changeTask(tx: Queryable, taskId: string, change: TaskChange): Promise<number> {
  const rows = await tx.query<{ revision: number }>(
    `UPDATE review_task SET state = $2, revision = revision + 1,
       holder_id = CASE WHEN $3 THEN $4::uuid ELSE holder_id END,
       holder_name = CASE WHEN $3 THEN $5 ELSE holder_name END,
       lease_until = CASE WHEN $2 <> 'claimed' THEN NULL
         WHEN $6::int IS NULL THEN lease_until ELSE now() + make_interval(secs => $6::int) END,
       on_hold_since = CASE WHEN $2 = 'on-hold' THEN COALESCE(on_hold_since, now()) END,
       clock = COALESCE($7::jsonb, clock),
       deadline = COALESCE($8::timestamptz, deadline),
       escalate_at = CASE WHEN $9 THEN $10::timestamptz ELSE escalate_at END,
       decided_at = CASE WHEN $2 = 'decided' THEN now() END
     WHERE id = $1 RETURNING revision`,
    [
      taskId,
      change.state,
      change.holder !== undefined,
      change.holder?.id ?? null,
      change.holder?.name ?? null,
      change.leaseSeconds ?? null,
      change.clock === undefined ? null : JSON.stringify(change.clock),
      change.deadline ?? null,
      change.escalateAt !== undefined,
      change.escalateAt ?? null,
    ],
  );
  return rows.rows[0]!.revision;
}

/** The request's id keeps a repeated hold from asking twice. */
export async function insertDocumentRequest(
  tx: Queryable,
  request: {
    readonly id: string;
    readonly taskId: string;
    readonly textToClinic: string;
    readonly requestedBy: string;
  },
): Promise<boolean> {
  const done = await tx.query(
    `INSERT INTO document_request (id, task_id, text_to_clinic, requested_by) VALUES ($1, $2, $3, $4)
     ON CONFLICT (id) DO NOTHING`,
    [request.id, request.taskId, request.textToClinic, request.requestedBy],
  );
  return done.rowCount === 1;
}

export async function documentRequestExists(tx: Queryable, id: string): Promise<boolean> {
  return (await tx.query('SELECT 1 FROM document_request WHERE id = $1', [id])).rows.length > 0;
}

/** 'unknown', 'answered' before with another text, 'repeated' with the same text, or 'done' now. */
export async function answerDocumentRequest(
  tx: Queryable,
  answer: { readonly id: string; readonly taskId: string; readonly text: string },
): Promise<'unknown' | 'answered' | 'repeated' | 'done'> {
  const rows = await tx.query<{ answerText: string | null }>(
    'SELECT answer_text AS "answerText" FROM document_request WHERE id = $1 AND task_id = $2 FOR UPDATE',
    [answer.id, answer.taskId],
  );
  const found = rows.rows[0];
  if (!found) return 'unknown';
  if (found.answerText !== null) return found.answerText === answer.text ? 'repeated' : 'answered';
  await tx.query('UPDATE document_request SET answer_text = $2, answered_at = now() WHERE id = $1', [
    answer.id,
    answer.text,
  ]);
  return 'done';
}

export async function openDocumentRequests(tx: Queryable, taskId: string): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM document_request WHERE task_id = $1 AND answered_at IS NULL',
    [taskId],
  );
  return rows.rows[0]!.n;
}

import type { RowFilter } from '../../models/access/policy';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

export type TaskState = 'open' | 'claimed' | 'on-hold' | 'decided' | 'cancelled';

/** A task as the queue shows it: a lease that has run out is none, so its task is open again. */
export interface QueueTask {
  readonly id: string;
  readonly state: TaskState;
  /** True when the invoice has a newer version: nothing of this task can be decided any more. */
  readonly superseded: boolean;
  readonly versionId: string;
  readonly invoiceNo: string;
  readonly clinicCode: string;
  readonly clinicName: string;
  readonly hub: string;
  readonly policyNo: string;
  readonly lineCount: number;
  readonly atRiskKopecks: number;
  readonly codes: string[];
  readonly skill: string | null;
  readonly origin: string;
  readonly priority: number;
  readonly deadline: string;
  readonly escalatedAt: string | null;
  readonly onHoldSince: string | null;
  readonly holderId: string | null;
  readonly holderName: string | null;
  readonly leaseUntil: string | null;
  readonly revision: number;
}

/** A lease exists only while claimed. */
const EXPIRED = `COALESCE(t.lease_until <= now(), false)`;
const WAITS = `t.state IN ('open', 'claimed', 'on-hold')`;

const COLUMNS = `t.id, CASE WHEN ${EXPIRED} THEN 'open' ELSE t.state END AS state,
  ${WAITS} AND NOT v.current AS superseded, v.public_id AS "versionId", i.invoice_no AS "invoiceNo", c.code AS "clinicCode",
  c.name AS "clinicName", h.code AS hub, p.policy_no AS "policyNo", t.line_count AS "lineCount",
  t.at_risk_kopecks AS "atRiskKopecks", t.codes, t.skill, t.origin, t.priority, t.deadline,
  t.escalated_at AS "escalatedAt", t.on_hold_since AS "onHoldSince", CASE WHEN NOT ${EXPIRED} THEN t.holder_id END AS "holderId",
  CASE WHEN NOT ${EXPIRED} THEN t.holder_name END AS "holderName",
  CASE WHEN NOT ${EXPIRED} THEN t.lease_until END AS "leaseUntil", t.revision`;
const SOURCE = `review_task t JOIN invoice_version v ON v.id = t.version_id JOIN invoice i ON i.id = v.invoice_id
  JOIN clinic c ON c.id = i.clinic_id JOIN hub h ON h.id = t.hub_id JOIN policy p ON p.id = t.policy_id`;
const OWNERS = { hubId: 't.hub_id', clinicId: 'i.clinic_id' } as const;

export interface QueueQuery {
  readonly filter: RowFilter;
  /** null: whatever is not decided yet. */
  readonly state: TaskState | null;
  /** Whose list it is: tasks of replaced invoice versions are shown only to who is at work on them. */
  readonly readerId: string;
  readonly hub: string | null;
  readonly clinic: string | null;
  /** Public id of an invoice version. */
  readonly versionId: string | null;
  readonly code: string | null;
  readonly heldByReader: boolean;
  readonly minAtRiskKopecks: number | null;
  readonly escalated: boolean | null;
  readonly sort: TaskSort;
  readonly after: {
    readonly priority: number;
    readonly atRiskKopecks: number;
    readonly deadline: string;
    readonly id: string;
  } | null;
  readonly limit: number;
}

/** Raised priority (patients' answers, statistics, expert tables) before money; money; or the nearest deadline. */
export type TaskSort = 'priority' | 'at-risk' | 'deadline';

/** Sort columns of each order, all ascending: what is wanted largest first stands negated. */
const ORDERS: Readonly<Record<TaskSort, readonly string[]>> = {
  priority: ['-t.priority', '-t.at_risk_kopecks', 't.deadline', 't.id'],
  'at-risk': ['-t.at_risk_kopecks', 't.deadline', 't.id'],
  deadline: ['t.deadline', '-t.at_risk_kopecks', 't.id'],
};

/** Each names raw states first, as the partial indexes of the queue do. */
const SHOWN: Readonly<Record<TaskState, string>> = {
  open: `(t.state = 'open' OR (t.state = 'claimed' AND t.lease_until <= now()))`,
  claimed: `t.state = 'claimed' AND t.lease_until > now()`,
  'on-hold': `t.state = 'on-hold'`,
  decided: `t.state = 'decided'`,
  cancelled: `t.state = 'cancelled'`,
};

/** A page of tasks by keyset, in one of the orders of TaskSort; equal ones by id. */
export async function listTasks(db: Queryable, query: QueueQuery): Promise<QueueTask[]> {
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const where = [filterSql(query.filter, OWNERS, values), query.state === null ? WAITS : SHOWN[query.state]];
  const held = `t.holder_id = ${add(query.readerId)}::uuid AND NOT ${EXPIRED}`;
  where.push(`(v.current OR NOT ${WAITS} OR (t.state = 'claimed' AND ${held}))`);
  if (query.heldByReader) where.push(held);
  if (query.hub !== null) where.push(`h.code = ${add(query.hub)}`);
  if (query.clinic !== null) where.push(`c.code = ${add(query.clinic)}`);
  if (query.versionId !== null) where.push(`v.public_id = ${add(query.versionId)}::uuid`);
  if (query.code !== null) where.push(`${add(query.code)} = ANY(t.codes)`);
  if (query.minAtRiskKopecks !== null) where.push(`t.at_risk_kopecks >= ${add(query.minAtRiskKopecks)}::bigint`);
  if (query.escalated !== null) where.push(`(t.escalated_at IS NOT NULL) = ${add(query.escalated)}::boolean`);
  const columns = ORDERS[query.sort];
  if (query.after !== null) {
    const { priority, atRiskKopecks, deadline, id } = query.after;
    const last: Readonly<Record<string, () => string>> = {
      '-t.priority': () => `${add(-priority)}::int`,
      '-t.at_risk_kopecks': () => `${add(-atRiskKopecks)}::bigint`,
      't.deadline': () => `${add(deadline)}::timestamptz`,
      't.id': () => `${add(id)}::uuid`,
    };
    where.push(`(${columns.join(', ')}) > (${columns.map((column) => last[column]!()).join(', ')})`);
  }
  const rows = await db.query<QueueTask & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM ${SOURCE} WHERE ${where.join(' AND ')} ORDER BY ${columns.join(', ')} LIMIT ${add(query.limit)}`,
    values,
  );
  return rows.rows;
}

/** One task that the caller may see; null when it is not there or somebody else's. */
export async function findTask(db: Queryable, id: string, filter: RowFilter): Promise<QueueTask | null> {
  const values: unknown[] = [id];
  const rows = await db.query<QueueTask & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM ${SOURCE} WHERE t.id = $1 AND ${filterSql(filter, OWNERS, values)}`,
    values,
  );
  return rows.rows[0] ?? null;
}

/** A line with its texts, as an expert or the clinic reads it. */
export interface ReadableLine {
  readonly lineId: number;
  readonly lineNo: number;
  readonly policyNo: string;
  readonly serviceDate: string;
  readonly diagnosisCode: string;
  readonly diagnosisName: string;
  readonly itemCode: string;
  readonly itemName: string;
  readonly quantity: number;
  readonly unitPriceKopecks: number;
  readonly amountKopecks: number;
  readonly patientShareKopecks: number;
  readonly doctorCode: string | null;
  readonly tooth: string | null;
  readonly letterNo: string | null;
  readonly episodeNo: string | null;
  readonly state: string;
}

const LINE = `l.id AS "lineId", l.line_no AS "lineNo", p.policy_no AS "policyNo", l.service_date AS "serviceDate",
  d.code AS "diagnosisCode", d.name AS "diagnosisName", ci.item_code AS "itemCode", l.item_name AS "itemName",
  l.quantity, l.unit_price_kopecks AS "unitPriceKopecks", l.amount_kopecks AS "amountKopecks",
  l.patient_share_kopecks AS "patientShareKopecks", dr.code AS "doctorCode", l.tooth, lr.letter_no AS "letterNo",
  l.episode_no AS "episodeNo", l.state`;
const LINE_SOURCE = `invoice_line l JOIN policy p ON p.id = l.policy_id JOIN diagnosis d ON d.id = l.diagnosis_id
  JOIN clinic_item ci ON ci.id = l.clinic_item_id LEFT JOIN doctor dr ON dr.id = l.doctor_id
  LEFT JOIN letter_ref lr ON lr.id = l.letter_ref_id`;

export async function readableTaskLines(db: Queryable, taskId: string): Promise<ReadableLine[]> {
  const rows = await db.query<ReadableLine & Record<string, unknown>>(
    `SELECT ${LINE} FROM review_task_line r JOIN ${LINE_SOURCE.replace('invoice_line l', 'invoice_line l ON l.id = r.line_id')}
     WHERE r.task_id = $1 ORDER BY l.line_no`,
    [taskId],
  );
  return rows.rows;
}

/** Lines of an invoice version by line number, behind `after`. */
export async function readableVersionLines(
  db: Queryable,
  versionId: number,
  page: { readonly after: number; readonly limit: number },
): Promise<ReadableLine[]> {
  const rows = await db.query<ReadableLine & Record<string, unknown>>(
    `SELECT ${LINE} FROM ${LINE_SOURCE} WHERE l.version_id = $1 AND l.line_no > $2 ORDER BY l.line_no LIMIT $3`,
    [versionId, page.after, page.limit],
  );
  return rows.rows;
}

export interface ActiveVerdict {
  readonly lineId: number;
  readonly kind: 'accept' | 'reduce' | 'refuse';
  readonly reasonCode: string | null;
  readonly clause: string | null;
  readonly acceptedKopecks: number;
  readonly reducedKopecks: number;
  readonly refusedKopecks: number;
  readonly patientShareKopecks: number;
  readonly authorKind: 'rule' | 'doctor';
  readonly authorName: string;
  readonly noteToClinic: string | null;
  readonly internalNote: string | null;
  readonly reverses: boolean;
  readonly createdAt: string;
}

export async function activeVerdicts(db: Queryable, lineIds: readonly number[]): Promise<Map<number, ActiveVerdict>> {
  const rows = await db.query<ActiveVerdict & Record<string, unknown>>(
    `SELECT line_id AS "lineId", kind, reason_code AS "reasonCode", clause, accepted_kopecks AS "acceptedKopecks",
       reduced_kopecks AS "reducedKopecks", refused_kopecks AS "refusedKopecks",
       patient_share_kopecks AS "patientShareKopecks", author_kind AS "authorKind",
       COALESCE(doctor_name, rule_set_version) AS "authorName", note_to_clinic AS "noteToClinic",
       internal_note AS "internalNote", reverses_id IS NOT NULL AS reverses, created_at AS "createdAt"
     FROM verdict WHERE active AND line_id = ANY($1::bigint[])`,
    [lineIds],
  );
  return new Map(rows.rows.map((row) => [row.lineId, row]));
}

export interface DocumentRow {
  readonly id: string;
  readonly taskId: string;
  readonly versionId: string;
  readonly invoiceNo: string;
  readonly textToClinic: string;
  readonly requestedAt: string;
  readonly answerText: string | null;
  readonly answeredAt: string | null;
}

const DOCUMENT = `SELECT r.id, r.task_id AS "taskId", v.public_id AS "versionId", i.invoice_no AS "invoiceNo",
    r.text_to_clinic AS "textToClinic", r.requested_at AS "requestedAt", r.answer_text AS "answerText",
    r.answered_at AS "answeredAt"
  FROM document_request r JOIN review_task t ON t.id = r.task_id JOIN invoice_version v ON v.id = t.version_id
  JOIN invoice i ON i.id = v.invoice_id`;

/** All document requests of a task, oldest first. */
export async function documentsOfTask(db: Queryable, taskId: string): Promise<DocumentRow[]> {
  const sql = `${DOCUMENT} WHERE r.task_id = $1 ORDER BY r.requested_at, r.id`;
  return (await db.query<DocumentRow & Record<string, unknown>>(sql, [taskId])).rows;
}

/**
 * A page of the requests that a clinic can still answer, oldest first by keyset: unanswered, of a task that waits for
 * them, of an invoice that no newer version has replaced.
 */
export async function owedDocuments(
  db: Queryable,
  query: {
    readonly filter: RowFilter;
    readonly after: { readonly requestedAt: string; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<DocumentRow[]> {
  const values: unknown[] = [query.limit];
  const where = [
    filterSql(query.filter, OWNERS, values),
    `r.answered_at IS NULL AND t.state = 'on-hold' AND v.current`,
  ];
  if (query.after !== null) {
    const at = values.push(query.after.requestedAt, query.after.id);
    where.push(`(r.requested_at, r.id) > ($${at - 1}::timestamptz, $${at}::uuid)`);
  }
  const sql = `${DOCUMENT} WHERE ${where.join(' AND ')} ORDER BY r.requested_at, r.id LIMIT $1`;
  return (await db.query<DocumentRow & Record<string, unknown>>(sql, values)).rows;
}

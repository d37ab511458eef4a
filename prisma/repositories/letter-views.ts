import type { RowFilter } from '../../models/access/policy';
import type { LetterFinding, LetterState, LineOutcome, PendReason, Urgency } from '../../models/letters/types';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

/** A row of the letters' list: nothing medical, enough to choose the next one. */
export interface LetterListRow {
  readonly id: string;
  readonly number: string | null;
  readonly clinicCode: string;
  readonly hub: string;
  readonly urgency: Urgency;
  readonly state: LetterState;
  readonly pendedFor: PendReason | null;
  readonly skill: string | null;
  readonly submittedAt: string;
  readonly dueAt: string | null;
  readonly escalatedAt: string | null;
  readonly overdue: boolean;
  readonly holderName: string | null;
  readonly leaseUntil: string | null;
  readonly requestedKopecks: number;
  readonly approvedKopecks: number;
  readonly lineCount: number;
  readonly revision: number;
}

export interface LetterListQuery {
  readonly filter: RowFilter;
  readonly state?: LetterState;
  readonly pendedFor?: PendReason;
  readonly urgency?: Urgency;
  readonly skill?: string;
  readonly clinicCode?: string;
  readonly escalated?: boolean;
  readonly toSample?: boolean;
  /** Last row of the page before: [dueAt or 'infinity', id]. */
  readonly after: readonly [string, string] | null;
  readonly limit: number;
}

/** The promise of line l stands (models/letters/record: isPromised). */
const STANDS = `(l.outcome IN ('approved', 'partial') OR l.outcome = 'pended' AND l.approved_quantity > 0)`;
const OWNER_COLUMNS = { clinicId: 'r.clinic_id', hubId: 'r.hub_id', policyId: 'r.policy_id' } as const;

/** A row without how the insurer deals out its work, for readers outside. */
export function listRowFor(row: LetterListRow, role: string): LetterListRow {
  if (role !== 'clinic' && role !== 'insured') return row;
  return { ...row, skill: null, escalatedAt: null, overdue: false, holderName: null, leaseUntil: null };
}

/** Nearest deadline first, then the rest by id. */
export async function listLetters(db: Queryable, query: LetterListQuery): Promise<LetterListRow[]> {
  const params: unknown[] = [];
  const wants: string[] = [filterSql(query.filter, OWNER_COLUMNS, params)];
  const want = (sql: string, value: unknown): void => {
    if (value === undefined) return;
    params.push(value);
    wants.push(sql.replaceAll('?', `$${params.length}`));
  };
  want('r.state = ?', query.state);
  want('r.pended_for = ?', query.pendedFor);
  want('r.urgency = ?', query.urgency);
  want('r.skill = ?', query.skill);
  want('c.code = ?', query.clinicCode);
  want('(r.escalated_at IS NOT NULL) = ?', query.escalated);
  want('(r.sampled AND r.sample_result IS NULL) = ?', query.toSample);
  if (query.after !== null) {
    params.push(...query.after);
    wants.push(
      `(coalesce(r.due_at, 'infinity'), r.id) > ($${params.length - 1}::timestamptz, $${params.length}::uuid)`,
    );
  }
  params.push(query.limit);
  const rows = await db.query<LetterListRow & Record<string, unknown>>(
    `SELECT r.id, r.number, c.code AS "clinicCode", h.code AS hub, r.urgency, r.state, r.pended_for AS "pendedFor",
       r.skill, r.submitted_at AS "submittedAt", r.due_at AS "dueAt", r.escalated_at AS "escalatedAt", r.overdue,
       r.holder_name AS "holderName", CASE WHEN r.lease_until > now() THEN r.lease_until END AS "leaseUntil",
       r.requested_kopecks AS "requestedKopecks", r.approved_kopecks AS "approvedKopecks", r.revision,
       (SELECT count(*)::int FROM letter_request_line l WHERE l.request_id = r.id) AS "lineCount"
     FROM letter_request r JOIN clinic c ON c.id = r.clinic_id JOIN hub h ON h.id = r.hub_id
     WHERE ${wants.join(' AND ')} ORDER BY coalesce(r.due_at, 'infinity'), r.id LIMIT $${params.length}`,
    params,
  );
  return rows.rows;
}

export interface LetterDetail extends LetterListRow {
  readonly policyNo: string;
  readonly senderRef: string | null;
  readonly checkCode: string;
  readonly validTo: string | null;
  readonly finalAt: string | null;
  readonly proposedBy: string | null;
  /** What the first of two doctors proposed, in the shape of a decision's lines. */
  readonly proposal: unknown;
  readonly awaitsLead: boolean;
  readonly trustedLane: boolean;
  readonly lines: readonly LetterDetailLine[];
  readonly thread: readonly { kind: string; actorRole: string; actorName: string | null; at: string; body: unknown }[];
  readonly attachments: readonly { id: string; kind: string; fileName: string; addedAt: string }[];
}

export interface LetterDetailLine {
  readonly lineNo: number;
  readonly letterNo: string | null;
  readonly serviceCode: string;
  readonly serviceName: string | null;
  readonly diagnosisCode: string;
  readonly quantity: number;
  readonly periodFrom: string;
  readonly periodTo: string;
  readonly tooth: string | null;
  readonly unitPriceKopecks: number | null;
  readonly outcome: LineOutcome;
  readonly approvedQuantity: number;
  readonly approvedKopecks: number;
  readonly approvedFrom: string | null;
  readonly approvedTo: string | null;
  readonly usedQuantity: number;
  readonly usedKopecks: number;
  /** Promised and not taken yet; below zero where invoices have taken more than was promised. */
  readonly leftQuantity: number;
  readonly leftKopecks: number;
  readonly ground: string | null;
  readonly reasonCode: string | null;
  readonly clause: string | null;
  readonly doctorName: string | null;
  readonly findings: readonly LetterFinding[];
}

/** One request with its lines and thread; null when it is not there or not the caller's. */
export async function readLetterDetail(db: Queryable, id: string, filter: RowFilter): Promise<LetterDetail | null> {
  const params: unknown[] = [id];
  const owner = filterSql(filter, OWNER_COLUMNS, params);
  const rows = await db.query<LetterDetail & Record<string, unknown>>(
    `SELECT r.id, r.number, c.code AS "clinicCode", h.code AS hub, r.urgency, r.state, r.pended_for AS "pendedFor",
       r.skill, r.submitted_at AS "submittedAt", r.due_at AS "dueAt", r.escalated_at AS "escalatedAt", r.overdue,
       r.holder_name AS "holderName", CASE WHEN r.lease_until > now() THEN r.lease_until END AS "leaseUntil",
       r.requested_kopecks AS "requestedKopecks", r.approved_kopecks AS "approvedKopecks", r.revision,
       p.policy_no AS "policyNo", r.sender_ref AS "senderRef", r.check_code AS "checkCode", r.valid_to AS "validTo",
       r.final_at AS "finalAt", r.proposed_by AS "proposedBy", r.proposal, r.awaits_lead AS "awaitsLead",
       r.trusted_lane AS "trustedLane",
       (SELECT count(*)::int FROM letter_request_line l WHERE l.request_id = r.id) AS "lineCount",
       (SELECT json_agg(json_build_object('lineNo', l.line_no, 'letterNo', f.letter_no, 'serviceCode', l.service_code,
          'serviceName', s.name, 'diagnosisCode', l.diagnosis_code, 'quantity', l.quantity, 'periodFrom', l.period_from,
          'periodTo', l.period_to, 'tooth', l.tooth, 'unitPriceKopecks', l.unit_price_kopecks, 'outcome', l.outcome,
          'approvedQuantity', l.approved_quantity, 'approvedKopecks', l.approved_kopecks,
          'approvedFrom', l.approved_from, 'approvedTo', l.approved_to, 'usedQuantity', l.used_quantity,
          'usedKopecks', l.used_kopecks, 'leftQuantity', CASE WHEN ${STANDS} THEN l.approved_quantity - l.used_quantity ELSE 0 END,
          'leftKopecks', CASE WHEN ${STANDS} THEN l.approved_kopecks - l.used_kopecks ELSE 0 END, 'ground', l.ground, 'reasonCode', l.reason_code, 'clause', l.clause,
          'doctorName', l.doctor_name, 'findings', l.findings) ORDER BY l.line_no)
        FROM letter_request_line l LEFT JOIN service s ON s.id = l.service_id
          LEFT JOIN letter_ref f ON f.id = l.letter_ref_id WHERE l.request_id = r.id) AS lines,
       (SELECT coalesce(json_agg(json_build_object('kind', e.kind, 'actorRole', e.actor_role, 'actorName', e.actor_name,
          'at', e.at, 'body', e.body) ORDER BY e.id), '[]') FROM letter_event e WHERE e.request_id = r.id) AS thread,
       (SELECT coalesce(json_agg(json_build_object('id', a.id, 'kind', a.kind, 'fileName', a.file_name,
          'addedAt', a.added_at) ORDER BY a.added_at, a.id), '[]')
        FROM letter_attachment a WHERE a.request_id = r.id) AS attachments
     FROM letter_request r JOIN clinic c ON c.id = r.clinic_id JOIN hub h ON h.id = r.hub_id
       JOIN policy p ON p.id = r.policy_id
     WHERE r.id = $1 AND ${owner}`,
    params,
  );
  return rows.rows[0] ?? null;
}

/** The request behind the number on a letter; null when there is none. */
export async function findRequestByNumber(db: Queryable, number: string): Promise<string | null> {
  const rows = await db.query<{ id: string }>('SELECT id FROM letter_request WHERE number = $1', [number]);
  return rows.rows[0]?.id ?? null;
}

/** Whose request it is; null when it is not there or not the caller's. */
export async function readLetterOwner(
  db: Queryable,
  id: string,
  filter: RowFilter,
): Promise<{ clinicId: number } | null> {
  const params: unknown[] = [id];
  const owner = filterSql(filter, OWNER_COLUMNS, params);
  const rows = await db.query<{ clinicId: number }>(
    `SELECT r.clinic_id AS "clinicId" FROM letter_request r WHERE r.id = $1 AND ${owner}`,
    params,
  );
  return rows.rows[0] ?? null;
}

/** Where a request stands, for polls and events; null when it is not there or not the caller's. */
export async function readRequestStatus(db: Queryable, id: string, filter: RowFilter): Promise<RequestStatus | null> {
  const params: unknown[] = [id];
  const owner = filterSql(filter, OWNER_COLUMNS, params);
  const rows = await db.query<RequestStatus & Record<string, unknown>>(
    `SELECT r.id, r.number, r.state, r.pended_for AS "pendedFor", r.due_at AS "dueAt", r.revision
     FROM letter_request r WHERE r.id = $1 AND ${owner}`,
    params,
  );
  return rows.rows[0] ?? null;
}

export interface RequestStatus {
  readonly id: string;
  readonly number: string | null;
  readonly state: LetterState;
  readonly pendedFor: PendReason | null;
  readonly dueAt: string | null;
  readonly revision: number;
}

/** What anybody with the code on the paper may see: number and status, nothing else. */
export async function readLetterStatus(
  db: Queryable,
  checkCode: string,
): Promise<{ number: string; state: LetterState; validTo: string | null } | null> {
  const rows = await db.query<{ number: string; state: LetterState; validTo: string | null }>(
    `SELECT number, state, valid_to AS "validTo" FROM letter_request WHERE check_code = $1 AND number IS NOT NULL`,
    [checkCode],
  );
  return rows.rows[0] ?? null;
}

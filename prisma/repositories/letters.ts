import type { Deadline } from '../../models/calendar';
import type { KeyedAct } from '../../models/letters/acts';
import type { LetterRecord, LetterRecordLine } from '../../models/letters/record';
import type { LetterFinding, LetterState, PendReason, Urgency } from '../../models/letters/types';
import type { Queryable } from '../pool';

/** What a new request is stored with besides its record. */
export interface NewLetter {
  readonly record: LetterRecord;
  readonly policyId: number;
  readonly clinicId: number;
  readonly hubId: number;
  readonly contractId: number | null;
  readonly programmeId: number | null;
  readonly requester: { readonly role: string; readonly id: string };
  readonly senderRef: string | null;
  readonly checkCode: string;
  readonly skill: string | null;
  readonly trustedLane: boolean;
  readonly sampled: boolean;
  readonly lines: readonly {
    readonly lineNo: number;
    readonly serviceCode: string;
    readonly serviceId: number | null;
    readonly diagnosisCode: string;
    readonly tooth: string | null;
    readonly findings: readonly LetterFinding[];
  }[];
}

/** Owner columns and other facts that acts need beside the record. */
export interface StoredLetter {
  readonly record: LetterRecord;
  readonly policyId: number;
  readonly clinicId: number;
  readonly contractId: number | null;
  readonly revision: number;
  readonly checkCode: string;
  readonly firstAnswer: string | null;
}

/** Stores a request with its lines. False when it was stored before (the same request again). */
export async function insertLetter(tx: Queryable, letter: NewLetter): Promise<boolean> {
  const { record } = letter;
  const done = await tx.query(
    `WITH r AS (
       INSERT INTO letter_request (id, number, check_code, policy_id, clinic_id, contract_id, programme_id, hub_id,
         requester_role, requester_id, sender_ref, urgency, state, pended_for, skill, submitted_at, first_answer_at,
         first_answer, final_at, deadline, due_at, valid_to, requested_kopecks, approved_kopecks, four_eyes_kopecks,
         trusted_lane, sampled, escalate_before_percent)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, now(), $13, $17, $18, $19, $20,
         $21, $22, $23, $24, $25, $26)
       ON CONFLICT (id) DO NOTHING RETURNING id)
     INSERT INTO letter_request_line (request_id, line_no, service_code, service_id, diagnosis_code, quantity,
       period_from, period_to, tooth, unit_price_kopecks, validity_days, findings, ${OUTCOME_COLUMNS.join(', ')})
     SELECT r.id, l.* FROM r, unnest($27::int[], $28::text[], $29::int[], $30::text[], $31::int[], $32::date[],
       $33::date[], $34::text[], $35::bigint[], $36::int[], $37::jsonb[], ${outcomeArrays(38)}) l`,
    [
      record.requestId,
      record.number,
      letter.checkCode,
      letter.policyId,
      letter.clinicId,
      letter.contractId,
      letter.programmeId,
      letter.hubId,
      letter.requester.role,
      letter.requester.id,
      letter.senderRef,
      record.urgency,
      record.state,
      record.pendedFor,
      letter.skill,
      record.submittedAt,
      record.finalAt,
      record.clock === null ? null : JSON.stringify(record.clock),
      record.clock?.dueAt ?? null,
      record.validTo,
      record.requestedKopecks,
      sumApproved(record),
      record.fourEyesKopecks,
      letter.trustedLane,
      letter.sampled,
      record.escalateBeforePercent,
      letter.lines.map((line) => line.lineNo),
      letter.lines.map((line) => line.serviceCode),
      letter.lines.map((line) => line.serviceId),
      letter.lines.map((line) => line.diagnosisCode),
      record.lines.map((line) => line.quantity),
      record.lines.map((line) => line.periodFrom),
      record.lines.map((line) => line.periodTo),
      letter.lines.map((line) => line.tooth),
      record.lines.map((line) => line.unitPrice),
      record.lines.map((line) => line.validityDays),
      letter.lines.map((line) => JSON.stringify(line.findings)),
      ...outcomeValues(record.lines),
    ],
  );
  return (done.rowCount ?? 0) > 0;
}

/**
 * Locks the request until the transaction ends and reads it. Null when there is none. Two statements: one that waits for
 * a lock reads the locked row as it is afterwards, but everything else, here the lines, as it was before the wait.
 */
export async function lockLetter(tx: Queryable, requestId: string): Promise<StoredLetter | null> {
  await tx.query('SELECT 1 FROM letter_request WHERE id = $1 FOR UPDATE', [requestId]);
  return readLetter(tx, requestId);
}

export async function readLetter(db: Queryable, requestId: string): Promise<StoredLetter | null> {
  return (await readLetters(db, [requestId]))[0] ?? null;
}

/** Stores what an act made of the letter. The caller holds the lock. */
export async function saveLetter(tx: Queryable, record: LetterRecord): Promise<void> {
  await tx.query(
    `WITH r AS (
       UPDATE letter_request SET number = $2, state = $3, pended_for = $4, final_at = $5, deadline = $6, due_at = $7,
         escalated_at = $8, overdue = $9, proposed_by = $10, decided_by = $11::uuid[], valid_to = $12,
         proposal = $29, awaits_lead = $30,
         approved_kopecks = $13, revision = revision + 1, holder_id = NULL, holder_name = NULL, lease_until = NULL
       WHERE id = $1)
     UPDATE letter_request_line t SET ${OUTCOME_COLUMNS.map((name) => `${name} = l.${name}`).join(', ')}
     FROM unnest($14::int[], ${outcomeArrays(15)}) l(line_no, ${OUTCOME_COLUMNS.join(', ')})
     WHERE t.request_id = $1 AND t.line_no = l.line_no`,
    [
      record.requestId,
      record.number,
      record.state,
      record.pendedFor,
      record.finalAt,
      record.clock === null ? null : JSON.stringify(record.clock),
      record.clock?.dueAt ?? null,
      record.escalatedAt,
      record.overdue,
      record.proposedBy,
      record.decidedBy,
      record.validTo,
      sumApproved(record),
      record.lines.map((line) => line.lineNo),
      ...outcomeValues(record.lines),
      record.proposal === null ? null : JSON.stringify(record.proposal),
      record.awaitsLead,
    ],
  );
}

/** Appends to the thread. False when this key was there: the act has happened already. */
export async function appendLetterEvent(
  tx: Queryable,
  requestId: string,
  event: { kind: string; actorRole: string; actorId: string | null; actorName: string | null; body: unknown } & Pick<
    KeyedAct,
    'requestKey' | 'at'
  >,
): Promise<boolean> {
  const done = await tx.query(
    `INSERT INTO letter_event (request_id, kind, actor_role, actor_id, actor_name, request_key, body, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (request_id, request_key) DO NOTHING`,
    [
      requestId,
      event.kind,
      event.actorRole,
      event.actorId,
      event.actorName,
      event.requestKey,
      JSON.stringify(event.body),
      event.at,
    ],
  );
  return done.rowCount === 1;
}

/** Next number of a letter, "GL-00000123": a sequence, so it is never given twice. */
export async function nextLetterNumber(tx: Queryable): Promise<string> {
  const rows = await tx.query<{ no: number }>(`SELECT nextval('letter_number') AS no`);
  return letterNumberOf(rows.rows[0]!.no);
}

export function letterNumberOf(no: number): string {
  return `GL-${String(no).padStart(8, '0')}`;
}

const OUTCOMES: readonly (readonly [string, string, (line: LetterRecordLine) => string | number | null])[] = [
  ['outcome', 'text', (line: LetterRecordLine) => line.outcome],
  ['approved_quantity', 'int', (line: LetterRecordLine) => line.approvedQuantity],
  ['approved_kopecks', 'bigint', (line: LetterRecordLine) => line.approvedKopecks],
  ['approved_from', 'date', (line: LetterRecordLine) => line.approvedFrom],
  ['approved_to', 'date', (line: LetterRecordLine) => line.approvedTo],
  ['used_quantity', 'int', (line: LetterRecordLine) => line.usedQuantity],
  ['used_kopecks', 'bigint', (line: LetterRecordLine) => line.usedKopecks],
  ['ground', 'text', (line: LetterRecordLine) => line.ground],
  ['reason_code', 'text', (line: LetterRecordLine) => line.reasonCode],
  ['clause', 'text', (line: LetterRecordLine) => line.clause],
  ['author_kind', 'text', (line: LetterRecordLine) => line.author?.kind ?? null],
  [
    'rule_set_version',
    'text',
    ({ author }: LetterRecordLine) => (author?.kind === 'rule' ? author.ruleSetVersion : null),
  ],
  ['doctor_id', 'uuid', ({ author }: LetterRecordLine) => (author?.kind === 'doctor' ? author.id : null)],
  ['doctor_name', 'text', ({ author }: LetterRecordLine) => (author?.kind === 'doctor' ? author.name : null)],
];
const OUTCOME_COLUMNS = OUTCOMES.map(([name]) => name);

function outcomeArrays(first: number): string {
  return OUTCOMES.map(([, type], i) => `$${first + i}::${type}[]`).join(', ');
}

function outcomeValues(lines: readonly LetterRecordLine[]): unknown[][] {
  return OUTCOMES.map(([, , read]) => lines.map(read));
}

function sumApproved(record: LetterRecord): number {
  return record.lines.reduce((sum, line) => sum + line.approvedKopecks, 0);
}

interface LetterRow extends Omit<LetterRecord, 'clock' | 'lines' | 'state' | 'pendedFor' | 'urgency'> {
  state: LetterState;
  pendedFor: PendReason | null;
  urgency: Urgency;
  clock: Deadline | null;
  lines: LetterRecordLine[];
  policyId: number;
  clinicId: number;
  contractId: number | null;
  revision: number;
  checkCode: string;
  firstAnswer: string | null;
}

/** Those of the requests that there are, by id. */
export async function readLetters(db: Queryable, requestIds: readonly string[]): Promise<StoredLetter[]> {
  const rows = await db.query<LetterRow>(
    `SELECT r.id AS "requestId", r.number, r.urgency, r.state, r.pended_for AS "pendedFor",
       r.submitted_at AS "submittedAt", r.final_at AS "finalAt", r.deadline AS clock, r.escalated_at AS "escalatedAt",
       r.overdue, r.proposed_by AS "proposedBy", r.proposal, r.awaits_lead AS "awaitsLead", r.decided_by AS "decidedBy", r.valid_to AS "validTo",
       r.requested_kopecks AS "requestedKopecks", r.four_eyes_kopecks AS "fourEyesKopecks",
       r.escalate_before_percent AS "escalateBeforePercent", r.policy_id AS "policyId",
       r.clinic_id AS "clinicId", r.contract_id AS "contractId", r.revision, r.check_code AS "checkCode",
       r.first_answer AS "firstAnswer",
       (SELECT json_agg(json_build_object('lineNo', l.line_no, 'quantity', l.quantity,
          'unitPrice', l.unit_price_kopecks, 'periodFrom', l.period_from, 'periodTo', l.period_to,
          'validityDays', l.validity_days, 'outcome', l.outcome, 'approvedQuantity', l.approved_quantity, 'approvedKopecks', l.approved_kopecks,
          'approvedFrom', l.approved_from, 'approvedTo', l.approved_to, 'usedQuantity', l.used_quantity,
          'usedKopecks', l.used_kopecks, 'ground', l.ground, 'reasonCode', l.reason_code, 'clause', l.clause,
          'author', CASE l.author_kind
             WHEN 'rule' THEN json_build_object('kind', 'rule', 'ruleSetVersion', l.rule_set_version)
             WHEN 'doctor' THEN json_build_object('kind', 'doctor', 'id', l.doctor_id, 'name', l.doctor_name) END
          ) ORDER BY l.line_no) FROM letter_request_line l WHERE l.request_id = r.id) AS lines
     FROM letter_request r WHERE r.id = ANY($1::uuid[]) ORDER BY r.id`,
    [requestIds],
  );
  return rows.rows.map(({ policyId, clinicId, contractId, revision, checkCode, firstAnswer, ...record }) => ({
    record,
    policyId,
    clinicId,
    contractId,
    revision,
    checkCode,
    firstAnswer,
  }));
}

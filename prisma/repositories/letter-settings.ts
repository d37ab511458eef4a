import type { LetterPolicy } from '../../models/letters/types';
import type { Queryable } from '../pool';

export interface LetterPolicyRow extends LetterPolicy {
  readonly id: number;
  readonly contractId: number | null;
  readonly effectiveFrom: string;
}

const POLICY_COLUMNS = `id, contract_id AS "contractId", effective_from AS "effectiveFrom",
  emergency_hours AS "emergencyHours", standard_hours AS "standardHours",
  planned_inpatient_hours AS "plannedInpatientHours", auto_approve_kopecks AS "autoApproveKopecks",
  four_eyes_kopecks AS "fourEyesKopecks", escalate_before_percent AS "escalateBeforePercent",
  validity_days AS "validityDays", validity_rules AS "validityRules", document_rules AS "documentRules"`;

/** Every version, the insurer's default first, then by contract; newest version first. */
export async function listLetterPolicies(db: Queryable): Promise<LetterPolicyRow[]> {
  const rows = await db.query<LetterPolicyRow & Record<string, unknown>>(
    `SELECT ${POLICY_COLUMNS} FROM letter_policy ORDER BY contract_id NULLS FIRST, effective_from DESC`,
  );
  return rows.rows;
}

/** Adds a version; versions are never edited. Null when this day has one already or there is no such contract. */
export async function addLetterPolicy(
  tx: Queryable,
  policy: Omit<LetterPolicyRow, 'id'>,
): Promise<LetterPolicyRow | null> {
  const rows = await tx.query<LetterPolicyRow & Record<string, unknown>>(
    `INSERT INTO letter_policy (contract_id, effective_from, emergency_hours, standard_hours, planned_inpatient_hours,
       auto_approve_kopecks, four_eyes_kopecks, escalate_before_percent, validity_days, validity_rules, document_rules)
     SELECT $1::int, $2::date, $3, $4, $5, $6, $7, $8, $9, $10, $11
     WHERE NOT EXISTS (SELECT 1 FROM letter_policy WHERE contract_id IS NOT DISTINCT FROM $1 AND effective_from = $2)
       AND ($1::int IS NULL OR EXISTS (SELECT 1 FROM contract WHERE id = $1))
     RETURNING ${POLICY_COLUMNS}`,
    [
      policy.contractId,
      policy.effectiveFrom,
      policy.emergencyHours,
      policy.standardHours,
      policy.plannedInpatientHours,
      policy.autoApproveKopecks,
      policy.fourEyesKopecks,
      policy.escalateBeforePercent,
      policy.validityDays,
      JSON.stringify(policy.validityRules),
      JSON.stringify(policy.documentRules),
    ],
  );
  return rows.rows[0] ?? null;
}

export interface AbsenceRow {
  readonly id: string;
  readonly doctorId: string;
  readonly standInId: string | null;
  readonly fromDate: string;
  readonly toDate: string;
}

const ABSENCE_COLUMNS = `id, doctor_id AS "doctorId", stand_in_id AS "standInId", from_date AS "fromDate", to_date AS "toDate"`;

export async function listAbsences(db: Queryable, today: string): Promise<AbsenceRow[]> {
  const rows = await db.query<AbsenceRow & Record<string, unknown>>(
    `SELECT ${ABSENCE_COLUMNS} FROM expert_absence WHERE to_date >= $1 ORDER BY from_date, id`,
    [today],
  );
  return rows.rows;
}

/** Also gives back what the absent doctor holds, when the absence has begun: somebody else takes it. */
export async function addAbsence(tx: Queryable, absence: Omit<AbsenceRow, 'id'>, today: string): Promise<AbsenceRow> {
  const rows = await tx.query<AbsenceRow & Record<string, unknown>>(
    `WITH freed AS (
       UPDATE letter_request SET holder_id = NULL, holder_name = NULL, lease_until = NULL
       WHERE holder_id = $1 AND $5::date BETWEEN $3::date AND $4::date)
     INSERT INTO expert_absence (doctor_id, stand_in_id, from_date, to_date) VALUES ($1, $2, $3, $4)
     RETURNING ${ABSENCE_COLUMNS}`,
    [absence.doctorId, absence.standInId, absence.fromDate, absence.toDate, today],
  );
  return rows.rows[0]!;
}

/** Who stands in for a doctor who is absent on the day; undefined: the doctor is there, null: nobody stands in. */
export async function standInOf(db: Queryable, doctorId: string, today: string): Promise<string | null | undefined> {
  const rows = await db.query<{ standInId: string | null }>(
    `SELECT stand_in_id AS "standInId" FROM expert_absence WHERE doctor_id = $1 AND $2::date BETWEEN from_date AND to_date
     ORDER BY to_date DESC LIMIT 1`,
    [doctorId, today],
  );
  return rows.rows[0]?.standInId;
}

export async function removeAbsence(tx: Queryable, id: string): Promise<boolean> {
  return (await tx.query('DELETE FROM expert_absence WHERE id = $1', [id])).rowCount === 1;
}

/** `clinicId` or `policyId` 0 = not about one. */
export interface ConflictRow {
  readonly doctorId: string;
  readonly clinicId: number;
  readonly policyId: number;
  readonly reason: string;
}

export async function listConflicts(db: Queryable): Promise<ConflictRow[]> {
  const rows = await db.query<ConflictRow & Record<string, unknown>>(
    `SELECT doctor_id AS "doctorId", clinic_id AS "clinicId", policy_id AS "policyId", reason
     FROM conflict_of_interest ORDER BY doctor_id, clinic_id, policy_id`,
  );
  return rows.rows;
}

export async function addConflict(tx: Queryable, conflict: ConflictRow): Promise<void> {
  await tx.query(
    `INSERT INTO conflict_of_interest (doctor_id, clinic_id, policy_id, reason) VALUES ($1, $2, $3, $4)
     ON CONFLICT (doctor_id, clinic_id, policy_id) DO UPDATE SET reason = EXCLUDED.reason`,
    [conflict.doctorId, conflict.clinicId, conflict.policyId, conflict.reason],
  );
}

export async function removeConflict(tx: Queryable, conflict: Omit<ConflictRow, 'reason'>): Promise<boolean> {
  const done = await tx.query(
    'DELETE FROM conflict_of_interest WHERE doctor_id = $1 AND clinic_id = $2 AND policy_id = $3',
    [conflict.doctorId, conflict.clinicId, conflict.policyId],
  );
  return done.rowCount === 1;
}

/** A doctor who must not act on this request: works there, is related. */
export async function hasConflict(db: Queryable, requestId: string, doctorId: string): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM letter_request r JOIN conflict_of_interest c ON c.doctor_id = $2
       AND (c.clinic_id = r.clinic_id OR c.policy_id = r.policy_id) WHERE r.id = $1 LIMIT 1`,
    [requestId, doctorId],
  );
  return rows.rowCount === 1;
}

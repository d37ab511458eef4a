import type { Queryable } from '../pool';

export interface Claimant {
  readonly id: string;
  readonly name: string;
  readonly skills: readonly string[];
  readonly lead: boolean;
}

export type ClaimResult =
  | { readonly kind: 'claimed'; readonly leaseUntil: string; readonly revision: number }
  | { readonly kind: 'held'; readonly holderName: string | null; readonly leaseUntil: string }
  | { readonly kind: 'not-open' }
  | { readonly kind: 'skill'; readonly skill: string }
  | { readonly kind: 'conflict-of-interest' };

/**
 * Takes a pended request for `leaseSeconds`; the row's lock lets exactly one of many racing doctors win. A doctor who
 * stands in for an absent one has the skills of both. Holding it already prolongs the lease.
 * @param terms `today` is the plain date in the insurer's zone: absences are days
 */
export async function claimLetter(
  tx: Queryable,
  requestId: string,
  doctor: Claimant,
  terms: { readonly leaseSeconds: number; readonly today: string },
): Promise<ClaimResult> {
  const found = await tx.query<{
    pendedFor: string | null;
    skill: string | null;
    holderId: string | null;
    holderName: string | null;
    leaseUntil: string | null;
    conflicted: boolean;
    standInSkills: string[];
  }>(
    `SELECT r.pended_for AS "pendedFor", r.skill, r.holder_id AS "holderId", r.holder_name AS "holderName",
       CASE WHEN r.lease_until > now() THEN r.lease_until END AS "leaseUntil",
       EXISTS (SELECT 1 FROM conflict_of_interest c WHERE c.doctor_id = $2
         AND (c.clinic_id = r.clinic_id OR c.policy_id = r.policy_id)) AS conflicted,
       (SELECT coalesce(array_agg(DISTINCT k.skill), '{}') FROM expert_absence a JOIN app_user u ON u.id = a.doctor_id,
          unnest(u.skills) k(skill)
        WHERE a.stand_in_id = $2 AND $3::date BETWEEN a.from_date AND a.to_date) AS "standInSkills"
     FROM letter_request r WHERE r.id = $1 FOR UPDATE OF r`,
    [requestId, doctor.id, terms.today],
  );
  const row = found.rows[0];
  if (row === undefined || row.pendedFor !== 'expert') return { kind: 'not-open' };
  if (row.conflicted) return { kind: 'conflict-of-interest' };
  if (row.leaseUntil !== null && row.holderId !== doctor.id) {
    return { kind: 'held', holderName: row.holderName, leaseUntil: row.leaseUntil };
  }
  const skills = [...doctor.skills, ...row.standInSkills];
  if (row.skill !== null && !doctor.lead && !skills.includes(row.skill)) return { kind: 'skill', skill: row.skill };
  const done = await tx.query<{ leaseUntil: string; revision: number }>(
    `UPDATE letter_request SET holder_id = $2, holder_name = $3, lease_until = now() + make_interval(secs => $4)
     WHERE id = $1 RETURNING lease_until AS "leaseUntil", revision`,
    [requestId, doctor.id, doctor.name, terms.leaseSeconds],
  );
  return { kind: 'claimed', ...done.rows[0]! };
}

/** Gives a claimed request back. False when the caller does not hold it. */
export async function releaseLetter(tx: Queryable, requestId: string, doctorId: string): Promise<boolean> {
  const done = await tx.query(
    `UPDATE letter_request SET holder_id = NULL, holder_name = NULL, lease_until = NULL
     WHERE id = $1 AND holder_id = $2 AND lease_until > now()`,
    [requestId, doctorId],
  );
  return done.rowCount === 1;
}

/** Who holds the request now; null = nobody. */
export async function holderOf(db: Queryable, requestId: string): Promise<{ id: string; name: string | null } | null> {
  const rows = await db.query<{ id: string; name: string | null }>(
    `SELECT holder_id AS id, holder_name AS name FROM letter_request WHERE id = $1 AND lease_until > now()`,
    [requestId],
  );
  return rows.rows[0] ?? null;
}

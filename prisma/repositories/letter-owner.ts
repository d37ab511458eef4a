import type { Queryable } from '../pool';

/** Owner columns of what is asked for; null where the code or number is unknown. */
export async function readRequestOwner(
  db: Queryable,
  policyNo: string,
  clinicCode: string,
): Promise<{ policyId: number | null; clinicId: number | null; hubId: number | null }> {
  const rows = await db.query<{ policyId: number | null; clinicId: number | null; hubId: number | null }>(
    `SELECT (SELECT id FROM policy WHERE policy_no = $1) AS "policyId", c.id AS "clinicId", c.hub_id AS "hubId"
     FROM (SELECT 1) one LEFT JOIN clinic c ON c.code = $2`,
    [policyNo, clinicCode],
  );
  return rows.rows[0]!;
}

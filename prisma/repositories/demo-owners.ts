import type { Queryable } from '../pool';

/** Whose rows the demo accounts from outside see: the first of each, and the logins that exist already. */
export interface DemoOwners {
  readonly clinicId: number | null;
  readonly policyholderId: number | null;
  readonly policyId: number | null;
  readonly logins: readonly string[];
}

export async function firstOwners(db: Queryable): Promise<DemoOwners> {
  const rows = await db.query<DemoOwners & Record<string, unknown>>(
    `SELECT (SELECT min(id) FROM clinic) AS "clinicId", (SELECT min(id) FROM policyholder) AS "policyholderId",
       (SELECT min(policy_id) FROM insured) AS "policyId",
       COALESCE((SELECT array_agg(login) FROM app_user), '{}') AS logins`,
  );
  return rows.rows[0]!;
}

import type { RoutingPolicy } from '../../models/routing/policy';
import { DEFAULT_ROUTING_POLICY } from '../../models/routing/policy';
import type { Queryable } from '../pool';

/** The policy in force on a date: the highest version that is effective. The shipped default is version 1. */
export async function currentRoutingPolicy(db: Queryable, date: string): Promise<RoutingPolicy> {
  const rows = await db.query<{ version: number; effectiveFrom: string; policy: { rules: RoutingPolicy['rules'] } }>(
    `SELECT version, effective_from AS "effectiveFrom", policy FROM routing_policy
     WHERE effective_from <= $1 ORDER BY effective_from DESC, version DESC LIMIT 1`,
    [date],
  );
  const found = rows.rows[0];
  if (found) return { version: found.version, effectiveFrom: found.effectiveFrom, rules: found.policy.rules };
  await insertRoutingPolicy(db, DEFAULT_ROUTING_POLICY, null);
  return DEFAULT_ROUTING_POLICY;
}

export async function routingPolicyOf(db: Queryable, version: number): Promise<RoutingPolicy> {
  const rows = await db.query<{ effectiveFrom: string; policy: { rules: RoutingPolicy['rules'] } }>(
    'SELECT effective_from AS "effectiveFrom", policy FROM routing_policy WHERE version = $1',
    [version],
  );
  const found = rows.rows[0];
  if (!found) throw new Error(`routing policy ${version} is not stored`);
  return { version, effectiveFrom: found.effectiveFrom, rules: found.policy.rules };
}

export async function insertRoutingPolicy(
  db: Queryable,
  policy: RoutingPolicy,
  createdBy: string | null,
): Promise<void> {
  await db.query(
    `INSERT INTO routing_policy (version, effective_from, policy, created_by) VALUES ($1, $2, $3, $4)
     ON CONFLICT (version) DO NOTHING`,
    [policy.version, policy.effectiveFrom, JSON.stringify({ rules: policy.rules }), createdBy],
  );
}

/** Adds the next version; versions are counted without gaps from 1, the shipped default. Returns its number. */
export async function appendRoutingPolicy(
  tx: Queryable,
  policy: Omit<RoutingPolicy, 'version'>,
  createdBy: string,
): Promise<number> {
  await tx.query('LOCK TABLE routing_policy IN SHARE ROW EXCLUSIVE MODE');
  await insertRoutingPolicy(tx, DEFAULT_ROUTING_POLICY, null);
  const rows = await tx.query<{ version: number }>(
    `INSERT INTO routing_policy (version, effective_from, policy, created_by)
     SELECT max(version) + 1, $1, $2, $3 FROM routing_policy RETURNING version`,
    [policy.effectiveFrom, JSON.stringify({ rules: policy.rules }), createdBy],
  );
  return rows.rows[0]!.version;
}

export async function listRoutingPolicies(db: Queryable): Promise<RoutingPolicy[]> {
  const rows = await db.query<{ version: number; effectiveFrom: string; policy: { rules: RoutingPolicy['rules'] } }>(
    'SELECT version, effective_from AS "effectiveFrom", policy FROM routing_policy ORDER BY version DESC LIMIT 200',
  );
  return rows.rows.map((row) => ({ version: row.version, effectiveFrom: row.effectiveFrom, rules: row.policy.rules }));
}

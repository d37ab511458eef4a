import type { OwnerScope, Role } from '../../models/access/roles';
import type { Queryable } from '../pool';

export interface ApiKey extends OwnerScope {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

export interface ApiKeyInput extends Partial<OwnerScope> {
  readonly name: string;
  readonly keyHash: Buffer;
  readonly role: Role;
  readonly createdBy: string;
  readonly days: number;
}

const COLUMNS = `id, name, role, clinic_id AS "clinicId", policyholder_id AS "policyholderId", policy_id AS "policyId",
  hub_id AS "hubId", created_by AS "createdBy", created_at AS "createdAt", expires_at AS "expiresAt",
  revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"`;

export async function insertApiKey(db: Queryable, key: ApiKeyInput): Promise<ApiKey> {
  const rows = await db.query<ApiKey>(
    `INSERT INTO api_key (name, key_hash, role, clinic_id, policyholder_id, policy_id, hub_id, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(days => $9)) RETURNING ${COLUMNS}`,
    [
      key.name,
      key.keyHash,
      key.role,
      key.clinicId ?? null,
      key.policyholderId ?? null,
      key.policyId ?? null,
      key.hubId ?? null,
      key.createdBy,
      key.days,
    ],
  );
  return rows.rows[0]!;
}

/** The live key of this hash; null when revoked or past its end. */
export async function findApiKey(db: Queryable, keyHash: Buffer): Promise<ApiKey | null> {
  const rows = await db.query<ApiKey & { stale: boolean }>(
    `SELECT ${COLUMNS}, last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS stale
     FROM api_key WHERE key_hash = $1 AND revoked_at IS NULL AND expires_at > now()`,
    [keyHash],
  );
  const row = rows.rows[0];
  if (row === undefined) return null;
  const { stale, ...key } = row;
  if (stale) await db.query('UPDATE api_key SET last_used_at = now() WHERE id = $1', [key.id]);
  return key;
}

export async function listApiKeys(db: Queryable, after: string | null, limit: number): Promise<ApiKey[]> {
  const rows = await db.query<ApiKey>(
    `SELECT ${COLUMNS} FROM api_key WHERE ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
    [after, limit],
  );
  return rows.rows;
}

/** Takes effect with the next request of the key's holder. False when there is no such live key. */
export async function revokeApiKey(db: Queryable, id: string): Promise<boolean> {
  const done = await db.query('UPDATE api_key SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL', [id]);
  return done.rowCount === 1;
}

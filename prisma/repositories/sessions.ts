import type { OwnerScope, Role } from '../../models/access/roles';
import type { Queryable } from '../pool';

export interface SessionUser extends OwnerScope {
  readonly sessionId: string;
  readonly userId: string;
  readonly role: Role;
  readonly fullName: string | null;
  readonly skills: string[];
}

/** Opens a session; only the SHA-256 of the token is kept. */
export async function insertSession(
  db: Queryable,
  session: { readonly tokenHash: Buffer; readonly userId: string; readonly maxHours: number },
): Promise<{ id: string; expiresAt: string }> {
  const rows = await db.query<{ id: string; expiresAt: string }>(
    `INSERT INTO app_session (token_hash, user_id, expires_at) VALUES ($1, $2, now() + make_interval(hours => $3))
     RETURNING id, expires_at AS "expiresAt"`,
    [session.tokenHash, session.userId, session.maxHours],
  );
  return rows.rows[0]!;
}

/** The live session's account; null when it ended, idled too long, or the account was disabled (at once). */
export async function findSession(db: Queryable, tokenHash: Buffer, idleMinutes: number): Promise<SessionUser | null> {
  const rows = await db.query<SessionUser & { stale: boolean }>(
    `SELECT s.id AS "sessionId", u.id AS "userId", u.role, u.clinic_id AS "clinicId",
       u.policyholder_id AS "policyholderId", u.policy_id AS "policyId", u.hub_id AS "hubId",
       u.full_name AS "fullName", u.skills, s.last_seen_at < now() - interval '1 minute' AS stale
     FROM app_session s JOIN app_user u ON u.id = s.user_id
     WHERE s.token_hash = $1 AND s.expires_at > now() AND s.last_seen_at > now() - make_interval(mins => $2)
       AND u.status = 'active'`,
    [tokenHash, idleMinutes],
  );
  const row = rows.rows[0];
  if (row === undefined) return null;
  const { stale, ...user } = row;
  // Once a minute is enough for the idle clock: reads stay reads.
  if (stale) await db.query('UPDATE app_session SET last_seen_at = now() WHERE token_hash = $1', [tokenHash]);
  return user;
}

export async function deleteSession(db: Queryable, id: string): Promise<void> {
  await db.query('DELETE FROM app_session WHERE id = $1', [id]);
}

/** Ends every session of an account: after a new password or when it is disabled. Returns how many there were. */
export async function deleteSessionsOf(db: Queryable, userId: string): Promise<number> {
  return (await db.query('DELETE FROM app_session WHERE user_id = $1', [userId])).rowCount ?? 0;
}

export async function deleteEndedSessions(db: Queryable): Promise<number> {
  return (await db.query('DELETE FROM app_session WHERE expires_at < now()')).rowCount ?? 0;
}

import type { OwnerScope, Role } from '../../models/access/roles';
import { AppError } from '../../models/errors';
import type { Queryable } from '../pool';

export interface User extends OwnerScope {
  readonly id: string;
  readonly login: string;
  readonly role: Role;
  readonly fullName: string | null;
  readonly skills: string[];
  readonly status: 'active' | 'disabled';
  readonly issuer: string | null;
  readonly version: number;
  readonly createdAt: string;
}

export interface UserInput extends Partial<OwnerScope> {
  readonly login: string;
  readonly role: Role;
  /** Argon2id, PHC string; null for accounts of the identity provider. */
  readonly passwordHash: string | null;
  readonly fullName?: string | null;
  readonly skills?: readonly string[];
}

export interface UserChange extends Partial<OwnerScope> {
  readonly role?: Role;
  readonly passwordHash?: string;
  readonly fullName?: string | null;
  readonly skills?: readonly string[];
  readonly status?: 'active' | 'disabled';
}

export interface LoginRow {
  readonly id: string;
  readonly passwordHash: string | null;
  readonly status: 'active' | 'disabled';
  /** True while too many failures keep the account shut. */
  readonly locked: boolean;
  readonly lockedSeconds: number;
}

const COLUMNS = `id, login, role, clinic_id AS "clinicId", policyholder_id AS "policyholderId", policy_id AS "policyId",
  hub_id AS "hubId", full_name AS "fullName", skills, status, issuer, version, created_at AS "createdAt"`;

/** @throws AppError login-taken (409); owner-required (422) when the role's owner or a doctor's name is missing */
export async function insertUser(db: Queryable, user: UserInput): Promise<User> {
  const rows = await guarded(
    db.query<User>(
      `INSERT INTO app_user (login, role, password_hash, clinic_id, policyholder_id, policy_id, hub_id, full_name, skills)
       VALUES (lower($1), $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${COLUMNS}`,
      [
        user.login,
        user.role,
        user.passwordHash,
        user.clinicId ?? null,
        user.policyholderId ?? null,
        user.policyId ?? null,
        user.hubId ?? null,
        user.fullName ?? null,
        user.skills ?? [],
      ],
    ),
  );
  return rows.rows[0]!;
}

/** Changes the given columns when the version is still `version`; null when it is not, or the account is gone. */
export async function updateUser(db: Queryable, id: string, version: number, change: UserChange): Promise<User | null> {
  const has = (key: keyof UserChange): boolean => change[key] !== undefined;
  const rows = await guarded(
    db.query<User>(
      `UPDATE app_user SET
         role = COALESCE($3, role), password_hash = COALESCE($4, password_hash), status = COALESCE($5, status),
         skills = COALESCE($6, skills),
         full_name = CASE WHEN $7 THEN $8 ELSE full_name END, clinic_id = CASE WHEN $9 THEN $10 ELSE clinic_id END,
         policyholder_id = CASE WHEN $11 THEN $12 ELSE policyholder_id END,
         policy_id = CASE WHEN $13 THEN $14 ELSE policy_id END, hub_id = CASE WHEN $15 THEN $16 ELSE hub_id END,
         failed_logins = CASE WHEN $4::text IS NULL THEN failed_logins ELSE 0 END,
         locked_until = CASE WHEN $4::text IS NULL THEN locked_until END,
         version = version + 1, updated_at = now()
       WHERE id = $1 AND version = $2 RETURNING ${COLUMNS}`,
      [
        id,
        version,
        change.role ?? null,
        change.passwordHash ?? null,
        change.status ?? null,
        change.skills ?? null,
        has('fullName'),
        change.fullName ?? null,
        has('clinicId'),
        change.clinicId ?? null,
        has('policyholderId'),
        change.policyholderId ?? null,
        has('policyId'),
        change.policyId ?? null,
        has('hubId'),
        change.hubId ?? null,
      ],
    ),
  );
  return rows.rows[0] ?? null;
}

export async function findUser(db: Queryable, id: string): Promise<User | null> {
  const rows = await db.query<User>(`SELECT ${COLUMNS} FROM app_user WHERE id = $1`, [id]);
  return rows.rows[0] ?? null;
}

export interface UserQuery {
  readonly role?: Role | undefined;
  readonly status?: 'active' | 'disabled' | undefined;
  readonly after?: string | null;
  readonly limit: number;
}

/** By login; `after` is the login of the last row of the page before. */
export async function listUsers(db: Queryable, query: UserQuery): Promise<User[]> {
  const rows = await db.query<User>(
    `SELECT ${COLUMNS} FROM app_user WHERE ($1::text IS NULL OR role = $1) AND ($2::text IS NULL OR status = $2)
       AND ($3::text IS NULL OR login > $3) ORDER BY login LIMIT $4`,
    [query.role, query.status, query.after, query.limit],
  );
  return rows.rows;
}

/** What a login attempt needs, and nothing else reads. */
export async function findForLogin(db: Queryable, login: string): Promise<LoginRow | null> {
  const rows = await db.query<LoginRow>(
    `SELECT id, password_hash AS "passwordHash", status, COALESCE(locked_until > now(), false) AS locked,
       COALESCE(GREATEST(0, ceil(extract(epoch FROM locked_until - now()))), 0)::int AS "lockedSeconds"
     FROM app_user WHERE login = lower($1)`,
    [login],
  );
  return rows.rows[0] ?? null;
}

/** Counts a wrong password; at `max` the account is shut for `lockMinutes`. Atomic under racing attempts. */
export async function countFailedLogin(
  db: Queryable,
  id: string,
  max: number,
  lockMinutes: number,
): Promise<{ locked: boolean }> {
  const rows = await db.query<{ locked: boolean }>(
    `UPDATE app_user SET failed_logins = CASE WHEN failed_logins + 1 >= $2 THEN 0 ELSE failed_logins + 1 END,
       locked_until = CASE WHEN failed_logins + 1 >= $2 THEN now() + make_interval(mins => $3) ELSE locked_until END
     WHERE id = $1 RETURNING COALESCE(locked_until > now(), false) AS locked`,
    [id, max, lockMinutes],
  );
  return { locked: rows.rows[0]?.locked ?? false };
}

export async function clearFailedLogins(db: Queryable, id: string): Promise<void> {
  await db.query(`UPDATE app_user SET failed_logins = 0, locked_until = NULL WHERE id = $1 AND failed_logins > 0`, [
    id,
  ]);
}

export interface ExternalIdentity extends OwnerScope {
  readonly issuer: string;
  readonly subject: string;
  readonly role: Role;
  readonly fullName: string | null;
  readonly skills: readonly string[];
}

/**
 * The account of a person whom the customer's identity provider knows: made at first sight, brought up to date when the
 * claims change. A disabled account stays disabled.
 */
export async function upsertExternalUser(db: Queryable, identity: ExternalIdentity): Promise<User> {
  const values = [
    `oidc:${identity.issuer}:${identity.subject}`.slice(0, 200),
    identity.role,
    identity.clinicId,
    identity.policyholderId,
    identity.policyId,
    identity.hubId,
    identity.fullName,
    identity.skills,
    identity.issuer,
    identity.subject,
  ];
  // The common case writes nothing.
  const known = await db.query<User>(
    `SELECT ${COLUMNS} FROM app_user WHERE issuer = $9 AND subject = $10 AND $1::text IS NOT NULL
       AND (role, clinic_id, policyholder_id, policy_id, hub_id, full_name, skills)
         IS NOT DISTINCT FROM ($2::text, $3::int, $4::int, $5::int, $6::int, $7::text, $8::text[])`,
    values,
  );
  if (known.rows[0] !== undefined) return known.rows[0];
  const rows = await guarded(
    db.query<User>(
      `INSERT INTO app_user
         (login, role, clinic_id, policyholder_id, policy_id, hub_id, full_name, skills, issuer, subject)
       VALUES (lower($1), $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (issuer, subject) DO UPDATE SET role = EXCLUDED.role, clinic_id = EXCLUDED.clinic_id,
         policyholder_id = EXCLUDED.policyholder_id, policy_id = EXCLUDED.policy_id, hub_id = EXCLUDED.hub_id,
         full_name = EXCLUDED.full_name, skills = EXCLUDED.skills, version = app_user.version + 1, updated_at = now()
       RETURNING ${COLUMNS}`,
      values,
    ),
  );
  return rows.rows[0]!;
}

/** Turns the constraints of the table into errors that say what to fix. */
async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const { constraint } = cause as { constraint?: string };
    if (constraint === 'app_user_login_key') {
      throw new AppError(
        'login-taken',
        { ru: 'Такое имя входа уже есть', en: 'This login is already taken' },
        { httpStatus: 409, cause },
      );
    }
    if (constraint === 'app_user_owner_check' || constraint === 'app_user_doctor_name_check') {
      throw new AppError(
        'owner-required',
        {
          ru: 'Роли нужен владелец (clinicId, policyholderId или policyId), а врачу — ФИО (fullName)',
          en: 'The role needs its owner (clinicId, policyholderId or policyId), and a doctor a fullName',
        },
        { httpStatus: 422, cause },
      );
    }
    throw cause;
  }
}

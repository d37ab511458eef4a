import type { Request } from 'express';
import type { OwnerScope, Principal } from '../../models/access/roles';
import { AppError } from '../../models/errors';
import { findApiKey } from '../../prisma/repositories/api-keys';
import { findSession } from '../../prisma/repositories/sessions';
import { upsertExternalUser } from '../../prisma/repositories/users';
import type { ApiDeps } from '../deps';
import type { OidcVerifier } from './oidc';
import { createOidcVerifier } from './oidc';
import { hashToken, isTokenOf } from './tokens';

export const SESSION_COOKIE = 'medex_session';

export type Authenticate = (req: Request) => Promise<Principal | null>;

/**
 * Who calls? Authorization: Bearer with a session token, an API key or a token of the identity provider; or the session
 * cookie. Null when no credential was given.
 *
 * @throws AppError unauthenticated (401) when a credential was given and is not good
 */
export function createAuthenticator(deps: ApiDeps): Authenticate {
  const oidc = createOidcVerifier(deps.config);
  return async (req) => {
    const header = req.headers.authorization;
    if (header !== undefined) {
      const token = /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(header)?.[1];
      const principal = token === undefined ? null : await byToken(deps, oidc, token);
      if (principal === null) throw unauthenticated();
      return principal;
    }
    const cookie = cookieValue(req.headers.cookie, SESSION_COOKIE);
    if (cookie === null) return null;
    refuseForeignSite(req);
    const principal = isTokenOf('session', cookie) ? await bySession(deps, cookie) : null;
    if (principal === null) throw unauthenticated();
    return principal;
  };
}

/** 401 in one wording for every cause. */
export function unauthenticated(): AppError {
  return new AppError(
    'unauthenticated',
    { ru: 'Войдите: нужен действующий сеанс, ключ или токен', en: 'Log in: a valid session, key or token is required' },
    { httpStatus: 401 },
  );
}

async function byToken(deps: ApiDeps, oidc: OidcVerifier | null, token: string): Promise<Principal | null> {
  if (isTokenOf('session', token)) return bySession(deps, token);
  if (isTokenOf('apiKey', token)) return byApiKey(deps, token);
  const identity = oidc === null ? null : await oidc.verify(token);
  if (identity === null) return null;
  const user = await upsertExternalUser(deps.pool, identity).catch((error: unknown) => {
    // A token without the owner or name that its role needs is not a login.
    if (error instanceof AppError) return null;
    throw error;
  });
  if (user === null || user.status !== 'active') return null;
  return {
    kind: 'oidc',
    id: user.id,
    role: user.role,
    scope: scopeOfRow(user),
    fullName: user.fullName,
    skills: user.skills,
    credentialId: identity.subject,
  };
}

async function bySession(deps: ApiDeps, token: string): Promise<Principal | null> {
  const row = await findSession(deps.pool, hashToken(token), deps.config.SESSION_IDLE_MINUTES);
  if (row === null) return null;
  return {
    kind: 'user',
    id: row.userId,
    role: row.role,
    scope: scopeOfRow(row),
    fullName: row.fullName,
    skills: row.skills,
    credentialId: row.sessionId,
  };
}

async function byApiKey(deps: ApiDeps, token: string): Promise<Principal | null> {
  const key = await findApiKey(deps.pool, hashToken(token));
  if (key === null) return null;
  return {
    kind: 'api-key',
    id: key.id,
    role: key.role,
    scope: scopeOfRow(key),
    fullName: null,
    skills: [],
    credentialId: key.id,
  };
}

function scopeOfRow(row: OwnerScope): OwnerScope {
  return { clinicId: row.clinicId, policyholderId: row.policyholderId, policyId: row.policyId, hubId: row.hubId };
}

/** A cookie travels by itself: a write that another site's page started is refused (beside SameSite=Strict). */
function refuseForeignSite(req: Request): void {
  if (req.method === 'GET' || req.method === 'HEAD') return;
  const site = req.headers['sec-fetch-site'];
  const origin = req.headers.origin;
  const foreign =
    site === undefined
      ? origin !== undefined && hostOf(origin) !== req.headers.host
      : site !== 'same-origin' && site !== 'none';
  if (!foreign) return;
  throw new AppError(
    'cross-site',
    { ru: 'Запрос с чужого сайта отклонён', en: 'A request from another site is refused' },
    { httpStatus: 403 },
  );
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}

function cookieValue(header: string | undefined, name: string): string | null {
  for (const part of header?.split(';') ?? []) {
    const [key, ...value] = part.trim().split('=');
    if (key === name) return value.join('=');
  }
  return null;
}

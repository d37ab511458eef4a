import { z } from 'zod';
import { AppError } from '../../models/errors';
import { withTransaction } from '../../prisma/pool';
import { recordAudit } from '../../prisma/repositories/audit';
import { deleteSession, insertSession } from '../../prisma/repositories/sessions';
import { clearFailedLogins, countFailedLogin, findForLogin, findUser } from '../../prisma/repositories/users';
import type { ApiDeps } from '../deps';
import { SESSION_COOKIE } from '../http/auth';
import { instant } from '../http/fields';
import { isPassword } from '../http/passwords';
import type { RouteDefinition } from '../http/route';
import { defineRoute, json, noContent } from '../http/route';
import { newToken } from '../http/tokens';
import { userView } from './views';

const credentials = z.object({ login: z.string().min(1).max(100), password: z.string().min(1).max(200) });

const session = z
  .object({ token: z.string(), tokenType: z.literal('Bearer'), expiresAt: instant(), user: userView })
  .meta({ id: 'Session' });

/** Login and logout of local accounts. */
export function authRoutes(deps: ApiDeps): RouteDefinition[] {
  const { config, pool } = deps;
  return [
    defineRoute({
      method: 'post',
      path: '/v1/auth/login',
      summary: { ru: 'Войти', en: 'Log in' },
      description: `The token works as Bearer and comes as cookie ${SESSION_COOKIE} too.`,
      permission: 'public',
      body: credentials,
      response: json(session),
      transaction: 'own',
      audit: false,
      handler: async (ctx, { body }) => {
        const userId = await checkCredentials(deps, body.login, body.password);
        const { token, hash } = newToken('session');
        const { user, expiresAt } = await withTransaction(pool, async (tx) => {
          await clearFailedLogins(tx, userId);
          const opened = await insertSession(tx, { tokenHash: hash, userId, maxHours: config.SESSION_MAX_HOURS });
          const found = await findUser(tx, userId);
          if (found === null) throw wrongCredentials();
          return { user: found, expiresAt: opened.expiresAt };
        });
        ctx.audit({ kind: 'access', action: 'login', actor: userId, subjectType: 'user', subjectIds: [userId] });
        ctx.cookie(SESSION_COOKIE, token, { maxAgeSeconds: config.SESSION_MAX_HOURS * 3600 });
        return { token, tokenType: 'Bearer' as const, expiresAt, user };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/auth/logout',
      summary: { ru: 'Выйти', en: 'Log out' },
      permission: 'account:self',
      response: noContent(),
      handler: async (ctx) => {
        if (ctx.principal.kind === 'user') await deleteSession(ctx.db, ctx.principal.credentialId);
        ctx.cookie(SESSION_COOKIE, '', { maxAgeSeconds: 0 });
      },
    }),
  ];
}

/**
 * The account's id for a right pair. Wrong login and wrong password look and take the same; after too many failures the
 * account is shut for a while, and then even the right password is not tried.
 *
 * @throws AppError wrong-credentials (401), account-locked (429)
 */
async function checkCredentials(deps: ApiDeps, login: string, password: string): Promise<string> {
  const account = await findForLogin(deps.pool, login);
  // One attempt at a time per account: parallel guesses cannot all slip in before the first failure counts.
  return account === null
    ? tryPassword(deps, login, password)
    : inTurn(account.id, () => tryPassword(deps, login, password));
}

async function tryPassword(deps: ApiDeps, login: string, password: string): Promise<string> {
  const { config, pool } = deps;
  const account = await findForLogin(pool, login);
  if (account?.locked === true) throw accountLocked(account.lockedSeconds);
  const fits = await isPassword(account?.passwordHash ?? null, password);
  if (fits && account?.status === 'active') return account.id;
  if (account !== null && !fits) {
    const { locked } = await countFailedLogin(pool, account.id, config.LOGIN_MAX_FAILURES, config.LOGIN_LOCK_MINUTES);
    await recordAudit(pool, {
      kind: 'access',
      action: locked ? 'login-locked' : 'login-failed',
      actor: 'anonymous',
      subjectType: 'user',
      subjectIds: [account.id],
    });
  }
  throw wrongCredentials();
}

const turns = new Map<string, Promise<unknown>>();

async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve();
  const own = before.then(work, work);
  const settled = own.catch(() => undefined);
  turns.set(key, settled);
  try {
    return await own;
  } finally {
    if (turns.get(key) === settled) turns.delete(key);
  }
}

function wrongCredentials(): AppError {
  return new AppError(
    'wrong-credentials',
    { ru: 'Неверное имя входа или пароль', en: 'Wrong login or password' },
    // Retryable keeps it out of the idempotent answers: the next try may be right.
    { httpStatus: 401, retryable: true },
  );
}

function accountLocked(retryAfterSeconds: number): AppError {
  return new AppError(
    'account-locked',
    {
      ru: 'Слишком много неудачных попыток: вход временно закрыт',
      en: 'Too many failures: login is closed for a while',
    },
    { httpStatus: 429, retryable: true, details: { retryAfterSeconds } },
  );
}

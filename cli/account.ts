import { can } from '../models/access/policy';
import type { Action } from '../models/access/policy';
import type { Principal } from '../models/access/roles';
import { AppError } from '../models/errors';
import type { Queryable } from '../prisma/pool';
import { findForLogin, findUser } from '../prisma/repositories/users';

/**
 * The account that a command acts for, with the rights and rows that it has in the API.
 * @throws AppError `user.unknown` (404) | `forbidden` (403) when there is no such account, or it may not do this
 */
export async function principalOf(db: Queryable, login: string, action: Action): Promise<Principal> {
  const found = await findForLogin(db, login);
  const user = found === null ? null : await findUser(db, found.id);
  if (user === null || user.status !== 'active') {
    throw new AppError(
      'user.unknown',
      { ru: `Нет учётной записи ${login}`, en: `No account ${login}` },
      { httpStatus: 404 },
    );
  }
  const { clinicId, policyholderId, policyId, hubId } = user;
  const scope = { clinicId, policyholderId, policyId, hubId };
  const principal: Principal = { ...user, kind: 'user', scope, credentialId: 'cli' };
  if (can(principal, action)) return principal;
  throw new AppError(
    'forbidden',
    { ru: `${login}: нет права ${action}`, en: `${login} may not ${action}` },
    { httpStatus: 403 },
  );
}

import { z } from 'zod';
import { can, POLICY } from '../../models/access/policy';
import type { Action } from '../../models/access/policy';
import { AppError } from '../../models/errors';
import { deleteSessionsOf } from '../../prisma/repositories/sessions';
import { findForLogin, findUser, updateUser } from '../../prisma/repositories/users';
import type { ApiDeps } from '../deps';
import { conflict, notFound } from '../http/errors';
import { hashPassword, isPassword } from '../http/passwords';
import type { RouteDefinition } from '../http/route';
import { defineRoute, json, noContent } from '../http/route';
import { callerView } from './views';

const ACTIONS = Object.keys(POLICY) as Action[];

/** The caller's own account. */
export function meRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/me',
      summary: { ru: 'Кто я и что мне можно', en: 'Who I am and what I may do' },
      permission: 'account:self',
      response: json(callerView),
      handler: (ctx) => {
        const { id, kind, role, fullName, skills, scope } = ctx.principal;
        const actions = ACTIONS.filter((action) => can(ctx.principal, action));
        return { id, kind, role, fullName, skills: [...skills], scope, actions };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/me/password',
      summary: { ru: 'Сменить свой пароль', en: 'Change the own password' },
      description: 'Ends every session of the account, this one included.',
      permission: 'account:self',
      body: z.object({ current: z.string().min(1).max(200), next: z.string().min(1).max(200) }),
      response: noContent(),
      perMinute: 10,
      handler: async (ctx, { body }) => {
        const user = await findUser(ctx.db, ctx.principal.id);
        if (user === null || ctx.principal.kind !== 'user') throw notFound('user');
        const account = await findForLogin(ctx.db, user.login);
        if (!(await isPassword(account?.passwordHash ?? null, body.current))) throw wrongPassword();
        const passwordHash = await hashPassword(body.next, user.login);
        const changed = await updateUser(ctx.db, user.id, user.version, { passwordHash });
        if (changed === null)
          throw conflict('changed-meanwhile', 'Учётная запись изменилась', 'The account has changed');
        await deleteSessionsOf(ctx.db, user.id);
      },
    }),
  ];
}

function wrongPassword(): AppError {
  return new AppError(
    'wrong-password',
    { ru: 'Нынешний пароль неверен', en: 'The current password is wrong' },
    { httpStatus: 422, retryable: true },
  );
}

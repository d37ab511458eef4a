import { z } from 'zod';
import { deleteSessionsOf } from '../../prisma/repositories/sessions';
import type { User } from '../../prisma/repositories/users';
import { findUser, insertUser, listUsers, updateUser } from '../../prisma/repositories/users';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { conflict, forbidden, notFound } from '../http/errors';
import { page, paging, uuid } from '../http/fields';
import { hashPassword } from '../http/passwords';
import type { RouteDefinition } from '../http/route';
import { defineRoute, json } from '../http/route';
import { fullName, login, ownerInput, role, skills, userView } from './views';

const userParams = z.object({ userId: uuid() });
const password = z.string().min(1).max(200);
const newUser = z.object({
  login: login(),
  password,
  role,
  fullName: fullName().nullable().optional(),
  skills: skills().optional(),
  ...ownerInput,
});
const userChange = z.object({
  role: role.optional(),
  password: password.optional(),
  status: z.enum(['active', 'disabled']).optional(),
  fullName: fullName().nullable().optional(),
  skills: skills().optional(),
  ...ownerInput,
});
const userList = z.object({ ...paging(), role: role.optional(), status: z.enum(['active', 'disabled']).optional() });
const expertView = z
  .object({ id: uuid(), fullName: z.string(), role, skills: z.array(z.string()), hubId: z.int().nullable() })
  .meta({ id: 'Expert' });

/** Accounts, by the administrator; the list of experts, by their lead. */
export function userRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/users',
      summary: { ru: 'Учётные записи', en: 'Accounts' },
      permission: 'user:read',
      query: userList,
      response: json(page(userView)),
      handler: async (ctx, { query }) => {
        const after = decodeCursor(query.cursor, z.tuple([z.string()]))?.[0] ?? null;
        const rows = await listUsers(ctx.db, { role: query.role, status: query.status, after, limit: query.limit + 1 });
        return toPage(rows, query.limit, (last) => [last.login]);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/users',
      summary: { ru: 'Завести учётную запись', en: 'Add an account' },
      permission: 'user:manage',
      body: newUser,
      response: json(userView, 201),
      audit: { kind: 'change', subject: (_input, user) => changed(user) },
      handler: async (ctx, { body }) => {
        const { password: secret, ...rest } = body;
        const user = await insertUser(ctx.db, { ...rest, passwordHash: await hashPassword(secret, body.login) });
        ctx.etag(user.version);
        ctx.header('Location', `/v1/users/${user.id}`);
        return user;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/users/:userId',
      summary: { ru: 'Учётная запись', en: 'An account' },
      permission: 'user:read',
      params: userParams,
      response: json(userView),
      etag: 'read',
      handler: async (ctx, { params }) => {
        const user = await findUser(ctx.db, params.userId);
        if (user === null) throw notFound('user');
        ctx.etag(user.version);
        return user;
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/v1/users/:userId',
      summary: { ru: 'Изменить учётную запись', en: 'Change an account' },
      description: 'A new password, a new role or disabling ends the sessions of the account at once.',
      permission: 'user:manage',
      params: userParams,
      body: userChange,
      response: json(userView),
      etag: 'required',
      audit: { kind: 'change', subject: (_input, user) => changed(user) },
      handler: async (ctx, { params, body }) => {
        const { password: secret, ...rest } = body;
        const user = await findUser(ctx.db, params.userId);
        if (user === null) throw notFound('user');
        ctx.checkMatch(user.version);
        if (user.id === ctx.principal.id && (body.role !== undefined || body.status !== undefined)) {
          throw forbidden(
            'own-rights',
            'Свою роль и доступ меняет другой администратор',
            'Another administrator does it',
          );
        }
        const passwordHash = secret === undefined ? undefined : await hashPassword(secret, user.login);
        const after = await updateUser(ctx.db, user.id, user.version, {
          ...rest,
          ...(passwordHash && { passwordHash }),
        });
        if (after === null)
          throw conflict('changed-meanwhile', 'Запись изменили одновременно', 'Changed at the same time');
        if (passwordHash !== undefined || after.role !== user.role || after.status === 'disabled') {
          await deleteSessionsOf(ctx.db, user.id);
        }
        ctx.etag(after.version);
        return after;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/experts',
      summary: { ru: 'Врачи-эксперты', en: 'Experts' },
      permission: 'expert:read',
      response: json(z.object({ items: z.array(expertView) })),
      handler: async (ctx) => {
        const query = { status: 'active', limit: 1_000 } as const;
        const medical = await listUsers(ctx.db, { ...query, role: 'medical-expert' });
        const lead = await listUsers(ctx.db, { ...query, role: 'lead-expert' });
        return { items: [...lead, ...medical].map((user) => ({ ...user, fullName: user.fullName ?? '' })) };
      },
    }),
  ];
}

function changed(user: Pick<User, 'id' | 'role' | 'status'>): {
  type: string;
  ids: string[];
  facts: Record<string, string>;
} {
  return { type: 'user', ids: [user.id], facts: { role: user.role, status: user.status } };
}

import { z } from 'zod';
import type { Role } from '../../models/access/roles';
import { DOCTOR_ROLES, REQUIRED_SCOPE } from '../../models/access/roles';
import { insertApiKey, listApiKeys, revokeApiKey } from '../../prisma/repositories/api-keys';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { notFound, unfit } from '../http/errors';
import { page, paging, text, uuid } from '../http/fields';
import type { RouteDefinition } from '../http/route';
import { defineRoute, json, noContent } from '../http/route';
import { newToken } from '../http/tokens';
import { apiKeyView, ownerInput, role } from './views';

const newKey = z.object({ name: text(100), role, days: z.int().min(1).max(730).default(365), ...ownerInput });

/** Keys for machines: shown once, kept as a hash, revoked at once. */
export function apiKeyRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/api-keys',
      summary: { ru: 'Ключи для программ', en: 'API keys' },
      permission: 'api-key:manage',
      query: z.object(paging()),
      response: json(page(apiKeyView)),
      handler: async (ctx, { query }) => {
        const after = decodeCursor(query.cursor, z.tuple([z.guid()]))?.[0] ?? null;
        const rows = await listApiKeys(ctx.db, after, query.limit + 1);
        return toPage(rows, query.limit, (last) => [last.id]);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/api-keys',
      summary: { ru: 'Выпустить ключ', en: 'Issue a key' },
      description: 'The token is in this answer only.',
      permission: 'api-key:manage',
      body: newKey,
      response: json(apiKeyView.extend({ token: z.string() }).meta({ id: 'NewApiKey' }), 201),
      audit: {
        kind: 'change',
        subject: (_input, key) => ({ type: 'api-key', ids: [key.id], facts: { role: key.role } }),
      },
      handler: async (ctx, { body }) => {
        refuseUnfitRole(body.role, body);
        const { token, hash } = newToken('apiKey');
        const key = await insertApiKey(ctx.db, { ...body, keyHash: hash, createdBy: ctx.principal.id });
        return { ...key, token };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/api-keys/:keyId',
      summary: { ru: 'Отозвать ключ', en: 'Revoke a key' },
      permission: 'api-key:manage',
      params: z.object({ keyId: uuid() }),
      response: noContent(),
      handler: async (ctx, { params }) => {
        if (!(await revokeApiKey(ctx.db, params.keyId))) throw notFound('api-key');
      },
    }),
  ];
}

/** A machine is never a doctor, and an outside machine belongs to somebody. @throws AppError (422) */
export function refuseUnfitRole(wanted: Role, owner: Partial<Record<string, unknown>>): void {
  if (DOCTOR_ROLES.includes(wanted) || wanted === 'senior-underwriter') {
    throw unfit('body.role', 'role-of-a-person', 'Эта роль только для людей', 'This role is for people only');
  }
  const field = REQUIRED_SCOPE[wanted];
  if (field !== undefined && owner[field] == null) {
    throw unfit(`body.${field}`, 'required', `Роли нужен владелец: ${field}`, `The role needs its owner: ${field}`);
  }
}

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  addSubscription,
  listDeadDeliveries,
  removeSubscription,
  reviveDelivery,
} from '../../prisma/repositories/webhooks';
import type { ApiDeps } from '../deps';
import type { RouteContext } from '../http/context';
import { notFound, unfit } from '../http/errors';
import { page, paging, uuid } from '../http/fields';
import { defineRoute, json, noContent } from '../http/route';
import type { RouteDefinition } from '../http/route';

const subscriptionView = z
  .object({
    id: uuid(),
    clinicId: z.int().nullable(),
    url: z.string(),
    active: z.boolean(),
    /** Shown once: the key of the HMAC-SHA256 in the header `X-Medex-Signature`. */
    secret: z.string(),
  })
  .meta({ id: 'WebhookSubscription' });
const deadView = z
  .object({
    id: uuid(),
    event: z.string(),
    attempts: z.int(),
    lastError: z.string().nullable(),
    createdAt: z.string(),
  })
  .meta({ id: 'DeadDelivery' });

/** Status by push: subscriptions, deliveries that were given up, and their second life. */
export function webhookRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/webhooks',
      summary: { ru: 'Подписаться на события писем', en: 'Subscribe to events of letters' },
      permission: 'webhook:manage',
      body: z.strictObject({ url: z.url().max(500) }),
      response: json(subscriptionView, 201),
      handler: async (ctx, { body }) => {
        assertReachable(body.url, deps.config.WEBHOOK_ALLOW_HTTP);
        const secret = randomBytes(32).toString('base64url');
        const row = await addSubscription(ctx.db, { clinicId: ctx.principal.scope.clinicId, url: body.url, secret });
        return { ...row, secret };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/webhooks/:webhookId',
      summary: { ru: 'Отписаться', en: 'Unsubscribe' },
      permission: 'webhook:manage',
      params: z.object({ webhookId: uuid() }),
      response: noContent(),
      handler: async (ctx, { params }) => {
        if (!(await removeSubscription(ctx.db, params.webhookId, clinicOf(ctx)))) throw notFound('webhook');
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/webhook-dead-letters',
      summary: { ru: 'Недоставленные события', en: 'Events that were not delivered' },
      permission: 'webhook:manage',
      query: z.object({ limit: paging().limit }),
      response: json(page(deadView)),
      handler: async (ctx, { query }) => ({
        items: await listDeadDeliveries(ctx.db, clinicOf(ctx), query.limit),
        next: null,
      }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/webhook-dead-letters/:deliveryId/retry',
      summary: { ru: 'Отправить ещё раз', en: 'Send again' },
      permission: 'webhook:manage',
      params: z.object({ deliveryId: uuid() }),
      response: noContent(),
      handler: async (ctx, { params }) => {
        if (!(await reviveDelivery(ctx.db, params.deliveryId, clinicOf(ctx)))) throw notFound('delivery');
      },
    }),
  ];
}

const clinicOf = ({ principal }: RouteContext): number | null => principal.scope.clinicId;

/** Https only, unless the operator allows plain http (a gateway inside the network). */
function assertReachable(url: string, allowHttp: boolean): void {
  const { protocol } = new URL(url);
  if (protocol === 'https:' || (allowHttp && protocol === 'http:')) return;
  throw unfit('body.url', 'https', 'Адрес должен начинаться с https://', 'The address must start with https://');
}

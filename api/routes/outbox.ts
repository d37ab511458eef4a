import { z } from 'zod';
import { listDeadLetters, reviveOutbox } from '../../prisma/repositories/outbox';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { notFound } from '../http/errors';
import { bigIdParam, instant, page, paging } from '../http/fields';
import type { RouteDefinition } from '../http/route';
import { defineRoute, json, noContent } from '../http/route';

const deadLetter = z
  .object({
    id: z.int(),
    topic: z.string(),
    key: z.string(),
    attempts: z.int(),
    lastError: z.string().nullable(),
    deadAt: instant(),
  })
  .meta({ id: 'DeadLetter' });

/** Messages that the relay gave up: look, mend the cause, send again. */
export function outboxRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/outbox/dead-letters',
      summary: { ru: 'Неотправленные сообщения', en: 'Dead letters' },
      permission: 'outbox:manage',
      query: z.object(paging()),
      response: json(page(deadLetter)),
      handler: async (ctx, { query }) => {
        const after = decodeCursor(query.cursor, z.tuple([z.int()]))?.[0] ?? 0;
        const rows = await listDeadLetters(ctx.db, after, query.limit + 1);
        return toPage(rows, query.limit, (last) => [last.id]);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/outbox/dead-letters/:messageId/retry',
      summary: { ru: 'Отправить ещё раз', en: 'Send again' },
      permission: 'outbox:manage',
      params: z.object({ messageId: bigIdParam() }),
      response: noContent(),
      handler: async (ctx, { params }) => {
        if (!(await reviveOutbox(ctx.db, params.messageId))) throw notFound('message');
      },
    }),
  ];
}

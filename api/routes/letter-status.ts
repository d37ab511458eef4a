import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { LETTER_STATES } from '../../models/letters/types';
import { readLetterMetrics } from '../../prisma/repositories/letter-metrics';
import { readLetterStatus, readRequestStatus } from '../../prisma/repositories/letter-views';
import type { ApiDeps } from '../deps';
import { notFound } from '../http/errors';
import { isoDate, uuid } from '../http/fields';
import { defineRoute, events, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { checkPage } from '../letters/check-page';

const POLL_MS = 1000;
const params = z.object({ letterId: uuid() });
const statusView = z
  .object({
    id: uuid(),
    number: z.string().nullable(),
    state: z.enum(LETTER_STATES),
    pendedFor: z.enum(['documents', 'expert']).nullable(),
    dueAt: z.string().nullable(),
    revision: z.int(),
  })
  .meta({ id: 'LetterStatus' });

const metricsView = z
  .object({
    from: z.string(),
    to: z.string(),
    byUrgency: z.array(
      z.object({
        urgency: z.string(),
        submitted: z.int(),
        finalAtFirst: z.int(),
        approved: z.int(),
        partial: z.int(),
        refused: z.int(),
        overdue: z.int(),
        medianHoursToFinal: z.number().nullable(),
        p95HoursToFinal: z.number().nullable(),
      }),
    ),
    pendsByReason: z.array(z.object({ reason: z.string(), pends: z.int() })),
    ageing: z.array(z.object({ band: z.string(), open: z.int() })),
    appeals: z.object({ decided: z.int(), overturned: z.int() }),
    samples: z.object({ decided: z.int(), overturned: z.int() }),
  })
  .meta({ id: 'LetterMetrics' });

/** Where a request stands: by poll, by Server-Sent Events, by the code on the paper, and in figures. */
export function letterStatusRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/letters/:letterId/status',
      summary: { ru: 'Состояние запроса', en: 'State of the request' },
      permission: 'letter:read',
      params,
      response: json(statusView),
      etag: 'read',
      handler: async (ctx, input) => {
        const letter = await readRequestStatus(ctx.db, input.params.letterId, scopeOf(ctx.principal, 'letter:read'));
        if (letter === null) throw notFound('letter');
        ctx.etag(letter.revision);
        return letter;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letters/:letterId/events',
      summary: { ru: 'События запроса (SSE)', en: 'Events of the request (SSE)' },
      description: 'One event now and one at every change of state, until the client goes away.',
      permission: 'letter:read',
      params,
      response: events(statusView),
      handler: async (ctx, input) => {
        const filter = scopeOf(ctx.principal, 'letter:read');
        const first = await readRequestStatus(ctx.db, input.params.letterId, filter);
        if (first === null) throw notFound('letter');
        return changes(deps, input.params.letterId, filter, ctx.signal);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letter-metrics',
      summary: { ru: 'Показатели согласования', en: 'Figures of prior authorisation' },
      permission: 'letter:metrics',
      query: z.object({ from: isoDate(), to: isoDate() }),
      response: json(metricsView),
      handler: async (ctx, { query }) => {
        const metrics = await readLetterMetrics(ctx.db, query.from, query.to);
        return {
          ...metrics,
          byUrgency: [...metrics.byUrgency],
          pendsByReason: [...metrics.pendsByReason],
          ageing: [...metrics.ageing],
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/check/:code',
      summary: { ru: 'Проверка письма по коду', en: 'Check a letter by its code' },
      description: 'Public: what the QR code on the letter opens. Number and status, nothing else.',
      permission: 'public',
      params: z.object({ code: z.string().regex(/^[A-Za-z0-9_-]{22}$/) }),
      response: file('text/html; charset=utf-8'),
      perMinute: 60,
      handler: async (ctx, input) => ({
        body: checkPage(await readLetterStatus(ctx.db, input.params.code), ctx.locale),
      }),
    }),
  ];
}

type Status = z.input<typeof statusView>;

async function* changes(
  deps: ApiDeps,
  letterId: string,
  filter: ReturnType<typeof scopeOf>,
  signal: AbortSignal,
): AsyncGenerator<{ event: string; id: string; data: Status }> {
  let seen = -1;
  while (!signal.aborted) {
    const letter = await readRequestStatus(deps.pool, letterId, filter);
    if (letter === null) return;
    if (letter.revision !== seen) {
      seen = letter.revision;
      yield { event: 'letter', id: String(seen), data: letter };
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

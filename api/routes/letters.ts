import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { OUTSIDE_ROLES } from '../../models/access/roles';
import { readerView } from '../../models/letters/reader-view';
import { LETTER_STATES, URGENCIES } from '../../models/letters/types';
import { letterRequestSchema } from '../../models/letters/request.schema';
import { listLetterUses } from '../../prisma/repositories/letter-use';
import { listLetters, listRowFor, readLetterDetail, readRequestStatus } from '../../prisma/repositories/letter-views';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { notFound } from '../http/errors';
import { code, flag, page, paging, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { answerOf } from '../letters/answer';
import { requestLetter } from '../letters/request';
import { letterAnswer, letterDetail, letterListItem, letterUse } from '../letters/views';

const letterList = z.object({
  ...paging(),
  state: z.enum(LETTER_STATES).optional(),
  pendedFor: z.enum(['documents', 'expert']).optional(),
  urgency: z.enum(URGENCIES).optional(),
  skill: code().optional(),
  clinicCode: code().optional(),
  escalated: flag().optional(),
  /** Trusted-lane requests that wait for a doctor's look afterwards. */
  toSample: flag().optional(),
});

/** Requests for guarantee letters: ask, list, look. */
export function letterRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/letters',
      summary: { ru: 'Запросить гарантийное письмо', en: 'Ask for a guarantee letter' },
      description:
        'The first answer comes in the same call: approved, in part, refused on administrative grounds, or pended.',
      permission: 'letter:request',
      body: letterRequestSchema,
      response: json(letterAnswer, 201),
      transaction: 'own',
      audit: { kind: 'change', subject: (_input, output) => ({ type: 'letter', ids: [output.id] }) },
      handler: async (ctx, { body }) => {
        const view = await requestLetter(deps, ctx.principal, body, ctx.idempotencyKey ?? ctx.requestId);
        ctx.header('Location', `/v1/letters/${view.letter.requestId}`);
        return answerOf(view);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letters',
      summary: { ru: 'Запросы гарантийных писем', en: 'Requests for letters' },
      permission: 'letter:read',
      query: letterList,
      response: json(page(letterListItem)),
      handler: async (ctx, { query }) => {
        const { cursor, limit, ...wanted } = query;
        const after = decodeCursor(cursor, z.tuple([z.string(), uuid()]));
        const filter = scopeOf(ctx.principal, 'letter:read');
        const found = await listLetters(ctx.db, { ...wanted, filter, after, limit: limit + 1 });
        const rows = found.map((row) => listRowFor(row, ctx.principal.role));
        return toPage(rows, limit, (last) => [last.dueAt ?? 'infinity', last.id]);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letters/:letterId',
      summary: { ru: 'Запрос с перепиской', en: 'A request with its thread' },
      permission: 'letter:read',
      params: z.object({ letterId: uuid() }),
      response: json(letterDetail),
      etag: 'read',
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'letter', ids: [params.letterId] }) },
      handler: async (ctx, { params }) => {
        const letter = await readLetterDetail(ctx.db, params.letterId, scopeOf(ctx.principal, 'letter:read'));
        if (letter === null) throw notFound('letter');
        ctx.etag(letter.revision);
        return readerView(letter, ctx.principal.role) as z.input<typeof letterDetail>;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letters/:letterId/uses',
      summary: { ru: 'Что взяли счета', en: 'What invoices have taken' },
      description: 'Lines that cite the letter, in the order in which they take of it; `beyond` those that exceed it.',
      permission: 'letter:read',
      params: z.object({ letterId: uuid() }),
      response: json(z.object({ items: z.array(letterUse) })),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'letter', ids: [params.letterId] }) },
      handler: async (ctx, { params }) => {
        const filter = scopeOf(ctx.principal, 'letter:read');
        if ((await readRequestStatus(ctx.db, params.letterId, filter)) === null) throw notFound('letter');
        const outside = OUTSIDE_ROLES.includes(ctx.principal.role);
        const uses = await listLetterUses(ctx.db, params.letterId, outside);
        return { items: uses.map((row) => letterUse.parse(row)) };
      },
    }),
  ];
}

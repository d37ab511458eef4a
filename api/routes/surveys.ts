import { z } from 'zod';
import { estimateRate } from '../../models/feedback/survey/estimate';
import { countRound, readWeightedDenials, upsertContacts } from '../../prisma/repositories/survey-sending';
import { findRound, listRounds } from '../../prisma/repositories/surveys';
import { DEFAULT_QUEUES } from '../../workflows/messages';
import { surveyWorkflowId } from '../../workflows/survey-messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { notFound } from '../http/errors';
import { code, isoDate, page, paging, text, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const roundView = z
  .object({
    roundId: uuid(),
    day: z.string(),
    visits: z.int(),
    chosen: z.int(),
    remindAt: z.string(),
    expiresAt: z.string(),
    closedAt: z.string().nullable(),
  })
  .meta({ id: 'SurveyRound' });
const roundDetail = roundView
  .extend({
    byState: z.array(z.object({ state: z.string(), surveys: z.int() })),
    reminded: z.int(),
    /** Denied facts in all billed visits of people who may be asked, by inverse probability; null without answers. */
    denials: z
      .object({ rate: z.number(), standardError: z.number(), low: z.number(), high: z.number(), effective: z.number() })
      .nullable(),
  })
  .meta({ id: 'SurveyRoundDetail' });
const contact = z.object({
  policyNo: code(),
  channel: z.enum(['email', 'sms', 'push']),
  address: text(320),
  locale: z.enum(['ru', 'en']).default('ru'),
  perPeriod: z.int().min(0).max(52).default(4),
});

/** Surveys of billed visits, day by day, and where people may be asked. */
export function surveyRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/survey-rounds',
      summary: { ru: 'Опросы по дням', en: 'Surveys by day' },
      permission: 'survey:manage',
      query: z.object({ ...paging() }),
      response: json(page(roundView)),
      handler: async (ctx, { query }) => {
        const before = decodeCursor(query.cursor, z.tuple([isoDate()]))?.[0] ?? null;
        const rows = await listRounds(ctx.db, before, query.limit + 1);
        return toPage(rows, query.limit, (last) => [last.day]);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/survey-rounds/:day',
      summary: { ru: 'Опрос одного дня', en: 'Surveys of a day' },
      permission: 'survey:manage',
      params: z.object({ day: isoDate() }),
      response: json(roundDetail),
      handler: async (ctx, { params }) => {
        const round = await findRound(ctx.db, params.day);
        if (round === null) throw notFound('survey-round');
        const { byState, reminded } = await countRound(ctx.db, round.roundId);
        const denials = estimateRate(await readWeightedDenials(ctx.db, round.roundId));
        return { ...round, byState: [...byState], reminded, denials };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/survey-rounds',
      summary: { ru: 'Начать опрос за день', en: 'Start the surveys of a day' },
      description: 'The Schedule does this every night for the day before; a day is asked about once.',
      permission: 'survey:manage',
      body: z.object({ day: isoDate(), budget: z.int().min(1).max(100_000).optional() }),
      response: json(z.object({ workflowId: z.string() }), 202),
      transaction: 'own',
      handler: async (_ctx, { body }) => {
        const workflowId = surveyWorkflowId(body.day);
        const rules = body.budget === undefined ? {} : { rules: { budget: body.budget } };
        await requireTemporal(deps).workflow.start('feedbackSurvey', {
          workflowId,
          taskQueue: (deps.queues ?? DEFAULT_QUEUES).flow,
          args: [{ day: body.day, ...rules }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return { workflowId };
      },
    }),
    defineRoute({
      method: 'put',
      path: '/v1/survey-contacts',
      summary: { ru: 'Контакты для опросов', en: 'Contacts for surveys' },
      description: 'Adds or changes contacts by policy number; a person who opted out stays so.',
      permission: 'survey:manage',
      body: z.object({ contacts: z.array(contact).min(1).max(5000) }),
      response: json(z.object({ accepted: z.int(), unknownPolicies: z.array(z.string()) })),
      audit: {
        kind: 'change',
        subject: (_input, output) => ({ type: 'survey-contact', ids: [], facts: { accepted: output.accepted } }),
      },
      handler: async (ctx, { body }) => {
        const unknownPolicies = await upsertContacts(ctx.db, body.contacts);
        return { accepted: body.contacts.length - unknownPolicies.length, unknownPolicies };
      },
    }),
  ];
}

import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { COMPONENTS } from '../../models/ratings/internal-rating';
import { csvLine } from '../../models/exchange/csv-writer';
import { decideContest, listContests, openContest } from '../../prisma/repositories/rating-contests';
import { listRatings, readRatingFactors } from '../../prisma/repositories/ratings';
import { DEFAULT_QUEUES } from '../../workflows/messages';
import { ratingWorkflowId } from '../../workflows/rating-messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import { conflict, notFound } from '../http/errors';
import { isoDate, paging, text, uuid } from '../http/fields';
import { defineRoute, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const kind = z.enum(['internal', 'people']);
const component = z.object({
  name: z.string(),
  value: z.number().nullable(),
  low: z.number(),
  high: z.number(),
  z: z.object({ mean: z.number(), sd: z.number() }).optional(),
  answers: z.number().optional(),
  effective: z.number().optional(),
  /** Ids of what is behind it: findings, disputes, requests, positions, cases or surveys. */
  evidence: z.array(z.string()),
});
const ratingView = z
  .object({
    versionId: uuid(),
    version: z.int(),
    periodFrom: z.string(),
    periodTo: z.string(),
    clinicCode: z.string(),
    clinicName: z.string(),
    score: z.number().nullable(),
    low: z.number(),
    high: z.number(),
    place: z.int(),
    bestPlace: z.int(),
    worstPlace: z.int(),
    clinics: z.int(),
    change: z.enum(['up', 'down', 'same', 'new']),
    components: z.array(component),
  })
  .meta({ id: 'ClinicRating' });
const contestView = z
  .object({
    contestId: uuid(),
    kind: z.string(),
    version: z.int(),
    clinicCode: z.string(),
    component: z.string(),
    reason: z.string(),
    state: z.string(),
    answer: z.string().nullable(),
    openedAt: z.string(),
    decidedAt: z.string().nullable(),
  })
  .meta({ id: 'RatingContest' });

const FACTOR_COLUMNS = 'clinic_code,internal_score,internal_low,stars,stars_low\n';

/** Ratings of clinics: published to each clinic with what is behind them, contestable, exported for other models. */
export function ratingRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/ratings/:kind',
      summary: { ru: 'Рейтинг клиник', en: 'Rating of clinics' },
      description: 'A clinic sees its own row: place with the places that the data do not rule out, parts, evidence.',
      permission: 'rating:read',
      params: z.object({ kind }),
      query: z.object({
        version: z
          .string()
          .regex(/^[1-9]\d{0,6}$/)
          .transform(Number)
          .optional(),
      }),
      response: json(z.object({ items: z.array(ratingView) })),
      handler: async (ctx, { params, query }) => {
        const filter = scopeOf(ctx.principal, 'rating:read');
        const rows = await listRatings(ctx.db, { kind: params.kind, version: query.version ?? null, filter });
        return { items: rows.map(({ clinicId: _id, ...row }) => row) as unknown as z.input<typeof ratingView>[] };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/ratings',
      summary: { ru: 'Рассчитать рейтинг сейчас', en: 'Rate now' },
      permission: 'rating:manage',
      body: z.object({ today: isoDate().optional() }),
      response: json(z.object({ workflowId: z.string() }), 202),
      transaction: 'own',
      handler: async (ctx, { body }) => {
        const workflowId = ratingWorkflowId(ctx.idempotencyKey ?? ctx.requestId);
        await requireTemporal(deps).workflow.start('clinicRating', {
          workflowId,
          taskQueue: (deps.queues ?? DEFAULT_QUEUES).flow,
          args: [body],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return { workflowId };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/rating-factors',
      summary: { ru: 'Рейтинги для андеррайтинга (CSV)', en: 'Ratings for underwriting (CSV)' },
      permission: 'rating:manage',
      response: file('text/csv; charset=utf-8'),
      handler: async (ctx) => {
        const rows = await readRatingFactors(ctx.db);
        const lines = rows.map((row) =>
          csvLine([row.clinicCode, row.internalScore, row.internalLow, row.stars, row.starsLow], new Set([0])),
        );
        return { body: FACTOR_COLUMNS + lines.join(''), filename: 'rating-factors.csv' };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/ratings/:kind/contests',
      summary: { ru: 'Оспорить рейтинг', en: 'Contest a rating' },
      permission: 'rating:contest',
      params: z.object({ kind }),
      body: z.object({ component: z.enum([...COMPONENTS, 'stars']), reason: text(4000) }),
      response: json(z.object({ contestId: uuid() }), 201),
      handler: async (ctx, { params, body }) => {
        const { clinicId } = ctx.principal.scope;
        if (clinicId === null) throw notFound('rating');
        const contest = { kind: params.kind, clinicId, ...body, openedBy: ctx.principal.id };
        const contestId = await openContest(ctx.db, contest);
        if (contestId !== null) return { contestId };
        throw conflict('rating.not-contestable', 'Рейтинга нет или он уже оспорен', 'No rating, or contested already');
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/rating-contests',
      summary: { ru: 'Возражения на рейтинг', en: 'Objections to ratings' },
      permission: 'rating:read',
      query: z.object({ limit: paging().limit }),
      response: json(z.object({ items: z.array(contestView) })),
      handler: async (ctx, { query }) => {
        const filter = scopeOf(ctx.principal, 'rating:read');
        return { items: await listContests(ctx.db, filter, query.limit) };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/rating-contests/:contestId/decision',
      summary: { ru: 'Решить по возражению', en: 'Decide an objection' },
      description: 'Upheld: the data behind it are mended and the next version shows it; versions are never edited.',
      permission: 'rating:manage',
      params: z.object({ contestId: uuid() }),
      body: z.object({ state: z.enum(['upheld', 'rejected']), answer: text(4000) }),
      response: json(z.object({ state: z.string() })),
      audit: {
        kind: 'decision',
        subject: ({ params, body }) => ({
          type: 'rating-contest',
          ids: [params.contestId],
          facts: { state: body.state },
        }),
      },
      handler: async (ctx, { params, body }) => {
        const decision = { contestId: params.contestId, ...body, decidedBy: ctx.principal.id };
        if (!(await decideContest(ctx.db, decision))) throw notFound('rating-contest');
        return { state: body.state };
      },
    }),
  ];
}

import { z } from 'zod';
import { listStatAlerts, listStatRuns } from '../../prisma/repositories/stat-alerts';
import { DEFAULT_QUEUES } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { int32, page, paging, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const share = z.number();
/** The peer comparison behind an alert: everything a reader needs to see why. */
const comparison = z.object({
  subject: z.string(),
  key: z.string(),
  hits: int32(),
  cases: int32(),
  ownRate: share,
  peers: int32(),
  peerCases: int32(),
  peerMean: share,
  shrunkRate: share,
  pValue: share,
  qValue: share,
  excessCases: share,
  low: share,
  high: share,
});
const alertView = z.object({
  id: z.int(),
  code: z.string(),
  subjectKind: z.enum(['clinic', 'doctor']),
  subject: z.string(),
  diagnosis: z.string().nullable(),
  service: z.string().nullable(),
  comparison,
  excessKopecks: z.int(),
  explanationRu: z.string(),
  explanationEn: z.string(),
});

/** The statistical review: what stands out against peers. It raises priority and refuses nothing. */
export function statAlertRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/stat-reviews',
      summary: { ru: 'Запустить статистическую проверку', en: 'Start a statistical review' },
      permission: 'batch:manage',
      body: z.object({ months: z.int().min(1).max(60).optional() }),
      response: json(z.object({ key: z.string() }), 202),
      transaction: 'own',
      handler: async (ctx, { body }) => {
        const key = `stat-review/api/${ctx.requestId}`;
        const queues = deps.queues ?? DEFAULT_QUEUES;
        await requireTemporal(deps).workflow.start('statReview', {
          workflowId: key,
          taskQueue: queues.flow,
          args: [{ ...body, ...(deps.queues ? { queues } : {}) }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return { key };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/stat-reviews',
      summary: { ru: 'Статистические проверки', en: 'Statistical reviews' },
      permission: 'fraud:read',
      response: json(
        z.object({
          items: z.array(
            z.object({
              runId: uuid(),
              fromDay: z.string(),
              toDay: z.string(),
              lines: int32(),
              alerts: int32(),
              tasksRaised: int32(),
              createdAt: z.string(),
            }),
          ),
        }),
      ),
      handler: async (ctx) => ({
        items: (await listStatRuns(ctx.db, 50)).map(({ id, ...run }) => ({ runId: id, ...run })),
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/stat-alerts',
      summary: { ru: 'Необычные доли с сопоставлением', en: 'Unusual shares with their peer comparison' },
      description: 'Of the run `runId`, or of the youngest one; the most money above expectation first.',
      permission: 'fraud:read',
      query: z.object({ ...paging(), runId: uuid().optional() }),
      response: json(page(alertView)),
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, z.tuple([z.number(), z.number()]));
        const after = last === null ? null : { excessKopecks: last[0], id: last[1] };
        const rows = await listStatAlerts(ctx.db, { runId: query.runId ?? null, after, limit: query.limit + 1 });
        const { items, next } = toPage(rows, query.limit, (row) => [row.excessKopecks, row.id]);
        return { items: items.map((row) => ({ ...row })), next };
      },
    }),
  ];
}

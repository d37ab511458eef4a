import { createHash } from 'node:crypto';
import { z } from 'zod';
import { findBatch, findingsByCode, chunkSums, listBatches, outcomeSums } from '../../prisma/repositories/batches';
import type { BatchRow } from '../../prisma/repositories/batches';
import { batchWorkflowId, DEFAULT_QUEUES, pauseUpdate, resumeUpdate } from '../../workflows/messages';
import type { BatchSelection } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import type { RouteContext } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { conflict, notFound } from '../http/errors';
import { int32, page, paging, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { visibleRegistry } from './imports';

const byBatch = z.object({ batchId: uuid() });
const batchView = z.object({
  batchId: uuid(),
  businessKey: z.string(),
  state: z.string(),
  ruleSetVersion: z.string(),
  routingPolicyVersion: int32(),
  lineCount: int32(),
  invoiceCount: int32(),
  takenAt: z.string(),
  checkedAt: z.string().nullable(),
  doneAt: z.string().nullable(),
});
const money = z.int();
const detailView = batchView.extend({
  progress: z.object({ chunks: int32(), linesChecked: int32(), findings: int32(), routed: int32() }),
  byCode: z.array(z.object({ code: z.string(), findings: int32(), lines: int32(), atRiskKopecks: money })),
  outcome: z.object({
    autoAccepted: int32(),
    ruleReduced: int32(),
    ruleRefused: int32(),
    queued: int32(),
    tasks: int32(),
    settledInvoices: int32(),
    waitingInvoices: int32(),
    billedKopecks: money,
    acceptedKopecks: money,
    reducedKopecks: money,
    refusedKopecks: money,
    patientShareKopecks: money,
  }),
});
const progressView = z.object({
  phase: z.string(),
  paused: z.boolean(),
  chunksDone: int32(),
  chunksTotal: int32(),
});

/** Batches: what was reviewed when, how far it is, and the pause button. */
export function batchRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/batches',
      summary: { ru: 'Пакеты проверки', en: 'Review batches' },
      permission: 'batch:read',
      query: z.object({ ...paging() }),
      response: json(page(batchView)),
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, z.tuple([z.string(), z.string()]));
        const after = last === null ? null : { takenAt: last[0], id: last[1] };
        const rows = await listBatches(ctx.db, { after, limit: query.limit + 1 });
        const { items, next } = toPage(rows, query.limit, (row) => [row.takenAt, row.id]);
        return { items: items.map(view), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/batches/:batchId',
      summary: { ru: 'Пакет с ходом и итогами', en: 'A batch with progress and outcome' },
      permission: 'batch:read',
      params: byBatch,
      response: json(detailView),
      handler: async (ctx, { params }) => {
        const batch = await knownBatch(ctx, params.batchId);
        return {
          ...view(batch),
          progress: await chunkSums(ctx.db, batch.id),
          byCode: await findingsByCode(ctx.db, batch.id),
          outcome: await outcomeSums(ctx.db, batch.id),
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/batches',
      summary: {
        ru: 'Проверить всё, что пришло, или один реестр',
        en: 'Review everything that has come in, or one registry',
      },
      description:
        'Takes the invoices that no batch has taken yet: all of them, or with `registryId` those that this registry brought.',
      permission: 'batch:manage',
      body: z.strictObject({ registryId: uuid().optional() }).optional(),
      response: json(z.object({ businessKey: z.string() }), 202),
      transaction: 'own',
      handler: async (ctx, { body }) => {
        const selection = await selectionOf(ctx, body?.registryId);
        // The same request again is the same batch, even when its first answer was lost.
        const key = `${ctx.principal.id}/${ctx.idempotencyKey ?? ctx.requestId}`;
        const businessKey = `api/${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
        const queues = deps.queues ?? DEFAULT_QUEUES;
        await requireTemporal(deps).workflow.start('batchReview', {
          workflowId: batchWorkflowId(businessKey),
          taskQueue: queues.flow,
          args: [{ selection, ...(deps.queues ? { queues } : {}) }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return { businessKey };
      },
    }),
    ...(['pause', 'resume'] as const).map((name) =>
      defineRoute({
        method: 'post',
        path: `/v1/batches/:batchId/${name}`,
        summary: name === 'pause' ? { ru: 'Приостановить', en: 'Pause' } : { ru: 'Продолжить', en: 'Resume' },
        permission: 'batch:manage',
        params: byBatch,
        response: json(progressView),
        transaction: 'own',
        handler: async (ctx, { params }) => {
          const batch = await knownBatch(ctx, params.batchId);
          const handle = requireTemporal(deps).workflow.getHandle(batchWorkflowId(batch.businessKey));
          const { phase, paused, chunksDone, chunksTotal } = await handle.executeUpdate(
            name === 'pause' ? pauseUpdate : resumeUpdate,
          );
          return { phase, paused, chunksDone, chunksTotal };
        },
      }),
    ),
  ];
}

/** @throws AppError not-found (404), registry-not-taken (409) */
async function selectionOf(ctx: RouteContext, registryId: string | undefined): Promise<BatchSelection> {
  if (registryId === undefined) return { kind: 'untaken' };
  const { id, state } = await visibleRegistry(ctx, registryId);
  if (state === 'taken') return { kind: 'file', fileId: id };
  throw conflict(
    'registry-not-taken',
    state === 'failed'
      ? 'Реестр не прочитан: исправьте его и пришлите снова'
      : 'Реестр ещё читается: повторите, когда он будет принят',
    state === 'failed'
      ? 'The registry could not be read: mend it and send it again'
      : 'The registry is still being read: try again when it is taken',
    { state },
  );
}

async function knownBatch(ctx: RouteContext, id: string): Promise<BatchRow> {
  const batch = await findBatch(ctx.db, id);
  if (batch === null) throw notFound('batch');
  return batch;
}

function view({ id, ...batch }: BatchRow): z.input<typeof batchView> {
  return { batchId: id, ...batch };
}

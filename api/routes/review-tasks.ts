import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { problem, problemError } from '../../models/review-case/problems';
import { claimTask, releaseTask } from '../../prisma/repositories/task-claims';
import { documentsOfTask, findTask, listTasks, readableTaskLines } from '../../prisma/repositories/task-queue';
import type { QueueTask } from '../../prisma/repositories/task-queue';
import type { ApiDeps } from '../deps';
import type { RouteContext } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { code, flag, int32, kopecks, page, paging, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { viewLines, viewTask } from './review-lines';
import { documentView, lineView, taskView } from './review-views';

const byId = z.object({ taskId: uuid() });
const cursorShape = z.tuple([int32(), z.int(), z.iso.datetime(), uuid()]);
const detailView = taskView.extend({ lines: z.array(lineView), documents: z.array(documentView) });
const claimView = z.object({ taskId: uuid(), leaseUntil: z.string(), revision: z.int() });

const queueQuery = z.object({
  ...paging(),
  state: z.enum(['open', 'claimed', 'on-hold', 'decided', 'cancelled']).optional(),
  hub: code().optional(),
  clinic: code().optional(),
  invoice: uuid().optional(),
  code: code(16).optional(),
  mine: flag().optional(),
  escalated: flag().optional(),
  minAtRiskKopecks: z
    .string()
    .regex(/^\d{1,13}$/)
    .transform(Number)
    .pipe(kopecks())
    .optional(),
  sort: z.enum(['priority', 'at-risk', 'deadline']).default('priority'),
});

/** The experts' queue: what waits, what is in it, and who works on it. */
export function reviewTaskRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/review-tasks',
      summary: { ru: 'Очередь эксперта', en: "The experts' queue" },
      description:
        'Without `state`: what is not decided yet. Sorted by priority, money at risk or deadline; keyset cursors. A claim whose lease has run out is open again. Tasks of an invoice that has a newer version are not offered; who is at work on one sees it with `superseded`.',
      permission: 'task:read',
      query: queueQuery,
      response: json(page(taskView)),
      audit: {
        kind: 'read',
        subject: (_input, output) => ({ type: 'review-task', ids: output.items.map((task) => task.taskId) }),
      },
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, cursorShape);
        const rows = await listTasks(ctx.db, {
          filter: scopeOf(ctx.principal, 'task:read'),
          state: query.state ?? null,
          readerId: ctx.principal.id,
          hub: query.hub ?? null,
          clinic: query.clinic ?? null,
          versionId: query.invoice ?? null,
          code: query.code ?? null,
          heldByReader: query.mine === true,
          minAtRiskKopecks: query.minAtRiskKopecks ?? null,
          escalated: query.escalated ?? null,
          sort: query.sort,
          after: last === null ? null : { priority: last[0], atRiskKopecks: last[1], deadline: last[2], id: last[3] },
          limit: query.limit + 1,
        });
        const { items, next } = toPage(rows, query.limit, (task) => [
          task.priority,
          task.atRiskKopecks,
          task.deadline,
          task.id,
        ]);
        return { items: items.map(viewTask), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/review-tasks/:taskId',
      summary: { ru: 'Задание со строками и замечаниями', en: 'A task with its lines and findings' },
      permission: 'task:read',
      params: byId,
      response: json(detailView),
      etag: 'read',
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'review-task', ids: [params.taskId] }) },
      handler: async (ctx, { params }) => {
        const task = await visibleTask(ctx, params.taskId, 'task:read');
        const documents = await documentsOfTask(ctx.db, task.id);
        // A lease runs out and an invoice gets a newer version without a change of the task itself.
        ctx.etag(`${task.revision}.${task.superseded ? 'superseded' : task.state}`);
        return {
          ...viewTask(task),
          lines: await viewLines(ctx.db, await readableTaskLines(ctx.db, task.id), null),
          documents: documents.map(({ id, ...document }) => ({ documentRequestId: id, ...document })),
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/review-tasks/:taskId/claim',
      summary: { ru: 'Взять задание', en: 'Claim a task' },
      description:
        'A lease: again by the holder prolongs it. 409 task.held names the holder; 409 invoice.superseded: the invoice has a newer version.',
      permission: 'task:claim',
      params: byId,
      body: z.object({ leaseMinutes: z.int().min(1).max(480).default(30) }).prefault({}),
      response: json(claimView),
      handler: async (ctx, { params, body }) => {
        await visibleTask(ctx, params.taskId, 'task:claim');
        const holder = { id: ctx.principal.id, name: ctx.principal.fullName ?? '' };
        const claimed = await claimTask(ctx.db, params.taskId, { holder, leaseSeconds: body.leaseMinutes * 60 });
        ctx.etag(claimed.revision);
        return { taskId: params.taskId, ...claimed };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/review-tasks/:taskId/release',
      summary: { ru: 'Вернуть задание в очередь', en: 'Give a task back' },
      permission: 'task:claim',
      params: byId,
      response: json(z.object({ taskId: uuid(), revision: z.int() })),
      handler: async (ctx, { params }) => {
        await visibleTask(ctx, params.taskId, 'task:claim');
        const { revision } = await releaseTask(ctx.db, params.taskId, ctx.principal.id);
        ctx.etag(revision);
        return { taskId: params.taskId, revision };
      },
    }),
  ];
}

/** A task within the caller's rows; a foreign one looks like a missing one. */
export async function visibleTask(
  ctx: RouteContext,
  taskId: string,
  action: 'task:read' | 'task:claim' | 'task:decide' | 'task:documents',
): Promise<QueueTask> {
  const task = await findTask(ctx.db, taskId, scopeOf(ctx.principal, action));
  if (task === null) throw problemError(problem('task.unknown'));
  return task;
}

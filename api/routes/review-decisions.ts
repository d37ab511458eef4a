import { createHash } from 'node:crypto';
import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import type { CaseAuthor } from '../../models/review-case/decisions';
import { checkDecisions } from '../../models/review-case/decisions';
import { problem, problemError } from '../../models/review-case/problems';
import { findInvoice } from '../../prisma/repositories/invoices-read';
import { owedDocuments } from '../../prisma/repositories/task-queue';
import { answerUpdate, decideUpdate, holdUpdate, reverseUpdate } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import type { RouteContext } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { code, kopecks, page, paging, text, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { commandInvoice } from '../http/workflow-commands';
import { visibleTask } from './review-tasks';
import { commandView, documentView } from './review-views';

const documentCursor = z.tuple([z.iso.datetime(), uuid()]);
const byTask = z.object({ taskId: uuid() });
const decision = z.object({
  lineNo: z.int().min(0),
  kind: z.enum(['accept', 'reduce', 'refuse']),
  acceptedKopecks: kopecks().optional(),
  reasonCode: code(16).optional(),
  clause: text(4000).optional(),
  noteToClinic: text(4000).optional(),
  internalNote: text(4000).optional(),
});

/** What people decide. All of it goes through the workflow of the invoice, as Updates. */
export function reviewDecisionRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/review-tasks/:taskId/decisions',
      summary: { ru: 'Решить строки задания', en: 'Decide lines of a task' },
      description:
        'accept | reduce (acceptedKopecks: what is still paid) | refuse, each cut with a reason code of the catalogue. If-Match: the revision.',
      permission: 'task:decide',
      params: byTask,
      body: z.object({ decisions: z.array(decision).min(1).max(2000) }),
      response: json(commandView),
      etag: 'required',
      transaction: 'own',
      audit: {
        kind: 'decision',
        subject: ({ params, body }, result) => ({
          type: 'review-task',
          ids: [params.taskId],
          facts: {
            lines: body.decisions.length,
            refused: body.decisions.filter((each) => each.kind === 'refuse').length,
            reduced: body.decisions.filter((each) => each.kind === 'reduce').length,
            invoiceState: result.invoiceState,
          },
        }),
      },
      handler: async (ctx, { params, body }) => {
        const task = await visibleTask(ctx, params.taskId, 'task:decide');
        const author = authorOf(ctx);
        const wrong = checkDecisions(author, body.decisions);
        if (wrong !== null) throw problemError(wrong);
        const result = await commandInvoice(
          requireTemporal(deps),
          task.versionId,
          decideUpdate,
          {
            requestId: requestIdOf(ctx),
            author,
            taskId: task.id,
            revision: revisionOf(ctx),
            decisions: body.decisions,
          },
          deps.queues,
        );
        if (result.revision !== null) ctx.etag(result.revision);
        return result;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/review-tasks/:taskId/hold',
      summary: { ru: 'Запросить документы у клиники', en: 'Ask the clinic for documents' },
      description: 'The clock stands still until every request is answered. If-Match: the revision.',
      permission: 'task:decide',
      params: byTask,
      body: z.object({ textToClinic: text(4000) }),
      response: json(commandView),
      etag: 'required',
      transaction: 'own',
      handler: async (ctx, { params, body }) => {
        const task = await visibleTask(ctx, params.taskId, 'task:decide');
        const command = { requestId: requestIdOf(ctx), author: authorOf(ctx), taskId: task.id, ...body };
        const result = await commandInvoice(
          requireTemporal(deps),
          task.versionId,
          holdUpdate,
          { ...command, revision: revisionOf(ctx) },
          deps.queues,
        );
        if (result.revision !== null) ctx.etag(result.revision);
        return result;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/document-requests',
      summary: { ru: 'Запросы документов без ответа', en: 'Unanswered document requests' },
      description: 'Those that can still be answered, oldest first; keyset cursors.',
      permission: 'task:documents',
      query: z.object(paging()),
      response: json(page(documentView)),
      audit: {
        kind: 'read',
        subject: (_input, output) => ({ type: 'review-task', ids: output.items.map((asked) => asked.taskId) }),
      },
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, documentCursor);
        const rows = await owedDocuments(ctx.db, {
          filter: scopeOf(ctx.principal, 'task:documents'),
          after: last === null ? null : { requestedAt: last[0], id: last[1] },
          limit: query.limit + 1,
        });
        const { items, next } = toPage(rows, query.limit, (asked) => [asked.requestedAt, asked.id]);
        return { items: items.map(({ id, ...asked }) => ({ documentRequestId: id, ...asked })), next };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/review-tasks/:taskId/documents/:documentRequestId/answer',
      summary: { ru: 'Ответить на запрос документов', en: 'Answer a document request' },
      permission: 'task:documents',
      params: byTask.extend({ documentRequestId: uuid() }),
      body: z.object({ answerText: text(4000) }),
      response: json(commandView),
      transaction: 'own',
      handler: async (ctx, { params, body }) => {
        const task = await visibleTask(ctx, params.taskId, 'task:documents');
        const command = { requestId: requestIdOf(ctx), taskId: task.id, documentRequestId: params.documentRequestId };
        return commandInvoice(
          requireTemporal(deps),
          task.versionId,
          answerUpdate,
          { ...command, answerText: body.answerText },
          deps.queues,
        );
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/invoices/:versionId/reversals',
      summary: { ru: 'Отменить решение по строке новым решением', en: 'Reverse the verdict of a line by a new one' },
      description: 'The old verdict stays on record; an act that was issued gets a supplement.',
      permission: 'verdict:reverse',
      params: z.object({ versionId: uuid() }),
      body: decision,
      response: json(commandView),
      transaction: 'own',
      audit: {
        kind: 'decision',
        subject: ({ params, body }) => ({
          type: 'invoice-line',
          ids: [`${params.versionId}/${body.lineNo}`],
          facts: { kind: body.kind, reasonCode: body.reasonCode ?? null, reversal: true },
        }),
      },
      handler: async (ctx, { params, body }) => {
        const invoice = await findInvoice(ctx.db, params.versionId, scopeOf(ctx.principal, 'verdict:reverse'));
        if (invoice === null) throw problemError(problem('invoice.unknown'));
        const author = authorOf(ctx);
        const wrong = checkDecisions(author, [body]);
        if (wrong !== null) throw problemError(wrong);
        return commandInvoice(
          requireTemporal(deps),
          params.versionId,
          reverseUpdate,
          { requestId: requestIdOf(ctx), author, decision: body },
          deps.queues,
        );
      },
    }),
  ];
}

function authorOf({ principal }: RouteContext): CaseAuthor {
  return { userId: principal.id, fullName: principal.fullName, role: principal.role };
}

/** The same key of another caller is another request. Opaque: it becomes an Update id, which Temporal keeps in plain. */
function requestIdOf(ctx: RouteContext): string {
  const key = ctx.idempotencyKey ?? ctx.requestId;
  return createHash('sha256').update(`${ctx.principal.id}/${key}`).digest('hex').slice(0, 40);
}

/** If-Match is required on these routes: the revision, with or without the state behind it; `*` is "whatever it is now". */
function revisionOf({ ifMatch }: RouteContext): number | null {
  if (ifMatch === '*') return null;
  const revision = Number(ifMatch?.split('.')[0]);
  return Number.isSafeInteger(revision) && revision > 0 ? revision : -1;
}

import { createHash, randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import type { Action } from '../../models/access/policy';
import { escalationAt, isBroken, startDeadline } from '../../models/calendar';
import { DISPUTE_TERM_DAYS, disputeError } from '../../models/disputes/decide';
import { withTransaction } from '../../prisma/pool';
import {
  actToDispute,
  cutLines,
  disputeDocument,
  disputeDocuments,
  disputeLines,
  findDispute,
  insertDispute,
  insertDisputeDocument,
  listDisputes,
} from '../../prisma/repositories/disputes';
import type { DisputeRow } from '../../prisma/repositories/disputes';
import { enqueue } from '../../prisma/repositories/outbox';
import { setLineStates } from '../../prisma/repositories/route-lines';
import { decideDisputeUpdate, disputeWorkflowId } from '../../workflows/dispute-messages';
import { DEFAULT_QUEUES } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import type { RouteContext } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { int32, kopecks, page, paging, text, uuid } from '../http/fields';
import { defineRoute, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { appErrorOf } from '../http/workflow-commands';
import { disputeDetail, disputeView, documentView } from './dispute-views';

const byDispute = z.object({ disputeId: uuid() });
const TERM = { unit: 'business-days', amount: DISPUTE_TERM_DAYS } as const;
/** Business days before the end at which the lead expert is told. */
const LEAD_DAYS = 3;
const MAX_DOCUMENT = 20 * 1024 * 1024;

/** Disputes: a clinic answers an act line by line, a second doctor decides. */
export function disputeRoutes(deps: ApiDeps): RouteDefinition[] {
  const now = () => deps.now?.() ?? new Date();
  return [
    defineRoute({
      method: 'post',
      path: '/v1/acts/:actId/disputes',
      summary: { ru: 'Ответить на акт по строкам', en: 'Answer an act line by line' },
      description: 'Within 15 business days of the act. Each line names why its refusal or reduction is wrong.',
      permission: 'dispute:open',
      params: z.object({ actId: uuid() }),
      body: z.object({
        lines: z
          .array(z.object({ lineNo: int32(), claim: text(4000) }))
          .min(1)
          .max(500),
      }),
      response: json(disputeDetail, 201),
      audit: {
        kind: 'change',
        subject: (_input, dispute) => ({
          type: 'dispute',
          ids: [dispute.disputeId],
          facts: { lines: dispute.lineCount, cutKopecks: dispute.cutKopecks },
        }),
      },
      handler: async (ctx, { params, body }) => {
        const id = await fileDispute(ctx, params.actId, body.lines, now().toISOString());
        return detail(ctx, (await findDispute(ctx.db, id, { kind: 'all' }))!);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/disputes',
      summary: { ru: 'Разногласия', en: 'Disputes' },
      permission: 'dispute:read',
      query: z.object({ ...paging(), state: z.enum(['open', 'decided']).optional() }),
      response: json(page(disputeView)),
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, z.tuple([z.string(), uuid()]));
        const rows = await listDisputes(ctx.db, {
          filter: scopeOf(ctx.principal, 'dispute:read'),
          state: query.state ?? null,
          after: last === null ? null : { deadline: last[0], id: last[1] },
          limit: query.limit + 1,
        });
        const { items, next } = toPage(rows, query.limit, (row) => [row.deadline, row.id]);
        return { items: items.map(view), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/disputes/:disputeId',
      summary: { ru: 'Разногласие со строками и документами', en: 'A dispute with its lines and documents' },
      permission: 'dispute:read',
      params: byDispute,
      response: json(disputeDetail),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'dispute', ids: [params.disputeId] }) },
      handler: async (ctx, { params }) => detail(ctx, await visible(ctx, params.disputeId, 'dispute:read')),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/disputes/:disputeId/documents',
      summary: { ru: 'Приложить документы', en: 'Attach documents' },
      permission: 'dispute:open',
      params: byDispute,
      input: 'multipart',
      maxBytes: MAX_DOCUMENT,
      response: json(z.object({ items: z.array(documentView) }), 201),
      handler: async (ctx, { params }) => {
        const dispute = await visible(ctx, params.disputeId, 'dispute:open');
        if (dispute.state !== 'open') throw disputeError('dispute.decided');
        for await (const upload of ctx.files()) {
          const parts: Buffer[] = [];
          for await (const part of upload.stream) parts.push(part as Buffer);
          const content = Buffer.concat(parts);
          const sha256 = createHash('sha256').update(content).digest('hex');
          const document = { fileName: upload.filename.slice(0, 200), mediaType: upload.mimeType, sha256, content };
          await withTransaction(deps.pool, (tx) =>
            insertDisputeDocument(tx, { ...document, disputeId: dispute.id, uploadedBy: ctx.principal.id }),
          );
        }
        return { items: await disputeDocuments(deps.pool, dispute.id) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/disputes/:disputeId/documents/:documentId',
      summary: { ru: 'Документ к разногласию', en: 'A document of a dispute' },
      permission: 'dispute:read',
      params: byDispute.extend({ documentId: uuid() }),
      response: file('application/octet-stream'),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'dispute', ids: [params.disputeId] }) },
      handler: async (ctx, { params }) => {
        await visible(ctx, params.disputeId, 'dispute:read');
        const found = await disputeDocument(ctx.db, params.disputeId, params.documentId);
        if (found === null) throw disputeError('dispute.unknown');
        return { body: found.content, filename: found.fileName };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/disputes/:disputeId/decisions',
      summary: { ru: 'Решить разногласие вторым врачом', en: 'Decide a dispute as the second doctor' },
      description:
        'uphold | overturn | partly (acceptedKopecks: what is paid in the end), each with a note to the clinic.',
      permission: 'dispute:decide',
      params: byDispute,
      body: z.object({
        decisions: z
          .array(
            z.object({
              lineNo: int32(),
              outcome: z.enum(['uphold', 'overturn', 'partly']),
              acceptedKopecks: kopecks().optional(),
              note: text(4000),
            }),
          )
          .min(1)
          .max(500),
      }),
      response: json(disputeDetail),
      transaction: 'own',
      audit: {
        kind: 'decision',
        subject: ({ params, body }, dispute) => ({
          type: 'dispute',
          ids: [params.disputeId],
          facts: {
            lines: body.decisions.length,
            overturned: body.decisions.filter(({ outcome }) => outcome !== 'uphold').length,
            returnedKopecks: dispute.returnedKopecks,
          },
        }),
      },
      handler: async (ctx, { params, body }) => {
        const dispute = await visible(ctx, params.disputeId, 'dispute:decide');
        const { principal } = ctx;
        const queues = deps.queues ?? DEFAULT_QUEUES;
        const key = `${principal.id}/${ctx.idempotencyKey ?? ctx.requestId}`;
        const requestId = createHash('sha256').update(key).digest('hex').slice(0, 40);
        const author = { userId: principal.id, fullName: principal.fullName, role: principal.role };
        const start = new WithStartWorkflowOperation('disputeCase', {
          workflowId: disputeWorkflowId(dispute.id),
          taskQueue: queues.flow,
          args: [{ disputeId: dispute.id, ...(deps.queues ? { queues } : {}) }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        await requireTemporal(deps)
          .workflow.executeUpdateWithStart(decideDisputeUpdate, {
            args: [{ requestId, author, decisions: body.decisions }],
            updateId: requestId,
            startWorkflowOperation: start,
          })
          .catch((error: unknown) => {
            throw appErrorOf(error);
          });
        return detail(ctx, await visible(ctx, params.disputeId, 'dispute:decide'));
      },
    }),
  ];
}

/** Files a dispute in the request's transaction; the relay starts its workflow. */
async function fileDispute(
  ctx: RouteContext,
  actId: string,
  lines: readonly { readonly lineNo: number; readonly claim: string }[],
  at: string,
): Promise<string> {
  const act = await actToDispute(ctx.db, actId, scopeOf(ctx.principal, 'dispute:open'));
  if (act === null) throw disputeError('dispute.unknown');
  if (!act.current) throw disputeError('dispute.superseded');
  const filing = startDeadline(act.issuedAt, TERM);
  if (isBroken(filing, at)) throw disputeError('dispute.too-late', { deadline: filing.dueAt! });
  const numbers = lines.map(({ lineNo }) => lineNo);
  if (new Set(numbers).size !== numbers.length) throw disputeError('dispute.twice');
  const cut = new Map((await cutLines(ctx.db, act.versionId, numbers)).map((line) => [line.lineNo, line]));
  const disputed = lines.map(({ lineNo, claim }) => {
    const line = cut.get(lineNo);
    if (line === undefined) throw disputeError('dispute.no-cut', { lineNo });
    if (line.disputed) throw disputeError('dispute.again', { lineNo });
    return { ...line, claim };
  });
  const id = randomUUID();
  const clock = startDeadline(at, TERM);
  await insertDispute(ctx.db, {
    id,
    act,
    filedBy: ctx.principal.id,
    filingDeadline: filing.dueAt!,
    clock,
    escalateAt: escalationAt(clock, LEAD_DAYS),
    lines: disputed,
  });
  await setLineStates(
    ctx.db,
    disputed.map(({ lineId }) => lineId),
    'disputed',
  );
  await enqueue(ctx.db, [{ topic: 'dispute', key: id, payload: { disputeId: id } }]);
  return id;
}

async function visible(ctx: RouteContext, id: string, action: Action): Promise<DisputeRow> {
  const dispute = await findDispute(ctx.db, id, scopeOf(ctx.principal, action));
  if (dispute === null) throw disputeError('dispute.unknown');
  return dispute;
}

function view({
  id,
  internalVersionId: _v,
  revision: _r,
  escalateAt: _e,
  ...row
}: DisputeRow): z.input<typeof disputeView> {
  return { disputeId: id, ...row };
}

async function detail(ctx: RouteContext, dispute: DisputeRow): Promise<z.input<typeof disputeDetail>> {
  const lines = await disputeLines(ctx.db, dispute.id);
  return {
    ...view(dispute),
    lines: lines.map(
      ({
        lineId: _l,
        verdictId: _v,
        firstDoctors: _f,
        requestId: _q,
        amountKopecks,
        patientShareKopecks: _p,
        ...line
      }) => ({
        ...line,
        billedKopecks: amountKopecks,
      }),
    ),
    documents: await disputeDocuments(ctx.db, dispute.id),
  };
}

import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import type { Action } from '../../models/access/policy';
import { SCHEMES } from '../../models/fraud/types';
import type { CaseAct } from '../../models/investigation/acts';
import { insertCases, listCases, readCase, readReport } from '../../prisma/repositories/fraud-cases';
import { listSignals } from '../../prisma/repositories/fraud-signals';
import { findUnit } from '../../prisma/repositories/fraud-units';
import { fraudScoringWorkflowId } from '../../workflows/fraud-messages';
import { DEFAULT_QUEUES } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import {
  confirmBody,
  finishTaskBody,
  holdBody,
  letterBody,
  proposeBody,
  reasonBody,
  taskBody,
  textBody,
} from '../fraud/act.schema';
import { sendCaseAct } from '../fraud/call';
import { caseDetail, caseRow, clockView, signalView } from '../fraud/views';
import type { RouteContext } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { conflict, notFound } from '../http/errors';
import { code, page, paging, text, uuid } from '../http/fields';
import { defineRoute, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const params = z.object({ caseId: uuid() });

/** Alerts and investigations. Who is suspected never sees them; every look at the evidence is audited. */
export function fraudCaseRoutes(deps: ApiDeps): RouteDefinition[] {
  return [...readRoutes(deps), ...openRoutes(deps), ...actRoutes(deps)];
}

function readRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/fraud-signals',
      summary: { ru: 'Сигналы последней оценки', en: 'Signals of the last scoring' },
      permission: 'fraud:read',
      query: z.object({ ...paging() }),
      response: json(page(signalView)),
      audit: {
        kind: 'read',
        subject: (_input, output) => ({ type: 'fraud-signal', ids: output.items.map((one) => one.signalId) }),
      },
      handler: async (ctx, { query }) => {
        const after = decodeCursor(query.cursor, z.tuple([z.number()]))?.[0] ?? 0;
        const rows = await listSignals(ctx.db, after, query.limit + 1);
        return toPage(rows as z.input<typeof signalView>[], query.limit, (last) => [last.rank]);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/fraud-cases',
      summary: { ru: 'Дела', en: 'Cases' },
      permission: 'fraud:read',
      query: z.object({ ...paging(), state: z.enum(['open', 'proposed', 'closed']).optional() }),
      response: json(page(caseRow)),
      handler: async (ctx, { query }) => {
        const rows = await listCases(ctx.db, {
          filter: scopeOf(ctx.principal, 'fraud:read'),
          state: query.state ?? null,
          after: decodeCursor(query.cursor, z.tuple([z.string(), uuid()])),
          limit: query.limit + 1,
        });
        return toPage(rows, query.limit, (last) => [last.openedAt, last.caseId]);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/fraud-cases/:caseId',
      summary: { ru: 'Дело с доказательствами', en: 'A case with its evidence' },
      permission: 'fraud:read',
      params,
      response: json(caseDetail),
      etag: 'read',
      audit: { kind: 'read', subject: (input) => ({ type: 'fraud-case', ids: [input.params.caseId] }) },
      handler: async (ctx, input) => {
        const found = await visible(ctx, input.params.caseId, 'fraud:read');
        ctx.etag(found.revision);
        return found as unknown as z.input<typeof caseDetail>;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/fraud-cases/:caseId/report',
      summary: { ru: 'Заключение (PDF)', en: 'Closing report (PDF)' },
      permission: 'fraud:read',
      params,
      response: file('application/pdf'),
      audit: { kind: 'read', subject: (input) => ({ type: 'fraud-case', ids: [input.params.caseId] }) },
      handler: async (ctx, input) => {
        const found = await visible(ctx, input.params.caseId, 'fraud:read');
        const pdf = await readReport(ctx.db, found.caseId);
        if (pdf === null) throw notFound('fraud-case-report');
        return { body: pdf, filename: `${found.number}.pdf` };
      },
    }),
  ];
}

function openRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/fraud-scorings',
      summary: { ru: 'Оценить сейчас', en: 'Score now' },
      permission: 'fraud:manage',
      body: z.object({ capacity: z.int().min(0).max(1000).optional() }),
      response: json(z.object({ workflowId: z.string() }), 202),
      transaction: 'own',
      handler: async (ctx, { body }) => {
        const workflowId = fraudScoringWorkflowId(ctx.idempotencyKey ?? ctx.requestId);
        const { flow, review } = deps.queues ?? DEFAULT_QUEUES;
        await requireTemporal(deps).workflow.start('fraudScoring', {
          workflowId,
          taskQueue: flow,
          args: [{ ...body, scoringQueue: review }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return { workflowId };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/fraud-cases',
      summary: { ru: 'Открыть дело', en: 'Open a case by hand' },
      permission: 'fraud:manage',
      body: z.object({
        clinicCode: code(),
        doctorCode: code().optional(),
        scheme: z.enum(SCHEMES),
        reason: text(2000),
      }),
      response: json(z.object({ caseId: uuid() }), 201),
      audit: { kind: 'decision', subject: (_input, output) => ({ type: 'fraud-case', ids: [output.caseId] }) },
      handler: async (ctx, { body }) => {
        const unit = await findUnit(ctx.db, body.clinicCode, body.doctorCode ?? null);
        if (unit === null) throw notFound('unit');
        const { scheme, reason } = body;
        const made = await insertCases(ctx.db, [
          { ...unit, scheme, reason, signalId: null, openedById: ctx.principal.id },
        ]);
        if (made[0] !== undefined) return { caseId: made[0] };
        throw conflict('fraud-case.open-already', 'По ним уже идёт дело', 'A case on them is open already');
      },
    }),
  ];
}

/** One act by name: schema, right, and how it becomes an act. */
interface ActSpec<B extends z.ZodType> {
  readonly path: string;
  readonly summary: { readonly ru: string; readonly en: string };
  readonly permission: Action;
  readonly body: B;
  readonly act: (body: z.output<B>, by: Extract<CaseAct, { by: unknown }>['by']) => CaseAct;
}

function actRoutes(deps: ApiDeps): RouteDefinition[] {
  const act = <B extends z.ZodType>(spec: ActSpec<B>): RouteDefinition =>
    defineRoute({
      method: 'post',
      path: `/v1/fraud-cases/:caseId/${spec.path}`,
      summary: spec.summary,
      permission: spec.permission,
      params,
      body: spec.body,
      response: json(clockView),
      transaction: 'own',
      audit: {
        kind: 'decision',
        subject: (input) => ({ type: 'fraud-case', ids: [input.params.caseId], facts: { act: spec.path } }),
      },
      handler: async (ctx, input) => {
        const found = await visible(ctx, input.params.caseId, spec.permission);
        if (found.state === 'closed') throw conflict('fraud-case.closed', 'Дело закрыто', 'The case is closed');
        const { id, fullName, role } = ctx.principal;
        // The route's schema produced the body: the generic wrapper erases its type.
        const made = spec.act(input.body as z.output<B>, { id, name: fullName, role });
        return sendCaseAct(deps, found.caseId, made, `${spec.path}:${ctx.idempotencyKey ?? ctx.requestId}`);
      },
    });
  return [
    act({
      path: 'holds',
      summary: { ru: 'Удержать оплату строк', en: 'Hold payment of lines' },
      permission: 'fraud:manage',
      body: holdBody,
      act: ({ lineIds }, by) => ({ kind: 'hold', by, lineIds }),
    }),
    act({
      path: 'hold-releases',
      summary: { ru: 'Снять удержание', en: 'Release the hold' },
      permission: 'fraud:manage',
      body: reasonBody,
      act: ({ reason }, by) => ({ kind: 'release-hold', by, reason }),
    }),
    act({
      path: 'tasks',
      summary: { ru: 'Дать поручение', en: 'Add a task' },
      permission: 'fraud:manage',
      body: taskBody,
      act: (body, by) => ({ kind: 'add-task', by, text: body.text }),
    }),
    act({
      path: 'task-results',
      summary: { ru: 'Выполнить поручение', en: 'Finish a task' },
      permission: 'fraud:manage',
      body: finishTaskBody,
      act: ({ taskId, result }, by) => ({ kind: 'finish-task', by, taskId, result }),
    }),
    act({
      path: 'letters',
      summary: { ru: 'Написать клинике', en: 'Write to the clinic' },
      permission: 'fraud:manage',
      body: letterBody,
      act: ({ subject, text: words }, by) => ({ kind: 'write-letter', by, subject, text: words }),
    }),
    act({
      path: 'letter-answers',
      summary: { ru: 'Записать ответ клиники', en: "Record the clinic's answer" },
      permission: 'fraud:manage',
      body: textBody,
      act: ({ letterId, text: words }, by) => ({ kind: 'clinic-answer', by, letterId, text: words }),
    }),
    act({
      path: 'notes',
      summary: { ru: 'Заметка', en: 'Note' },
      permission: 'fraud:manage',
      body: taskBody,
      act: (body, by) => ({ kind: 'note', by, text: body.text }),
    }),
    act({
      path: 'proposals',
      summary: { ru: 'Предложить исход', en: 'Propose the outcome' },
      permission: 'fraud:close',
      body: proposeBody,
      act: (body, by) => ({ kind: 'propose', by, ...body }),
    }),
    act({
      path: 'returns',
      summary: { ru: 'Вернуть исход на доработку', en: 'Return the proposal' },
      permission: 'fraud:close',
      body: reasonBody,
      act: ({ reason }, by) => ({ kind: 'return', by, reason }),
    }),
    act({
      path: 'confirmations',
      summary: { ru: 'Подтвердить исход', en: 'Confirm the outcome' },
      permission: 'fraud:close',
      body: confirmBody,
      act: (_body, by) => ({ kind: 'confirm', by }),
    }),
  ];
}

async function visible(ctx: RouteContext, caseId: string, action: Action) {
  const found = await readCase(ctx.db, caseId, scopeOf(ctx.principal, action));
  if (found === null) throw notFound('fraud-case');
  return found;
}

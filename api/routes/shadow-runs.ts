import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { enqueue } from '../../prisma/repositories/outbox';
import { findRuleVersion, ruleVersionData } from '../../prisma/repositories/rule-versions';
import { findShadowRun, insertShadowRun, listShadowLines, listShadowRuns } from '../../prisma/repositories/shadow-runs';
import type { ShadowRunRow } from '../../prisma/repositories/shadow-runs';
import {
  cancelShadowUpdate,
  pauseShadowUpdate,
  resumeShadowUpdate,
  shadowProgressQuery,
  shadowWorkflowId,
} from '../../workflows/library-messages';
import type { ShadowProgress } from '../../workflows/library-messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import type { RouteContext } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { notFound } from '../http/errors';
import { int32, page, paging, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const kind = z.enum(['guideline_pack', 'decision_table']);
const kopecks = z.int();
const agreement = z.object({
  flaggedCut: int32(),
  flaggedAccepted: int32(),
  cleanCut: int32(),
  cleanAccepted: int32(),
});
const sums = z.object({
  lines: int32(),
  linesChanged: int32(),
  findingsAdded: int32(),
  findingsRemoved: int32(),
  riskBeforeKopecks: kopecks,
  riskAfterKopecks: kopecks,
  codes: z.array(
    z.object({
      code: z.string(),
      added: int32(),
      removed: int32(),
      addedKopecks: kopecks,
      removedKopecks: kopecks,
      addedOnCut: int32(),
      addedOnAccepted: int32(),
      removedOnCut: int32(),
      removedOnAccepted: int32(),
    }),
  ),
  clinics: z.array(
    z.object({ clinic: z.string(), lines: int32(), added: int32(), removed: int32(), riskKopecks: kopecks }),
  ),
  agreementBefore: agreement,
  agreementAfter: agreement,
  rules: z.array(z.object({ rule: z.string(), ms: z.number(), lines: int32() })),
});
const progress = z.object({ phase: z.string(), paused: z.boolean(), chunksDone: int32(), chunksTotal: int32() });
const runView = z.object({
  runId: uuid(),
  kind,
  candidateId: uuid(),
  candidateName: z.string(),
  candidateVersion: z.string(),
  candidateSha256: z.string(),
  baselineRuleSet: z.string().nullable(),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
  months: int32(),
  fromDay: z.string().nullable(),
  toDay: z.string().nullable(),
  personCount: int32(),
  startedBy: uuid().nullable(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
});
const byRun = z.object({ runId: uuid() });

/** Shadow runs: a rule change as a pull request. */
export function shadowRunRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/shadow-runs',
      summary: { ru: 'Пробный прогон версии за последние месяцы', en: 'Run a version over the last months' },
      permission: 'shadow-run:start',
      body: z.object({ kind, candidateId: uuid(), months: z.int().min(1).max(60) }),
      response: json(runView, 202),
      audit: {
        kind: 'change',
        subject: ({ body }, run) => ({ type: 'shadow_run', ids: [run.runId], facts: { months: body.months } }),
      },
      handler: async (ctx, { body }) => {
        const candidate = await findRuleVersion(ctx.db, body.kind, body.candidateId);
        if (candidate === null) throw notFound(body.kind);
        const id = randomUUID();
        await insertShadowRun(ctx.db, {
          id,
          kind: body.kind,
          candidateId: candidate.id,
          name: candidate.name,
          version: candidate.version,
          sha256: candidate.sha256,
          data: await ruleVersionData(ctx.db, body.kind, candidate.id),
          months: body.months,
          startedBy: ctx.principal.id,
        });
        await enqueue(ctx.db, [{ topic: 'shadow-run', key: id, payload: { runId: id } }]);
        return view((await findShadowRun(ctx.db, id))!);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/shadow-runs',
      summary: { ru: 'Пробные прогоны', en: 'Shadow runs' },
      permission: 'shadow-run:read',
      query: z.object({ ...paging(), candidateId: uuid().optional() }),
      response: json(page(runView)),
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, z.tuple([z.string(), uuid()]));
        const after = last === null ? null : { createdAt: last[0], id: last[1] };
        const rows = await listShadowRuns(ctx.db, {
          candidateId: query.candidateId ?? null,
          after,
          limit: query.limit + 1,
        });
        const { items, next } = toPage(rows, query.limit, (row) => [row.createdAt, row.id]);
        return { items: items.map(view), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/shadow-runs/:runId',
      summary: { ru: 'Пробный прогон с ходом и итогом', en: 'A shadow run with progress and result' },
      permission: 'shadow-run:read',
      params: byRun,
      response: json(runView.extend({ progress: progress.nullable(), result: sums.nullable() })),
      handler: async (ctx, { params }) => {
        const run = await knownRun(ctx, params.runId);
        const live = run.state === 'waiting' || run.state === 'running';
        return { ...view(run), progress: live ? await progressOf(deps, run.id) : null, result: resultOf(run) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/shadow-runs/:runId/lines',
      summary: { ru: 'Строки, которые изменит версия', en: 'Lines that the version would change' },
      permission: 'shadow-run:read',
      params: byRun,
      query: z.object({ ...paging(500) }),
      response: json(
        page(
          z.object({
            lineId: z.int(),
            clinicCode: z.string(),
            invoiceNo: z.string(),
            lineNo: z.int(),
            serviceDate: z.string(),
            codesAdded: z.array(z.string()),
            codesRemoved: z.array(z.string()),
            riskBeforeKopecks: kopecks,
            riskAfterKopecks: kopecks,
            doctorKind: z.string().nullable(),
            state: z.string(),
          }),
        ),
      ),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'shadow_run', ids: [params.runId] }) },
      handler: async (ctx, { params, query }) => {
        const run = await knownRun(ctx, params.runId);
        const after = decodeCursor(query.cursor, z.tuple([z.number()]))?.[0] ?? 0;
        const rows = await listShadowLines(ctx.db, run.id, { after, limit: query.limit + 1 });
        return toPage(rows, query.limit, (row) => [row.lineId]);
      },
    }),
    ...(['pause', 'resume', 'cancel'] as const).map((name) =>
      defineRoute({
        method: 'post',
        path: `/v1/shadow-runs/:runId/${name}`,
        summary: COMMANDS[name].summary,
        permission: 'shadow-run:start',
        params: byRun,
        response: json(progress),
        transaction: 'own',
        handler: async (ctx, { params }) => {
          const run = await knownRun(ctx, params.runId);
          const handle = requireTemporal(deps).workflow.getHandle(shadowWorkflowId(run.id));
          return { ...(await handle.executeUpdate(COMMANDS[name].update)) };
        },
      }),
    ),
  ];
}

const COMMANDS = {
  pause: { update: pauseShadowUpdate, summary: { ru: 'Приостановить прогон', en: 'Pause a shadow run' } },
  resume: { update: resumeShadowUpdate, summary: { ru: 'Продолжить прогон', en: 'Resume a shadow run' } },
  cancel: { update: cancelShadowUpdate, summary: { ru: 'Прекратить прогон', en: 'Cancel a shadow run' } },
} as const;

async function knownRun(ctx: RouteContext, id: string): Promise<ShadowRunRow> {
  const run = await findShadowRun(ctx.db, id);
  if (run === null) throw notFound('shadow_run');
  return run;
}

/** Null while the relay has not started the workflow yet. */
async function progressOf(deps: ApiDeps, runId: string): Promise<ShadowProgress | null> {
  return requireTemporal(deps)
    .workflow.getHandle(shadowWorkflowId(runId))
    .query(shadowProgressQuery)
    .catch(() => null);
}

function view(run: ShadowRunRow): z.input<typeof runView> {
  const { id, versionWatermark: _w, doctorDayCount: _d, result: _r, errorCode: _e, ...rest } = run;
  return { runId: id, ...rest };
}

/** A copy with mutable lists, as the answer's schema wants it. */
function resultOf({ result }: ShadowRunRow): z.input<typeof sums> | null {
  return result === null ? null : (structuredClone(result) as z.input<typeof sums>);
}

import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { isNamedDoctor } from '../../models/access/roles';
import { qualityByDoctor, qualityByRule } from '../../models/library/quality';
import { isReason } from '../../models/review-case/reasons';
import { problem, problemError } from '../../models/review-case/problems';
import { estimateErrorRate } from '../../models/sampling/estimate';
import { listLanes } from '../../prisma/repositories/lanes';
import { disputeOutcomes, verdictsByDoctor, verdictsByRule } from '../../prisma/repositories/quality';
import { checkedSamples, checkSample, listSamples, lockSample } from '../../prisma/repositories/samples';
import { changeTask, lockTask } from '../../prisma/repositories/task-commands';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { conflict, forbidden, notFound, unfit } from '../http/errors';
import { bigIdParam, code, int32, isoDate, kopecks, page, paging, text, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const share = z.number();
const money = z.int();
const qualityRow = z.object({
  id: z.string(),
  verdicts: int32(),
  disputed: int32(),
  overturned: int32(),
  overturnRate: share,
  low: share,
  high: share,
  overturnedOfAll: share,
  overturnedKopecks: money,
  alarming: z.boolean(),
});
const since = z.object({ since: isoDate().default('2000-01-01') });
const sampleView = z.object({
  lineId: z.int(),
  taskId: uuid(),
  clinicCode: z.string(),
  invoiceNo: z.string(),
  versionId: uuid(),
  lineNo: int32(),
  reason: z.enum(['random', 'risk']),
  probability: share,
  shareKopecks: money,
  state: z.enum(['open', 'checked']),
  outcome: z.enum(['right', 'wrong']).nullable(),
  overpaidKopecks: money,
  checkedByName: z.string().nullable(),
});

/** The quality page: how often verdicts fall, what auto-acceptance lets through, which clinics are trusted. */
export function qualityRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/quality/rules',
      summary: { ru: 'Доля отменённых решений по правилам', en: 'Overturn rate by rule' },
      permission: 'quality:read',
      query: since,
      response: json(z.object({ items: z.array(qualityRow) })),
      handler: async (ctx, { query }) => ({
        items: qualityByRule(await disputeOutcomes(ctx.db, query.since), await verdictsByRule(ctx.db, query.since)),
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/quality/doctors',
      summary: { ru: 'Доля отменённых решений по врачам', en: 'Overturn rate by doctor' },
      permission: 'quality:read',
      query: since,
      response: json(z.object({ items: z.array(qualityRow.extend({ name: z.string() })) })),
      handler: async (ctx, { query }) => {
        const counts = await verdictsByDoctor(ctx.db, query.since);
        const names = new Map(counts.map(({ id, name }) => [id, name]));
        const rows = qualityByDoctor(await disputeOutcomes(ctx.db, query.since), counts);
        return { items: rows.map((row) => ({ ...row, name: names.get(row.id) ?? '' })) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/quality/auto-accept',
      summary: { ru: 'Доля ошибок автоприёма с интервалом', en: 'Error rate of auto-acceptance with its interval' },
      permission: 'quality:read',
      query: since.extend({ clinic: code().optional() }),
      response: json(
        z.object({
          checked: int32(),
          wrong: int32(),
          waiting: int32(),
          population: int32(),
          rate: share,
          low: share,
          high: share,
          overpaid: money,
          overpaidLow: money,
          overpaidHigh: money,
          method: z.string(),
        }),
      ),
      handler: async (ctx, { query }) => {
        const { lines, population, open } = await checkedSamples(ctx.db, {
          since: query.since,
          clinic: query.clinic ?? null,
        });
        return { ...estimateErrorRate(lines, population), waiting: open };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/quality/lanes',
      summary: { ru: 'Быстрая полоса клиник', en: 'Trusted lanes of clinics' },
      permission: 'quality:read',
      response: json(
        z.object({
          items: z.array(
            z.object({
              clinicCode: z.string(),
              clinicName: z.string(),
              state: z.enum(['ordinary', 'fast', 'suspended']),
              since: z.string(),
              quarantineUntil: z.string().nullable(),
              reason: z.string(),
              facts: z.record(z.string(), z.unknown()),
              steppedOn: z.string(),
            }),
          ),
        }),
      ),
      handler: async (ctx) => ({
        items: (await listLanes(ctx.db)).map(({ clinicId: _id, facts, ...row }) => ({ ...row, facts: { ...facts } })),
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/quality/samples',
      summary: { ru: 'Выборка автоматически принятых строк', en: 'Sampled lines of auto-acceptance' },
      permission: 'task:read',
      query: z.object({ ...paging(), state: z.enum(['open', 'checked']).optional() }),
      response: json(page(sampleView)),
      handler: async (ctx, { query }) => {
        const after = decodeCursor(query.cursor, z.tuple([z.number()]))?.[0] ?? 0;
        const filter = scopeOf(ctx.principal, 'task:read');
        const rows = await listSamples(ctx.db, { filter, state: query.state ?? null, after, limit: query.limit + 1 });
        const { items, next } = toPage(rows, query.limit, (row) => [row.lineId]);
        return { items: items.map((row) => ({ ...row, reason: row.reason as 'random' | 'risk' })), next };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/quality/samples/:lineId/check',
      summary: { ru: 'Отметить, верно ли принята строка', en: 'Say whether a line was rightly accepted' },
      description:
        'right, or wrong with what should have been paid and why. It measures; a lead expert reverses a verdict.',
      permission: 'task:decide',
      params: z.object({ lineId: bigIdParam() }),
      body: z.object({
        outcome: z.enum(['right', 'wrong']),
        correctKopecks: kopecks().optional(),
        reasonCode: code(16).optional(),
        note: text(4000).optional(),
      }),
      response: json(z.object({ taskId: uuid(), openLines: int32() })),
      audit: {
        kind: 'decision',
        subject: ({ params, body }) => ({
          type: 'accepted-sample',
          ids: [String(params.lineId)],
          facts: { outcome: body.outcome, reasonCode: body.reasonCode ?? null },
        }),
      },
      handler: async (ctx, { params, body }) => {
        const { principal } = ctx;
        if (!isNamedDoctor(principal))
          throw forbidden('sample.no-doctor', 'Проверяет врач', 'A doctor checks a sample');
        const sample = await lockSample(ctx.db, params.lineId, scopeOf(principal, 'task:decide'));
        if (sample === null) throw notFound('sample');
        if (sample.state !== 'open')
          throw conflict('sample.checked', 'Строка уже проверена', 'The line is already checked');
        const overpaidKopecks = overpaidOf(body, sample.shareKopecks);
        const task = (await lockTask(ctx.db, sample.taskId))!;
        if (task.leased && task.holderId !== principal.id) throw problemError(problem('task.held'));
        if (task.state === 'cancelled') throw problemError(problem('task.closed'));
        const openLines = await checkSample(ctx.db, {
          lineId: sample.lineId,
          taskId: sample.taskId,
          outcome: body.outcome,
          overpaidKopecks,
          reasonCode: body.reasonCode ?? null,
          note: body.note ?? null,
          doctor: { id: principal.id, name: principal.fullName! },
        });
        if (openLines === 0) await changeTask(ctx.db, sample.taskId, { state: 'decided' });
        return { taskId: sample.taskId, openLines };
      },
    }),
  ];
}

/** What was paid too much; a wrong line needs its right amount and a reason of the catalogue. */
function overpaidOf(
  body: {
    readonly outcome: 'right' | 'wrong';
    readonly correctKopecks?: number | undefined;
    readonly reasonCode?: string | undefined;
  },
  shareKopecks: number,
): number {
  if (body.outcome === 'right') return 0;
  if (body.correctKopecks === undefined || body.correctKopecks >= shareKopecks) {
    throw unfit(
      'body.correctKopecks',
      'max-value',
      'Верная сумма меньше принятой',
      'The right amount is below the accepted one',
    );
  }
  if (body.reasonCode === undefined || !isReason(body.reasonCode)) {
    throw unfit('body.reasonCode', 'allowed-values', 'Нужен код причины', 'A reason code is needed');
  }
  return shareKopecks - body.correctKopecks;
}

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isFault } from '../../models/quotes/batch-rows';
import { toKopecks } from '../../models/quotes/kopecks';
import type { RowFault } from '../../models/quotes/batch-rows';
import { gateLimitsSchema, refuseLooserLimits, standingLimits } from '../../models/underwriting/gate-limits';
import {
  findFactorSource,
  listFactorSources,
  loadsOfTraining,
  putFactorSource,
} from '../../prisma/repositories/factor-sources';
import { findTraining, listTrainings } from '../../prisma/repositories/model-trainings';
import type { TrainingRow } from '../../prisma/repositories/model-trainings';
import { putPortfolioRows } from '../../prisma/repositories/portfolio';
import { findModel, listModels, rollBack } from '../../prisma/repositories/risk-models';
import type { RiskModelRow } from '../../prisma/repositories/risk-models';
import { FLOW_QUEUE, ML_QUEUE } from '../../workflows/messages';
import {
  approveReleaseUpdate,
  declineReleaseUpdate,
  RETRAINING_SCHEDULE_ID,
  retrainingSchedule,
  retrainingWorkflowId,
} from '../../workflows/model-retraining-messages';
import type { ReleaseVote, RetrainingSettings, RetrainingView } from '../../workflows/model-retraining-messages';
import { requireTemporal } from '../deps';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { conflict, notFound } from '../http/errors';
import { code, page, paging, text, uuid } from '../http/fields';
import { defineRoute, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { appErrorOf } from '../http/workflow-commands';
import { csvRows } from '../quotes/csv-rows';
import { productFactors } from './quotes';

const ROOT = '/v1/underwriting';
const anything = z.unknown();
const modelFields = {
  version: z.string(),
  state: z.enum(['candidate', 'refused', 'released', 'withdrawn']),
  champion: z.boolean(),
  trainingId: uuid().nullable(),
  gatePassed: z.boolean(),
  gate: anything,
  proposedBy: z.string().nullable(),
  releasedBy: z.string().nullable(),
  releasedAt: z.string().nullable(),
  createdAt: z.string(),
};
const modelDetail = z.object({
  ...modelFields,
  card: z.string(),
  report: anything,
  files: z.array(z.object({ name: z.string(), sha256: z.string(), bytes: z.int() })),
});
const trainingView = z.object({
  trainingId: uuid(),
  businessKey: z.string(),
  state: z.string(),
  stage: z.string(),
  requestedBy: z.string().nullable(),
  settings: anything,
  progress: anything,
  checks: anything,
  dataSha256: z.string().nullable(),
  rows: z.int().nullable(),
  version: z.string().nullable(),
  errorCode: z.string().nullable(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
});
const releaseView = z.object({
  trainingId: uuid().nullable(),
  state: z.string(),
  stage: z.string(),
  version: z.string().nullable(),
  proposedBy: z.string().nullable(),
  confirmedBy: z.string().nullable(),
});
const settingsInput = z.object({
  period: z.int().min(2000).max(2100).nullable().optional(),
  effort: z.enum(['full', 'quick']).optional(),
  seed: z.int().min(0).max(1_000_000).optional(),
  /** Stricter than those that stand; a wider gate is refused. */
  limits: gateLimitsSchema.optional(),
  refreshFromInvoices: z.boolean().optional(),
  /** The model that ships, through the gate instead of a training. */
  shipped: z.boolean().optional(),
  waitDays: z.int().min(1).max(365).optional(),
});
const sourceFields = {
  kind: z.enum(['file-drop', 'http']),
  place: text(500),
  subject: z.enum(['clinic', 'contract', 'region', 'pair', 'market']),
  columns: z.record(z.string().min(1).max(64), code()),
  enabled: z.boolean().default(true),
};

/** Registry of risk models, retraining with its release by four eyes, the portfolio and the sources of factors. */
export function riskModelRoutes(deps: ApiDeps): RouteDefinition[] {
  const factors = productFactors();
  const standing = standingLimits(deps.config.GATE_LIMITS);
  const queues = { flow: deps.queues?.flow ?? FLOW_QUEUE, ml: deps.mlQueue ?? ML_QUEUE };
  const vote = async (
    update: typeof approveReleaseUpdate,
    trainingId: string,
    found: ReleaseVote,
  ): Promise<RetrainingView> => {
    const training = await findTraining(deps.pool, trainingId);
    if (training === null) throw notFound('training');
    const handle = requireTemporal(deps).workflow.getHandle(retrainingWorkflowId(training.businessKey));
    try {
      return await handle.executeUpdate(update, { args: [found], updateId: found.requestId });
    } catch (error) {
      if (error instanceof Error && error.name === 'WorkflowNotFoundError') throw notWaiting(training.state);
      throw appErrorOf(error);
    }
  };
  return [
    defineRoute({
      method: 'get',
      path: `${ROOT}/models`,
      summary: { ru: 'Модели риска', en: 'Risk models' },
      permission: 'model:read',
      query: z.object({ ...paging() }),
      response: json(page(z.object(modelFields))),
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, z.tuple([z.string(), uuid()]));
        const after = last === null ? null : { createdAt: last[0], id: last[1] };
        const rows = await listModels(ctx.db, { after, limit: query.limit + 1 });
        const { items, next } = toPage(rows, query.limit, (row) => [row.createdAt, row.id]);
        return { items: items.map(modelView), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${ROOT}/models/:version`,
      summary: { ru: 'Модель: карточка, показатели, файлы', en: 'A model: card, figures, files' },
      permission: 'model:read',
      params: z.object({ version: code() }),
      response: json(modelDetail),
      handler: async (ctx, { params }) => {
        const found = await findModel(ctx.db, params.version);
        if (found === null) throw notFound('risk-model');
        return { ...modelView(found), card: found.card, report: found.report, files: [...found.files] };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${ROOT}/models/:version/card`,
      summary: { ru: 'Карточка модели', en: 'Model card' },
      permission: 'model:read',
      params: z.object({ version: code() }),
      response: file('text/markdown'),
      handler: async (ctx, { params }) => {
        const found = await findModel(ctx.db, params.version);
        if (found === null) throw notFound('risk-model');
        return { body: found.card, contentType: 'text/markdown; charset=utf-8' };
      },
    }),
    defineRoute({
      method: 'post',
      path: `${ROOT}/models/roll-back`,
      summary: { ru: 'Вернуть прежнюю модель', en: 'Roll back to the model before' },
      description: 'One step, one person: the model that comes back had been released by two.',
      permission: 'model:release',
      body: z.object({ reason: text(2_000) }),
      response: json(z.object({ from: z.string(), to: z.string() })),
      audit: {
        kind: 'decision',
        subject: (_input, { from, to }) => ({ type: 'risk-model', ids: [to], facts: { from, to } }),
      },
      handler: async (ctx, { body }) => {
        const moved = await rollBack(ctx.db, ctx.principal.id, body.reason);
        if (moved === null)
          throw conflict('no-earlier-model', 'Прежней выпущенной модели нет', 'There is no earlier released model');
        return moved;
      },
    }),
    defineRoute({
      method: 'post',
      path: `${ROOT}/trainings`,
      summary: { ru: 'Начать переобучение', en: 'Start a retraining' },
      permission: 'model:train',
      body: settingsInput,
      response: json(z.object({ businessKey: z.string() }), 202),
      transaction: 'own',
      audit: { kind: 'change', subject: (_input, output) => ({ type: 'training', ids: [output.businessKey] }) },
      handler: async (ctx, { body }) => {
        refuseLooserLimits(body.limits ?? {}, standing, 'body.limits');
        const businessKey = `manual/${ctx.idempotencyKey ?? randomUUID()}`;
        await requireTemporal(deps).workflow.start('modelRetraining', {
          workflowId: retrainingWorkflowId(businessKey),
          taskQueue: queues.flow,
          args: [{ settings: body as Partial<RetrainingSettings>, requestedBy: ctx.principal.id, queues }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return { businessKey };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${ROOT}/trainings`,
      summary: { ru: 'Переобучения', en: 'Retrainings' },
      permission: 'model:read',
      query: z.object({ ...paging() }),
      response: json(page(trainingView)),
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, z.tuple([z.string(), uuid()]));
        const after = last === null ? null : { startedAt: last[0], id: last[1] };
        const rows = await listTrainings(ctx.db, { after, limit: query.limit + 1 });
        const { items, next } = toPage(rows, query.limit, (row) => [row.startedAt, row.id]);
        return { items: items.map(trainingOf), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${ROOT}/trainings/:trainingId`,
      summary: { ru: 'Переобучение и чтение источников', en: 'A retraining and how its sources were read' },
      permission: 'model:read',
      params: z.object({ trainingId: uuid() }),
      response: json(trainingView.extend({ loads: z.array(anything) })),
      handler: async (ctx, { params }) => {
        const found = await findTraining(ctx.db, params.trainingId);
        if (found === null) throw notFound('training');
        return { ...trainingOf(found), loads: await loadsOfTraining(ctx.db, found.id) };
      },
    }),
    ...(['approve', 'decline'] as const).map((kind) =>
      defineRoute({
        method: 'post',
        path: `${ROOT}/trainings/:trainingId/${kind}`,
        summary:
          kind === 'approve'
            ? { ru: 'Согласовать выпуск модели (нужны двое)', en: 'Approve the release of the model (two people)' }
            : { ru: 'Отклонить выпуск модели', en: 'Decline the release of the model' },
        permission: 'model:release',
        params: z.object({ trainingId: uuid() }),
        body: z.object({ reason: text(2_000) }),
        response: json(releaseView),
        transaction: 'own',
        audit: {
          kind: 'decision',
          subject: ({ params }, output) => ({
            type: 'training',
            ids: [params.trainingId],
            facts: { kind, version: output.version },
          }),
        },
        handler: (ctx, { params, body }) =>
          vote(kind === 'approve' ? approveReleaseUpdate : declineReleaseUpdate, params.trainingId, {
            requestId: ctx.idempotencyKey ?? ctx.requestId,
            by: ctx.principal.id,
            reason: body.reason,
          }),
      }),
    ),
    defineRoute({
      method: 'put',
      path: `${ROOT}/retraining-schedule`,
      summary: { ru: 'Расписание переобучения', en: 'Schedule of retraining' },
      permission: 'model:train',
      body: z.object({
        /** Day of the month and hour, Moscow time. */
        dayOfMonth: z.int().min(1).max(28),
        hour: z.int().min(0).max(23),
        paused: z.boolean().default(false),
        settings: settingsInput.default({}),
      }),
      response: json(z.object({ scheduleId: z.string(), paused: z.boolean() })),
      transaction: 'own',
      handler: async (_ctx, { body }) => {
        const { paused, settings, ...calendar } = body;
        refuseLooserLimits(settings.limits ?? {}, standing, 'body.settings.limits');
        const options = retrainingSchedule(calendar, paused, settings as Partial<RetrainingSettings>, queues);
        const client = requireTemporal(deps).schedule;
        try {
          await client.create({ scheduleId: RETRAINING_SCHEDULE_ID, ...options });
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'ScheduleAlreadyRunning') throw error;
          await client.getHandle(RETRAINING_SCHEDULE_ID).update((before) => ({ ...before, ...options }));
        }
        return { scheduleId: RETRAINING_SCHEDULE_ID, paused };
      },
    }),
    defineRoute({
      method: 'post',
      path: `${ROOT}/portfolio`,
      summary: { ru: 'Загрузить портфель для обучения', en: 'Load a portfolio to learn from' },
      description:
        'CSV: contract_no, clinic_code, year, person_years, payout_rub and factors; bad rows are named and left out.',
      permission: 'model:train',
      input: 'raw',
      bodyTypes: ['text/csv'],
      idempotent: false,
      response: json(z.object({ taken: z.int(), rejected: z.int(), problems: z.array(anything) })),
      audit: {
        kind: 'change',
        subject: (_input, output) => ({ type: 'portfolio', ids: [], facts: { taken: output.taken } }),
      },
      handler: async (ctx) => {
        let taken = 0;
        const faults: RowFault[] = [];
        let rejected = 0;
        for await (const piece of csvRows(ctx.raw(), factors, true)) {
          const good = new Map<string, Parameters<typeof putPortfolioRows>[1][number]>();
          for (const row of piece) {
            if (isFault(row)) {
              rejected += 1;
              if (faults.length < 100) faults.push(row);
              continue;
            }
            const { contractNo, clinicCode, year, personYears, payoutRub } = row;
            const filled = Object.entries(row.factors).filter(([, value]) => value !== null);
            const values = Object.fromEntries(filled) as Record<string, number | string>;
            const stored = {
              contractNo,
              clinicCode,
              year,
              personYears,
              payoutKopecks: toKopecks(payoutRub ?? 0),
              factors: values,
            };
            good.set(`${contractNo}\u0000${year}\u0000${clinicCode}`, stored);
          }
          await putPortfolioRows(deps.pool, [...good.values()]);
          taken += good.size;
        }
        return { taken, rejected, problems: faults };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${ROOT}/factor-sources`,
      summary: { ru: 'Источники факторов', en: 'Sources of factors' },
      permission: 'model:read',
      response: json(z.object({ items: z.array(z.object({ code: code(), ...sourceFields })) })),
      handler: async (ctx) => ({
        items: (await listFactorSources(ctx.db)).map((one) => ({ ...one, columns: { ...one.columns } })),
      }),
    }),
    defineRoute({
      method: 'put',
      path: `${ROOT}/factor-sources/:code`,
      summary: { ru: 'Завести или изменить источник факторов', en: 'Create or change a source of factors' },
      description: 'file-drop: `place` is a folder name under the drop folder; http: an address that answers with CSV.',
      permission: 'model:train',
      params: z.object({ code: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/) }),
      body: z
        .object(sourceFields)
        .refine(({ kind, place }) => (kind === 'http' ? /^https?:\/\/\S+$/ : /^[a-z0-9][a-z0-9-]{0,63}$/).test(place), {
          path: ['place'],
          params: {
            rule: 'source-place',
            message: {
              ru: 'Для http нужен адрес, для file-drop — имя папки',
              en: 'http needs an address, file-drop a folder name',
            },
          },
        }),
      response: json(z.object({ code: code(), ...sourceFields })),
      handler: async (ctx, { params, body }) => {
        await putFactorSource(ctx.db, { code: params.code, ...body }, ctx.principal.id);
        const stored = (await findFactorSource(ctx.db, params.code))!;
        return { ...stored, columns: { ...stored.columns } };
      },
    }),
  ];
}

function modelView(row: RiskModelRow) {
  const { version, state, champion, trainingId, gatePassed, gate, proposedBy, releasedBy, releasedAt, createdAt } = row;
  return { version, state, champion, trainingId, gatePassed, gate, proposedBy, releasedBy, releasedAt, createdAt };
}

function trainingOf({ id, ...rest }: TrainingRow) {
  return { trainingId: id, ...rest };
}

function notWaiting(state: string) {
  return conflict(
    'retraining-not-waiting',
    'Переобучение не ждёт решения',
    'The retraining does not wait for a decision',
    { state },
  );
}

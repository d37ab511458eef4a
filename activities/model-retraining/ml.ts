import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { AppError } from '../../models/errors';
import { standingLimits, stricterLimits } from '../../models/underwriting/gate-limits';
import type { RetrainingSettings } from '../../workflows/model-retraining-messages';
import { withTransaction } from '../../prisma/pool';
import { findTraining, noteTraining } from '../../prisma/repositories/model-trainings';
import type { TrainingRow } from '../../prisma/repositories/model-trainings';
import { championVersion, findModel, modelFiles, registerModel } from '../../prisma/repositories/risk-models';
import { withTypedFailures } from '../failures';
import { catalogueOf, trainingCatalogue, trainingFolder } from './deps';
import type { RetrainingDeps } from './deps';
import type { ModelReport } from './judge';
import { fileSha256, writePortfolioFile } from './portfolio-file';
import { runTrainingChild } from './run-child';
import { copyShippedModel, loadShippedPortfolio } from './shipped';

export type RetrainingMlActivities = ReturnType<typeof createRetrainingMlActivities>;

const BEAT_MS = 3_000;
const FILES = ['model.json', 'model.bin'] as const;

/** Steps of a retraining that need a processor: on their own queue, one at a time, the work itself in a child process. */
export function createRetrainingMlActivities(deps: RetrainingDeps) {
  const { pool } = deps;

  const open = async (trainingId: string) => {
    const training = await findTraining(pool, trainingId);
    if (training === null) throw missing(trainingId);
    const { period, ...settings } = training.settings as RetrainingSettings;
    const checks = training.checks as { years?: number[] } | null;
    return {
      training,
      settings,
      period: period ?? checks?.years?.at(-1) ?? 0,
      folder: trainingFolder(deps, trainingId),
    };
  };

  /** Another worker, or a disk that was lost: the file is made again and has to be the same. */
  const needData = async (training: TrainingRow, path: string): Promise<void> => {
    if ((await fileSha256(path)) === training.dataSha256) return;
    const { sha256 } = await writePortfolioFile(pool, await trainingCatalogue(deps), path, () => heartbeat());
    if (sha256 !== training.dataSha256) throw changed(training.id);
  };

  return withTypedFailures({
    /** Writes the training's data as one file with its hash, and checks it on the way. */
    async exportPortfolio({ trainingId }: { trainingId: string }): Promise<{ rows: number; stopped: boolean }> {
      const { folder, settings } = await open(trainingId);
      if (settings.shipped) await loadShippedPortfolio(pool, catalogueOf(deps), () => heartbeat());
      const factors = await trainingCatalogue(deps);
      const { rows, years, sha256, checks } = await writePortfolioFile(pool, factors, folder.portfolio, () =>
        heartbeat(),
      );
      await noteTraining(pool, trainingId, { stage: 'data', rows, dataSha256: sha256, checks: { years, checks } });
      return { rows, stopped: checks.some(({ severity }) => severity === 'stop') };
    },

    /** Trains the challenger in a child; members done are kept, so that a retry goes on from them. */
    async trainChallenger({ trainingId }: { trainingId: string }): Promise<void> {
      const { training, settings, period, folder } = await open(trainingId);
      if (existsSync(join(folder.challenger, 'model-card.md'))) return;
      if (settings.shipped) return copyShippedModel(folder.challenger);
      await needData(training, folder.portfolio);
      const request = {
        factors: await trainingCatalogue(deps),
        target: 'payout_rub',
        exposure: 'person_years',
        group: 'contract_no',
        time: 'year',
        entity: 'clinic_code',
        trainUntil: period - 1,
        seed: settings.seed,
        effort: settings.effort,
        ...(settings.effort === 'quick' ? { search: false } : {}),
      };
      const key = createHash('sha256')
        .update(`${training.dataSha256}${JSON.stringify(request)}`)
        .digest('hex');
      const job = {
        kind: 'train' as const,
        data: folder.portfolio,
        out: folder.challenger,
        checkpoint: folder.checkpoint,
        key,
        request,
      };
      await watched(trainingId, (watch) => runTrainingChild(job, watch));
    },

    /** Compares with the champion on the last period, runs the gate and puts the challenger into the registry. */
    async judgeChallenger({ trainingId }: { trainingId: string }): Promise<{ version: string; passed: boolean }> {
      const { training, settings, period, folder } = await open(trainingId);
      if (training.version !== null) {
        const known = await findModel(pool, training.version);
        if (known !== null) return { version: known.version, passed: known.gatePassed };
      }
      await needData(training, folder.portfolio);
      const champion = await championVersion(pool);
      if (champion !== null) await unpack(champion, folder.champion);
      const job = {
        kind: 'judge' as const,
        data: folder.portfolio,
        challenger: folder.challenger,
        champion: champion === null ? null : folder.champion,
        period,
        limits: stricterLimits(settings.limits, standingLimits(deps.gateLimits)),
        out: folder.report,
      };
      await watched(trainingId, (watch) => runTrainingChild(job, watch));
      const report = JSON.parse(await readFile(folder.report, 'utf8')) as ModelReport;
      const { gate, challenger: version, ...rest } = report;
      const { checks, passed } = gate;
      const read = async (name: string): Promise<[string, Buffer]> => [
        name,
        await readFile(join(folder.challenger, name)),
      ];
      const files = Object.fromEntries(await Promise.all(FILES.map(read)));
      const card = await readFile(join(folder.challenger, 'model-card.md'), 'utf8');
      await withTransaction(pool, async (tx) => {
        const full = { ...rest, moves: gate.moves, movedShare: gate.movedShare, segments: gate.segments };
        await registerModel(tx, {
          version,
          trainingId,
          card,
          report: full,
          gate: { passed, checks },
          gatePassed: passed,
          files,
        });
        await noteTraining(tx, trainingId, { stage: 'judged', version });
      });
      await rm(folder.path, { recursive: true, force: true });
      return { version, passed };
    },
  });

  async function unpack(version: string, folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const [name, content] of await modelFiles(pool, version)) await writeFile(join(folder, name), content);
  }

  /** Heartbeats while the child works, with its progress, which the training's row shows to people too. */
  async function watched(
    trainingId: string,
    work: (watch: Parameters<typeof runTrainingChild>[1]) => Promise<void>,
  ): Promise<void> {
    let progress: object = {};
    let told: object = progress;
    const timer = setInterval(() => {
      heartbeat(progress);
      if (progress === told) return;
      told = progress;
      // A row that cannot be written now is written three seconds later: the work goes on.
      noteTraining(pool, trainingId, { stage: 'training', progress }).catch(() => undefined);
    }, BEAT_MS);
    try {
      await work({
        signal: cancellationSignal(),
        onProgress: ({ kind: _kind, ...rest }) => (progress = rest),
      });
    } finally {
      clearInterval(timer);
    }
  }
}

function missing(trainingId: string): AppError {
  return new AppError(
    'training-missing',
    { ru: 'Обучение не найдено', en: 'There is no such training' },
    { httpStatus: 404, details: { trainingId } },
  );
}

function changed(trainingId: string): AppError {
  return new AppError(
    'training-data-changed',
    {
      ru: 'Данные обучения изменились, пока оно шло: начните новое',
      en: 'The data of the training changed while it ran: start a new one',
    },
    { httpStatus: 409, details: { trainingId } },
  );
}

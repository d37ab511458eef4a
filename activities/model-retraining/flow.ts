import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { join } from 'node:path';
import { isAppError } from '../../models/errors';
import { readFactorFile } from '../../models/quotes/factor-file';
import { setStatementTimeout, withTransaction } from '../../prisma/pool';
import {
  applyFactorValues,
  findFactorSource,
  listFactorSources,
  storeSourceLoad,
} from '../../prisma/repositories/factor-sources';
import { noteTraining, openTraining } from '../../prisma/repositories/model-trainings';
import { refreshPortfolioFromInvoices, refreshRatings } from '../../prisma/repositories/portfolio';
import { releaseModel } from '../../prisma/repositories/risk-models';
import type { Release } from '../../prisma/repositories/risk-models';
import { withTypedFailures } from '../failures';
import { fileDrop, httpPort } from './connectors';
import { catalogueOf } from './deps';
import type { RetrainingDeps } from './deps';

export type RetrainingFlowActivities = ReturnType<typeof createRetrainingFlowActivities>;

const REFRESH_TIMEOUT_MS = 20 * 60_000;
const SHOWN_PROBLEMS = 100;
const BEAT_MS = 5_000;

/** Steps of a retraining that wait for the database or for other people's servers; each can be done twice. */
export function createRetrainingFlowActivities(deps: RetrainingDeps) {
  const { pool } = deps;
  const connectors = { 'file-drop': fileDrop(join(deps.dataDir, 'factors')), http: httpPort() };
  return withTypedFailures({
    async openTraining(input: {
      businessKey: string;
      settings: object;
      requestedBy: string | null;
    }): Promise<{ trainingId: string }> {
      return { trainingId: await openTraining(pool, input) };
    },

    /** Payouts and people of whole years from the insurer's own books, then its ratings of clinics. */
    async refreshFromInvoices({ trainingId }: { trainingId: string }): Promise<{ rows: number; rated: number }> {
      await noteTraining(pool, trainingId, { stage: 'invoices' });
      const lastWholeYear = (deps.now?.() ?? new Date()).getUTCFullYear() - 1;
      return whileBeating(
        withTransaction(pool, async (tx) => {
          await setStatementTimeout(tx, REFRESH_TIMEOUT_MS);
          const rows = await refreshPortfolioFromInvoices(tx, lastWholeYear);
          return { rows, rated: await refreshRatings(tx) };
        }),
      );
    },

    async factorSources(): Promise<string[]> {
      return (await listFactorSources(pool)).filter(({ enabled }) => enabled).map(({ code }) => code);
    },

    /**
     * Reads one source. A source that cannot be read or understood keeps its earlier values and is noted with its code: a
     * silent map provider does not stop a retraining, the people who release see it.
     */
    async loadFactorSource({
      trainingId,
      code,
    }: {
      trainingId: string;
      code: string;
    }): Promise<{ taken: number; rejected: number }> {
      const source = await findFactorSource(pool, code);
      if (source === null) return { taken: 0, rejected: 0 };
      const outcome = await whileBeating(connectors[source.kind].read(source, cancellationSignal()))
        .then(({ text, sha256 }) => ({ sha256, errorCode: null, ...readFactorFile(text, source, catalogueOf(deps)) }))
        .catch((error: unknown) => {
          if (!isAppError(error)) throw error;
          const reason = { rowNo: 0, field: '', value: '', rule: error.code, reason: error.text };
          return { sha256: null, errorCode: error.code, values: [], faults: [reason] };
        });
      const { values, faults, sha256, errorCode } = outcome;
      const load = { trainingId, sourceCode: code, sha256, values, rejected: faults.length, errorCode };
      await withTransaction(pool, (tx) => storeSourceLoad(tx, { ...load, problems: faults.slice(0, SHOWN_PROBLEMS) }));
      return { taken: values.length, rejected: faults.length };
    },

    async applyFactors({ trainingId }: { trainingId: string }): Promise<{ rows: number }> {
      await noteTraining(pool, trainingId, { stage: 'factors' });
      return whileBeating(
        withTransaction(pool, async (tx) => {
          await setStatementTimeout(tx, REFRESH_TIMEOUT_MS);
          return { rows: await applyFactorValues(tx) };
        }),
      );
    },

    async awaitRelease({ trainingId }: { trainingId: string }): Promise<void> {
      await noteTraining(pool, trainingId, { state: 'waiting', stage: 'release' });
    },

    async releaseChallenger({ trainingId: _trainingId, ...release }: Release & { trainingId: string }): Promise<void> {
      await withTransaction(pool, (tx) => releaseModel(tx, release));
    },

    async closeTraining(input: { trainingId: string; state: string; errorCode: string | null }): Promise<void> {
      const { trainingId, state, errorCode } = input;
      await noteTraining(pool, trainingId, { state, errorCode, ended: true });
    },
  });
}

async function whileBeating<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat(), BEAT_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

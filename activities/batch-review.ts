import { heartbeat } from '@temporalio/activity';
import { plainDate } from '../models/calendar';
import { setStatementTimeout, withTransaction } from '../prisma/pool';
import { takeBatch as takeRows } from '../prisma/repositories/batch-take';
import type { TakeSelection } from '../prisma/repositories/batch-take';
import { currentRoutingPolicy } from '../prisma/repositories/routing';
import { currentRuleSet } from '../prisma/repositories/rule-sets';
import type { ChunkRef, TakenBatch } from '../workflows/messages';
import type { ActivityDeps } from './deps';
import { ENGINE_VERSION } from './engine-version';
import { createChunkCheck } from './review/check-chunk';
import type { ChunkResult } from './review/check-chunk';
import { endBatch, endChecking } from './review/end-batch';
import { routeChunk } from './review/route-chunk';
import type { RouteResult } from './review/route-chunk';
import { maxDoctorMinutesOf } from '../prisma/facts/snapshots';

export { ENGINE_VERSION } from './engine-version';

/** A batch of some 100,000 lines is counted in one transaction; a statement may take this long. */
const TAKE_TIMEOUT_MS = 240_000;

/** Steps of a batch that touch it as a whole. Each is idempotent by the batch's business key or state. */
export function createBatchActivities(deps: ActivityDeps) {
  return {
    /** Takes the selection as one batch; null when there is nothing to take. */
    takeBatch: (input: { businessKey: string; selection: TakeSelection }): Promise<TakenBatch | null> =>
      whileBeating(take(deps, input)),

    /** Closes the checking with what people have decided of the batch's letters meanwhile. */
    closeChecking: ({ batchId }: { batchId: string }): Promise<void> => whileBeating(endChecking(deps, batchId)),

    /** Routes what the batch changed in earlier invoices, starts the workflows of those that wait, marks it done. */
    finishBatch: ({ batchId }: { batchId: string }): Promise<void> => whileBeating(endBatch(deps, batchId)),
  };
}

async function take(
  deps: ActivityDeps,
  input: { businessKey: string; selection: TakeSelection },
): Promise<TakenBatch | null> {
  const { pool } = deps;
  const ruleSetVersion = await currentRuleSet(pool, ENGINE_VERSION);
  // The reviewers compile the rule set; all that is asked of it here is one number.
  const maxDoctorMinutes = await maxDoctorMinutesOf(pool, ruleSetVersion);
  const policy = await currentRoutingPolicy(pool, plainDate(new Date().toISOString()));
  const taken = await withTransaction(pool, async (tx) => {
    await setStatementTimeout(tx, TAKE_TIMEOUT_MS);
    return takeRows(tx, {
      ...input,
      ruleSetVersion,
      routingPolicyVersion: policy.version,
      maxDoctorMinutes,
    });
  });
  if (taken === null) return null;
  return {
    batchId: taken.id,
    lines: taken.lineCount,
    subjects: {
      person: taken.personCount,
      'doctor-day': taken.doctorDayCount,
      letter: taken.letterCount,
      invoice: taken.invoiceCount,
    },
  };
}

/** Chunks: the heavy, set-based steps, on their own queue so that workflows and people never wait behind them. */
export function createReviewActivities(deps: ActivityDeps) {
  const check = createChunkCheck(deps);
  return {
    checkChunk: (chunk: ChunkRef): Promise<ChunkResult> => whileBeating(check(chunk)),
    routeChunk: (chunk: ChunkRef): Promise<RouteResult> => whileBeating(routeChunk(deps.pool, chunk)),
  };
}

const BEAT_MS = 3000;

/** Heartbeats while a step runs: a worker that dies is noticed within seconds, not after the step's full timeout. */
async function whileBeating<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => heartbeat(), BEAT_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

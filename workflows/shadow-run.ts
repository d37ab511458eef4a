import {
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ShadowChunkActivities, ShadowFlowActivities } from '../activities/shadow-run';
import { countChunks, firstChunk, takeChunk } from './lib/chunks';
import { tuningOf } from './lib/steps';
import { slideOver } from './lib/window';
import { cancelShadowUpdate, pauseShadowUpdate, resumeShadowUpdate, shadowProgressQuery } from './library-messages';
import type { ShadowProgress, ShadowRunInput } from './library-messages';
import { DEFAULT_QUEUES } from './messages';

const SCOPES = ['person', 'doctor-day'] as const;
const RETRY = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' } as const;

/**
 * A rule change as a pull request: runs a candidate over the last months beside the rules in force and keeps what it
 * would change. Chunk by chunk, each written once: a killed worker, a pause or a new run of the workflow loses nothing.
 */
export async function shadowRun(input: ShadowRunInput): Promise<ShadowProgress> {
  const tuning = tuningOf(input.tuning);
  const queues = input.queues ?? DEFAULT_QUEUES;
  const flow = proxyActivities<ShadowFlowActivities>({
    taskQueue: queues.flow,
    startToCloseTimeout: '10 minutes',
    retry: RETRY,
  });
  const review = proxyActivities<ShadowChunkActivities>({
    taskQueue: queues.review,
    startToCloseTimeout: '20 minutes',
    heartbeatTimeout: '20 seconds',
    retry: RETRY,
  });
  const { runId } = input;
  let cancelled = false;
  let progress: ShadowProgress = {
    phase: 'preparing',
    paused: input.resume?.paused ?? false,
    chunksDone: input.resume?.chunksDone ?? 0,
    chunksTotal: 0,
  };
  setHandler(shadowProgressQuery, () => progress);
  setHandler(pauseShadowUpdate, () => (progress = { ...progress, paused: true }));
  setHandler(resumeShadowUpdate, () => (progress = { ...progress, paused: false }));
  setHandler(cancelShadowUpdate, () => {
    cancelled = true;
    return progress;
  });

  const taken = input.resume?.taken ?? (await flow.prepareShadowRun({ runId }));
  progress = { ...progress, phase: 'running', chunksTotal: countChunks(taken, tuning) };
  const end = await slideOver({
    width: tuning.window,
    start: input.resume?.cursor ?? firstChunk(SCOPES),
    take: (cursor) => (cancelled ? null : takeChunk(taken, tuning, SCOPES, cursor)),
    run: async ({ scope, offset, length }) => {
      await review.shadowChunk({ runId, scope: scope as (typeof SCOPES)[number], offset, length });
      progress = { ...progress, chunksDone: progress.chunksDone + 1 };
    },
    isPaused: () => progress.paused && !cancelled,
    mustStop: () => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > tuning.maxEvents,
  });
  if (!end.exhausted) {
    await condition(allHandlersFinished);
    const { chunksDone, paused } = progress;
    await continueAsNew<typeof shadowRun>({ ...input, resume: { taken, cursor: end.cursor, chunksDone, paused } });
  }
  progress = { ...progress, phase: 'finishing' };
  await flow.finishShadowRun({ runId, cancelled });
  progress = { ...progress, phase: cancelled ? 'cancelled' : 'done' };
  await condition(allHandlersFinished);
  return progress;
}

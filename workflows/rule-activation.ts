import {
  condition,
  continueAsNew,
  allHandlersFinished,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActivationActivities } from '../activities/rule-activation';
import { activationQuery } from './library-messages';
import type { ActivationInput, ActivationProgress } from './library-messages';
import { CHECK_SCOPES, countChunks, firstChunk, takeChunk } from './lib/chunks';
import { batchSteps, reviewSteps, tuningOf } from './lib/steps';
import { slideOver } from './lib/window';
import { DEFAULT_QUEUES } from './messages';

/**
 * After a version was published, ended or reverted: every reviewed line from its first day on is checked again with the
 * rules in force. Undecided lines get the new findings and are routed anew; decided lines are listed, never changed.
 */
export async function ruleActivation(input: ActivationInput): Promise<ActivationProgress> {
  const tuning = tuningOf(input.tuning);
  const flow = batchSteps(input.queues);
  const review = reviewSteps(input.queues);
  const { takeActivation } = proxyActivities<ActivationActivities>({
    taskQueue: (input.queues ?? DEFAULT_QUEUES).flow,
    startToCloseTimeout: '10 minutes',
  });
  let progress: ActivationProgress = {
    batchId: null,
    phase: 'taking',
    chunksDone: input.resume?.chunksDone ?? 0,
    chunksTotal: 0,
  };
  setHandler(activationQuery, () => progress);
  const taken = input.resume?.taken ?? (await takeActivation({ key: input.key, from: input.from }));
  if (taken === null) return { ...progress, phase: 'nothing-to-do' };
  progress = { ...progress, batchId: taken.batchId, phase: 'checking', chunksTotal: countChunks(taken, tuning) };
  const end = await slideOver({
    width: tuning.window,
    start: input.resume?.cursor ?? firstChunk(CHECK_SCOPES),
    take: (cursor) => takeChunk(taken, tuning, CHECK_SCOPES, cursor),
    run: async (chunk) => {
      await review.checkChunk(chunk);
      progress = { ...progress, chunksDone: progress.chunksDone + 1 };
    },
    isPaused: () => false,
    mustStop: () => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > tuning.maxEvents,
  });
  if (!end.exhausted) {
    await condition(allHandlersFinished);
    const resume = { taken, cursor: end.cursor, chunksDone: progress.chunksDone };
    await continueAsNew<typeof ruleActivation>({ ...input, resume });
  }
  progress = { ...progress, phase: 'finishing' };
  await flow.closeChecking({ batchId: taken.batchId });
  await flow.finishBatch({ batchId: taken.batchId });
  progress = { ...progress, phase: 'done' };
  await condition(allHandlersFinished);
  return progress;
}

import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { CHECK_SCOPES, countChunks, firstChunk, ROUTE_SCOPES, takeChunk } from './lib/chunks';
import { batchSteps, reviewSteps, tuningOf } from './lib/steps';
import { slideOver } from './lib/window';
import { pauseUpdate, progressQuery, resumeUpdate } from './messages';
import type { BatchProgress, BatchReviewInput, BatchResume, ChunkRef, ChunkScope } from './messages';

const PREFIX = 'batch-review/';

/**
 * Reviews a set of invoices as a whole: takes all of them in one transaction, checks every person, doctor-day and
 * letter that they touch, and only then routes: so no chunk sees another chunk's verdicts. Started by a Schedule or by
 * hand; the part of the workflow id behind the prefix is the business key, unique in Postgres for ever.
 */
export async function batchReview(input: BatchReviewInput): Promise<BatchProgress> {
  const tuning = tuningOf(input.tuning);
  const flow = batchSteps(input.queues);
  const review = reviewSteps(input.queues);
  let progress: BatchProgress = {
    batchId: null,
    phase: 'taking',
    paused: input.resume?.paused ?? false,
    chunksDone: input.resume?.chunksDone ?? 0,
    chunksTotal: 0,
    lines: 0,
  };
  setHandler(progressQuery, () => progress);
  setHandler(pauseUpdate, () => (progress = { ...progress, paused: true }));
  setHandler(resumeUpdate, () => (progress = { ...progress, paused: false }));

  const taken =
    input.resume?.taken ??
    (await flow.takeBatch({ businessKey: workflowInfo().workflowId.slice(PREFIX.length), selection: input.selection }));
  if (taken === null) {
    await condition(allHandlersFinished);
    return { ...progress, phase: 'nothing-to-do' };
  }
  progress = {
    ...progress,
    batchId: taken.batchId,
    lines: taken.lines,
    chunksTotal: countChunks(taken, tuning),
  };

  const phase = async (
    name: 'checking' | 'routing',
    scopes: readonly ChunkScope[],
    start: BatchResume['cursor'],
    run: (chunk: ChunkRef) => Promise<unknown>,
  ): Promise<void> => {
    progress = { ...progress, phase: name };
    const end = await slideOver({
      width: tuning.window,
      start,
      take: (cursor) => takeChunk(taken, tuning, scopes, cursor),
      run: async (chunk) => {
        await run(chunk);
        progress = { ...progress, chunksDone: progress.chunksDone + 1 };
      },
      isPaused: () => progress.paused,
      mustStop: () => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > tuning.maxEvents,
    });
    if (end.exhausted) return;
    await condition(allHandlersFinished);
    const resume = { taken, cursor: end.cursor, chunksDone: progress.chunksDone, paused: progress.paused };
    await continueAsNew<typeof batchReview>({ ...input, resume });
  };

  const cursor = input.resume?.cursor ?? firstChunk(CHECK_SCOPES);
  if (cursor.scope !== 'invoice') {
    await phase('checking', CHECK_SCOPES, cursor, (chunk) => review.checkChunk(chunk));
    await flow.closeChecking({ batchId: taken.batchId });
  }
  await phase('routing', ROUTE_SCOPES, cursor.scope === 'invoice' ? cursor : firstChunk(ROUTE_SCOPES), (chunk) =>
    review.routeChunk(chunk),
  );
  progress = { ...progress, phase: 'finishing' };
  await flow.finishBatch({ batchId: taken.batchId });
  progress = { ...progress, phase: 'done' };
  await condition(allHandlersFinished);
  return progress;
}

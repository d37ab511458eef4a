import { proxyActivities } from '@temporalio/workflow';
import type { BatchActivities, InvoiceActivities, ReviewActivities } from '../../activities/types';
import { DEFAULT_QUEUES, DEFAULT_TUNING } from '../messages';
import type { BatchTuning, Queues } from '../messages';

/** Failures that a retry cannot mend; everything else is tried again with a growing pause. */
const RETRY = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' } as const;

/** A step that was lost with its worker, or on the way to it, is given to another one within these seconds. */
const SILENCE = '12 seconds';

/** Steps of a batch as a whole: minutes for a large one, so they report by heartbeat. */
export function batchSteps(queues: Queues = DEFAULT_QUEUES) {
  return proxyActivities<BatchActivities>({
    taskQueue: queues.flow,
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: SILENCE,
    retry: RETRY,
  });
}

/** One short transaction each, while a person waits for the answer. */
export function caseSteps(queues: Queues = DEFAULT_QUEUES) {
  return proxyActivities<Omit<InvoiceActivities, 'issueAct'>>({
    taskQueue: queues.flow,
    startToCloseTimeout: SILENCE,
    retry: RETRY,
  });
}

/** The act of thousands of lines is a long PDF, and nobody waits for it. */
export function actSteps(queues: Queues = DEFAULT_QUEUES) {
  return proxyActivities<Pick<InvoiceActivities, 'issueAct'>>({
    taskQueue: queues.flow,
    startToCloseTimeout: '5 minutes',
    retry: RETRY,
  });
}

/** Chunks: the heavy steps, on their own queue. */
export function reviewSteps(queues: Queues = DEFAULT_QUEUES) {
  return proxyActivities<ReviewActivities>({
    taskQueue: queues.review,
    startToCloseTimeout: '20 minutes',
    heartbeatTimeout: SILENCE,
    retry: RETRY,
  });
}

export function tuningOf(given: Partial<BatchTuning> | undefined): BatchTuning {
  return { ...DEFAULT_TUNING, ...given, chunk: { ...DEFAULT_TUNING.chunk, ...given?.chunk } };
}

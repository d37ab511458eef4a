import { proxyActivities } from '@temporalio/workflow';
import type { FlowActivities, ReviewActivities } from '../../activities/types';
import { DEFAULT_QUEUES, DEFAULT_TUNING } from '../messages';
import type { BatchTuning, Queues } from '../messages';

/** Failures that a retry cannot mend; everything else is tried again with a growing pause. */
const RETRY = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' } as const;

export function flowSteps(queues: Queues = DEFAULT_QUEUES) {
  return proxyActivities<FlowActivities>({
    taskQueue: queues.flow,
    startToCloseTimeout: '5 minutes',
    retry: RETRY,
  });
}

/** Chunks may be long: they report by heartbeat, and a dead worker's chunk is given to another within seconds. */
export function reviewSteps(queues: Queues = DEFAULT_QUEUES) {
  return proxyActivities<ReviewActivities>({
    taskQueue: queues.review,
    startToCloseTimeout: '20 minutes',
    heartbeatTimeout: '12 seconds',
    retry: RETRY,
  });
}

export function tuningOf(given: Partial<BatchTuning> | undefined): BatchTuning {
  return { ...DEFAULT_TUNING, ...given, chunk: { ...DEFAULT_TUNING.chunk, ...given?.chunk } };
}

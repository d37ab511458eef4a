import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { StatReviewActivities } from '../activities/stat-review';
import { plainDate } from '../models/calendar';
import { DEFAULT_QUEUES } from './messages';
import type { Queues } from './messages';

export interface StatReviewResult {
  readonly alerts: number;
  readonly tasksRaised: number;
  readonly samplesDrawn: number;
  readonly lanesChanged: number;
}

/**
 * Every night: statistics against peers, samples of what was accepted without a person, and the lanes of clinics.
 * Started by a Schedule or by hand; the workflow's id is the key of its run, so a retry writes nothing twice.
 */
export async function statReview(
  input: { readonly months?: number; readonly queues?: Queues } = {},
): Promise<StatReviewResult> {
  const steps = proxyActivities<StatReviewActivities>({
    taskQueue: (input.queues ?? DEFAULT_QUEUES).flow,
    startToCloseTimeout: '30 minutes',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  });
  const { alerts, raised } = await steps.reviewStatistics({
    key: workflowInfo().workflowId,
    months: input.months ?? 12,
  });
  const { drawn } = await steps.drawSamples();
  const today = plainDate(workflowInfo().startTime.toISOString());
  const { changed } = await steps.stepLanes({ today });
  return { alerts, tasksRaised: raised, samplesDrawn: drawn, lanesChanged: changed };
}

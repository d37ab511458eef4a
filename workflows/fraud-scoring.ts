import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ScoringActivities } from '../activities/fraud-scoring';
import type { FraudScoringInput, FraudScoringResult } from './fraud-messages';
import { REVIEW_QUEUE } from './messages';

/**
 * Scores the whole book and opens cases within the investigators' capacity. Started by a Schedule or by hand. The work
 * runs on the review queue: its processes may be busy for minutes without holding up letters and decisions.
 */
export async function fraudScoring(input: FraudScoringInput = {}): Promise<FraudScoringResult> {
  const { scoreBook } = proxyActivities<ScoringActivities>({
    taskQueue: input.scoringQueue ?? REVIEW_QUEUE,
    startToCloseTimeout: '60 minutes',
    retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '5 minutes', maximumAttempts: 10 },
  });
  return scoreBook({ ...input, runKey: workflowInfo().runId });
}

import { proxyActivities, sleep } from '@temporalio/workflow';

export { feedbackSurvey } from '../../workflows/feedback-survey';

interface OneSurveyActivities {
  tellOne(input: { surveyId: string; kind: 'invite' | 'reminder' }): Promise<void>;
  closeOne(surveyId: string): Promise<void>;
}

const { tellOne, closeOne } = proxyActivities<OneSurveyActivities>({ startToCloseTimeout: '1 minute' });

/** The refused design: a workflow that lives as long as one survey. */
export async function oneSurvey(input: { surveyId: string; remindMs: number; expireMs: number }): Promise<void> {
  await tellOne({ surveyId: input.surveyId, kind: 'invite' });
  await sleep(input.remindMs);
  await tellOne({ surveyId: input.surveyId, kind: 'reminder' });
  await sleep(input.expireMs);
  await closeOne(input.surveyId);
}

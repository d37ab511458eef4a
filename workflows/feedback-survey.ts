import { proxyActivities, setHandler, sleep } from '@temporalio/workflow';
import type { SurveyActivities } from '../activities/feedback-survey';
import { surveyRoundQuery } from './survey-messages';
import type { FeedbackSurveyInput, SurveyRoundView } from './survey-messages';

const steps = proxyActivities<SurveyActivities>({
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5 minutes' },
});

/** Messages handed over in one activity: a crash repeats at most these, under the same keys. */
const SEND_BATCH = 1000;

/**
 * All surveys of one day's billed visits: choice, first message, reminder, expiry. One workflow a day instead of one a
 * survey (docs/adr/0007): each survey's own clock is a row. Answers never pass here: the page writes them down.
 */
export async function feedbackSurvey(input: FeedbackSurveyInput = {}): Promise<SurveyRoundView | null> {
  let view: SurveyRoundView | null = null;
  setHandler(surveyRoundQuery, () => view);
  view = await steps.chooseSurveys({ ...input, startedAt: new Date().toISOString() });
  if (view.chosen === 0) return steps.closeSurveys({ roundId: view.roundId, day: view.day });
  await sendAll(view.roundId, 'invite');
  await until(view.remindAt);
  await sendAll(view.roundId, 'reminder');
  await until(view.expiresAt);
  view = await steps.closeSurveys({ roundId: view.roundId, day: view.day });
  return view;
}

async function sendAll(roundId: string, kind: 'invite' | 'reminder'): Promise<void> {
  while ((await steps.sendSurveys({ roundId, kind, limit: SEND_BATCH })) === SEND_BATCH);
}

async function until(instant: string): Promise<void> {
  await sleep(Math.max(1, Date.parse(instant) - Date.now()));
}

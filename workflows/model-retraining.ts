import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { RetrainingFlowActivities, RetrainingMlActivities } from '../activities/model-retraining';
import { FLOW_QUEUE, ML_QUEUE } from './messages';
import {
  approveReleaseUpdate,
  declineReleaseUpdate,
  retrainingKey,
  retrainingQuery,
  STANDARD_RETRAINING,
} from './model-retraining-messages';
import type { ReleaseVote, RetrainingInput, RetrainingView } from './model-retraining-messages';

const NOT_WAITING = { ru: 'Переобучение не ждёт решения', en: 'The retraining does not wait for a decision' };
const SAME_PERSON = {
  ru: 'Второе согласование — от другого человека',
  en: 'The second approval has to come from another person',
};
const RETRY = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '1 minute' } as const;

/**
 * Refreshes factors, trains a challenger in its own process, compares it with the champion, and lets the gate decide: what
 * it refuses never comes before a person. What passes waits for two different people; the release itself is one
 * transaction that the database guards again. Started by a Schedule or by hand.
 */
export async function modelRetraining(input: RetrainingInput = {}): Promise<RetrainingView> {
  const settings = { ...STANDARD_RETRAINING, ...input.settings };
  const queues = input.queues ?? { flow: FLOW_QUEUE, ml: ML_QUEUE };
  const flow = proxyActivities<RetrainingFlowActivities>({
    taskQueue: queues.flow,
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '1 minute',
    retry: RETRY,
  });
  const ml = proxyActivities<RetrainingMlActivities>({
    taskQueue: queues.ml,
    startToCloseTimeout: '6 hours',
    heartbeatTimeout: '30 seconds',
    retry: { ...RETRY, maximumAttempts: 10 },
  });
  const votes: ReleaseVote[] = [];
  let declined: ReleaseVote | null = null;
  let view: RetrainingView = {
    trainingId: null,
    state: 'running',
    stage: 'opened',
    version: null,
    proposedBy: null,
    confirmedBy: null,
  };
  setHandler(retrainingQuery, () => view);
  const isOpen = (): void => {
    if (view.state !== 'waiting' || declined !== null || votes.length >= 2)
      throw refusal('retraining-not-waiting', NOT_WAITING, 409);
  };
  setHandler(
    approveReleaseUpdate,
    (vote) => {
      votes.push(vote);
      const [first, second] = votes;
      view = { ...view, proposedBy: first?.by ?? null, confirmedBy: second?.by ?? null };
      return view;
    },
    {
      validator: (vote) => {
        isOpen();
        if (votes.some(({ by }) => by === vote.by)) throw refusal('four-eyes', SAME_PERSON, 403);
      },
    },
  );
  setHandler(
    declineReleaseUpdate,
    (vote) => {
      declined = vote;
      return view;
    },
    { validator: (_vote) => isOpen() },
  );

  const businessKey = retrainingKey(workflowInfo().workflowId);
  const { trainingId } = await flow.openTraining({ businessKey, settings, requestedBy: input.requestedBy ?? null });
  view = { ...view, trainingId };
  const end = async (state: RetrainingView['state'], errorCode: string | null = null): Promise<RetrainingView> => {
    await flow.closeTraining({ trainingId, state, errorCode });
    view = { ...view, state };
    await condition(allHandlersFinished);
    return view;
  };
  try {
    view = { ...view, stage: 'factors' };
    if (settings.refreshFromInvoices && !settings.shipped) await flow.refreshFromInvoices({ trainingId });
    for (const code of await flow.factorSources()) await flow.loadFactorSource({ trainingId, code });
    await flow.applyFactors({ trainingId });
    view = { ...view, stage: 'data' };
    const data = await ml.exportPortfolio({ trainingId });
    if (data.stopped) return await end('refused', 'data-checks');
    view = { ...view, stage: 'training' };
    await ml.trainChallenger({ trainingId });
    view = { ...view, stage: 'judging' };
    const judged = await ml.judgeChallenger({ trainingId });
    view = { ...view, version: judged.version };
    if (!judged.passed) return await end('refused', 'gate');
    view = { ...view, stage: 'release' };
    await flow.awaitRelease({ trainingId });
    view = { ...view, state: 'waiting' };
    const answered = await condition(() => declined !== null || votes.length >= 2, `${settings.waitDays} days`);
    if (!answered) return await end('expired');
    if (declined !== null) return await end('declined');
    const [first, second] = votes;
    await flow.releaseChallenger({
      trainingId,
      version: judged.version,
      proposedBy: first!.by,
      confirmedBy: second!.by,
      reason: `${first!.reason} / ${second!.reason}`,
    });
    return await end('released');
  } catch (error) {
    await end('failed', codeOf(error));
    throw error;
  }
}

/** A refused vote: code and both texts reach the caller as they are. */
function refusal(
  type: string,
  text: { readonly ru: string; readonly en: string },
  httpStatus: number,
): ApplicationFailure {
  return ApplicationFailure.create({
    message: text.en,
    type,
    nonRetryable: true,
    details: [{ httpStatus, text, facts: {} }],
  });
}

/** The type of the failure at the bottom of the chain: the AppError's code. */
function codeOf(error: unknown): string {
  let found: unknown = error;
  while (found instanceof Error && found.cause !== undefined) found = found.cause;
  return found instanceof ApplicationFailure ? (found.type ?? 'failed') : 'failed';
}

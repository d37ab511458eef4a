import { allHandlersFinished, ApplicationFailure, condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { DisputeActivities } from '../activities/dispute';
import { checkDisputeDecisions, disputeError } from '../models/disputes/decide';
import { decideDisputeUpdate, disputeQuery } from './dispute-messages';
import type { DisputeInput, DisputeView } from './dispute-messages';
import { DEFAULT_QUEUES } from './messages';

/** One dispute from its filing to the last decision: waits for second doctors, escalates before its deadline breaks. */
export async function disputeCase(input: DisputeInput): Promise<DisputeView> {
  const { disputeId } = input;
  const steps = proxyActivities<DisputeActivities>({
    taskQueue: (input.queues ?? DEFAULT_QUEUES).flow,
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' },
  });
  let view: DisputeView | null = null;
  let stale = false;
  setHandler(
    decideDisputeUpdate,
    async (command) => {
      const after = await steps.decideDispute({ disputeId, ...command });
      stale = true;
      return after;
    },
    {
      validator: ({ author, decisions }) => {
        const wrong = checkDisputeDecisions(author, decisions);
        if (wrong === null) return;
        const { text, httpStatus } = disputeError(wrong.code);
        const facts = wrong.lineNo === null ? {} : { lineNo: wrong.lineNo };
        throw ApplicationFailure.nonRetryable(text.en, wrong.code, { httpStatus, text, facts });
      },
    },
  );
  setHandler(disputeQuery, () => view);
  for (;;) {
    stale = false;
    view = await steps.loadDispute({ disputeId });
    if (view.state === 'decided') break;
    if (view.escalateAt === null) {
      await condition(() => stale);
      continue;
    }
    const changed = await condition(() => stale, Math.max(1, Date.parse(view.escalateAt) - Date.now()));
    if (!changed) await steps.escalateDispute({ disputeId });
  }
  await condition(allHandlersFinished);
  return view;
}

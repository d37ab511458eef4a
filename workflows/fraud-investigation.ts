import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { CaseActivities } from '../activities/fraud-investigation';
import { objectAtDoor } from '../models/investigation/apply-act';
import type { CaseClocks } from '../models/investigation/apply-act';
import { caseActUpdate, caseRecordQuery } from './fraud-case-messages';
import type { FraudCaseInput } from './fraud-case-messages';

const RETRY = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '30s' } as const;

/** One short transaction each: as local activities they need no round trip. */
const steps = proxyLocalActivities<Pick<CaseActivities, 'actOnCase' | 'passHoldDeadline' | 'passLetterDeadline'>>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '5 minutes',
  retry: RETRY,
});
/** Gathers evidence or renders a document: longer than a workflow task may wait. */
const { openInvestigation, makeClosingReport } = proxyActivities<CaseActivities>({
  startToCloseTimeout: '5 minutes',
  retry: RETRY,
});

/**
 * One investigation from its alert (or a person's suspicion) to the closing report. It freezes the evidence, takes
 * people's acts, sleeps to the stored deadline of the payment hold and releases it, sees letters become overdue, and
 * ends when a second person has confirmed the outcome.
 */
export async function fraudInvestigation({ caseId, view: resumed }: FraudCaseInput): Promise<CaseClocks> {
  let view: CaseClocks | null = resumed ?? null;
  let acting: Promise<unknown> = Promise.resolve();
  setHandler(caseRecordQuery, () => view);
  setHandler(
    caseActUpdate,
    async ({ act, key }) => {
      // One act after the other; the first ones may come before the evidence is gathered.
      const turn = acting.then(async () => {
        await condition(() => view !== null);
        return steps.actOnCase({ caseId, key, act });
      });
      acting = turn.catch(() => undefined);
      return (view = await turn);
    },
    {
      validator: ({ act }) => {
        const wrong = view === null ? null : objectAtDoor(view, act);
        if (wrong !== null)
          throw ApplicationFailure.nonRetryable(wrong.text.en, wrong.code, { text: wrong.text, httpStatus: 409 });
      },
    },
  );

  view ??= await openInvestigation({ caseId });
  while (view.state !== 'closed') {
    const seen: CaseClocks = view;
    const next = nextClock(seen);
    const changed = await changeOrInstant(() => view !== seen, next?.at ?? null);
    if (!changed) view = await steps[next!.step]({ caseId, dueAt: next!.at });
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof fraudInvestigation>({ caseId, view });
    }
  }
  await makeClosingReport({ caseId });
  await condition(allHandlersFinished);
  return view;
}

type Clock = { readonly step: 'passHoldDeadline' | 'passLetterDeadline'; readonly at: string };

function nextClock({ holdDueAt, letterDueAt }: CaseClocks): Clock | null {
  if (holdDueAt !== null && (letterDueAt === null || holdDueAt <= letterDueAt)) {
    return { step: 'passHoldDeadline', at: holdDueAt };
  }
  return letterDueAt === null ? null : { step: 'passLetterDeadline', at: letterDueAt };
}

/** True: something changed; false: the stored instant has come. */
async function changeOrInstant(hasChanged: () => boolean, instant: string | null): Promise<boolean> {
  if (instant !== null) return condition(hasChanged, Math.max(1, Date.parse(instant) - Date.now()));
  await condition(hasChanged);
  return true;
}

import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  patched,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { LetterActivities } from '../activities/guarantee-letter';
import { objectToAct } from '../models/letters/apply-act';
import { actUpdate, letterQuery, submitUpdate } from './letter-messages';
import type { LetterInput, LetterView } from './letter-messages';

/**
 * Steps are single short transactions: as local activities they cost no round trip to the server, so the first answer
 * takes one workflow task. Each is idempotent by the request's or the act's key.
 */
const steps = proxyLocalActivities<LetterActivities>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '5 minutes',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

type Clock = 'escalate' | 'overdue' | 'close';

/**
 * One request for prior authorisation from its submission to the end of the promise. The first answer is given by the
 * Update that started it; then it sleeps to the letter's clocks (escalation before the deadline breaks, the deadline,
 * the end of the term) and takes acts: a doctor's decision, documents, amendment, use, cancellation, appeal.
 */
export async function guaranteeLetter({ requestId, view: resumed }: LetterInput): Promise<LetterView | null> {
  let view: LetterView | null = resumed ?? null;
  let rejected = false;
  let submitting: Promise<LetterView> | null = null;
  let acting: Promise<unknown> = Promise.resolve();

  setHandler(letterQuery, () => view);
  setHandler(submitUpdate, async (submission): Promise<LetterView> => {
    // A second call of the same start waits for the same first answer.
    if (view !== null) return view;
    submitting ??= steps.submitLetter({ requestId, ...submission });
    try {
      view = await submitting;
      return view;
    } catch (error) {
      // Nothing was taken: the run ends, and the corrected request may come under the same id.
      rejected = true;
      throw error;
    }
  });
  setHandler(
    actUpdate,
    async ({ act, requestKey }) => {
      // Acts of one letter happen one after the other: each is judged by what the one before it left.
      const turn = acting.then(() => steps.actOnLetter({ requestId, requestKey, act }));
      acting = turn.catch(() => undefined);
      return (view = await turn);
    },
    {
      validator: ({ act, requestKey }) => {
        if (view === null)
          throw ApplicationFailure.nonRetryable('the request has no first answer yet', 'letter.not-now');
        const wrong = requestKey.trim() === '' ? null : objectToAct(view.letter, act);
        if (wrong !== null)
          throw ApplicationFailure.nonRetryable(wrong.text.en, wrong.code, { httpStatus: 409, text: wrong.text });
      },
    },
  );

  await condition(() => view !== null || rejected);
  if (view === null) {
    await condition(allHandlersFinished);
    return null;
  }
  const passed = new Set<string>();
  for (;;) {
    const seen: LetterView = view!;
    const next = nextClock(seen, passed);
    const acted = (): boolean => view !== seen;
    if (next === null) {
      if (!waitsForPeople(seen)) break;
      await condition(acted);
      passed.clear();
    } else if (await condition(acted, Math.max(1, Date.parse(next.at) - Date.now()))) {
      // Any act starts the clocks anew from what is stored.
      passed.clear();
    } else {
      passed.add(passKey(next));
      // In its turn among the acts, so that the last change of the letter is also the last one seen here.
      const turn = acting.then(() => stepOf(next.clock)({ requestId }));
      acting = turn.catch(() => undefined);
      view = await turn;
    }
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof guaranteeLetter>({ requestId, view: view! });
    }
  }
  await condition(allHandlersFinished);
  return view!;
}

function stepOf(clock: Clock): (input: { requestId: string }) => Promise<LetterView> {
  return { escalate: steps.escalateLetter, overdue: steps.markOverdue, close: steps.closeLetter }[clock];
}

/**
 * All clocks of a pended request have passed, its deadline too: late or not, a doctor decides it. Workflows of the first
 * version ended there.
 */
function waitsForPeople({ letter }: LetterView): boolean {
  return letter.state === 'pended' && patched('overdue-waits');
}

/** A clock that an act has moved is another wait. */
function passKey({ clock, at }: { clock: Clock; at: string }): string {
  return `${clock} ${at}`;
}

/** The earliest stored instant that has not passed yet; null = nothing more can happen by itself: the letter is over. */
function nextClock(view: LetterView, passed: ReadonlySet<string>): { clock: Clock; at: string } | null {
  const clocks: { clock: Clock; at: string | null }[] = [
    { clock: 'escalate', at: view.letter.escalatedAt === null ? view.escalateAt : null },
    { clock: 'overdue', at: view.letter.overdue ? null : view.dueAt },
    { clock: 'close', at: view.closesAt },
  ];
  return clocks
    .filter((entry): entry is { clock: Clock; at: string } => entry.at !== null)
    .filter((entry) => !passed.has(passKey(entry)))
    .reduce<{ clock: Clock; at: string } | null>((a, b) => (a === null || b.at < a.at ? b : a), null);
}

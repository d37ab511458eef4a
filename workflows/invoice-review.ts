import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { checkDecisions } from '../models/review-case/decisions';
import { problem } from '../models/review-case/problems';
import type { CaseProblem } from '../models/review-case/problems';
import { CHECK_SCOPES, firstChunk, ROUTE_SCOPES, takeChunk } from './lib/chunks';
import { actSteps, batchSteps, caseSteps, reviewSteps, tuningOf } from './lib/steps';
import { slideOver } from './lib/window';
import { answerUpdate, caseChangedSignal, caseQuery, decideUpdate, holdUpdate, reverseUpdate } from './messages';
import type { CaseView, ChunkCursor, ChunkRef, ChunkScope, CommandResult, InvoiceReviewInput } from './messages';

const MAX_TEXT = 4000;

/**
 * One invoice version from its receipt to the clinic's act: checks it unless a batch already has, waits for the
 * doctors' decisions, escalates to the lead expert before a deadline breaks, issues the act. Started by the outbox
 * relay, or by the first command that needs it; a reversal after the act starts a new run that issues a supplement.
 */
export async function invoiceReview(input: InvoiceReviewInput): Promise<CaseView> {
  const steps = caseSteps(input.queues);
  const { issueAct } = actSteps(input.queues);
  let view: CaseView = { state: 'received', openTasks: 0, nextEscalationAt: null };
  let stale = false;

  const run = async (command: () => Promise<CommandResult>): Promise<CommandResult> => {
    const result = await command();
    stale = true;
    return result;
  };
  setHandler(decideUpdate, (command) => run(() => steps.decide({ versionId: input.versionId, ...command })), {
    validator: ({ author, decisions }) => refuse(checkDecisions(author, decisions)),
  });
  setHandler(holdUpdate, (command) => run(() => steps.hold({ versionId: input.versionId, ...command })), {
    validator: ({ textToClinic }) => refuse(isText(textToClinic) ? null : problem('task.no-question')),
  });
  setHandler(answerUpdate, (command) => run(() => steps.answerDocuments({ versionId: input.versionId, ...command })), {
    validator: ({ answerText }) => refuse(isText(answerText) ? null : problem('task.no-question')),
  });
  setHandler(reverseUpdate, (command) => run(() => steps.reverse({ versionId: input.versionId, ...command })), {
    validator: ({ author, decision }) => refuse(checkReversal(author, decision)),
  });
  setHandler(caseChangedSignal, () => {
    stale = true;
  });
  setHandler(caseQuery, () => view);

  view = await steps.loadCase({ versionId: input.versionId });
  if (view.state === 'received') {
    await checkAlone(input);
    view = await steps.loadCase({ versionId: input.versionId });
  }
  for (;;) {
    while (isWaiting(view)) {
      const due = await changeOrInstant(() => stale, view.nextEscalationAt);
      if (due) await steps.escalate({ versionId: input.versionId, dueBy: view.nextEscalationAt! });
      stale = false;
      view = await steps.loadCase({ versionId: input.versionId });
      if (workflowInfo().continueAsNewSuggested) {
        await condition(allHandlersFinished);
        await continueAsNew<typeof invoiceReview>(input);
      }
    }
    await condition(allHandlersFinished);
    // A reversal that came while the act was being issued is in its supplement.
    stale = false;
    if (view.state !== 'superseded' && view.state !== 'received') {
      await issueAct({ versionId: input.versionId });
    }
    view = await steps.loadCase({ versionId: input.versionId });
    await condition(allHandlersFinished);
    if (!stale) return view;
  }
}

/** The same activities as a batch, for a single invoice that was sent by a clinic through the API. */
async function checkAlone(input: InvoiceReviewInput): Promise<void> {
  const tuning = tuningOf(input.tuning);
  const flow = batchSteps(input.queues);
  const review = reviewSteps(input.queues);
  const taken = await flow.takeBatch({
    businessKey: `invoice/${input.versionId}`,
    selection: { kind: 'invoice', versionId: input.versionId },
  });
  // A scheduled batch was quicker: it routes the invoice and the relay starts this workflow again.
  if (taken === null) return;
  const pass = (scopes: readonly ChunkScope[], work: (chunk: ChunkRef) => Promise<unknown>) =>
    slideOver({
      width: tuning.window,
      start: firstChunk(scopes),
      take: (cursor: ChunkCursor) => takeChunk(taken, tuning, scopes, cursor),
      run: work,
      isPaused: () => false,
      mustStop: () => false,
    });
  await pass(CHECK_SCOPES, (chunk) => review.checkChunk(chunk));
  await flow.closeChecking({ batchId: taken.batchId });
  await pass(ROUTE_SCOPES, (chunk) => review.routeChunk(chunk));
  await flow.finishBatch({ batchId: taken.batchId });
}

function isWaiting(view: CaseView): boolean {
  return view.state === 'waiting' || view.state === 'checked';
}

/** Sleeps until the case changes (false) or the stored instant has come (true). */
async function changeOrInstant(hasChanged: () => boolean, instant: string | null): Promise<boolean> {
  if (instant !== null) return !(await condition(hasChanged, Math.max(1, Date.parse(instant) - Date.now())));
  await condition(hasChanged);
  return false;
}

function isText(text: unknown): boolean {
  return typeof text === 'string' && text.trim() !== '' && text.length <= MAX_TEXT && !text.includes('\u0000');
}

function checkReversal(
  author: Parameters<typeof checkDecisions>[0],
  decision: Parameters<typeof checkDecisions>[1][number],
): CaseProblem | null {
  if (author.role !== 'lead-expert') return problem('verdict.no-lead');
  return checkDecisions(author, [decision]);
}

/** Validators are synchronous: their throw rejects the Update before it enters history. */
function refuse(found: CaseProblem | null): void {
  if (found === null) return;
  throw ApplicationFailure.nonRetryable(found.text.en, found.code, {
    httpStatus: found.httpStatus,
    text: found.text,
    facts: found.facts,
  });
}

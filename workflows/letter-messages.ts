import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { KeyedAct, LetterAct } from '../models/letters/acts';
import type { LetterRecord } from '../models/letters/record';
import type { LetterRequestInput } from '../models/letters/request.schema';

/** Workflow id of a request: opaque, and the same for every try of the same sender's reference. */
export function letterWorkflowId(requestId: string): string {
  return `guarantee-letter/${requestId}`;
}

/** The request with who sent it; what the first answer is made from. */
export interface LetterSubmission {
  readonly requester: { readonly role: string; readonly id: string };
  readonly request: LetterRequestInput;
  readonly submittedAt: string;
}

/** Everything the workflow keeps: the letter as plain data and the instants it sleeps to (stored, never recomputed). */
export interface LetterView {
  readonly letter: LetterRecord;
  readonly escalateAt: string | null;
  readonly dueAt: string | null;
  /** When owed documents are given up, or the term of the promise, or the time to appeal ends. */
  readonly closesAt: string | null;
}

export interface LetterInput {
  readonly requestId: string;
  /** What an earlier run left: set by continue-as-new, and where a run had ended with a deadline undecided. */
  readonly view?: LetterView;
}

/** With Update-with-Start: starts the workflow and gives the first answer in the same call. */
export const submitUpdate = defineUpdate<LetterView, [LetterSubmission]>('submit');
/** Any later act; the Update id is the request's key, so the same act happens once. */
export const actUpdate = defineUpdate<LetterView, [{ readonly act: LetterAct; readonly requestKey: string }]>('act');
export const letterQuery = defineQuery<LetterView | null>('letter');

export type { KeyedAct };

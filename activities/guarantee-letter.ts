import { actOnLetter, closeLetter, escalateLetter, markOverdue } from './letters/act';
import type { LetterDeps } from './letters/deps';
import { submitLetter } from './letters/submit';
import type { LetterSubmission } from '../workflows/letter-messages';

/** Steps of `guaranteeLetter`, each one transaction, run as local activities of the flow worker. */
export function createLetterActivities(deps: LetterDeps) {
  return {
    submitLetter: (input: LetterSubmission & { requestId: string }) => submitLetter(deps, input),
    actOnLetter: (input: Parameters<typeof actOnLetter>[1]) => actOnLetter(deps, input),
    escalateLetter: (input: { requestId: string }) => escalateLetter(deps, input),
    markOverdue: (input: { requestId: string }) => markOverdue(deps, input),
    closeLetter: (input: { requestId: string }) => closeLetter(deps, input),
  };
}

export type LetterActivities = ReturnType<typeof createLetterActivities>;

import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { isAppError } from '../models/errors';
import type { CaseProblem } from '../models/review-case/problems';

/** What an expected failure carries through Temporal to the API, encoded by the codec like every payload. */
export interface FailureFacts {
  readonly httpStatus: number;
  readonly text: { readonly ru: string; readonly en: string };
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A refused command: never retried, and no alarm. */
export function refusal(found: CaseProblem): ApplicationFailure {
  const details: FailureFacts = { httpStatus: found.httpStatus, text: found.text, facts: found.facts };
  return ApplicationFailure.create({
    message: found.text.en,
    type: found.code,
    nonRetryable: true,
    category: ApplicationFailureCategory.BENIGN,
    details: [details],
  });
}

/**
 * Wraps activities so that an AppError which is not retryable ends the command instead of being tried for ever;
 * everything else (a lost connection, a deadlock) stays retryable.
 */
export function withTypedFailures<A extends object>(activities: A): A {
  const wrapped = Object.entries(activities as Record<string, (...args: unknown[]) => Promise<unknown>>).map(
    ([name, activity]) => [name, (...args: unknown[]) => activity(...args).catch(rethrow)] as const,
  );
  return Object.fromEntries(wrapped) as A;
}

function rethrow(error: unknown): never {
  if (!isAppError(error) || error.retryable) throw error;
  const details: FailureFacts = { httpStatus: error.httpStatus, text: error.text, facts: error.details };
  throw ApplicationFailure.create({
    message: error.text.en,
    type: error.code,
    nonRetryable: true,
    category: error.httpStatus < 500 ? ApplicationFailureCategory.BENIGN : undefined,
    details: [details],
  });
}

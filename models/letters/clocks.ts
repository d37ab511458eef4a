import { pauseDeadline, resumeDeadline, startDeadline } from '../calendar';
import type { Deadline } from '../calendar';
import type { LetterPolicy, Urgency } from './types';

/** Hours until a pended request must be final, by the contract's table (defaults of the domain: 1, 24 and 72). */
export function hoursFor(urgency: Urgency, policy: LetterPolicy): number {
  switch (urgency) {
    case 'emergency':
      return policy.emergencyHours;
    case 'standard':
      return policy.standardHours;
    case 'planned-inpatient':
      return policy.plannedInpatientHours;
    default:
      return urgency satisfies never;
  }
}

/** The clock of a request, counted from its submission in running hours. Stored, then slept to; never recomputed. */
export function startClock(submittedAt: string, urgency: Urgency, policy: LetterPolicy): Deadline {
  return startDeadline(submittedAt, { unit: 'hours', amount: hoursFor(urgency, policy) });
}

/** An appeal has the whole term again, from the day it came. */
export function restartClock(clock: Deadline, at: string): Deadline {
  return startDeadline(at, clock.term);
}

/** The clock stops while the clinic owes documents and goes on with what was left. */
export { pauseDeadline as stopClock, resumeDeadline as resumeClock };

/**
 * When the lead must hear of a request that nobody has answered: before the clock breaks, at the policy's share of
 * the whole term. Null while the clock stands.
 */
export function escalationAt(clock: Deadline, policy: Pick<LetterPolicy, 'escalateBeforePercent'>): string | null {
  if (clock.dueAt === null) return null;
  const lead = (clock.term.amount * 3_600_000 * policy.escalateBeforePercent) / 100;
  return new Date(Date.parse(clock.dueAt) - lead).toISOString();
}

import { endOfDay } from '../../models/calendar';
import { escalationAt } from '../../models/letters/clocks';
import { isInForce } from '../../models/letters/record';
import type { LetterRecord } from '../../models/letters/record';
import type { LetterView } from '../../workflows/letter-messages';
import type { LetterTimes } from './deps';

/** The letter with the instants that its workflow sleeps to. */
export function viewOf(letter: LetterRecord, times: LetterTimes): LetterView {
  const waiting = letter.pendedFor === 'expert' ? letter.clock : null;
  return {
    letter,
    escalateAt: waiting === null ? null : escalationAt(waiting, letter),
    dueAt: waiting?.dueAt ?? null,
    closesAt: closesAt(letter, times),
  };
}

function closesAt(letter: LetterRecord, times: LetterTimes): string | null {
  if (letter.pendedFor === 'documents')
    return after(letter.clock?.pausedAt ?? letter.submittedAt, times.documentsDays, times);
  if (letter.pendedFor !== null || letter.state === 'cancelled' || letter.state === 'expired') {
    return null;
  }
  const appealEnds = letter.finalAt === null ? null : after(letter.finalAt, times.appealDays, times);
  // A used letter waits for its end too: an invoice may give back what it took.
  if ((isInForce(letter) || letter.state === 'used') && letter.validTo !== null)
    return endOfTerm(letter, letter.validTo, times);
  return letter.state === 'refused' ? appealEnds : null;
}

/** The promise holds through its last day; with shortened days (tests) it ends that many of them after the answer. */
function endOfTerm(letter: LetterRecord, validTo: string, times: LetterTimes): string {
  if (times.dayMs === 86_400_000) return endOfDay(validTo);
  const days = Math.max(1, (Date.parse(validTo) - Date.parse(letter.submittedAt.slice(0, 10))) / 86_400_000);
  return after(letter.finalAt ?? letter.submittedAt, days, times);
}

function after(instant: string, days: number, times: LetterTimes): string {
  return new Date(Date.parse(instant) + days * times.dayMs).toISOString();
}

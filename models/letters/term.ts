import { dayNumber, isoDate } from '../calendar';
import { isPromised } from './record';
import type { LetterRecordLine } from './record';
import type { LetterPolicy, TermEnd } from './types';

const TERM_CODES: readonly string[] = ['ELIG-02', 'AUTH-03'] satisfies TermEnd['reasonCode'][];

/** Days that a promise for a service stands: the rule with the longest matching prefix, else the policy's own number. */
export function validityDaysFor(
  policy: Pick<LetterPolicy, 'validityDays' | 'validityRules'>,
  serviceCode: string,
): number {
  const rules = policy.validityRules.filter((rule) => serviceCode.startsWith(rule.service));
  const narrowest = rules.reduce<(typeof rules)[number] | null>(
    (a, b) => (a === null || b.service.length > a.service.length ? b : a),
    null,
  );
  return narrowest?.days ?? policy.validityDays;
}

/**
 * The last day of a promise: so many days after it was given, or after the first day of its period where that is later
 * (the day itself is not counted, article 191 of the Civil Code).
 * @param madeOn plain date of the promise in the insurer's zone
 * @param days null = no term is set
 */
export function validityEnd(periodFrom: string, madeOn: string, days: number | null): TermEnd | null {
  if (days === null) return null;
  const from = periodFrom > madeOn ? periodFrom : madeOn;
  return { date: isoDate(dayNumber(from) + days), reasonCode: 'AUTH-03' };
}

/** The end of the cover as the end of a promise. */
export function coverEnd(coveredTo: string | null): TermEnd | null {
  return coveredTo === null ? null : { date: coveredTo, reasonCode: 'ELIG-02' };
}

/** The earliest of several ends; of two on the same day the first named. */
export function earliestEnd(...ends: readonly (TermEnd | null)[]): TermEnd | null {
  return ends.reduce((a, b) => (a === null || (b !== null && b.date < a.date) ? b : a), null);
}

/**
 * A promise ends with what it stands on: the last enrolled day, where limits hold the last day of their contract year
 * (the next year's limits are not held by it), and the days that the contract's policy gives a letter. An
 * administrative cut of the period, named as such.
 */
export function cutToTerm(line: LetterRecordLine, end: TermEnd | null): LetterRecordLine {
  if (end === null || !isPromised(line) || line.approvedTo === null || line.approvedTo <= end.date) return line;
  // A doctor's or a limit's reason goes before; the earlier of two ends before the later one.
  const own = line.outcome === 'partial' && line.reasonCode !== null && !TERM_CODES.includes(line.reasonCode);
  const why = own ? {} : { ground: 'administrative' as const, reasonCode: end.reasonCode };
  return { ...line, ...why, outcome: line.outcome === 'pended' ? 'pended' : 'partial', approvedTo: end.date };
}

/** The earlier of two days, either of which may be unknown. */
export function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

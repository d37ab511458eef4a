import { isPromised } from './record';
import type { LetterRecordLine } from './record';

/**
 * A promise ends with the cover it stands on: the last enrolled day, and where limits hold the last day of their
 * contract year, since the next year's limits are not held by it. An administrative cut of the period, named as such.
 * @param coveredTo null = no term is known
 */
export function cutToCover(line: LetterRecordLine, coveredTo: string | null): LetterRecordLine {
  if (coveredTo === null || !isPromised(line) || line.approvedTo === null || line.approvedTo <= coveredTo) return line;
  const own = line.outcome === 'partial' && line.reasonCode !== null;
  const why = own ? {} : { ground: 'administrative' as const, reasonCode: 'ELIG-02' };
  return { ...line, ...why, outcome: line.outcome === 'pended' ? 'pended' : 'partial', approvedTo: coveredTo };
}

/** The earlier of two days, either of which may be unknown. */
export function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

import { memoryBook, type Units } from './book';
import type { RankOptions } from './rank';
import { fitFraud, type FraudScoring } from './scoring';
import type { FraudAlert, FraudInput } from './types';

export interface FraudResult extends Pick<FraudScoring, 'volume' | 'phantom' | 'upcoding'> {
  readonly units: Units;
  /** Posterior of "billed and not rendered" by line. */
  readonly posterior: Float32Array;
  /** Every clinic and every unit, in rank order. */
  readonly alerts: readonly FraudAlert[];
}

/** Scores a book that is in memory as columns. Large books are read in parts: see `fitFraud`. */
export function scoreFraud(input: FraudInput, options: RankOptions = {}): FraudResult {
  const book = memoryBook(input);
  const scoring = fitFraud(book);
  const { posterior } = scoring.scorePart(book.part(0));
  const { volume, phantom, upcoding } = scoring;
  return { units: book.units, volume, phantom, upcoding, posterior, alerts: scoring.alerts(options) };
}

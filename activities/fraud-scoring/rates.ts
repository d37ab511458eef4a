import { startCounts, toRates } from '../../models/fraud/answer-rates';
import type { AnswerRates } from '../../models/fraud/answer-rates';
import type { FraudRun, StoredRates } from '../../prisma/repositories/fraud-signals';

const NAMES = ['line', 'visit', 'comment', 'rating'] as const satisfies readonly (keyof AnswerRates)[];

/** Rates as plain numbers, to be kept with the run that estimated them. */
export function storeRates(rates: AnswerRates): StoredRates {
  const pairs = NAMES.map((name) => [name, rates[name].map((share) => Array.from(share))] as const);
  return Object.fromEntries(pairs) as unknown as StoredRates;
}

/** How patients answer, as the last run estimated it from the book; before the first run the models' own prior. */
export function ratesOf(run: FraudRun | null): AnswerRates {
  const stored = run?.parameters?.rates;
  if (stored === undefined) return toRates(startCounts());
  const pairs = NAMES.map((name) => [name, stored[name].map((share) => Float64Array.from(share))] as const);
  return Object.fromEntries(pairs) as unknown as AnswerRates;
}

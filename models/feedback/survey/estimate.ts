/** One answered fact with the probability at which it was asked, and, if known, at which such people answer. */
export interface WeightedAnswer {
  readonly denied: boolean;
  /** Inclusion probability stored with the survey, 0-1. */
  readonly probability: number;
  /** Estimated chance of an answer, 0-1; 1 when unknown. */
  readonly responds?: number;
}

export interface RateEstimate {
  readonly rate: number;
  readonly standardError: number;
  /** 95 % interval, within 0-1. */
  readonly low: number;
  readonly high: number;
  /** Answers that an even sample would need for the same precision (Kish). */
  readonly effective: number;
}

/**
 * Rate of denials in the whole book from answers asked at unequal probabilities: the Hajek form of the Horvitz-Thompson
 * estimator (weights 1 / (probability x response), ratio by their sum), linearised variance, Wilson interval at the
 * effective sample size. Null without answers.
 */
export function estimateRate(answers: readonly WeightedAnswer[]): RateEstimate | null {
  if (answers.length === 0) return null;
  const weights = answers.map(({ probability, responds = 1 }) => 1 / Math.max(1e-6, probability * responds));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const squares = weights.reduce((sum, w) => sum + w * w, 0);
  const rate = answers.reduce((sum, { denied }, i) => sum + (denied ? weights[i]! : 0), 0) / total;
  const variance = answers.reduce((sum, { denied }, i) => sum + (weights[i]! * ((denied ? 1 : 0) - rate)) ** 2, 0);
  const effective = (total * total) / squares;
  const [low, high] = wilson(rate, effective);
  return { rate, standardError: Math.sqrt(variance) / total, low, high, effective };
}

/** Wilson 95 % interval of a proportion seen on `n` (not necessarily whole) trials. */
export function wilson(rate: number, n: number): [number, number] {
  const z = 1.96;
  const centre = (rate + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

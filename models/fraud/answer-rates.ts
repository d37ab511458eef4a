/**
 * How patients answer, given the truth. Each triple is (yes, no, unsure), each pair (unremarkable, remarkable).
 * Index 0: rendered (happened, honest); index 1: not.
 */
export interface AnswerRates {
  readonly line: readonly [Float64Array, Float64Array];
  readonly visit: readonly [Float64Array, Float64Array];
  readonly comment: readonly [Float64Array, Float64Array];
  readonly rating: readonly [Float64Array, Float64Array];
}

/**
 * Pseudo-counts before any data: people forget a few per cent of what was done and confirm a fifth of what was not.
 * They weigh as much as some forty honest and fifteen invented lines, so a world of any size overrides them.
 */
const PRIOR = {
  line: [
    [37, 1, 2],
    [3, 11, 1.5],
  ],
  visit: [
    [39, 0.6, 0.4],
    [3, 12, 0.5],
  ],
  comment: [
    [40, 0.4],
    [3, 3],
  ],
  rating: [
    [36, 4],
    [24, 6],
  ],
} as const;

/** Expected counts gathered in an E-step, started at the prior. */
export interface RateCounts {
  readonly line: readonly [Float64Array, Float64Array];
  readonly visit: readonly [Float64Array, Float64Array];
  readonly comment: readonly [Float64Array, Float64Array];
  readonly rating: readonly [Float64Array, Float64Array];
}

export function startCounts(): RateCounts {
  const pair = (rows: readonly [readonly number[], readonly number[]]): [Float64Array, Float64Array] => [
    Float64Array.from(rows[0]),
    Float64Array.from(rows[1]),
  ];
  return {
    line: pair(PRIOR.line),
    visit: pair(PRIOR.visit),
    comment: pair(PRIOR.comment),
    rating: pair(PRIOR.rating),
  };
}

export function toRates(counts: RateCounts): AnswerRates {
  const share = (values: Float64Array): Float64Array => {
    let sum = 0;
    for (const value of values) sum += value;
    return values.map((value) => value / sum);
  };
  return {
    line: [share(counts.line[0]), share(counts.line[1])],
    visit: [share(counts.visit[0]), share(counts.visit[1])],
    comment: [share(counts.comment[0]), share(counts.comment[1])],
    rating: [share(counts.rating[0]), share(counts.rating[1])],
  };
}

/** Likelihood ratio of observation `seen` (0: not asked, else 1-based category): P(seen | guilty) / P(seen | honest). */
export function likelihoodRatio(pair: readonly [Float64Array, Float64Array], seen: number): number {
  return seen === 0 ? 1 : pair[1][seen - 1]! / pair[0][seen - 1]!;
}

import { logBeta } from './math';

/** Never above 250: a book cannot show that its patients and clinics are all alike. */
const CONCENTRATIONS = [15, 30, 60, 120, 250];

/** Beta-binomial log probability of `k` of `n` over the binomial one at the same mean. */
export function overdispersedGain(k: number, n: number, rate: number, concentration: number): number {
  if (n === 0) return 0;
  const a = rate * concentration;
  const b = (1 - rate) * concentration;
  return logBeta(k + a, n - k + b) - logBeta(a, b) - k * Math.log(rate) - (n - k) * Math.log(1 - rate);
}

/**
 * How much honest units differ in their rate of denials: the concentration of the beta-binomial with the highest
 * weighted likelihood (weights: probability that the unit is honest), times a prior that leans to 120, because
 * patients of different clinics do differ a little.
 */
export function fitConcentration(counts: Float64Array, totals: Float64Array, weights: Float64Array, rate: number) {
  let best = 250;
  let bestLog = -Infinity;
  for (const concentration of CONCENTRATIONS) {
    let log = -0.5 * Math.log(concentration / 120) ** 2;
    for (let i = 0; i < counts.length; i++) {
      if (weights[i]! > 0.01) log += weights[i]! * overdispersedGain(counts[i]!, totals[i]!, rate, concentration);
    }
    if (log > bestLog) {
      bestLog = log;
      best = concentration;
    }
  }
  return best;
}

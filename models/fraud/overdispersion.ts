import { logBeta } from './math';

/**
 * Never above 250: a book cannot show that its patients and clinics are all alike. Never below 80: a spread that wide
 * would excuse any clinic, and it is what undiscovered guilt looks like.
 */
const CONCENTRATIONS = [80, 120, 250];

/** Beta-binomial log probability of `k` of `n` over the binomial one at the same mean. */
export function overdispersedGain(k: number, n: number, rate: number, concentration: number): number {
  if (n === 0) return 0;
  const a = rate * concentration;
  const b = (1 - rate) * concentration;
  return logBeta(k + a, n - k + b) - logBeta(a, b) - k * Math.log(rate) - (n - k) * Math.log(1 - rate);
}

/** Upper share of units left out of the fit. */
const TRIMMED = 0.1;

/**
 * How much honest units differ in their rate of denials: the concentration of the beta-binomial with the highest
 * weighted likelihood (weights: probability that the unit is honest), times a prior that leans to 250, because
 * patients of different clinics do differ a little. The tenth with the most denials for its size is left out: guilt not
 * yet found would otherwise pass as honest spread, and never be found.
 */
export function fitConcentration(
  counts: Float64Array,
  totals: Float64Array,
  weights: Float64Array,
  rate: number,
): number {
  const excess = counts.map((k, i) => (totals[i]! > 0 ? (k - totals[i]! * rate) / Math.sqrt(totals[i]! * rate) : -1e9));
  const limit = Float64Array.from(excess).sort()[Math.floor((1 - TRIMMED) * excess.length)] ?? Infinity;
  let best = 250;
  let bestLog = -Infinity;
  for (const concentration of CONCENTRATIONS) {
    let log = -0.5 * Math.log(concentration / 250) ** 2;
    for (let i = 0; i < counts.length; i++) {
      if (weights[i]! <= 0.01 || excess[i]! >= limit) continue;
      log += weights[i]! * overdispersedGain(counts[i]!, totals[i]!, rate, concentration);
    }
    if (log > bestLog) {
      bestLog = log;
      best = concentration;
    }
  }
  return best;
}

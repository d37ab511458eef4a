import { clopperPearsonInterval, wilsonInterval } from '../statistics/intervals';
import { normalQuantile } from '../statistics/special';

/** A sampled line that a doctor has looked at. */
export interface CheckedLine {
  readonly probability: number;
  readonly shareKopecks: number;
  /** The doctor would not have accepted the line as billed. */
  readonly wrong: boolean;
  /** Kopecks that should not have been paid; 0 for right lines. */
  readonly overpaidKopecks: number;
}

export interface ErrorRate {
  readonly checked: number;
  readonly wrong: number;
  readonly population: number;
  /** Share of wrong lines among all auto-accepted ones. */
  readonly rate: number;
  readonly low: number;
  readonly high: number;
  /** Overpaid kopecks in all, with the interval. */
  readonly overpaid: number;
  readonly overpaidLow: number;
  readonly overpaidHigh: number;
  readonly method: 'clopper-pearson' | 'weighted-wilson';
}

/**
 * Error rate of auto-acceptance in a population of `population` lines from a sample with known chances (D. G.
 * Horvitz, D. J. Thompson, JASA 47, 1952; ratio form). Equal chances: exact Clopper-Pearson interval. Unequal:
 * Wilson's interval at the effective sample size, which stays honest when no error was seen.
 * Lines that were sampled and are not yet checked must be left out of both the sample and the population.
 */
export function estimateErrorRate(lines: readonly CheckedLine[], population: number, confidence = 0.95): ErrorRate {
  const checked = lines.length;
  const wrong = lines.filter((line) => line.wrong).length;
  const weights = lines.map(({ probability }) => 1 / probability);
  const total = sum(weights);
  const rate = total === 0 ? 0 : sum(lines.map((line, i) => (line.wrong ? weights[i]! : 0))) / total;
  const equal = lines.every(({ probability }) => probability === lines[0]?.probability);
  const interval = equal
    ? clopperPearsonInterval(wrong, checked, confidence)
    : weightedInterval(lines, weights, rate, confidence);
  return {
    checked,
    wrong,
    population,
    rate,
    low: interval.low,
    high: interval.high,
    ...overpaidOf(lines, weights, population, confidence),
    method: equal ? 'clopper-pearson' : 'weighted-wilson',
  };
}

/** Wilson at n_eff = (sum w)^2 / sum w^2 (Kish), with the weighted share put back into counts. */
function weightedInterval(lines: readonly CheckedLine[], weights: readonly number[], rate: number, confidence: number) {
  const effective = sum(weights) ** 2 / sum(weights.map((w) => w * w));
  return lines.length === 0 ? { low: 0, high: 1 } : wilsonInterval(rate * effective, effective, confidence);
}

function overpaidOf(lines: readonly CheckedLine[], weights: readonly number[], population: number, confidence: number) {
  const total = sum(weights);
  if (total === 0) return { overpaid: 0, overpaidLow: 0, overpaidHigh: 0 };
  // Ratio estimate: mean overpayment of the weighted sample times the known number of lines.
  const mean = sum(lines.map((line, i) => line.overpaidKopecks * weights[i]!)) / total;
  const variance =
    sum(lines.map((line, i) => (1 - line.probability) * (weights[i]! * (line.overpaidKopecks - mean)) ** 2)) /
    total ** 2;
  const spread = normalQuantile(1 - (1 - confidence) / 2) * Math.sqrt(variance) * population;
  const overpaid = mean * population;
  return {
    overpaid: Math.round(overpaid),
    overpaidLow: Math.max(0, Math.round(overpaid - spread)),
    overpaidHigh: Math.round(overpaid + spread),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

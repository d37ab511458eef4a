import { createHash } from 'node:crypto';

/** An auto-accepted line, as the sample sees it. */
export interface AcceptedLine {
  readonly id: string;
  /** Insurer's share in kopecks. */
  readonly shareKopecks: number;
  /** 0..1 from models, statistics and feedback: how much the line deserves a look. */
  readonly risk: number;
}

export interface SamplingPlan {
  /** Every line has at least this chance: the random part. */
  readonly baseRate: number;
  /** Expected number of further lines, drawn by risk and money: the risk-weighted part. */
  readonly riskDraws: number;
  /** No line is certain unless this is 1. */
  readonly maxRate: number;
}

export const DEFAULT_SAMPLING_PLAN: SamplingPlan = { baseRate: 0.01, riskDraws: 50, maxRate: 1 };

export interface SampledLine extends AcceptedLine {
  /** Chance of being in the sample, kept for the estimate. */
  readonly probability: number;
  readonly reason: 'random' | 'risk';
}

/**
 * Poisson sample of auto-accepted lines: each line is in by its own fixed chance = base rate + part by risk x money.
 * The draw of a line is a hash of seed and id, so it is the same on every machine and run, does not depend on the
 * other lines' order, and cannot be steered by a clinic that does not know the seed.
 */
export function sampleAccepted(lines: readonly AcceptedLine[], plan: SamplingPlan, seed: string): SampledLine[] {
  const rates = riskRates(lines, plan);
  return lines.flatMap((line, i) => {
    const probability = Math.min(plan.maxRate, plan.baseRate + rates[i]!);
    const draw = uniformOf(seed, line.id);
    if (draw >= probability) return [];
    return [{ ...line, probability, reason: draw < plan.baseRate ? ('random' as const) : ('risk' as const) }];
  });
}

/** A number in [0, 1) that only the seed and the id decide (first 52 bits of SHA-256). */
export function uniformOf(seed: string, id: string): number {
  const hex = createHash('sha256').update(`${seed}\u0000${id}`).digest('hex').slice(0, 13);
  return Number.parseInt(hex, 16) / 2 ** 52;
}

/** Extra chances proportional to risk x money that add up to `riskDraws`, each within what is left to `maxRate`. */
function riskRates(lines: readonly AcceptedLine[], { baseRate, riskDraws, maxRate }: SamplingPlan): number[] {
  const weights = lines.map(({ risk, shareKopecks }) => Math.max(0, risk) * Math.max(0, shareKopecks));
  const room = Math.max(0, maxRate - baseRate);
  const rates = lines.map(() => 0);
  let open = weights.map((weight, i) => ({ weight, i })).filter(({ weight }) => weight > 0);
  let left = Math.min(riskDraws, room * open.length);
  // Lines that reach the ceiling leave their surplus to the others.
  while (open.length > 0 && left > 1e-12) {
    const total = open.reduce((sum, { weight }) => sum + weight, 0);
    const full = open.filter(({ weight }) => (left * weight) / total >= room);
    if (full.length === 0) {
      for (const { weight, i } of open) rates[i] = (left * weight) / total;
      break;
    }
    for (const { i } of full) rates[i] = room;
    left -= room * full.length;
    const done = new Set(full.map(({ i }) => i));
    open = open.filter(({ i }) => !done.has(i));
  }
  return rates;
}

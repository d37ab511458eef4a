import { logSumExp } from './math';

/**
 * Grid of the share of affected lines or visits. Prior Beta(1.5, 4): schemes below a few per cent are neither
 * visible nor worth a case, and nobody invents everything.
 */
export const SHARE_GRID = Float64Array.from({ length: 24 }, (_, i) => 0.02 + (0.94 * i) / 23);
export const SHARE_LOG_PRIOR = gridPrior();

function gridPrior(): Float64Array {
  const raw = SHARE_GRID.map((s) => 0.5 * Math.log(s) + 3 * Math.log(1 - s));
  const total = logSumExp(raw);
  return raw.map((value) => value - total);
}

export interface HierarchyInput {
  readonly clinics: number;
  readonly unitClinic: Int32Array;
  /** clinics x grid: log likelihood ratio of "the clinic runs it at this share" against nobody, honest fixed. */
  readonly clinicLog: Float64Array;
  /** units x grid, the same for one doctor alone. */
  readonly unitLog: Float64Array;
  /** What honest over-dispersion adds to the null, per clinic and unit (log, at least 0). */
  readonly clinicNull: Float64Array;
  readonly unitNull: Float64Array;
  readonly clinicPrior: Float64Array;
  readonly unitPrior: Float64Array;
}

export interface Hierarchy {
  /** Posterior that the clinic as a whole runs the scheme. */
  readonly clinic: Float64Array;
  /** Posterior that this doctor runs it on his own. */
  readonly unit: Float64Array;
  /** Posterior mean of the share, given that it runs. */
  readonly clinicShare: Float64Array;
  readonly unitShare: Float64Array;
  /** Marginal log Bayes factors. */
  readonly clinicFactor: Float64Array;
  readonly unitFactor: Float64Array;
}

/**
 * Explains each clinic's evidence by one of: nobody, some doctors each on his own, or the whole clinic. The clinic
 * hypothesis competes with the product of its doctors' mixtures, so signals that one doctor explains do not accuse
 * the clinic, and signals that the clinic explains do not accuse each doctor.
 */
export function explain(input: HierarchyInput): Hierarchy {
  const size = SHARE_GRID.length;
  const units = input.unitClinic.length;
  const unitFactor = new Float64Array(units);
  const unitShare = new Float64Array(units);
  const own = new Float64Array(units);
  const alternative = new Float64Array(input.clinics);
  const scratch = new Float64Array(size);
  for (let u = 0; u < units; u++) {
    unitShare[u] = integrate(input.unitLog, u, scratch);
    unitFactor[u] = logSumExp(scratch) - input.unitNull[u]!;
    const prior = input.unitPrior[u]!;
    const runs = Math.log(prior) + unitFactor[u]!;
    const mixture = logSumExp([runs, Math.log1p(-prior)]);
    own[u] = Math.exp(runs - mixture);
    alternative[input.unitClinic[u]!]! += mixture;
  }
  const clinic = new Float64Array(input.clinics);
  const clinicFactor = new Float64Array(input.clinics);
  const clinicShare = new Float64Array(input.clinics);
  for (let c = 0; c < input.clinics; c++) {
    clinicShare[c] = integrate(input.clinicLog, c, scratch);
    clinicFactor[c] = logSumExp(scratch) - input.clinicNull[c]!;
    const prior = input.clinicPrior[c]!;
    const runs = Math.log(prior) + clinicFactor[c]!;
    clinic[c] = Math.exp(runs - logSumExp([runs, Math.log1p(-prior) + alternative[c]!]));
  }
  const unit = own.map((value, u) => value * (1 - clinic[input.unitClinic[u]!]!));
  return { clinic, unit, clinicShare, unitShare, clinicFactor, unitFactor };
}

/** Fills `scratch` with log prior + log likelihood over the grid and returns the posterior mean share. */
function integrate(logs: Float64Array, index: number, scratch: Float64Array): number {
  const size = SHARE_GRID.length;
  let top = -Infinity;
  for (let g = 0; g < size; g++) {
    scratch[g] = SHARE_LOG_PRIOR[g]! + logs[index * size + g]!;
    if (scratch[g]! > top) top = scratch[g]!;
  }
  let total = 0;
  let mean = 0;
  for (let g = 0; g < size; g++) {
    const weight = Math.exp(scratch[g]! - top);
    total += weight;
    mean += weight * SHARE_GRID[g]!;
  }
  return mean / total;
}

/**
 * Prior probabilities for the next round: an empirical-Bayes share of guilty clinics or doctors (a Beta prior of
 * `strength` units at `rate`, updated by the posteriors), scaled by size, because a scheme on a handful of lines
 * pays nobody.
 */
export function updatePrior(
  posterior: Float64Array,
  size: Float64Array,
  halfSize: number,
  rate: number,
  strength: number,
): Float64Array {
  let found = 0;
  let weight = 0;
  const scale = size.map((value) => value / (value + halfSize));
  for (let i = 0; i < posterior.length; i++) {
    found += posterior[i]!;
    weight += scale[i]!;
  }
  const level = Math.min(0.3, (rate * strength + found) / (strength + weight));
  return scale.map((value) => Math.max(1e-9, level * value));
}

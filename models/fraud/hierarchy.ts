import { logSumExp } from './math';

/**
 * Grid of the share of affected lines or visits, from 5 %, with a Beta(2, 4) prior: a scheme below that is neither
 * visible nor worth a case (and would soak up honest mistakes), and nobody invents everything.
 */
export const SHARE_GRID = Float64Array.from({ length: 24 }, (_, i) => 0.05 + (0.9 * i) / 23);
export const SHARE_LOG_PRIOR = gridPrior();

function gridPrior(): Float64Array {
  const raw = SHARE_GRID.map((s) => Math.log(s) + 3 * Math.log(1 - s));
  const total = logSumExp(raw);
  return raw.map((value) => value - total);
}

export interface HierarchyInput {
  readonly clinics: number;
  readonly unitClinic: Int32Array;
  /** clinics x grid: log likelihood ratio, at this share against nobody, of what no single unit answers for. */
  readonly clinicLog: Float64Array;
  /** units x grid: the same of each unit's own answers. */
  readonly unitLog: Float64Array;
  /** units x grid: what speaks for a doctor against his own clinic (billing volume); not the clinic's evidence. */
  readonly unitOnlyLog: Float64Array;
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

/** Kernel of a doctor's share around his clinic's: normal on the logit scale, standard deviation 0.5. Rows sum to 1. */
const KERNEL = shareKernel(0.5);

function shareKernel(sd: number): Float64Array {
  const size = SHARE_GRID.length;
  const logit = SHARE_GRID.map((s) => Math.log(s / (1 - s)));
  const kernel = new Float64Array(size * size);
  for (let g = 0; g < size; g++) {
    let total = 0;
    for (let h = 0; h < size; h++) {
      const z = (logit[h]! - logit[g]!) / sd;
      // Density on the grid of shares: the logit's slope is 1 / (s (1 - s)).
      kernel[g * size + h] = Math.exp(-0.5 * z * z) / (SHARE_GRID[h]! * (1 - SHARE_GRID[h]!));
      total += kernel[g * size + h]!;
    }
    for (let h = 0; h < size; h++) kernel[g * size + h]! /= total;
  }
  return kernel;
}

/**
 * Log likelihood of "the whole clinic" over the grid, into `out`: all doctors at one share, or each near it. Half of
 * the weight goes to either, so that a clinic whose doctors differ is still one clinic and not thirty culprits.
 */
function clinicLogs(input: HierarchyInput): Float64Array {
  const size = SHARE_GRID.length;
  const same = Float64Array.from(input.clinicLog);
  const near = Float64Array.from(input.clinicLog);
  for (let u = 0; u < input.unitClinic.length; u++) {
    const c = input.unitClinic[u]!;
    let top = -Infinity;
    for (let g = 0; g < size; g++) top = Math.max(top, input.unitLog[u * size + g]!);
    const raised = input.unitLog.subarray(u * size, (u + 1) * size).map((log) => Math.exp(log - top));
    for (let g = 0; g < size; g++) {
      let sum = 0;
      for (let h = 0; h < size; h++) sum += KERNEL[g * size + h]! * raised[h]!;
      near[c * size + g]! += Math.log(sum + 1e-300) + top;
      same[c * size + g]! += input.unitLog[u * size + g]!;
    }
  }
  return same.map((log, i) => logSumExp([log, near[i]!]) - Math.LN2);
}

/**
 * Explains each clinic's evidence by one of: nobody, some doctors each on his own, or the whole clinic. The clinic
 * hypothesis competes with the product of its doctors' mixtures, so signals that one doctor explains do not accuse
 * the clinic, and signals that the clinic explains do not accuse each doctor.
 */
export function explain(input: HierarchyInput): Hierarchy {
  const size = SHARE_GRID.length;
  const units = input.unitClinic.length;
  const clinicLog = clinicLogs(input);
  const unitLog = input.unitLog.map((log, i) => log + input.unitOnlyLog[i]!);
  const unitFactor = new Float64Array(units);
  const unitShare = new Float64Array(units);
  const own = new Float64Array(units);
  const alternative = new Float64Array(input.clinics);
  const scratch = new Float64Array(size);
  for (let u = 0; u < units; u++) {
    unitShare[u] = integrate(unitLog, u, scratch);
    unitFactor[u] = logSumExp(scratch) - input.unitNull[u]!;
    const prior = input.unitPrior[u]!;
    const runs = Math.log(prior) + unitFactor[u]!;
    const mixture = logSumExp([runs, Math.log1p(-prior)]);
    own[u] = Math.exp(runs - mixture);
    // Back to the scale of the honest clinic, on which the clinic's own likelihood stands.
    alternative[input.unitClinic[u]!]! += mixture + input.unitNull[u]!;
  }
  const clinic = new Float64Array(input.clinics);
  const clinicFactor = new Float64Array(input.clinics);
  const clinicShare = new Float64Array(input.clinics);
  for (let c = 0; c < input.clinics; c++) {
    clinicShare[c] = integrate(clinicLog, c, scratch);
    const evidence = logSumExp(scratch);
    clinicFactor[c] = evidence - input.clinicNull[c]!;
    const prior = input.clinicPrior[c]!;
    const runs = Math.log(prior) + evidence;
    // Otherwise: its patients are unlike others as a whole, or each doctor is explained on his own.
    const otherwise = logSumExp([input.clinicNull[c]!, alternative[c]!]) - Math.LN2;
    clinic[c] = Math.exp(runs - logSumExp([runs, Math.log1p(-prior) + otherwise]));
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
 * `strength` units at `rate`, updated by the posteriors), in proportion to size up to `widest` times the mean, because
 * a scheme pays by volume: on a handful of lines it pays nobody.
 */
export function updatePrior(
  posterior: Float64Array,
  size: Float64Array,
  widest: number,
  rate: number,
  strength: number,
): Float64Array {
  const count = Math.max(1, size.length);
  const mean = Math.max(1e-9, size.reduce((sum, value) => sum + value, 0) / count);
  const scale = size.map((value) => Math.min(widest, value / mean));
  const total = Math.max(
    1e-9,
    scale.reduce((sum, value) => sum + value, 0),
  );
  const found = posterior.reduce((sum, value) => sum + value, 0);
  // Never far above the prior rate: many culprits at once are rather one wrong assumption.
  const level = Math.min(4 * rate, (rate * strength + found) / (strength + total));
  return scale.map((value) => Math.min(0.5, Math.max(1e-9, (level * value * count) / total)));
}

/** From here on a unit's answers teach how guilty visits look. */
const TEACHES_AT = 0.9;

/**
 * The hierarchy as the error rates may learn from it: doubtful units count as honest. With soft weights each doubtful
 * unit takes its unlucky answers out of the honest rates, which makes the next unit look guiltier, and so on.
 */
export function forLearning(hierarchy: Hierarchy): Hierarchy {
  const sure = (values: Float64Array): Float64Array => values.map((value) => (value >= TEACHES_AT ? value : 0));
  return { ...hierarchy, clinic: sure(hierarchy.clinic), unit: sure(hierarchy.unit) };
}

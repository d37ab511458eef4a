import { meanDeviance } from './deviance';
import type { Forest } from './forest';
import { goesLeft } from './forest';
import type { TreeRules } from './grow-tree';
import { ForestBuilder, growTree } from './grow-tree';
import { createRandom, shuffle } from './random';
import type { BinnedFactor, BinnedRows } from './tree-bins';

export interface ForestSettings extends TreeRules {
  readonly learningRate: number;
  readonly trees: number;
  /** Trees without a better held-out deviance before it stops. */
  readonly patience: number;
  /** Share of rows and of factors that each tree sees. */
  readonly rowShare: number;
  readonly factorShare: number;
}

/** Rows to boost on: rate = total / base, weighted by base. */
export interface ForestData {
  readonly factors: readonly BinnedFactor[];
  readonly bins: BinnedRows;
  readonly rate: Float64Array;
  readonly base: Float64Array;
}

const TREES_BETWEEN_PAUSES = 4;

/**
 * Gradient boosting on the Poisson or Tweedie deviance with log link (Friedman 2001, leaf-wise on histograms as in Ke et
 * al. 2017), stopped on held-out rows. Plain loops: the same on every machine and backend.
 *
 * @param train - rows to learn from
 * @param hold - rows to stop on, of groups that are not in `train`
 * @returns the forest up to its best tree, and its held-out deviance
 * @throws the reason of `signal` when aborted
 */
export async function growForest(
  { factors, bins, rate, base }: ForestData,
  settings: ForestSettings,
  power: number,
  train: Int32Array,
  hold: Int32Array,
  seed: number,
  signal?: AbortSignal,
): Promise<{ readonly forest: Forest; readonly deviance: number }> {
  const random = createRandom(seed ^ 0x3c6ef372);
  const { meanRate, meanBase } = levelsOf(rate, base, train);
  const n = rate.length;
  const eta = new Float64Array(n);
  const gradient = new Float64Array(n);
  const curvature = new Float64Array(n);
  const offsets = new Int32Array(factors.length + 1);
  factors.forEach((factor, i) => (offsets[i + 1] = offsets[i]! + factor.bins));
  const data = { factors, bins, offsets, gradient, curvature };
  const builder = new ForestBuilder();
  const everyFactor = Int32Array.from(factors.keys());
  const asked = Math.max(1, Math.round(settings.factorShare * factors.length));
  const bag = train.slice();
  const held = holdoutOf(rate, base, hold);
  let best = { trees: 0, deviance: held.deviance(eta, meanRate, power) };
  for (let tree = 1; tree <= settings.trees; tree++) {
    signal?.throwIfAborted();
    for (const row of train) {
      const w = base[row]! / meanBase;
      const y = rate[row]! / meanRate;
      const a = y * Math.exp((1 - power) * eta[row]!);
      const b = Math.exp((2 - power) * eta[row]!);
      gradient[row] = w * (b - a);
      curvature[row] = w * ((2 - power) * b - (1 - power) * a);
    }
    const sample = shuffle(bag, random).slice(0, Math.ceil(settings.rowShare * bag.length));
    const some = shuffle(everyFactor, random).slice(0, asked).sort();
    const root = growTree(builder, data, sample, some, settings, settings.learningRate);
    builder.roots.push(root);
    addTree(builder, root, bins, train, eta);
    addTree(builder, root, bins, hold, eta);
    const deviance = held.deviance(eta, meanRate, power);
    if (deviance < best.deviance || hold.length === 0) best = { trees: tree, deviance };
    else if (tree - best.trees >= settings.patience) break;
    if (tree % TREES_BETWEEN_PAUSES === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { forest: builder.finish(Math.log(meanRate), best.trees), deviance: best.deviance };
}

function addTree(builder: ForestBuilder, root: number, bins: BinnedRows, rows: Int32Array, eta: Float64Array): void {
  const { factor, left, value } = builder;
  for (const row of rows) {
    let node = root;
    while (factor[node]! >= 0) node = left[node]! + (goesLeft(builder, node, bins[factor[node]!]![row]!) ? 0 : 1);
    eta[row]! += value[node]!;
  }
}

function levelsOf(rate: Float64Array, base: Float64Array, rows: Int32Array): { meanRate: number; meanBase: number } {
  let total = 0;
  let weight = 0;
  for (const row of rows) {
    total += rate[row]! * base[row]!;
    weight += base[row]!;
  }
  return { meanRate: total > 0 ? total / weight : 1, meanBase: weight / Math.max(rows.length, 1) };
}

function holdoutOf(rate: Float64Array, base: Float64Array, rows: Int32Array) {
  const weights = Float64Array.from(rows, (row) => base[row]!);
  const totals = Float64Array.from(rows, (row) => rate[row]! * base[row]!);
  return {
    deviance: (eta: Float64Array, meanRate: number, power: number): number =>
      meanDeviance(
        totals,
        Float64Array.from(rows, (row) => base[row]! * meanRate * Math.exp(eta[row]!)),
        weights,
        power,
      ),
  };
}

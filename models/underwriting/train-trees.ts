import type { TensorFlow } from './backend';
import type { Factor } from './catalogue';
import { unitDeviance } from './deviance';
import { predictForest } from './forest';
import type { Forest } from './forest';
import type { ForestData, ForestSettings } from './grow-forest';
import { growForest } from './grow-forest';
import type { Member, TreePart } from './model';
import type { NetworkShape } from './network';
import { predictMembers } from './predict-tf';
import type { ModelRows } from './rows';
import { clustersOf } from './rows';
import type { Partition } from './sets';
import type { Effort } from './settings';
import { forestRivals } from './settings';
import { binRows, fitBins } from './tree-bins';
import type { MemberData } from './member-batches';
import type { TrainingControl } from './train-ensemble';

const WEIGHTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const EVEN = 0.5;

export interface BlendedMembers {
  readonly members: readonly Member[];
  readonly trees?: TreePart;
  /** Held-out deviance by form, for the model card. */
  readonly table: readonly { readonly name: string; readonly deviance: number }[];
}

/**
 * Grows boosted trees beside each network on the same folds and weighs both by how they forecast groups that neither has
 * seen; where the networks alone are clearly better, they stay alone. Smooth shapes and sharp steps err in different places, so
 * their mean forecasts better than either.
 */
export async function trainTrees(
  tf: TensorFlow,
  data: MemberData,
  shape: NetworkShape,
  rows: ModelRows,
  factors: readonly Factor[],
  power: number,
  effort: Effort,
  folds: Int32Array,
  seed: number,
  networks: readonly Member[],
  control: TrainingControl,
): Promise<BlendedMembers> {
  const binned = fitBins(rows.table, factors);
  const forestData: ForestData = {
    factors: binned,
    bins: binRows(rows.table, binned),
    rate: data.rate,
    base: data.base,
  };
  const groups = clustersOf(rows);
  const { settings, table } = await searchForest(forestData, power, effort, folds, seed, control);
  const forests: Forest[] = [];
  for (const [k, { fold }] of networks.entries()) {
    control.onProgress?.({ stage: 'trees', done: k, of: networks.length, note: '' });
    forests.push((await growOnFold(forestData, settings, power, folds, fold, seed + 101 * (k + 1), control)).forest);
  }
  const network = predictMembers(
    tf,
    shape,
    networks.map(({ weights }) => weights),
    data.inputs,
    data.sets,
  );
  const grown = forests.map((forest) => predictForest(forest, forestData.bins, rows.table.rows));
  const blends = WEIGHTS.map((weight): Blend => {
    const logs = networks.map((_, k) => network[k]!.map((log, row) => (1 - weight) * log + weight * grown[k]![row]!));
    const levels = networks.map(({ fold }, k) => levelOf(data, logs[k]!, folds, fold));
    return { weight, levels, losses: heldOutLosses(data, logs, levels, networks, folds, power, groups) };
  });
  const { weight, levels } = chooseBlend(blends);
  const named = (name: string, at: number): { name: string; deviance: number } => ({
    name,
    deviance: sum(blends.find((blend) => blend.weight === at)!.losses) / sum(data.base),
  });
  const figures = [
    ...table,
    named('networks alone', 0),
    named('trees alone', 1),
    named(`trees with weight ${weight}`, weight),
  ];
  if (weight === 0) return { members: networks, table: figures };
  return {
    members: networks.map((member, k) => ({ ...member, level: levels[k]!, forest: forests[k]! })),
    trees: { factors: binned, weight },
    table: figures,
  };
}

interface Blend {
  readonly weight: number;
  readonly levels: readonly number[];
  /** Weighted held-out deviance by group. */
  readonly losses: Float64Array;
}

/**
 * The most even weight whose held-out deviance is within one standard error (over groups) of the best: what the groups
 * cannot tell apart is averaged, because the best of eleven on one sample is partly luck.
 */
function chooseBlend(blends: readonly Blend[]): Blend {
  const best = blends.reduce((a, b) => (sum(b.losses) < sum(a.losses) ? b : a));
  const close = blends.filter(({ losses }) => {
    const gaps = losses.map((loss, group) => loss - best.losses[group]!);
    const mean = sum(gaps) / gaps.length;
    const variance = sum(gaps.map((gap) => (gap - mean) ** 2));
    return sum(gaps) <= Math.sqrt(variance);
  });
  return close.reduce((a, b) => (Math.abs(b.weight - EVEN) < Math.abs(a.weight - EVEN) ? b : a));
}

/** Chooses the size of the trees on held-out groups. */
async function searchForest(
  data: ForestData,
  power: number,
  effort: Effort,
  folds: Int32Array,
  seed: number,
  control: TrainingControl,
): Promise<{ readonly settings: ForestSettings; readonly table: { name: string; deviance: number }[] }> {
  const rivals = forestRivals(data.rate.length, effort);
  const most = new Set(folds).size;
  const tries = rivals.length === 1 ? 0 : data.rate.length > 100_000 ? 1 : Math.min(3, most);
  const scored: { name: string; settings: ForestSettings; deviance: number }[] = [];
  for (const [i, { name, settings }] of rivals.entries()) {
    control.onProgress?.({ stage: 'trees', done: i, of: rivals.length, note: name });
    let deviance = 0;
    for (let fold = 0; fold < tries; fold++)
      deviance += (await growOnFold(data, settings, power, folds, fold, seed + fold, control)).deviance / tries;
    scored.push({ name, settings, deviance });
  }
  const { settings } = scored.reduce((a, b) => (b.deviance < a.deviance ? b : a));
  return { settings, table: tries === 0 ? [] : scored.map(({ name, deviance }) => ({ name, deviance })) };
}

function growOnFold(
  data: ForestData,
  settings: ForestSettings,
  power: number,
  folds: Int32Array,
  fold: number,
  seed: number,
  { signal }: TrainingControl,
): Promise<{ readonly forest: Forest; readonly deviance: number }> {
  const [train, hold] = [false, true].map((inside) =>
    Int32Array.from(folds.keys()).filter((row) => (folds[row] === fold) === inside && data.base[row]! > 0),
  ) as [Int32Array, Int32Array];
  return growForest(data, settings, power, train.length === 0 ? hold : train, hold, seed, signal);
}

/** Factor that gives the total of the member's own training rows back (balance property). */
function levelOf({ rate, base }: MemberData, logs: Float64Array, folds: Int32Array, fold: number): number {
  let observed = 0;
  let expected = 0;
  for (let row = 0; row < logs.length; row++) {
    if (folds[row] === fold) continue;
    observed += rate[row]! * base[row]!;
    expected += Math.exp(Math.min(logs[row]!, 40)) * base[row]!;
  }
  return observed > 0 && expected > 0 ? observed / expected : 1;
}

/** Held-out deviance of the mean of the members that never saw a row, weighted by base, by group. */
function heldOutLosses(
  { rate, base }: MemberData,
  logs: readonly Float64Array[],
  levels: readonly number[],
  members: readonly Member[],
  folds: Int32Array,
  power: number,
  groups: Partition,
): Float64Array {
  const sums = new Float64Array(base.length);
  const counts = new Float64Array(base.length);
  members.forEach(({ fold }, k) => {
    for (let row = 0; row < base.length; row++) {
      if (folds[row] !== fold) continue;
      sums[row]! += Math.exp(Math.min(logs[k]![row]!, 40)) * levels[k]!;
      counts[row]!++;
    }
  });
  const losses = new Float64Array(groups.count);
  for (let row = 0; row < base.length; row++)
    if (counts[row]! > 0)
      losses[groups.of[row]!]! +=
        base[row]! * unitDeviance(rate[row]!, Math.max(sums[row]! / counts[row]!, 1e-9), power);
  return losses;
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}

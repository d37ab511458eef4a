import type { TensorFlow } from './backend';
import { encodeRows } from './encode-rows';
import type { EncodedRows } from './encoding';
import { predictForest } from './forest';
import type { Member, UnderwritingModel } from './model';
import { encodePairs } from './pairs';
import { predictMembers } from './predict-tf';
import type { ModelRows } from './rows';
import { foldOf } from './sets';
import { binRows } from './tree-bins';

/** Encoded inputs of rows, products of pairs behind them. */
export function encodeFor(model: Pick<UnderwritingModel, 'encoding' | 'pairs'>, rows: ModelRows): EncodedRows {
  const inputs = encodeRows(rows.table, model.encoding, model.pairs.length);
  encodePairs(rows.table, model.encoding, model.pairs, inputs);
  return inputs;
}

/** Which members speak for a row: all, or for a group of the training only those that never saw it. */
export function membersFor(
  model: Pick<UnderwritingModel, 'members' | 'folds' | 'foldSeed' | 'trainGroups' | 'outOfFold'>,
  group: string,
): readonly number[] {
  if (model.outOfFold === false || !model.trainGroups.has(group)) return model.members.map((_, k) => k);
  const fold = foldOf(group, model.folds, model.foldSeed);
  return model.members.flatMap((member, k) => (member.fold === fold ? [k] : []));
}

/**
 * Expected totals given the factors alone: the mean of the members' forecasts, before experience and cohort levels.
 * A group of the training is priced by the members that were trained without it, so that its own past enters once,
 * through credibility.
 */
export function expectedTotals(
  tf: TensorFlow | null,
  model: Pick<UnderwritingModel, 'shape' | 'members' | 'trees' | 'folds' | 'foldSeed' | 'trainGroups' | 'outOfFold'>,
  rows: ModelRows,
  inputs: EncodedRows,
): Float64Array {
  const cache = new Map<string, readonly number[]>();
  for (const name of rows.groupNames) if (!cache.has(name)) cache.set(name, membersFor(model, name));
  // A quote of a known contract asks a part of the members only.
  const needed = new Set([...cache.values()].flat());
  const asked = model.members.map((_, k) => k).filter((k) => needed.has(k));
  const own = memberLogs(
    tf,
    model,
    asked.map((k) => model.members[k]!),
    rows,
    inputs,
  );
  const logs: Float64Array[] = [];
  asked.forEach((k, i) => (logs[k] = own[i]!));
  return rows.base.map((base, row) => {
    const members = cache.get(rows.groupNames[row]!)!;
    let sum = 0;
    for (const k of members) sum += Math.exp(Math.min(logs[k]![row]!, 40));
    return (base * sum) / members.length;
  });
}

/** log of total / base by member, level included. */
export function memberLogs(
  tf: TensorFlow | null,
  { shape, trees }: Pick<UnderwritingModel, 'shape' | 'trees'>,
  members: readonly Member[],
  rows: ModelRows,
  inputs: EncodedRows,
): Float64Array[] {
  const logs = predictMembers(
    tf,
    shape,
    members.map(({ weights }) => weights),
    inputs,
    rows.keyed.sets,
  );
  const bins = trees === undefined ? null : binRows(rows.table, trees.factors);
  members.forEach(({ level, forest }, k) => {
    const shift = Math.log(level);
    const own = logs[k]!;
    const grown = bins === null || forest === undefined ? null : predictForest(forest, bins, own.length);
    const weight = grown === null ? 0 : trees!.weight;
    for (let row = 0; row < own.length; row++)
      own[row] = shift + (grown === null ? own[row]! : (1 - weight) * own[row]! + weight * grown[row]!);
  });
  return logs;
}

import type { TensorFlow } from './backend';
import { encodeRows } from './encode-rows';
import type { EncodedRows } from './encoding';
import { predictForest } from './forest';
import type { Member, UnderwritingModel } from './model';
import { encodePairs } from './pairs';
import { allRows, predictMembers } from './predict-tf';
import type { ModelRows } from './rows';
import { foldOf } from './sets';
import { binRows } from './tree-bins';

/** Encoded inputs of rows, products of pairs behind them. */
export function encodeFor(model: Pick<UnderwritingModel, 'encoding' | 'pairs'>, rows: ModelRows): EncodedRows {
  const inputs = encodeRows(rows.table, model.encoding, model.pairs.length);
  encodePairs(rows.table, model.encoding, model.pairs, inputs);
  return inputs;
}

type Rule = Pick<UnderwritingModel, 'members' | 'folds' | 'foldSeed' | 'trainGroups' | 'outOfFold'>;

/** Which members speak for a row: all, or for a group of the training only those that never saw it. */
export function membersFor(model: Rule, group: string): readonly number[] {
  const fold = foldFor(model, group);
  return model.members.flatMap((member, k) => (fold === null || member.fold === fold ? [k] : []));
}

/** The fold whose members never saw the group; null where no member did. */
function foldFor({ folds, foldSeed, trainGroups, outOfFold }: Omit<Rule, 'members'>, group: string): number | null {
  return outOfFold === false || !trainGroups.has(group) ? null : foldOf(group, folds, foldSeed);
}

/**
 * Expected totals given the factors alone: the mean of the members' forecasts, before experience and cohort levels.
 * A group of the training is priced by the members that were trained without it, so that its own past enters once,
 * through credibility.
 */
export function expectedTotals(
  tf: TensorFlow | null,
  model: Rule & Pick<UnderwritingModel, 'shape' | 'trees'>,
  rows: ModelRows,
  inputs: EncodedRows,
): Float64Array {
  const totals = new Float64Array(rows.table.rows);
  for (const [fold, own] of rowsByFold(model, rows)) {
    const members = model.members.filter((member) => fold === null || member.fold === fold);
    const logs = memberLogs(tf, model, members, rows, inputs, own);
    own.forEach((row, i) => {
      let sum = 0;
      for (const log of logs) sum += Math.exp(Math.min(log[i]!, 40));
      totals[row] = (rows.base[row]! * sum) / members.length;
    });
  }
  return totals;
}

/** Rows by what {@link foldFor} says of their group: rows of a set stay together, so that they compete as in the whole. */
function rowsByFold(model: Rule, { groupNames }: ModelRows): Map<number | null, Int32Array> {
  const folds = new Map<number | null, number[]>();
  groupNames.forEach((name, row) => {
    const fold = foldFor(model, name);
    const own = folds.get(fold);
    if (own === undefined) folds.set(fold, [row]);
    else own.push(row);
  });
  return new Map([...folds].map(([fold, own]) => [fold, Int32Array.from(own)]));
}

/**
 * log of total / base by member, level included.
 *
 * @param own - rows asked for, ascending and with whole sets; all by default
 * @returns by member the figures of those rows, in their order
 */
export function memberLogs(
  tf: TensorFlow | null,
  { shape, trees }: Pick<UnderwritingModel, 'shape' | 'trees'>,
  members: readonly Member[],
  rows: ModelRows,
  inputs: EncodedRows,
  own: Int32Array = allRows(inputs),
): Float64Array[] {
  const logs = predictMembers(
    tf,
    shape,
    members.map(({ weights }) => weights),
    inputs,
    rows.keyed.sets,
    own,
  );
  const bins = trees === undefined ? null : binRows(rows.table, trees.factors, own);
  members.forEach(({ level, forest }, k) => {
    const shift = Math.log(level);
    const network = logs[k]!;
    const grown = bins === null || forest === undefined ? null : predictForest(forest, bins, network.length);
    const weight = grown === null ? 0 : trees!.weight;
    for (let i = 0; i < network.length; i++)
      network[i] = shift + (grown === null ? network[i]! : (1 - weight) * network[i]! + weight * grown[i]!);
  });
  return logs;
}

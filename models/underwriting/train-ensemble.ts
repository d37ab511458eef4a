import type { TensorFlow } from './backend';
import type { Factor } from './catalogue';
import type { Encoding, EncodedRows } from './encoding';
import { fitEncoding } from './encoding';
import { encodeFor, expectedTotals } from './expectation';
import type { MemberData } from './member-batches';
import type { Constraints } from './member-trainer';
import type { Member } from './model';
import type { NetworkShape } from './network';
import type { PairInput } from './pairs';
import { screenPairs } from './pairs';
import { predictMembers } from './predict-tf';
import type { ModelRows } from './rows';
import { clustersOf } from './rows';
import type { TrainingSettings } from './settings';
import { rivalSettings } from './settings';
import type { MemberResult } from './train-member';
import { trainMember } from './train-member';

/** Inputs of a training as encoded under given settings. */
export interface Prepared {
  readonly encoding: Encoding;
  readonly pairs: readonly PairInput[];
  readonly data: MemberData;
  readonly constraints?: Constraints;
}

export interface TrainingControl {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Members kept from an interrupted training; called after each new member. */
  readonly checkpoint?: { readonly members: readonly Member[]; readonly save: (members: readonly Member[]) => void };
}

export interface TrainingProgress {
  readonly stage: 'prepare' | 'search' | 'members' | 'trees' | 'experience' | 'explain';
  readonly done: number;
  readonly of: number;
  readonly note: string;
}

/** A rival must beat the settings by size by this share: less is luck of the folds. */
const SEARCH_MARGIN = 0.006;

/** Encodes the rows and screens pairs on what an additive model leaves. */
export async function prepare(
  tf: TensorFlow,
  rows: ModelRows,
  factors: readonly Factor[],
  settings: TrainingSettings,
  folds: Int32Array,
  seed: number,
  control: TrainingControl,
): Promise<Prepared> {
  const encoding = fitEncoding(rows.table, factors, settings.bins);
  const additive = dataOf(rows, encodeFor({ encoding, pairs: [] }, rows));
  const constraints = constraintsOf(encoding, 0);
  if (settings.pairLimit === 0 || encoding.factors.length < 3)
    return { encoding, pairs: [], data: additive, constraints };
  const member = await runMember(
    tf,
    additive,
    { ...settings, member: { ...settings.member, hidden: [0, 0] } },
    folds,
    0,
    seed,
    constraints,
    control,
  );
  const expected = expectedBy(tf, additive, rows, shapeOf(additive, settings, [0, 0]), [member.member]);
  const residual = rows.total.map((total, row) => total - expected[row]!);
  const pairs = screenPairs(rows.table, encoding, residual, clustersOf(rows), settings.pairLimit);
  const data = dataOf(rows, encodeFor({ encoding, pairs }, rows));
  return { encoding, pairs, data, constraints: constraintsOf(encoding, pairs.length) };
}

/** Compares rival settings by the held-out deviance of one or two folds and returns the best, with the table. */
export async function searchSettings(
  tf: TensorFlow,
  rows: ModelRows,
  factors: readonly Factor[],
  base: TrainingSettings,
  folds: Int32Array,
  seed: number,
  control: TrainingControl,
): Promise<{ readonly settings: TrainingSettings; readonly table: { name: string; deviance: number }[] }> {
  const table: { name: string; deviance: number; settings: TrainingSettings }[] = [];
  const tries = rows.table.rows > 25_000 ? 1 : Math.min(3, base.folds);
  const rivals = rivalSettings(base);
  const prepared = new Map<string, Prepared>();
  for (const [i, { name, settings }] of rivals.entries()) {
    control.onProgress?.({ stage: 'search', done: i, of: rivals.length, note: name });
    const key = `${settings.bins}`;
    let ready = prepared.get(key);
    if (ready === undefined)
      prepared.set(key, (ready = await prepare(tf, rows, factors, settings, folds, seed, control)));
    let deviance = 0;
    for (let fold = 0; fold < tries; fold++) {
      const { deviance: own } = await runMember(
        tf,
        ready.data,
        settings,
        folds,
        fold,
        seed + fold,
        ready.constraints,
        control,
      );
      deviance += own / tries;
    }
    table.push({ name, deviance, settings });
  }
  const best = table.reduce((a, b) => (b.deviance < a.deviance ? b : a));
  const chosen = best.deviance < table[0]!.deviance * (1 - SEARCH_MARGIN) ? best : table[0]!;
  return { settings: chosen.settings, table: table.map(({ name, deviance }) => ({ name, deviance })) };
}

/** Trains the ensemble: each member stops on a fold that it never sees; resumes after the members of a checkpoint. */
export async function trainEnsemble(
  tf: TensorFlow,
  prepared: Prepared,
  settings: TrainingSettings,
  folds: Int32Array,
  seed: number,
  control: TrainingControl,
): Promise<Member[]> {
  const members: Member[] = [...(control.checkpoint?.members ?? [])];
  const count = settings.folds * settings.rotations;
  for (let k = members.length; k < count; k++) {
    const fold = k % settings.folds;
    const second = Math.floor(k / settings.folds) % 2 === 1;
    const result = await runMember(
      tf,
      prepared.data,
      second && settings.other !== undefined ? { ...settings, member: settings.other } : settings,
      folds,
      fold,
      seed + 101 * (k + 1),
      prepared.constraints,
      control,
      (note) => control.onProgress?.({ stage: 'members', done: k, of: count, note }),
    );
    members.push(result.member);
    control.checkpoint?.save(members);
  }
  control.onProgress?.({ stage: 'members', done: count, of: count, note: '' });
  return members;
}

/** Shape of the networks over prepared data. */
export function shapeOf(data: MemberData, { member }: TrainingSettings, hidden = member.hidden): NetworkShape {
  return { inputs: data.inputs.width, hidden, compete: member.compete };
}

/** Out-of-fold expectations of the training rows. */
export function expectedBy(
  tf: TensorFlow,
  data: MemberData,
  rows: ModelRows,
  shape: NetworkShape,
  members: readonly Member[],
  own?: { readonly folds: number; readonly foldSeed: number; readonly trainGroups: ReadonlySet<string> },
): Float64Array {
  const rule = own ?? { folds: 1, foldSeed: 0, trainGroups: new Set<string>() };
  return expectedTotals(tf, { shape, members, ...rule }, rows, data.inputs);
}

/** Trains one member that stops on a fold which it never sees, and rebases it. */
export async function runMember(
  tf: TensorFlow,
  data: MemberData,
  settings: TrainingSettings,
  folds: Int32Array,
  fold: number,
  seed: number,
  constraints: Constraints | undefined,
  control: TrainingControl,
  note?: (text: string) => void,
): Promise<{ readonly member: Member; readonly deviance: number }> {
  const train: number[] = [];
  const hold: number[] = [];
  for (let set = 0; set < data.sets.count; set++)
    (folds[data.sets.rows[data.sets.start[set]!]!] === fold ? hold : train).push(set);
  const trainSets = Int32Array.from(train.length === 0 ? hold : train);
  const result = await trainMember(tf, data, settings.member, trainSets, Int32Array.from(hold), {
    seed,
    constraints,
    signal: control.signal,
    onEpoch: ({ epoch, epochs, deviance }) =>
      note?.(`epoch ${epoch}/${epochs}, held-out deviance ${deviance.toFixed(5)}`),
  });
  return { member: rebased(tf, data, settings, result, fold, trainSets), deviance: result.deviance };
}

/** The member with the factor that makes its total over its own training rows right (balance property). */
function rebased(
  tf: TensorFlow,
  data: MemberData,
  settings: TrainingSettings,
  { weights }: MemberResult,
  fold: number,
  trainSets: Int32Array,
): Member {
  const [logs] = predictMembers(tf, shapeOf(data, settings), [weights], data.inputs, data.sets);
  let observed = 0;
  let expected = 0;
  for (const set of trainSets)
    for (let at = data.sets.start[set]!; at < data.sets.start[set + 1]!; at++) {
      const row = data.sets.rows[at]!;
      observed += data.rate[row]! * data.base[row]!;
      expected += Math.exp(Math.min(logs![row]!, 40)) * data.base[row]!;
    }
  return { fold, weights, level: observed > 0 && expected > 0 ? observed / expected : 1 };
}

function dataOf(rows: ModelRows, inputs: EncodedRows): MemberData {
  return {
    inputs,
    rate: rows.total.map((total, row) => total / rows.base[row]!),
    base: rows.base,
    sets: rows.keyed.sets,
  };
}

function constraintsOf({ columns, factors }: Encoding, pairs: number): Constraints | undefined {
  const sign = new Int8Array(columns.length + pairs);
  let any = false;
  for (const { monotone, offset, width, hasMissing, kind } of factors) {
    if (monotone === undefined || kind === 'category') continue;
    any = true;
    for (let k = 0; k < (hasMissing ? width - 1 : width); k++) sign[offset + k] = monotone === 'increasing' ? 1 : -1;
  }
  return any ? { sign } : undefined;
}

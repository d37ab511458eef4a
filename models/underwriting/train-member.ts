import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import type { TensorFlow } from './backend';
import type { EncodedRows } from './encoding';
import type { NetworkShape, NetworkWeights } from './network';
import { initialWeights } from './network';
import { createRandom, shuffle } from './random';
import type { Partition } from './sets';
import { meanDeviance } from './deviance';
import { predictMembers } from './predict-tf';

/** Rows as the optimiser sees them: encoded inputs, target rate over the mean rate, weight, sets. */
export interface MemberData {
  readonly inputs: EncodedRows;
  /** Target over base (base = exposure x price level). */
  readonly rate: Float64Array;
  readonly base: Float64Array;
  readonly sets: Partition;
}

export interface MemberSettings {
  readonly hidden: readonly [number, number];
  readonly compete: boolean;
  readonly power: number;
  /** Ridge on shapes (b and v) and on the hidden layers. */
  readonly shapePenalty: number;
  readonly hiddenPenalty: number;
  readonly dropout: number;
  readonly learningRate: number;
  readonly epochs: number;
  readonly patience: number;
  readonly batchRows: number;
}

/** Bounds on the shape weights of declared monotone factors, which then stay out of the net and of the pull. */
export interface Constraints {
  /** Per input: +1 not below 0, -1 not above 0, 0 free. */
  readonly sign: Int8Array;
}

export interface MemberProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly deviance: number;
}

export interface MemberResult {
  readonly weights: NetworkWeights;
  readonly deviance: number;
  readonly epochs: number;
}

/** A pause to let other work (heartbeats, Ctrl-C) through between steps. */
const STEPS_BETWEEN_PAUSES = 8;

/**
 * Trains one member by Adam on the Tweedie or Poisson deviance weighted by base, with early stopping on held-out sets.
 * Sets are never split between batches, so that clinics compete as they do in the programme.
 *
 * @param trainSets - indices of the sets to learn from
 * @param holdSets - indices of the sets to stop on (groups that are not in trainSets)
 * @throws the reason of `signal` when aborted
 */
export async function trainMember(
  tf: TensorFlow,
  data: MemberData,
  settings: MemberSettings,
  trainSets: Int32Array,
  holdSets: Int32Array,
  options: {
    readonly seed: number;
    readonly constraints?: Constraints;
    readonly signal?: AbortSignal;
    readonly onEpoch?: (progress: MemberProgress) => void;
  },
): Promise<MemberResult> {
  const shape: NetworkShape = {
    inputs: data.inputs.width,
    hidden: settings.hidden,
    compete: settings.compete,
  };
  const { meanRate, meanBase, meanLogSize } = levelsOf(data, trainSets);
  const start = initialWeights(shape, settings.compete ? meanLogSize : 0, options.seed);
  const trainer = createTrainer(tf, shape, settings, start, options.constraints);
  const random = createRandom(options.seed ^ 0x5bd1e995);
  const order = trainSets.slice();
  const hold = holdoutOf(data, holdSets);
  const batchCount = Math.max(1, Math.ceil(rowsIn(data.sets, trainSets) / settings.batchRows));
  const totalSteps = settings.epochs * batchCount;
  let step = 0;
  let best: MemberResult | null = null;
  let stale = 0;
  try {
    for (let epoch = 1; epoch <= settings.epochs; epoch++) {
      shuffle(order, random);
      for (const rows of batchesOf(data.sets, order, settings.batchRows)) {
        options.signal?.throwIfAborted();
        const rate = settings.learningRate * 0.5 * (1 + Math.cos((Math.PI * Math.min(step, totalSteps)) / totalSteps));
        trainer.step(batchOf(data, rows, meanRate, meanBase), rate, random);
        if (++step % STEPS_BETWEEN_PAUSES === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const weights = withLevel(trainer.read(), Math.log(meanRate));
      const deviance = hold.rows.length === 0 ? 0 : holdoutDeviance(tf, shape, weights, hold, settings.power);
      options.onEpoch?.({ epoch, epochs: settings.epochs, deviance });
      if (best === null || deviance < best.deviance || hold.rows.length === 0) {
        best = { weights, deviance, epochs: epoch };
        stale = 0;
      } else if (++stale >= settings.patience) break;
    }
  } finally {
    trainer.dispose();
  }
  return best!;
}

interface Batch {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly w: Float32Array;
  readonly rows: number;
  readonly setOf: Int32Array;
  readonly sets: number;
}

interface Trainer {
  step(batch: Batch, learningRate: number, random: () => number): void;
  read(): NetworkWeights;
  dispose(): void;
}

function createTrainer(
  tf: TensorFlow,
  shape: NetworkShape,
  settings: MemberSettings,
  start: NetworkWeights,
  constraints?: Constraints,
): Trainer {
  const [h1, h2] = shape.hidden;
  const width = h1 + 2;
  const first = tf.variable(tf.tensor2d(start.first, [shape.inputs, width]));
  const bias = tf.variable(tf.scalar(start.bias));
  const gamma = tf.variable(tf.scalar(start.gamma));
  const firstBias = h1 > 0 ? tf.variable(tf.tensor1d(start.firstBias)) : null;
  const second = h1 > 0 ? tf.variable(tf.tensor2d(start.second, [h1, h2])) : null;
  const secondBias = h1 > 0 ? tf.variable(tf.tensor1d(start.secondBias)) : null;
  const out = h1 > 0 ? tf.variable(tf.tensor2d(start.out, [h2, 2])) : null;
  const variables = [first, bias, settings.compete ? gamma : null, firstBias, second, secondBias, out].flatMap(
    (variable) => (variable === null ? [] : [variable as Variable]),
  );
  const penalty = tf.tensor2d(penaltyRow(settings, h1, width), [1, width]);
  const bounds = constraints === undefined ? null : boundsOf(tf, constraints, shape.inputs, h1, width);
  const adam = tf.train.adam(settings.learningRate);

  const lossOf = (batch: Batch, mask: Float32Array): Tensor => {
    const x = tf.tensor2d(batch.x, [batch.rows, shape.inputs]);
    const y = tf.tensor1d(batch.y);
    const w = tf.tensor1d(batch.w);
    const pre = tf.matMul(x, first as Tensor2D);
    let risk = pre.slice([0, h1], [-1, 1]).reshape([-1]).add(bias);
    let pull = pre.slice([0, h1 + 1], [-1, 1]).reshape([-1]);
    let reg = tf.sum(tf.mul(tf.square(first), penalty));
    if (firstBias !== null && second !== null && secondBias !== null && out !== null) {
      const drop = tf.tensor2d(mask, [batch.rows, h1]);
      const hidden1 = tf.relu(pre.slice([0, 0], [-1, h1]).add(firstBias)).mul(drop) as Tensor2D;
      const hidden2 = tf.relu(tf.matMul(hidden1, second as Tensor2D).add(secondBias)) as Tensor2D;
      const outputs = tf.matMul(hidden2, out as Tensor2D);
      risk = risk.add(outputs.slice([0, 0], [-1, 1]).reshape([-1]));
      pull = pull.add(outputs.slice([0, 1], [-1, 1]).reshape([-1]));
      reg = reg.add(
        tf
          .sum(tf.square(second))
          .add(tf.sum(tf.square(out)))
          .mul(settings.hiddenPenalty),
      );
    }
    let eta = risk;
    if (settings.compete) eta = risk.add(pull).sub(logSumOfSets(tf, pull, batch).mul(gamma));
    const deviance = tweedieLoss(tf, y, tf.clipByValue(eta, -8, 8), settings.power);
    return tf.mean(deviance.mul(w)).add(reg);
  };

  return {
    step(batch, learningRate, random) {
      const mask = dropoutMask(batch.rows * h1, settings.dropout, random);
      (adam as unknown as { learningRate: number }).learningRate = learningRate;
      tf.tidy(() => {
        const { grads } = tf.variableGrads(() => lossOf(batch, mask).asScalar(), variables);
        adam.applyGradients(grads as unknown as Parameters<typeof adam.applyGradients>[0]);
        if (bounds !== null) first.assign(tf.minimum(tf.maximum(tf.mul(first, bounds.free), bounds.low), bounds.high));
      });
    },
    read: () => ({
      first: Float32Array.from(first.dataSync()),
      firstBias: Float32Array.from(firstBias?.dataSync() ?? []),
      second: Float32Array.from(second?.dataSync() ?? []),
      secondBias: Float32Array.from(secondBias?.dataSync() ?? []),
      out: Float32Array.from(out?.dataSync() ?? []),
      bias: bias.dataSync()[0]!,
      gamma: settings.compete ? gamma.dataSync()[0]! : 0,
    }),
    dispose() {
      adam.dispose();
      tf.dispose(
        [
          first,
          bias,
          gamma,
          firstBias,
          second,
          secondBias,
          out,
          penalty,
          bounds?.free,
          bounds?.low,
          bounds?.high,
        ].filter((t) => t != null),
      );
    },
  };
}

/** log of the sum of exp(pull) over the row's set, per row; the batch maximum is taken out for safety. */
function logSumOfSets(tf: TensorFlow, pull: Tensor, batch: Batch): Tensor {
  const top = tf.max(pull);
  const membership = new Float32Array(batch.sets * batch.rows);
  for (let row = 0; row < batch.rows; row++) membership[batch.setOf[row]! * batch.rows + row] = 1;
  const sets = tf.tensor2d(membership, [batch.sets, batch.rows]);
  const sums = tf.matMul(sets, tf.exp(pull.sub(top)).reshape([-1, 1]) as Tensor2D);
  return tf
    .matMul(sets, tf.log(sums.add(1e-12)) as Tensor2D, true)
    .reshape([-1])
    .add(top);
}

function tweedieLoss(tf: TensorFlow, y: Tensor, eta: Tensor, power: number): Tensor {
  const mu = tf.exp(eta);
  if (power === 1) return mu.sub(y.mul(eta)).mul(2);
  const a = 1 - power;
  const b = 2 - power;
  return tf
    .exp(eta.mul(b))
    .div(b)
    .sub(y.mul(tf.exp(eta.mul(a))).div(a))
    .mul(2);
}

function penaltyRow({ shapePenalty, hiddenPenalty }: MemberSettings, h1: number, width: number): Float32Array {
  return Float32Array.from({ length: width }, (_, k) => (k < h1 ? hiddenPenalty : shapePenalty));
}

function boundsOf(tf: TensorFlow, { sign }: Constraints, inputs: number, h1: number, width: number) {
  const free = new Float32Array(inputs * width).fill(1);
  const low = new Float32Array(inputs * width).fill(-1e9);
  const high = new Float32Array(inputs * width).fill(1e9);
  for (let i = 0; i < inputs; i++) {
    if (sign[i] === 0) continue;
    for (let k = 0; k < width; k++) if (k !== h1) free[i * width + k] = 0;
    if (sign[i] === 1) low[i * width + h1] = 0;
    else high[i * width + h1] = 0;
  }
  const size: [number, number] = [inputs, width];
  return { free: tf.tensor2d(free, size), low: tf.tensor2d(low, size), high: tf.tensor2d(high, size) };
}

function dropoutMask(size: number, rate: number, random: () => number): Float32Array {
  const mask = new Float32Array(size);
  const kept = 1 / (1 - rate);
  for (let i = 0; i < size; i++) mask[i] = rate > 0 && random() < rate ? 0 : kept;
  return mask;
}

function* batchesOf(sets: Partition, order: Int32Array, batchRows: number): Generator<number[][]> {
  let batch: number[][] = [];
  let size = 0;
  for (const set of order) {
    const rows = Array.from(sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!));
    batch.push(rows);
    size += rows.length;
    if (size < batchRows) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (size > batchRows / 8 || (size > 0 && order.length < 50)) yield batch;
}

function batchOf({ inputs, rate, base }: MemberData, sets: number[][], meanRate: number, meanBase: number): Batch {
  const rows = sets.reduce((sum, set) => sum + set.length, 0);
  const x = new Float32Array(rows * inputs.width);
  const y = new Float32Array(rows);
  const w = new Float32Array(rows);
  const setOf = new Int32Array(rows);
  let at = 0;
  sets.forEach((set, index) => {
    for (const row of set) {
      x.set(inputs.values.subarray(row * inputs.width, (row + 1) * inputs.width), at * inputs.width);
      y[at] = rate[row]! / meanRate;
      w[at] = base[row]! / meanBase;
      setOf[at++] = index;
    }
  });
  return { x, y, w, rows, setOf, sets: sets.length };
}

function levelsOf({ rate, base, sets }: MemberData, which: Int32Array) {
  let target = 0;
  let weight = 0;
  let rows = 0;
  let logSize = 0;
  for (const set of which) {
    const size = sets.start[set + 1]! - sets.start[set]!;
    logSize += size * Math.log(size);
    rows += size;
    for (let i = sets.start[set]!; i < sets.start[set + 1]!; i++) {
      const row = sets.rows[i]!;
      target += rate[row]! * base[row]!;
      weight += base[row]!;
    }
  }
  return {
    meanRate: target > 0 ? target / weight : 1,
    meanBase: weight / Math.max(rows, 1),
    meanLogSize: logSize / Math.max(rows, 1),
  };
}

function rowsIn(sets: Partition, which: Int32Array): number {
  return which.reduce((sum, set) => sum + sets.start[set + 1]! - sets.start[set]!, 0);
}

function withLevel(weights: NetworkWeights, level: number): NetworkWeights {
  return { ...weights, bias: weights.bias + level };
}

interface Holdout {
  readonly rows: Int32Array;
  readonly inputs: EncodedRows;
  readonly totals: Float64Array;
  readonly base: Float64Array;
  readonly setOf: Int32Array;
  readonly sets: number;
}

function holdoutOf({ inputs, rate, base, sets }: MemberData, which: Int32Array): Holdout {
  const rows = Int32Array.from(
    [...which].flatMap((set) => [...sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!)]),
  );
  const values = new Float32Array(rows.length * inputs.width);
  const setOf = new Int32Array(rows.length);
  const index = new Map<number, number>();
  rows.forEach((row, i) => {
    values.set(inputs.values.subarray(row * inputs.width, (row + 1) * inputs.width), i * inputs.width);
    const set = sets.of[row]!;
    if (!index.has(set)) index.set(set, index.size);
    setOf[i] = index.get(set)!;
  });
  const held = Float64Array.from(rows, (row) => base[row]!);
  return {
    rows,
    inputs: { rows: rows.length, width: inputs.width, values },
    totals: Float64Array.from(rows, (row) => rate[row]! * base[row]!),
    base: held,
    setOf,
    sets: index.size,
  };
}

function holdoutDeviance(
  tf: TensorFlow,
  shape: NetworkShape,
  weights: NetworkWeights,
  hold: Holdout,
  power: number,
): number {
  const [eta] = predictMembers(tf, shape, [weights], hold.inputs, { of: hold.setOf, count: hold.sets });
  const expected = Float64Array.from(eta!, (value, i) => Math.exp(Math.min(value, 50)) * hold.base[i]!);
  const scale = hold.totals.reduce((a, b) => a + b, 0) / hold.base.reduce((a, b) => a + b, 0) || 1;
  return meanDeviance(hold.totals, expected, hold.base, power) / Math.pow(scale, 2 - power);
}

import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs';
import type { TensorFlow } from './backend';
import type { Batch } from './member-batches';
import type { NetworkShape, NetworkWeights } from './network';
import type { MemberSettings } from './settings';

/** Bounds on the shape weights of declared monotone factors, which then stay out of the net and of the pull. */
export interface Constraints {
  /** Per input: +1 not below 0, -1 not above 0, 0 free. */
  readonly sign: Int8Array;
}

/** The weights of one member as TensorFlow variables while they are learnt. */
export interface Trainer {
  step(batch: Batch, learningRate: number, random: () => number): void;
  read(): NetworkWeights;
  dispose(): void;
}

/** Adam on the deviance of {@link NetworkShape}; `dispose` gives every tensor back. */
export function createTrainer(
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

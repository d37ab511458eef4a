import type * as Tensorflow from '@tensorflow/tfjs';
import { seededRandom } from '../../fraud/math';
import type { CommentModel } from './classify';
import { commentFeatures, FEATURES, normaliseComment, type CommentFeatures } from './features';
import { fitPlatt } from './platt';
import { drawComments, type LabelledComment } from './templates';
import { COMMENT_TOPICS } from './topics';

export interface CommentTraining {
  readonly templates: readonly LabelledComment[];
  readonly slots: Readonly<Record<string, readonly string[]>>;
  /** Sentences drawn a template. */
  readonly each: number;
  readonly epochs: number;
  readonly seed: number;
  readonly version: string;
}

const TOPICS = COMMENT_TOPICS.length;
const BATCH = 64;
const LEARNING_RATE = 0.02;
const DECAY = 2e-5;

interface Example {
  features: CommentFeatures;
  labels: Float32Array;
}

function prepare(comments: readonly LabelledComment[]): Example[] {
  return comments.map(({ text, topics }) => ({
    features: commentFeatures(normaliseComment(text)),
    labels: Float32Array.from(COMMENT_TOPICS, (topic) => (topics.includes(topic) ? 1 : 0)),
  }));
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** One logistic layer on hashed n-grams: eight independent sigmoids, Adam, cross-entropy, weight decay. */
function fitLayer(tf: typeof Tensorflow, examples: readonly Example[], epochs: number, random: () => number) {
  const weights = tf.variable(tf.zeros<Tensorflow.Rank.R2>([FEATURES, TOPICS]));
  const bias = tf.variable(tf.zeros<Tensorflow.Rank.R1>([TOPICS]).sub(1.5) as Tensorflow.Tensor1D);
  const optimizer = tf.train.adam(LEARNING_RATE);
  const buffer = new Float32Array(BATCH * FEATURES);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(examples, random);
    for (let from = 0; from < order.length; from += BATCH) {
      const batch = order.slice(from, from + BATCH);
      buffer.fill(0);
      const labels = new Float32Array(batch.length * TOPICS);
      batch.forEach(({ features, labels: own }, row) => {
        features.index.forEach((feature, i) => (buffer[row * FEATURES + feature] = features.value[i]!));
        labels.set(own, row * TOPICS);
      });
      tf.tidy(() => {
        const x = tf.tensor2d(buffer.slice(0, batch.length * FEATURES), [batch.length, FEATURES]);
        const y = tf.tensor2d(labels, [batch.length, TOPICS]);
        optimizer.minimize(() => {
          const logits = tf.matMul(x, weights as Tensorflow.Tensor2D).add(bias);
          const loss = tf.losses.sigmoidCrossEntropy(y, logits) as Tensorflow.Scalar;
          return loss.mul(TOPICS).add(weights.square().sum().mul(DECAY)) as Tensorflow.Scalar;
        });
      });
    }
  }
  const result = { weights: weights.dataSync() as Float32Array, bias: bias.dataSync() as Float32Array };
  const copy = { weights: Float32Array.from(result.weights), bias: Float64Array.from(result.bias) };
  weights.dispose();
  bias.dispose();
  optimizer.dispose();
  return copy;
}

function logits(layer: { weights: Float32Array; bias: Float64Array }, features: CommentFeatures): Float64Array {
  return layer.bias.map((b, t) => {
    let sum = b;
    features.index.forEach((feature, i) => (sum += layer.weights[feature * TOPICS + t]! * features.value[i]!));
    return sum;
  });
}

/** Transposes to topic-major and rounds to 8 bits, one scale a topic: a quarter of a megabyte in all. */
function quantise(weights: Float32Array): { weights: Int8Array; scale: Float64Array } {
  const out = new Int8Array(FEATURES * TOPICS);
  const scale = new Float64Array(TOPICS);
  for (let t = 0; t < TOPICS; t++) {
    let top = 1e-9;
    for (let f = 0; f < FEATURES; f++) top = Math.max(top, Math.abs(weights[f * TOPICS + t]!));
    scale[t] = top / 127;
    for (let f = 0; f < FEATURES; f++) out[t * FEATURES + f] = Math.round(weights[f * TOPICS + t]! / scale[t]!);
  }
  return { weights: out, scale };
}

/**
 * Trains the comment model on sentences drawn from templates. Calibration (Platt 1999) is fitted out of sample: every
 * fifth template is left out of a first model whose logits on it give slope and offset; the final model uses all.
 * Deterministic for a seed and a tfjs backend.
 */
export function trainComments(tf: typeof Tensorflow, training: CommentTraining): CommentModel {
  const random = seededRandom(training.seed);
  const folds = shuffled(training.templates, random);
  const held = folds.filter((_one, i) => i % 5 === 0);
  const kept = folds.filter((_one, i) => i % 5 !== 0);
  const first = fitLayer(
    tf,
    prepare(drawComments(kept, training.slots, training.each, random)),
    training.epochs,
    random,
  );
  const check = prepare(drawComments(held, training.slots, training.each, random));
  const checkLogits = check.map(({ features }) => logits(first, features));
  const platt = COMMENT_TOPICS.map((_topic, t) =>
    fitPlatt(
      checkLogits.map((row) => row[t]!),
      check.map(({ labels }) => labels[t]!),
    ),
  );
  const all = prepare(drawComments(folds, training.slots, training.each, random));
  const layer = fitLayer(tf, all, training.epochs, random);
  return {
    version: training.version,
    features: FEATURES,
    ...quantise(layer.weights),
    bias: layer.bias,
    slope: Float64Array.from(platt, (p) => p.slope),
    offset: Float64Array.from(platt, (p) => p.offset),
  };
}

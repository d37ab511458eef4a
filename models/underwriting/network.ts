import { createRandom, normal } from './random';
import type { SparseRows } from './sparse-rows';

/**
 * Form of one member: log mu = log base + bias + b.x + W3 h(x) + u(x) - gamma * log sum over the set of exp u,
 * with h two ReLU layers and u(x) = v.x + W4 h(x) the pull of a clinic on the people of its programme. Without
 * `compete` the last two terms are absent; without hidden layers what is left is an additive model.
 */
export interface NetworkShape {
  readonly inputs: number;
  /** Widths of the two hidden layers; [0, 0] for none. */
  readonly hidden: readonly [number, number];
  readonly compete: boolean;
}

/**
 * Weights of one member. `first` is [inputs, hidden0 + 2], row-major: columns of the first layer, then b, then v.
 * `out` is [hidden1, 2]: to the risk and to the pull.
 */
export interface NetworkWeights {
  readonly first: Float32Array;
  readonly firstBias: Float32Array;
  readonly second: Float32Array;
  readonly secondBias: Float32Array;
  readonly out: Float32Array;
  readonly bias: number;
  readonly gamma: number;
}

/** Seeded start: small first layer, He second layer, outputs near zero, so that training starts from the mean. */
export function initialWeights(shape: NetworkShape, level: number, seed: number): NetworkWeights {
  const random = createRandom(seed);
  const [h1, h2] = shape.hidden;
  const first = new Float32Array(shape.inputs * (h1 + 2));
  const scale = Math.sqrt(1 / Math.max(shape.inputs, 1));
  for (let i = 0; i < shape.inputs; i++) for (let k = 0; k < h1; k++) first[i * (h1 + 2) + k] = normal(random) * scale;
  const second = Float32Array.from({ length: h1 * h2 }, () => normal(random) * Math.sqrt(2 / Math.max(h1, 1)));
  const out = Float32Array.from({ length: h2 * 2 }, () => (normal(random) * 0.1) / Math.sqrt(Math.max(h2, 1)));
  return {
    first,
    firstBias: new Float32Array(h1),
    second,
    secondBias: new Float32Array(h2),
    out,
    bias: level,
    gamma: 1,
  };
}

/** Plain forward pass of rows in typed arrays: risk and pull of each row (before competition), no tensors. */
export function forwardRows(
  shape: NetworkShape,
  weights: NetworkWeights,
  inputs: SparseRows,
  risk: Float64Array,
  pull: Float64Array,
): void {
  const [h1, h2] = shape.hidden;
  const width = h1 + 2;
  const shared = new Float64Array(width);
  for (let i = 0; i < inputs.width; i++) addInput(weights, i, inputs.reference[i]!, shared, 0, width);
  const hidden = new Float64Array(width);
  const second = new Float64Array(h2);
  for (let row = 0; row < inputs.rows; row++) {
    hidden.set(shared);
    for (let at = inputs.start[row]!; at < inputs.start[row + 1]!; at++)
      addInput(weights, inputs.input[at]!, inputs.delta[at]!, hidden, 0, width);
    let r = weights.bias + hidden[h1]!;
    let u = hidden[h1 + 1]!;
    secondLayer(weights, hidden, h1, h2, second);
    for (let k = 0; k < h2; k++) {
      const active = Math.max(second[k]!, 0);
      r += active * weights.out[k * 2]!;
      u += active * weights.out[k * 2 + 1]!;
    }
    risk[row] = r;
    pull[row] = shape.compete ? u : 0;
  }
}

/** Adds x times an input's line of the first matrix: pre-activations (without bias) followed by b.x and v.x. */
export function addInput(
  { first }: NetworkWeights,
  input: number,
  x: number,
  into: Float64Array,
  at: number,
  width: number,
): void {
  if (x === 0) return;
  const from = input * width;
  for (let k = 0; k < width; k++) into[at + k]! += x * first[from + k]!;
}

/** Second pre-activations from first pre-activations (bias added and ReLU applied here). */
function secondLayer(
  { firstBias, second, secondBias }: NetworkWeights,
  pre: Float64Array,
  h1: number,
  h2: number,
  into: Float64Array,
): void {
  into.set(secondBias);
  for (let i = 0; i < h1; i++) {
    const active = pre[i]! + firstBias[i]!;
    if (active <= 0) continue;
    const base = i * h2;
    for (let k = 0; k < h2; k++) into[k]! += active * second[base + k]!;
  }
}

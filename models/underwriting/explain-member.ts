import type { NetworkShape, NetworkWeights } from './network';
import { firstLayer, secondLayer } from './network';

/** Gauss-Legendre nodes and weights on [0, 1]: exact for the piecewise-quadratic middle, few kinks are left over. */
const NODES = [0.0694318442029737, 0.3300094782075719, 0.6699905217924281, 0.9305681557970263];
const WEIGHTS = [0.1739274225687269, 0.3260725774312731, 0.3260725774312731, 0.1739274225687269];

/**
 * One member's log forecast of the rows of one set, taken apart by input: integrated gradients (Sundararajan et al.
 * 2017) from the mean inputs, exact for the additive part, made complete for the rest.
 */
export interface SetAttribution {
  /** Log forecast at the mean inputs of a set of one row. */
  readonly baseline: number;
  /** Effect of the number of rows that compete: -gamma log n. */
  readonly sizeEffect: number;
  /** Rows x inputs: contributions to each row's log forecast, competition by the other rows' inputs included. */
  readonly inputs: Float64Array;
  /** Log forecast of each row: baseline + size effect + sum of contributions. */
  readonly logs: Float64Array;
}

export function attributeSet(
  shape: NetworkShape,
  weights: NetworkWeights,
  values: Float32Array,
  rows: number,
): SetAttribution {
  const { inputs, hidden, compete } = shape;
  const [h1, h2] = hidden;
  const width = h1 + 2;
  const zero = nonlinearAt(weights, new Float64Array(width), h1, h2, 0);
  const gamma = compete ? weights.gamma : 0;
  const pre = Array.from({ length: rows }, (_, row) => {
    const into = new Float64Array(width);
    firstLayer(shape, weights, values, row, into);
    return into;
  });
  const own = pre.map(() => new Float64Array(width));
  const rival = pre.map(() => new Float64Array(width));
  NODES.forEach((share, node) => {
    const points = pre.map((z) => gradientAt(weights, z, h1, h2, share));
    const shares = compete ? softmax(points.map(({ pull }, row) => pull + share * pre[row]![h1 + 1]!)) : null;
    points.forEach(({ riskGradient, pullGradient }, row) => {
      const weight = WEIGHTS[node]!;
      const p = shares === null ? 0 : shares[row]!;
      for (let k = 0; k < h1; k++) {
        own[row]![k]! += weight * (riskGradient[k]! + (compete ? pullGradient[k]! : 0));
        rival[row]![k]! += weight * p * pullGradient[k]!;
      }
      rival[row]![h1 + 1]! += weight * p;
    });
  });
  const { out, common } = backToInputs(shape, weights, values, flat(own, width), flat(rival, width), gamma);
  const ends = pre.map((z) => nonlinearAt(weights, z, h1, h2, 1));
  const pulls = ends.map(({ pull }, row) => pull + pre[row]![h1 + 1]!);
  const top = Math.max(...pulls);
  const logSum = compete ? top + Math.log(pulls.reduce((sum, pull) => sum + Math.exp(pull - top), 0)) : 0;
  const baseline = weights.bias + zero.risk + (compete ? zero.pull * (1 - gamma) : 0);
  const sizeEffect = compete ? -gamma * Math.log(rows) : 0;
  const logs = Float64Array.from(ends, ({ risk }, row) => {
    const log = weights.bias + pre[row]![h1]! + risk + (compete ? pulls[row]! - gamma * logSum : 0);
    complete(out.subarray(row * inputs, (row + 1) * inputs), common, log - baseline - sizeEffect);
    return log;
  });
  return { baseline, sizeEffect, inputs: out, logs };
}

/**
 * Takes the averaged gradients back through the first layer: per row what its own inputs do, and what each input does
 * to all rows by competition. The hot loop of a quote: flat arrays, one pass over the weights.
 */
function backToInputs(
  { inputs, hidden: [h1], compete }: NetworkShape,
  { first }: NetworkWeights,
  values: Float32Array,
  own: Float64Array,
  rival: Float64Array,
  gamma: number,
): { readonly out: Float64Array; readonly common: Float64Array } {
  const width = h1 + 2;
  const rows = own.length / width;
  const common = new Float64Array(inputs);
  const out = new Float64Array(rows * inputs);
  const line = new Float64Array(width);
  for (let i = 0; i < inputs; i++) {
    const at = i * width;
    for (let k = 0; k < width; k++) line[k] = first[at + k]!;
    const linear = line[h1]! + (compete ? line[h1 + 1]! : 0);
    let shared = 0;
    for (let row = 0; row < rows; row++) {
      const x = values[row * inputs + i]!;
      if (x === 0) continue;
      const from = row * width;
      let direct = linear;
      for (let k = 0; k < h1; k++) direct += line[k]! * own[from + k]!;
      out[row * inputs + i] = x * direct;
      if (!compete) continue;
      let taken = rival[from + h1 + 1]! * line[h1 + 1]!;
      for (let k = 0; k < h1; k++) taken += line[k]! * rival[from + k]!;
      shared += x * taken;
    }
    common[i] = -gamma * shared;
  }
  return { out, common };
}

function flat(rows: readonly Float64Array[], width: number): Float64Array {
  const all = new Float64Array(rows.length * width);
  rows.forEach((row, k) => all.set(row, k * width));
  return all;
}

/** Adds the common part and spreads what quadrature left over in proportion to the size of the contributions. */
function complete(own: Float64Array, common: Float64Array, target: number): void {
  let sum = 0;
  let size = 0;
  for (let i = 0; i < own.length; i++) {
    own[i]! += common[i]!;
    sum += own[i]!;
    size += Math.abs(own[i]!);
  }
  const left = target - sum;
  if (size < 1e-12) return;
  for (let i = 0; i < own.length; i++) own[i]! += (left * Math.abs(own[i]!)) / size;
}

function nonlinearAt(weights: NetworkWeights, pre: Float64Array, h1: number, h2: number, share: number) {
  const second = new Float64Array(h2);
  secondLayer(weights, pre, h1, h2, second, share);
  let risk = 0;
  let pull = 0;
  for (let k = 0; k < h2; k++) {
    const active = Math.max(second[k]!, 0);
    risk += active * weights.out[k * 2]!;
    pull += active * weights.out[k * 2 + 1]!;
  }
  return { risk, pull, second };
}

/** Gradients of the network's two outputs with respect to the first pre-activations, and the pull, at a share of x. */
function gradientAt(weights: NetworkWeights, pre: Float64Array, h1: number, h2: number, share: number) {
  const { second, pull } = nonlinearAt(weights, pre, h1, h2, share);
  const riskGradient = new Float64Array(h1);
  const pullGradient = new Float64Array(h1);
  for (let i = 0; i < h1; i++) {
    if (pre[i]! * share + weights.firstBias[i]! <= 0) continue;
    let risk = 0;
    let toPull = 0;
    for (let k = 0; k < h2; k++) {
      if (second[k]! <= 0) continue;
      const w = weights.second[i * h2 + k]!;
      risk += w * weights.out[k * 2]!;
      toPull += w * weights.out[k * 2 + 1]!;
    }
    riskGradient[i] = risk;
    pullGradient[i] = toPull;
  }
  return { riskGradient, pullGradient, pull };
}

function softmax(values: readonly number[]): Float64Array {
  const top = Math.max(...values);
  const powers = Float64Array.from(values, (value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

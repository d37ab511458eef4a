import type { NetworkShape, NetworkWeights } from './network';
import { addInput } from './network';
import type { SetInputs } from './set-inputs';

/** Gauss-Legendre nodes and weights on [0, 1]: exact for the piecewise-quadratic middle, few kinks are left over. */
const NODES = [0.0694318442029737, 0.3300094782075719, 0.6699905217924281, 0.9305681557970263];
const WEIGHTS = [0.1739274225687269, 0.3260725774312731, 0.3260725774312731, 0.1739274225687269];

/**
 * One member's log forecast of the rows of one set, taken apart by factor: integrated gradients (Sundararajan et al.
 * 2017) from the mean inputs, exact for the additive part, made complete for the rest.
 */
export interface SetAttribution {
  /** Log forecast at the mean inputs of a set of one row. */
  readonly baseline: number;
  /** Effect of the number of rows that compete: -gamma log n. */
  readonly sizeEffect: number;
  /** Rows x factors: contributions to each row's log forecast, competition by the other rows' inputs included. */
  readonly factors: Float64Array;
  readonly factorCount: number;
}

/**
 * Works on what each factor sends into the first layer instead of on single inputs: that is one product per factor and
 * row, and what all rows of a programme share (the contract's factors) is sent once.
 */
export function attributeSet(shape: NetworkShape, weights: NetworkWeights, set: SetInputs): SetAttribution {
  const { hidden, compete } = shape;
  const [h1] = hidden;
  const width = h1 + 2;
  const { rows } = set;
  const factorCount = set.owners.codes.length;
  const parts = firstLayerParts(weights, set, width);
  const pre = sumOfParts(parts, set, width);
  const path = createPath(shape, weights, rows);
  const own = new Float64Array(rows * width);
  const rival = new Float64Array(rows * width);
  NODES.forEach((share, node) => {
    const { pulls } = path.outputsAt(pre, share);
    const shares = compete ? softmax(pulls) : null;
    for (let row = 0; row < rows; row++)
      path.addGradients(pre, share, own, rival, row, WEIGHTS[node]!, shares === null ? 0 : shares[row]!);
  });
  const factors = contributionsOf(parts, set, own, rival, width, compete ? weights.gamma : 0);
  const { baseline, sizeEffect, logs } = endsOf(shape, weights, pre, rows, path);
  for (let row = 0; row < rows; row++)
    complete(factors.subarray(row * factorCount, (row + 1) * factorCount), logs[row]! - baseline - sizeEffect);
  return { baseline, sizeEffect, factors, factorCount };
}

/** What each factor adds to the first pre-activations, to b.x and to v.x. */
interface Parts {
  /** Factors x width: the same for all rows. */
  readonly common: Float64Array;
  /** Rows x factors that differ by row x width. */
  readonly own: Float64Array;
}

function firstLayerParts(weights: NetworkWeights, set: SetInputs, width: number): Parts {
  const { owners, slotOf, ownFactors } = set;
  const common = new Float64Array(owners.codes.length * width);
  for (let input = 0; input < set.width; input++) {
    const [a, b] = [owners.first[input]!, owners.second[input]!];
    const x = set.reference[input]! / (b < 0 ? 1 : 2);
    addInput(weights, input, x, common, a * width, width);
    if (b >= 0) addInput(weights, input, x, common, b * width, width);
  }
  const own = new Float64Array(set.rows * ownFactors.length * width);
  for (let row = 0; row < set.rows; row++)
    for (let at = set.start[row]!; at < set.start[row + 1]!; at++) {
      const input = set.input[at]!;
      const [a, b] = [owners.first[input]!, owners.second[input]!];
      const x = set.delta[at]! / (b < 0 ? 1 : 2);
      const first = row * ownFactors.length;
      addInput(weights, input, x, own, (first + slotOf[a]!) * width, width);
      if (b >= 0) addInput(weights, input, x, own, (first + slotOf[b]!) * width, width);
    }
  return { common, own };
}

/** Rows x width: first pre-activations without bias, then b.x and v.x. */
function sumOfParts({ common, own }: Parts, { rows, ownFactors }: SetInputs, width: number): Float64Array {
  const shared = new Float64Array(width);
  for (let from = 0; from < common.length; from += width)
    for (let k = 0; k < width; k++) shared[k]! += common[from + k]!;
  const pre = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    for (let k = 0; k < width; k++) pre[at + k] = shared[k]!;
    for (let slot = 0; slot < ownFactors.length; slot++) {
      const from = (row * ownFactors.length + slot) * width;
      for (let k = 0; k < width; k++) pre[at + k]! += own[from + k]!;
    }
  }
  return pre;
}

/** The two hidden layers of all rows along the path from the mean inputs (share 0) to the rows (share 1). */
function createPath(
  { hidden: [h1, h2], compete }: NetworkShape,
  { firstBias, second, secondBias, out }: NetworkWeights,
  rows: number,
) {
  const width = h1 + 2;
  const layers = new Float64Array(rows * h2);
  const risks = new Float64Array(rows);
  const pulls = new Float64Array(rows);
  return {
    /** What the layers give at a share of the path: to the risk, and to the pull with its linear part. */
    outputsAt(pre: Float64Array, share: number): { readonly risks: Float64Array; readonly pulls: Float64Array } {
      for (let row = 0; row < rows; row++) {
        const layer = layers.subarray(row * h2, (row + 1) * h2);
        layer.set(secondBias);
        for (let i = 0; i < h1; i++) {
          const value = pre[row * width + i]! * share + firstBias[i]!;
          if (value > 0) for (let k = 0; k < h2; k++) layer[k]! += value * second[i * h2 + k]!;
        }
        risks[row] = 0;
        pulls[row] = share * pre[row * width + h1 + 1]!;
        for (let k = 0; k < h2; k++) {
          if (layer[k]! <= 0) continue;
          risks[row]! += layer[k]! * out[k * 2]!;
          pulls[row]! += layer[k]! * out[k * 2 + 1]!;
        }
      }
      return { risks, pulls };
    },
    /** Adds weight x the gradients at the last share of `outputsAt`: of the row's own log, and of its rivalry. */
    addGradients(
      pre: Float64Array,
      share: number,
      own: Float64Array,
      rival: Float64Array,
      row: number,
      weight: number,
      pullShare: number,
    ): void {
      const at = row * width;
      for (let i = 0; i < h1; i++) {
        if (pre[at + i]! * share + firstBias[i]! <= 0) continue;
        let risk = 0;
        let pull = 0;
        for (let k = 0; k < h2; k++) {
          if (layers[row * h2 + k]! <= 0) continue;
          const w = second[i * h2 + k]!;
          risk += w * out[k * 2]!;
          pull += w * out[k * 2 + 1]!;
        }
        own[at + i]! += weight * (risk + (compete ? pull : 0));
        rival[at + i]! += weight * pullShare * pull;
      }
      own[at + h1]! += weight;
      if (compete) own[at + h1 + 1]! += weight;
      rival[at + h1 + 1]! += weight * pullShare;
    },
  };
}

/** Rows x factors: a row's own gradient times its parts, less what the parts of all rows do by competition. */
function contributionsOf(
  { common, own: ownParts }: Parts,
  { rows, ownFactors }: SetInputs,
  own: Float64Array,
  rival: Float64Array,
  width: number,
  gamma: number,
): Float64Array {
  const factorCount = common.length / width;
  const out = new Float64Array(rows * factorCount);
  const shared = new Float64Array(factorCount);
  const allRivals = new Float64Array(width);
  for (let row = 0; row < rows; row++) for (let k = 0; k < width; k++) allRivals[k]! += rival[row * width + k]!;
  for (let f = 0; f < factorCount; f++) {
    shared[f] = -gamma * dot(common, f * width, allRivals, 0, width);
    for (let row = 0; row < rows; row++) out[row * factorCount + f] = dot(common, f * width, own, row * width, width);
  }
  for (let row = 0; row < rows; row++)
    ownFactors.forEach((f, slot) => {
      const from = (row * ownFactors.length + slot) * width;
      out[row * factorCount + f]! += dot(ownParts, from, own, row * width, width);
      shared[f]! -= gamma * dot(ownParts, from, rival, row * width, width);
    });
  for (let row = 0; row < rows; row++) for (let f = 0; f < factorCount; f++) out[row * factorCount + f]! += shared[f]!;
  return out;
}

/** Log forecasts at both ends of the path. */
function endsOf(
  { hidden: [h1], compete }: NetworkShape,
  { bias, gamma: learnt }: NetworkWeights,
  pre: Float64Array,
  rows: number,
  path: ReturnType<typeof createPath>,
) {
  const gamma = compete ? learnt : 0;
  const start = path.outputsAt(pre, 0);
  const baseline = bias + start.risks[0]! + (compete ? start.pulls[0]! * (1 - gamma) : 0);
  const { risks, pulls } = path.outputsAt(pre, 1);
  const top = pulls.reduce((a, b) => Math.max(a, b), -Infinity);
  const logSum = top + Math.log(pulls.reduce((sum, pull) => sum + Math.exp(pull - top), 0));
  return {
    baseline,
    sizeEffect: compete ? -gamma * Math.log(rows) : 0,
    logs: risks.map(
      (risk, row) => bias + pre[row * (h1 + 2) + h1]! + risk + (compete ? pulls[row]! - gamma * logSum : 0),
    ),
  };
}

/** Spreads what quadrature left over in proportion to the size of the contributions. */
function complete(contributions: Float64Array, target: number): void {
  let sum = 0;
  let size = 0;
  for (const value of contributions) {
    sum += value;
    size += Math.abs(value);
  }
  const left = target - sum;
  if (size < 1e-12) return;
  for (let f = 0; f < contributions.length; f++) contributions[f]! += (left * Math.abs(contributions[f]!)) / size;
}

function dot(a: Float64Array, from: number, b: Float64Array, at: number, width: number): number {
  let sum = 0;
  for (let k = 0; k < width; k++) sum += a[from + k]! * b[at + k]!;
  return sum;
}

function softmax(values: Float64Array): Float64Array {
  const top = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

import type { Tensor2D } from '@tensorflow/tfjs';
import type { TensorFlow } from './backend';
import type { EncodedRows } from './encoding';
import type { NetworkShape, NetworkWeights } from './network';
import { forwardRows } from './network';
import { sparseRows } from './sparse-rows';

const CHUNK = 8192;
/** Below this many rows the plain loop is quicker than the calls into TensorFlow. */
const PLAIN_ROWS = 64;

/** Which set each row belongs to, 0..count-1. */
export interface SetIndex {
  readonly of: Int32Array;
  readonly count: number;
}

/**
 * log(mu / base) of rows for each member, competition within sets included. Few rows run in plain JavaScript, many
 * in TensorFlow with the members' first layers in one product; both give the same figures to float precision.
 *
 * @param own - rows asked for, ascending and with whole sets; all by default
 * @returns by member the figures of those rows, in their order
 */
export function predictMembers(
  tf: TensorFlow | null,
  shape: NetworkShape,
  members: readonly NetworkWeights[],
  inputs: EncodedRows,
  sets: SetIndex,
  own: Int32Array = allRows(inputs),
): Float64Array[] {
  const plain = tf === null || inputs.rows <= PLAIN_ROWS;
  const { risk, pull } = plain ? plainRows(shape, members, inputs, own) : tensorRows(tf, shape, members, inputs, own);
  if (!shape.compete) return risk;
  const of = own.map((row) => sets.of[row]!);
  return members.map(({ gamma }, k) => compete(risk[k]!, pull[k]!, gamma, { of, count: sets.count }));
}

export function allRows({ rows }: EncodedRows): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row);
}

/** risk + pull - gamma * log sum of exp(pull) over the set. */
export function compete(risk: Float64Array, pull: Float64Array, gamma: number, sets: SetIndex): Float64Array {
  const logSums = logSumExp(pull, sets);
  return risk.map((value, row) => value + pull[row]! - gamma * logSums[sets.of[row]!]!);
}

/** log sum of exp per set. */
export function logSumExp(pull: Float64Array, { of, count }: SetIndex): Float64Array {
  const top = new Float64Array(count).fill(-Infinity);
  for (let row = 0; row < pull.length; row++) top[of[row]!] = Math.max(top[of[row]!]!, pull[row]!);
  const sums = new Float64Array(count);
  for (let row = 0; row < pull.length; row++) sums[of[row]!]! += Math.exp(pull[row]! - top[of[row]!]!);
  return sums.map((sum, set) => top[set]! + Math.log(sum));
}

interface Parts {
  readonly risk: Float64Array[];
  readonly pull: Float64Array[];
}

function plainRows(
  shape: NetworkShape,
  members: readonly NetworkWeights[],
  inputs: EncodedRows,
  own: Int32Array,
): Parts {
  const risk = members.map(() => new Float64Array(own.length));
  const pull = members.map(() => new Float64Array(own.length));
  const rows = sparseRows(inputs, own);
  members.forEach((weights, k) => forwardRows(shape, weights, rows, risk[k]!, pull[k]!));
  return { risk, pull };
}

function tensorRows(
  tf: TensorFlow,
  shape: NetworkShape,
  members: readonly NetworkWeights[],
  inputs: EncodedRows,
  own: Int32Array,
): Parts {
  const [h1, h2] = shape.hidden;
  const width = h1 + 2;
  const risk = members.map(() => new Float64Array(own.length));
  const pull = members.map(() => new Float64Array(own.length));
  const gathered = new Float32Array(Math.min(CHUNK, own.length) * inputs.width);
  tf.tidy(() => {
    const first = tf.tensor2d(stackFirst(shape, members), [shape.inputs, width * members.length]);
    const layers = members.map((member) =>
      h1 === 0
        ? null
        : {
            bias: tf.tensor1d(member.firstBias),
            second: tf.tensor2d(member.second, [h1, h2]),
            secondBias: tf.tensor1d(member.secondBias),
            out: tf.tensor2d(member.out, [h2, 2]),
          },
    );
    for (let from = 0; from < own.length; from += CHUNK) {
      const chunk = own.subarray(from, from + CHUNK);
      const rows = chunk.length;
      tf.tidy(() => {
        const pre = tf.matMul(tf.tensor2d(rowsOf(inputs, chunk, gathered), [rows, inputs.width]), first);
        layers.forEach((layer, k) => {
          const linear = pre.slice([0, k * width + h1], [rows, 2]);
          let both = linear;
          if (layer !== null) {
            const hidden1 = tf.relu(pre.slice([0, k * width], [rows, h1]).add(layer.bias)) as Tensor2D;
            const hidden2 = tf.relu(tf.matMul(hidden1, layer.second).add(layer.secondBias)) as Tensor2D;
            both = linear.add(tf.matMul(hidden2, layer.out));
          }
          const values = both.dataSync();
          for (let row = 0; row < rows; row++) {
            risk[k]![from + row] = values[row * 2]! + members[k]!.bias;
            pull[k]![from + row] = values[row * 2 + 1]!;
          }
        });
      });
    }
  });
  return { risk, pull };
}

/** Inputs of ascending rows: a view where they follow one another, else copied run by run into `gathered`. */
function rowsOf({ values, width }: EncodedRows, rows: Int32Array, gathered: Float32Array): Float32Array {
  const between = (from: number, to: number): Float32Array => values.subarray(from * width, to * width);
  let run = 0;
  for (let i = 1; i <= rows.length; i++) {
    if (i < rows.length && rows[i] === rows[i - 1]! + 1) continue;
    if (run === 0 && i === rows.length) return between(rows[0]!, rows[0]! + i);
    gathered.set(between(rows[run]!, rows[i - 1]! + 1), run * width);
    run = i;
  }
  return gathered.subarray(0, rows.length * width);
}

function stackFirst({ inputs, hidden: [h1] }: NetworkShape, members: readonly NetworkWeights[]): Float32Array {
  const width = h1 + 2;
  const stacked = new Float32Array(inputs * width * members.length);
  for (let i = 0; i < inputs; i++)
    members.forEach((member, k) => {
      stacked.set(member.first.subarray(i * width, (i + 1) * width), (i * members.length + k) * width);
    });
  return stacked;
}

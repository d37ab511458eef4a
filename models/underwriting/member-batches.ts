import type { EncodedRows } from './encoding';
import type { Partition } from './sets';

/** Rows as the optimiser sees them: encoded inputs, target rate over the mean rate, weight, sets. */
export interface MemberData {
  readonly inputs: EncodedRows;
  /** Target over base (base = exposure x price level). */
  readonly rate: Float64Array;
  readonly base: Float64Array;
  readonly sets: Partition;
}

/** Rows of one step of the optimiser. */
export interface Batch {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly w: Float32Array;
  readonly rows: number;
  readonly setOf: Int32Array;
  readonly sets: number;
}

/** Whole sets in the given order, about `batchRows` rows at a time; a small rest is left to the next epoch. */
export function* batchesOf(sets: Partition, order: Int32Array, batchRows: number): Generator<number[][]> {
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

/** One batch as flat arrays, rates over the mean rate and weights over the mean base. */
export function batchOf(
  { inputs, rate, base }: MemberData,
  sets: number[][],
  meanRate: number,
  meanBase: number,
): Batch {
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

/** Mean rate, mean base and mean log set size of some sets. */
export function levelsOf({ rate, base, sets }: MemberData, which: Int32Array) {
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

export function rowsIn(sets: Partition, which: Int32Array): number {
  return which.reduce((sum, set) => sum + sets.start[set + 1]! - sets.start[set]!, 0);
}

/** Held-out rows with their totals, to stop on. */
export interface Holdout {
  readonly rows: Int32Array;
  readonly inputs: EncodedRows;
  readonly totals: Float64Array;
  readonly base: Float64Array;
  readonly setOf: Int32Array;
  readonly sets: number;
}

export function holdoutOf({ inputs, rate, base, sets }: MemberData, which: Int32Array): Holdout {
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

import type { EncodedRows } from './encoding';

/**
 * A few rows as one reference row and what differs from it. The rows of one programme share the contract's factors, and
 * most pieces of a piecewise-linear encoding sit at one end, so few entries are left to multiply.
 */
export interface SparseRows {
  readonly rows: number;
  readonly width: number;
  /** By input: the value that most rows have. */
  readonly reference: Float64Array;
  /** Entries of row r: `start[r] .. start[r + 1]`. */
  readonly start: Int32Array;
  readonly input: Int32Array;
  /** Value of the row less the reference. */
  readonly delta: Float64Array;
}

/** @param picked - indices of the rows in `encoded`, all of them by default */
export function sparseRows({ values, width, rows: all }: EncodedRows, picked?: Int32Array): SparseRows {
  const own = picked ?? Int32Array.from({ length: all }, (_, row) => row);
  const reference = new Float64Array(width);
  for (let i = 0; i < width; i++) reference[i] = commonest(values, own, width, i);
  const start = new Int32Array(own.length + 1);
  const input: number[] = [];
  const delta: number[] = [];
  own.forEach((row, k) => {
    for (let i = 0; i < width; i++) {
      const gap = values[row * width + i]! - reference[i]!;
      if (gap === 0) continue;
      input.push(i);
      delta.push(gap);
    }
    start[k + 1] = input.length;
  });
  return {
    rows: own.length,
    width,
    reference,
    start,
    input: Int32Array.from(input),
    delta: Float64Array.from(delta),
  };
}

/** The value of the majority where there is one (Boyer & Moore 1981), else one of the values: any is right. */
function commonest(values: Float32Array, own: Int32Array, width: number, input: number): number {
  let candidate = 0;
  let votes = 0;
  for (const row of own) {
    const value = values[row * width + input]!;
    if (votes === 0) candidate = value;
    votes += value === candidate ? 1 : -1;
  }
  return candidate;
}

import type { EncodedRows, Encoding, FactorEncoding } from './encoding';
import { scalarValues } from './encoding';
import { NOISE_CODES } from './noise-factor';
import type { Table } from './table';
import type { Partition } from './sets';

/** Product of two factors' scalars as one more input. */
export interface PairInput {
  readonly a: string;
  readonly b: string;
  readonly mean: number;
  readonly scale: number;
}

/**
 * Finds pairs of factors whose product explains what the additive model left: score test on residuals, with the
 * variance taken over groups (rows of one contract are no independent witnesses).
 *
 * @param residual - observed less expected per row
 * @param clusters - rows by group
 * @returns the strongest pairs above the threshold, at most `limit`
 */
export function screenPairs(
  table: Table,
  encoding: Encoding,
  residual: Float64Array,
  clusters: Partition,
  limit: number,
  threshold = 3.5,
): PairInput[] {
  const factors = encoding.factors.filter(isScalar);
  const width = factors.length;
  const scalars = factors.map((factor) => scalarValues(table, factor));
  const sums = new Float64Array(width * width);
  const squares = new Float64Array(width * width);
  const local = new Float64Array(width * width);
  const row = new Float64Array(width);
  for (let c = 0; c < clusters.count; c++) {
    local.fill(0);
    for (let at = clusters.start[c]!; at < clusters.start[c + 1]!; at++) {
      const index = clusters.rows[at]!;
      for (let k = 0; k < width; k++) row[k] = scalars[k]![index]!;
      for (let i = 0; i < width; i++) {
        const scaled = residual[index]! * row[i]!;
        if (scaled === 0) continue;
        for (let j = i + 1; j < width; j++) local[i * width + j]! += scaled * row[j]!;
      }
    }
    for (let i = 0; i < width; i++)
      for (let j = i + 1; j < width; j++) {
        const value = local[i * width + j]!;
        sums[i * width + j]! += value;
        squares[i * width + j]! += value * value;
      }
  }
  const found: { i: number; j: number; score: number }[] = [];
  for (let i = 0; i < width; i++)
    for (let j = i + 1; j < width; j++) {
      const score = Math.abs(sums[i * width + j]!) / Math.sqrt(squares[i * width + j]! || Infinity);
      if (score > threshold) found.push({ i, j, score });
    }
  found.sort((a, b) => b.score - a.score);
  return found
    .slice(0, limit)
    .map(({ i, j }) => momentsOf(factors[i]!.code, factors[j]!.code, scalars[i]!, scalars[j]!));
}

/** Writes the products of the pairs behind the encoded inputs. */
export function encodePairs(table: Table, encoding: Encoding, pairs: readonly PairInput[], into: EncodedRows): void {
  const byCode = new Map(encoding.factors.map((factor) => [factor.code, factor]));
  const cache = new Map<string, Float32Array>();
  const scalarsOf = (code: string): Float32Array => {
    let values = cache.get(code);
    if (values === undefined) cache.set(code, (values = scalarValues(table, byCode.get(code)!)));
    return values;
  };
  const products = pairs.map(({ a, b, mean, scale }) => ({ left: scalarsOf(a), right: scalarsOf(b), mean, scale }));
  for (let row = 0; row < into.rows; row++) {
    let at = row * into.width + encoding.columns.length;
    for (const { left, right, mean, scale } of products) into.values[at++] = (left[row]! * right[row]! - mean) / scale;
  }
}

function isScalar(factor: FactorEncoding): boolean {
  return factor.kind !== 'category' && factor.monotone === undefined && !NOISE_CODES.includes(factor.code);
}

function momentsOf(a: string, b: string, left: Float32Array, right: Float32Array): PairInput {
  let sum = 0;
  let square = 0;
  for (let row = 0; row < left.length; row++) {
    const product = left[row]! * right[row]!;
    sum += product;
    square += product * product;
  }
  const mean = sum / left.length;
  return { a, b, mean, scale: Math.sqrt(Math.max(square / left.length - mean * mean, 1e-6)) };
}

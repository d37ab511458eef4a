import type { EncodedColumn, EncodedRows, Encoding, FactorEncoding } from './encoding';
import type { Table } from './table';
import { levelsOf, numbersOf } from './table';

/** Rows a pass: what is written of them stays in the processor's cache from the first factor to the last. */
const BLOCK = 128;

/**
 * Standardised inputs of rows, row-major [rows, columns + extraWidth]; unknown levels and missing values give the mean
 * (0), and so do the extra columns at the end, which the caller fills.
 */
export function encodeRows(table: Table, encoding: Encoding, extraWidth = 0): EncodedRows {
  const width = encoding.columns.length + extraWidth;
  const values = new Float32Array(table.rows * width);
  const writers = encoding.factors.map((factor) => {
    const columns = encoding.columns.slice(factor.offset, factor.offset + factor.width);
    return factor.kind === 'category' ? levelWriter(table, factor, columns) : numberWriter(table, factor, columns);
  });
  for (let from = 0; from < table.rows; from += BLOCK)
    for (const write of writers) write(values, width, from, Math.min(from + BLOCK, table.rows));
  return { rows: table.rows, width, values };
}

/**
 * Share of piece k of a piecewise-linear encoding that lies below a value; the outer two pieces run on by half a bin, so a
 * value outside the training range stays tame.
 */
export function pieceAt(knots: ArrayLike<number>, k: number, value: number): number {
  const share = (value - knots[k]!) / (knots[k + 1]! - knots[k]!);
  return Math.min(k === knots.length - 2 ? 1.5 : 1, Math.max(k === 0 ? -0.5 : 0, share));
}

/** Writes one factor's inputs of the rows `from .. to` into a row-major matrix of zeros. */
type FactorWriter = (into: Float32Array, width: number, from: number, to: number) => void;

function levelWriter(table: Table, factor: FactorEncoding, columns: readonly EncodedColumn[]): FactorWriter {
  const { offset, width } = factor;
  const levels = factor.levels!;
  const inputsOf = (missing: 0 | 1, level: number | null): Float32Array =>
    Float32Array.from(columns, (column, k) => {
      if (k === levels.length) return standardised(missing, column);
      return level === null ? 0 : standardised(k === level ? 1 : 0, column);
    });
  const known = new Map(levels.map((level, k) => [level, inputsOf(0, k)]));
  const unknown = inputsOf(0, null);
  const column = levelsOf(table, factor.code);
  const byCode = [inputsOf(1, null), ...column.levels.map((level) => known.get(level) ?? unknown)];
  return (into, stride, from, to) => {
    for (let row = from; row < to; row++) {
      const own = byCode[column.codes[row]! + 1]!;
      const at = row * stride + offset;
      for (let k = 0; k < width; k++) into[at + k] = own[k]!;
    }
  };
}

function numberWriter(table: Table, factor: FactorEncoding, columns: readonly EncodedColumn[]): FactorWriter {
  const { offset, width, hasMissing } = factor;
  const values = numbersOf(table, factor.code);
  // A flag is one piece that is read as it stands.
  const knots = factor.kind === 'flag' ? null : factor.knots!;
  const rawOf = (k: number, value: number): number => (knots === null ? value : pieceAt(knots, k, value));
  const pieces = hasMissing ? width - 1 : width;
  const last = pieces - 1;
  // A value lies in one piece: those below it are full and those above it empty, which is the same for all values.
  const full = columns.slice(0, last).map((column, k) => standardised(rawOf(k, Infinity), column));
  const empty = columns.slice(0, pieces).map((column, k) => standardised(rawOf(k, -Infinity), column));
  const [present, missing] = [0, 1].map((flag) => (hasMissing ? standardised(flag, columns[pieces]!) : 0));
  return (into, stride, from, to) => {
    for (let row = from; row < to; row++) {
      const value = values[row]!;
      const at = row * stride + offset;
      if (Number.isNaN(value)) {
        if (hasMissing) into[at + pieces] = missing!;
        continue;
      }
      let piece = 0;
      for (; piece < last && value >= knots![piece + 1]!; piece++) into[at + piece] = full[piece]!;
      into[at + piece] = standardised(rawOf(piece, value), columns[piece]!);
      for (let k = piece + 1; k < pieces; k++) into[at + k] = empty[k]!;
      if (hasMissing) into[at + pieces] = present!;
    }
  };
}

function standardised(value: number, { mean, scale }: EncodedColumn): number {
  return (value - mean) / scale;
}

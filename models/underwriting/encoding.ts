import type { Factor, Monotone } from './catalogue';
import { pieceAt } from './encode-rows';
import type { Table } from './table';
import { levelsOf, numbersOf } from './table';
import { quantileOf, sortedFinite } from './quantiles';

/** One input of the network: (raw - mean) / scale of one piece, flag or level of a factor. */
export interface EncodedColumn {
  readonly factor: string;
  /** What it reads: a piece of the piecewise-linear encoding, a level, the flag itself, or “missing”. */
  readonly part: string;
  readonly mean: number;
  readonly scale: number;
}

export interface FactorEncoding {
  readonly code: string;
  readonly kind: 'numeric' | 'flag' | 'category';
  readonly offset: number;
  readonly width: number;
  readonly hasMissing: boolean;
  readonly monotone?: Monotone;
  /** numeric */
  readonly log?: boolean;
  readonly knots?: readonly number[];
  readonly centre?: number;
  readonly spread?: number;
  /** category */
  readonly levels?: readonly string[];
}

export interface Encoding {
  readonly factors: readonly FactorEncoding[];
  readonly columns: readonly EncodedColumn[];
  /** Factors left out, with the reason (constant, wholly missing). */
  readonly dropped: readonly { readonly code: string; readonly reason: 'constant' | 'missing' }[];
}

export interface EncodedRows {
  readonly rows: number;
  readonly width: number;
  /** Row-major standardised inputs; a missing value sits at the mean (0) beside its flag. */
  readonly values: Float32Array;
}

const MIN_SCALE = 0.15;
const MAX_LEVELS = 60;

/**
 * Learns the encoding from training rows: numerics piecewise-linear on quantile bins, categories as levels (the first
 * dense layer embeds them), missing values as flags of their own, all standardised.
 */
export function fitEncoding(table: Table, factors: readonly Factor[], bins: number): Encoding {
  const encodings: FactorEncoding[] = [];
  const columns: EncodedColumn[] = [];
  const dropped: { code: string; reason: 'constant' | 'missing' }[] = [];
  for (const factor of factors) {
    const draft = factor.kind === 'category' ? draftCategory(table, factor) : draftNumber(table, factor, bins);
    if (draft === 'constant' || draft === 'missing') {
      dropped.push({ code: factor.code, reason: draft });
      continue;
    }
    const parts = partsOf(draft);
    const encoding: FactorEncoding = {
      ...draft,
      offset: columns.length,
      width: parts.length,
      ...(factor.monotone === undefined ? {} : { monotone: factor.monotone }),
    };
    const raw = rawValues(table, encoding);
    parts.forEach((part, k) => {
      const isFlag = part === 'missing';
      let sum = 0;
      let square = 0;
      let count = 0;
      for (let row = 0; row < table.rows; row++) {
        const value = raw[row * parts.length + k]!;
        if (Number.isNaN(value)) continue;
        sum += value;
        square += value * value;
        count++;
      }
      const mean = count === 0 ? 0 : sum / count;
      const deviation = count === 0 ? 0 : Math.sqrt(Math.max(square / count - mean * mean, 0));
      const floor = encoding.kind === 'category' || isFlag ? MIN_SCALE : 1e-3;
      columns.push({ factor: factor.code, part, mean, scale: Math.max(deviation, floor) });
    });
    encodings.push(encoding);
  }
  return { factors: encodings, columns, dropped };
}

/** Standardised scalar of a numeric or flag factor (clipped to ±3, missing 0): what products of pairs are made of. */
export function scalarValues(table: Table, factor: FactorEncoding): Float32Array {
  const raw = numbersOf(table, factor.code);
  const out = new Float32Array(table.rows);
  for (let row = 0; row < table.rows; row++) {
    let value = raw[row]!;
    if (Number.isNaN(value)) continue;
    if (factor.log === true) value = Math.log1p(Math.max(value, 0));
    out[row] = Math.min(3, Math.max(-3, (value - factor.centre!) / factor.spread!));
  }
  return out;
}

type Draft = Omit<FactorEncoding, 'offset' | 'width' | 'monotone'>;

function draftNumber(table: Table, factor: Factor, bins: number): Draft | 'constant' | 'missing' {
  const values = numbersOf(table, factor.code);
  const finite = sortedFinite(values);
  if (finite.length === 0) return 'missing';
  const hasMissing = finite.length < table.rows;
  const [low, high] = [finite[0]!, finite[finite.length - 1]!];
  if (low === high) return hasMissing ? flagDraft(factor.code, low, 1) : 'constant';
  const log = low >= 0 && skewness(finite) > 1.5;
  const moved = log ? finite.map((value) => Math.log1p(value)) : finite;
  const mean = moved.reduce((a, b) => a + b, 0) / moved.length;
  const spread = Math.sqrt(moved.reduce((a, b) => a + (b - mean) ** 2, 0) / moved.length);
  const scalars = { centre: mean, spread: Math.max(spread, 1e-9), log };
  const distinct = distinctUpTo(finite, bins + 1);
  if (factor.kind === 'boolean' || distinct.length === 2)
    return { code: factor.code, kind: 'flag', hasMissing, ...scalars };
  const knots =
    distinct.length <= bins + 1
      ? distinct
      : [...new Set(Array.from({ length: bins + 1 }, (_, k) => quantileOf(finite, k / bins)))];
  if (knots.length < 2) return { code: factor.code, kind: 'flag', hasMissing, ...scalars };
  return { code: factor.code, kind: 'numeric', hasMissing, knots, ...scalars };
}

function flagDraft(code: string, centre: number, spread: number): Draft {
  return { code, kind: 'flag', hasMissing: true, centre, spread, log: false };
}

function draftCategory(table: Table, factor: Factor): Draft | 'constant' | 'missing' {
  const column = levelsOf(table, factor.code);
  const counts = new Float64Array(column.levels.length);
  let missing = 0;
  for (const code of column.codes) {
    if (code < 0) missing++;
    else counts[code]!++;
  }
  if (missing === table.rows) return 'missing';
  const frequent = column.levels
    .map((level, code) => ({ level, count: counts[code]! }))
    .filter(({ count }) => count >= Math.min(20, 0.01 * table.rows))
    .sort((a, b) => b.count - a.count || (a.level < b.level ? -1 : 1))
    .slice(0, MAX_LEVELS);
  if (frequent.length < 2 && missing === 0 && frequent[0]?.count === table.rows) return 'constant';
  if (frequent.length === 0) return 'constant';
  return { code: factor.code, kind: 'category', hasMissing: missing > 0, levels: frequent.map(({ level }) => level) };
}

function partsOf(draft: Draft): string[] {
  const missing = draft.hasMissing ? ['missing'] : [];
  if (draft.kind === 'flag') return ['value', ...missing];
  if (draft.kind === 'category') return [...draft.levels!.map((level) => `=${level}`), ...missing];
  const pieces = draft.knots!.slice(1).map((upper, k) => `${draft.knots![k]}..${upper}`);
  return [...pieces, ...missing];
}

function rawValues(table: Table, factor: FactorEncoding): Float64Array {
  const { width } = factor;
  const out = new Float64Array(table.rows * width).fill(Number.NaN);
  const pieces = factor.hasMissing ? width - 1 : width;
  const setMissing = (row: number, missing: boolean): void => {
    if (factor.hasMissing) out[row * width + pieces] = missing ? 1 : 0;
  };
  if (factor.kind === 'category') {
    const column = levelsOf(table, factor.code);
    const known = new Map(factor.levels!.map((level, k) => [level, k]));
    const byCode = column.levels.map((level) => known.get(level) ?? -1);
    for (let row = 0; row < table.rows; row++) {
      const code = column.codes[row]!;
      setMissing(row, code < 0);
      if (code < 0) continue;
      const level = byCode[code]!;
      if (level < 0) continue;
      for (let k = 0; k < pieces; k++) out[row * width + k] = k === level ? 1 : 0;
    }
    return out;
  }
  const values = numbersOf(table, factor.code);
  for (let row = 0; row < table.rows; row++) {
    const value = values[row]!;
    setMissing(row, Number.isNaN(value));
    if (Number.isNaN(value)) continue;
    if (factor.kind === 'flag') out[row * width] = value;
    else for (let k = 0; k < pieces; k++) out[row * width + k] = pieceAt(factor.knots!, k, value);
  }
  return out;
}

function distinctUpTo(sorted: Float64Array, limit: number): number[] {
  const distinct: number[] = [];
  for (const value of sorted) {
    if (distinct[distinct.length - 1] === value) continue;
    distinct.push(value);
    if (distinct.length > limit) break;
  }
  return distinct;
}

function skewness(values: Float64Array): number {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  let second = 0;
  let third = 0;
  for (const value of values) {
    const d = value - mean;
    second += d * d;
    third += d * d * d;
  }
  return third / n / Math.pow(second / n, 1.5);
}

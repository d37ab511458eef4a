import type { Factor, Monotone } from './catalogue';
import { quantileOf, sortedFinite } from './quantiles';
import type { Table } from './table';
import { levelsOf, numbersOf } from './table';

/** How trees read one factor: values as small whole numbers; 0 is missing (or a level that training never saw). */
export interface BinnedFactor {
  readonly code: string;
  /** Numeric: bin k holds values up to edges[k - 1], the last bin what lies above all edges. */
  readonly edges?: Float64Array;
  /** Category: level k has bin k + 1. */
  readonly levels?: readonly string[];
  /** Number of bins, the one of missing values included. */
  readonly bins: number;
  readonly monotone?: Monotone;
}

/** Bins of the rows, column by column in the order of the factors. */
export type BinnedRows = readonly Uint8Array[];

const MAX_BINS = 200;
/** A split by level is stored as a set of bits in two words. */
const MAX_LEVELS = 62;

/** Learns the bins from training rows: quantiles of numbers (each value its own bin where there are few), levels by count. */
export function fitBins(table: Table, factors: readonly Factor[]): BinnedFactor[] {
  return factors.flatMap((factor) => {
    const { code, kind, monotone } = factor;
    const limits = kind === 'category' ? levelsByCount(table, code) : edgesOf(numbersOf(table, code));
    const bins = 2 + ('edges' in limits ? limits.edges.length : limits.levels.length - 1);
    if (bins < 3 && !hasMissing(table, factor)) return [];
    return [{ code, ...limits, bins, ...(monotone === undefined || kind === 'category' ? {} : { monotone }) }];
  });
}

/**
 * Bins of rows as learnt by {@link fitBins}; an absent column is missing throughout.
 *
 * @param own - indices of the rows in `table`, all of them by default
 */
export function binRows(
  table: Table,
  factors: readonly BinnedFactor[],
  own: Int32Array = Int32Array.from({ length: table.rows }, (_, row) => row),
): BinnedRows {
  return factors.map(({ code, edges, levels }) => {
    const bins = new Uint8Array(own.length);
    if (edges !== undefined) {
      const values = numbersOf(table, code);
      own.forEach((row, i) => (bins[i] = binOf(edges, values[row]!)));
      return bins;
    }
    const known = new Map(levels!.map((level, k) => [level, k + 1]));
    const column = levelsOf(table, code);
    const byCode = column.levels.map((level) => known.get(level) ?? 0);
    own.forEach((row, i) => (bins[i] = column.codes[row]! < 0 ? 0 : byCode[column.codes[row]!]!));
    return bins;
  });
}

function binOf(edges: Float64Array, value: number): number {
  if (Number.isNaN(value)) return 0;
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}

function edgesOf(values: Float64Array): { readonly edges: Float64Array } {
  const sorted = sortedFinite(values);
  const distinct: number[] = [];
  for (const value of sorted) {
    if (value !== distinct[distinct.length - 1]) distinct.push(value);
    if (distinct.length > MAX_BINS) break;
  }
  const cuts =
    distinct.length <= MAX_BINS
      ? distinct.slice(1).map((value, k) => (value + distinct[k]!) / 2)
      : Array.from({ length: MAX_BINS - 1 }, (_, k) => quantileOf(sorted, (k + 1) / MAX_BINS));
  return { edges: Float64Array.from(new Set(cuts)) };
}

function levelsByCount(table: Table, code: string): { readonly levels: readonly string[] } {
  const { codes, levels } = levelsOf(table, code);
  const counts = new Float64Array(levels.length);
  for (const level of codes) if (level >= 0) counts[level]!++;
  return {
    levels: levels
      .map((level, k) => ({ level, count: counts[k]! }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count || (a.level < b.level ? -1 : 1))
      .slice(0, MAX_LEVELS)
      .map(({ level }) => level),
  };
}

function hasMissing(table: Table, { code, kind }: Factor): boolean {
  return kind === 'category'
    ? levelsOf(table, code).codes.some((level) => level < 0)
    : numbersOf(table, code).some((value) => Number.isNaN(value));
}

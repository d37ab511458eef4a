import type { Factor } from './catalogue';
import { quantileOf, sortedFinite } from './quantiles';
import type { Table } from './table';
import { levelsOf, numbersOf } from './table';

/** What training saw of a factor: ranges for the domain warning, bins for drift. */
export interface FactorProfile {
  readonly code: string;
  readonly missing: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly mean: number | null;
  /** Bin edges (numerics) or levels (categories) with the share of rows in each; the missing share apart. */
  readonly edges: readonly number[];
  readonly levels: readonly string[];
  readonly shares: readonly number[];
}

const BINS = 10;

export function profileFactors(table: Table, factors: readonly Factor[]): FactorProfile[] {
  return factors
    .filter(({ code }) => table.columns.includes(code))
    .map((factor) =>
      factor.kind === 'category' ? profileLevels(table, factor.code) : profileNumbers(table, factor.code),
    );
}

/** Shares of rows over the bins of a profile (numerics and levels alike), among filled cells. */
export function sharesOver(
  profile: FactorProfile,
  table: Table,
): { readonly shares: number[]; readonly missing: number } {
  const counts = profile.shares.map(() => 0);
  let missing = 0;
  if (profile.levels.length > 0) {
    const { codes, levels } = levelsOf(table, profile.code);
    const place = levels.map((level) => profile.levels.indexOf(level));
    for (const code of codes) {
      if (code < 0) missing++;
      else counts[place[code]! < 0 ? counts.length - 1 : place[code]!]!++;
    }
  } else
    for (const value of numbersOf(table, profile.code)) {
      if (Number.isNaN(value)) missing++;
      else counts[binOf(profile.edges, value)]!++;
    }
  const filled = Math.max(table.rows - missing, 1);
  return { shares: counts.map((count) => count / filled), missing: missing / Math.max(table.rows, 1) };
}

function binOf(edges: readonly number[], value: number): number {
  let bin = 0;
  while (bin < edges.length && value > edges[bin]!) bin++;
  return bin;
}

function profileNumbers(table: Table, code: string): FactorProfile {
  const sorted = sortedFinite(numbersOf(table, code));
  const distinct = [...new Set(sorted)];
  const edges =
    distinct.length <= BINS
      ? distinct.slice(0, -1)
      : [...new Set(Array.from({ length: BINS - 1 }, (_, k) => quantileOf(sorted, (k + 1) / BINS)))];
  const empty = sorted.length === 0;
  const draft: FactorProfile = {
    code,
    missing: 1 - sorted.length / Math.max(table.rows, 1),
    low: empty ? null : sorted[0]!,
    high: empty ? null : sorted[sorted.length - 1]!,
    mean: empty ? null : sorted.reduce((a, b) => a + b, 0) / sorted.length,
    edges,
    levels: [],
    shares: Array.from({ length: edges.length + 1 }, () => 0),
  };
  return { ...draft, shares: sharesOver(draft, table).shares };
}

function profileLevels(table: Table, code: string): FactorProfile {
  const { codes, levels } = levelsOf(table, code);
  // A part of a book knows the levels of the whole: only those that occur in it have been seen.
  const occurs = new Set(codes);
  const used = levels.filter((_, code) => occurs.has(code)).sort();
  const missing = codes.reduce((count, value) => count + (value < 0 ? 1 : 0), 0) / Math.max(table.rows, 1);
  // The last place takes levels that training has not seen.
  const draft = {
    code,
    missing,
    low: null,
    high: null,
    mean: null,
    edges: [],
    levels: used,
    shares: [...used.map(() => 0), 0],
  };
  return { ...draft, shares: sharesOver(draft, table).shares };
}

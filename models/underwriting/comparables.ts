import type { Encoding } from './encoding';
import { scalarValues } from './encoding';
import { firstRows, setExposures, setTotals } from './groups';
import type { ModelRows } from './rows';

/** The latest period of each group of the training as one vector of standardised factors. */
export interface PastGroups {
  readonly codes: readonly string[];
  readonly names: readonly string[];
  readonly time: readonly number[];
  readonly exposure: readonly number[];
  readonly paid: readonly number[];
  readonly expected: readonly number[];
  /** names x codes, row-major. */
  readonly vectors: Float32Array;
}

export interface Comparable {
  readonly name: string;
  readonly time: number;
  readonly distance: number;
  readonly exposure: number;
  readonly paid: number;
  readonly expected: number;
  /** What makes it alike, and what sets it apart, strongest first. */
  readonly alike: readonly string[];
  readonly different: readonly { readonly code: string; readonly gap: number }[];
}

/** Means of the scalar factors over the rows of each set. */
export function setVectors(
  rows: ModelRows,
  encoding: Encoding,
): { readonly codes: string[]; readonly vectors: Float32Array } {
  const factors = encoding.factors.filter(({ kind }) => kind !== 'category');
  const { sets } = rows.keyed;
  const vectors = new Float32Array(sets.count * factors.length);
  factors.forEach((factor, j) => {
    const scalars = scalarValues(rows.table, factor);
    for (let row = 0; row < scalars.length; row++) {
      const set = sets.of[row]!;
      vectors[set * factors.length + j]! += scalars[row]! / (sets.start[set + 1]! - sets.start[set]!);
    }
  });
  return { codes: factors.map(({ code }) => code), vectors };
}

/** Collects the latest period of each named group (at most `limit` groups, the latest first). */
export function collectPastGroups(
  rows: ModelRows,
  encoding: Encoding,
  expected: Float64Array,
  compete: boolean,
  limit = 4000,
): PastGroups {
  const { groupOf, groups, time } = rows.keyed;
  const exposure = setExposures(rows, compete);
  const { codes, vectors } = setVectors(rows, encoding);
  const paid = setTotals(rows, rows.total);
  const forecast = setTotals(rows, expected);
  const latest = new Map<number, number>();
  const heads = firstRows(rows);
  heads.forEach((row, set) => {
    const group = groupOf[row]!;
    const kept = latest.get(group);
    if (group >= 0 && (kept === undefined || time[heads[kept]!]! < time[row]!)) latest.set(group, set);
  });
  const chosen = [...latest.values()].sort((a, b) => time[heads[b]!]! - time[heads[a]!]! || a - b).slice(0, limit);
  const kept = new Float32Array(chosen.length * codes.length);
  chosen.forEach((set, i) =>
    kept.set(vectors.subarray(set * codes.length, (set + 1) * codes.length), i * codes.length),
  );
  return {
    codes,
    names: chosen.map((set) => groups[groupOf[heads[set]!]!]!),
    time: chosen.map((set) => time[heads[set]!]!),
    exposure: chosen.map((set) => exposure[set]!),
    paid: chosen.map((set) => paid[set]!),
    expected: chosen.map((set) => forecast[set]!),
    vectors: kept,
  };
}

/**
 * Nearest past groups: Euclidean over standardised factors weighted by their importance for the price.
 *
 * @param vector - one set's means in the order of `past.codes`
 * @param weightOf - importance share of a factor
 */
export function findComparables(
  past: PastGroups,
  vector: ArrayLike<number>,
  weightOf: (code: string) => number,
  count = 5,
  except?: string,
): Comparable[] {
  const width = past.codes.length;
  const weights = past.codes.map((code) => Math.max(weightOf(code), 0));
  const scored = past.names.flatMap((name, i) => {
    if (name === except) return [];
    let square = 0;
    for (let j = 0; j < width; j++) square += weights[j]! * (past.vectors[i * width + j]! - vector[j]!) ** 2;
    return [{ i, distance: Math.sqrt(square) }];
  });
  scored.sort((a, b) => a.distance - b.distance);
  return scored.slice(0, count).map(({ i, distance }) => {
    const gaps = past.codes.map((code, j) => ({
      code,
      gap: past.vectors[i * width + j]! - vector[j]!,
      pull: weights[j]! * (past.vectors[i * width + j]! - vector[j]!) ** 2,
      weight: weights[j]!,
    }));
    return {
      name: past.names[i]!,
      time: past.time[i]!,
      distance,
      exposure: past.exposure[i]!,
      paid: past.paid[i]!,
      expected: past.expected[i]!,
      alike: gaps
        .filter(({ gap }) => Math.abs(gap) < 0.35)
        .sort((a, b) => b.weight - a.weight)
        .slice(0, 5)
        .map(({ code }) => code),
      different: gaps
        .filter(({ gap }) => Math.abs(gap) >= 0.35)
        .sort((a, b) => b.pull - a.pull)
        .slice(0, 3)
        .map(({ code, gap }) => ({ code, gap })),
    };
  });
}

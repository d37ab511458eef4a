import { hashText } from './random';
import type { Table } from './table';
import { levelsOf, numbersOf } from './table';

/** Rows by owner: `of[row]` is the owner's index, `rows[start[i]..start[i+1])` its rows. */
export interface Partition {
  readonly count: number;
  readonly of: Int32Array;
  readonly start: Int32Array;
  readonly rows: Int32Array;
}

/** Groups rows by integer keys (any integers; -1 gets an owner of its own per row). */
export function partitionBy(keys: ArrayLike<number>): Partition {
  const index = new Map<number, number>();
  const of = new Int32Array(keys.length);
  let count = 0;
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row]!;
    let owner = key === -1 ? undefined : index.get(key);
    if (owner === undefined) {
      owner = count++;
      if (key !== -1) index.set(key, owner);
    }
    of[row] = owner;
  }
  const start = new Int32Array(count + 1);
  for (const owner of of) start[owner + 1]!++;
  for (let i = 0; i < count; i++) start[i + 1]! += start[i]!;
  const next = start.slice(0, count);
  const rows = new Int32Array(keys.length);
  for (let row = 0; row < keys.length; row++) rows[next[of[row]!]!++] = row;
  return { count, of, start, rows };
}

/** Names of the columns that say whose row it is and when. */
export interface RowKeys {
  readonly group?: string;
  readonly time?: string;
  /** The other side of the row (the clinic): its effect and its history cross the groups. */
  readonly entity?: string;
}

/** The keys of each row, resolved: levels as texts, time as a number (0 where there is none). */
export interface KeyedRows {
  readonly groups: readonly string[];
  readonly groupOf: Int32Array;
  readonly entities: readonly string[];
  readonly entityOf: Int32Array;
  readonly time: Float64Array;
  /** Rows of one group in one period: the programme of clinics that compete for the same people. */
  readonly sets: Partition;
}

export function keyRows(table: Table, keys: RowKeys): KeyedRows {
  const group = keys.group === undefined ? undefined : levelsOf(table, keys.group);
  const entity = keys.entity === undefined ? undefined : levelsOf(table, keys.entity);
  const time = keys.time === undefined ? new Float64Array(table.rows) : numbersOf(table, keys.time).map(orZero);
  const groupOf = group?.codes ?? new Int32Array(table.rows).fill(-1);
  const periods = new Map<number, number>();
  const setKeys = Float64Array.from(groupOf, (code, row) => {
    if (code < 0) return -1;
    let period = periods.get(time[row]!);
    if (period === undefined) periods.set(time[row]!, (period = periods.size));
    return code * 4096 + period;
  });
  return {
    groups: group?.levels ?? [],
    groupOf,
    entities: entity?.levels ?? [],
    entityOf: entity?.codes ?? new Int32Array(table.rows).fill(-1),
    time,
    sets: partitionBy(setKeys),
  };
}

/** Length of one period: the smallest gap between those seen; 1 where there is one only. */
export function shortestGap(times: Iterable<number>): number {
  const seen = [...new Set(times)].sort((a, b) => a - b);
  return seen.slice(1).reduce((least, time, i) => Math.min(least, time - seen[i]!), seen.length < 2 ? 1 : Infinity);
}

/** Fold of a group by hash: the same group falls into the same fold in every file and order. */
export function foldOf(group: string, folds: number, seed: number): number {
  return hashText(group, seed) % folds;
}

function orZero(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

import type { PeriodBound } from './period-column';
import { rowsWithin, timesOf } from './period-column';
import type { ModelColumns } from './spec';
import type { KeyedRows } from './sets';
import { keyRows, partitionBy } from './sets';
import type { Table } from './table';
import { levelsOf, numbersOf, pickRows } from './table';
import { hashText } from './random';

/** Rows ready for the model: keys, exposure times price level, and the observed totals where there are any. */
export interface ModelRows {
  readonly table: Table;
  readonly keyed: KeyedRows;
  /** Name under which the row's group is known to the folds (a hash of its factors where there is no group). */
  readonly groupNames: readonly string[];
  readonly exposure: Float64Array;
  readonly base: Float64Array;
  readonly total: Float64Array;
}

export interface RowFaults {
  readonly noTarget: number;
  readonly noExposure: number;
  readonly negative: number;
  readonly noPeriod: number;
}

/** Resolves keys, exposure (1 where there is none) and price level of the rows of a table. */
export function readRows(
  table: Table,
  columns: ModelColumns,
  factorCodes: readonly string[],
  lastIndex: number,
): ModelRows {
  const exposure =
    columns.exposure !== undefined && table.columns.includes(columns.exposure)
      ? numbersOf(table, columns.exposure).map((value) => (value > 0 ? value : 0))
      : new Float64Array(table.rows).fill(1);
  const index = columns.index === undefined ? null : numbersOf(table, columns.index);
  const base = exposure.map((value, row) => value * (index === null ? 1 : positiveOr(index[row]!, lastIndex)));
  const present = { ...columns };
  for (const name of ['group', 'time', 'entity'] as const) {
    const column = present[name];
    if (column !== undefined && !table.columns.includes(column)) delete (present as Record<string, unknown>)[name];
  }
  const keyed = withPeriods(table, present);
  const groupNames =
    present.group === undefined
      ? rowHashes(table, factorCodes)
      : Array.from(keyed.groupOf, (code, row) => (code < 0 ? `row ${row}` : keyed.groups[code]!));
  return { table, keyed, groupNames, exposure, base, total: numbersOf(table, columns.target) };
}

/** Splits off rows that cannot be learnt from: no period, no target, no exposure; negative totals count as zero. */
export function usableRows(
  table: Table,
  columns: ModelColumns,
  trainUntil?: PeriodBound,
): { table: Table; faults: RowFaults } {
  const target = numbersOf(table, columns.target);
  const exposure = columns.exposure === undefined ? null : numbersOf(table, columns.exposure);
  const time = columns.time === undefined ? null : timesOf(table, columns.time, columns.step);
  const within =
    columns.time === undefined || trainUntil === undefined
      ? () => true
      : rowsWithin(table, columns.time, { to: trainUntil });
  const faults = { noTarget: 0, noExposure: 0, negative: 0, noPeriod: 0 };
  const kept: number[] = [];
  for (let row = 0; row < table.rows; row++) {
    const dated = time === null || !Number.isNaN(time[row]!);
    if (dated && !within(row)) continue;
    if (!dated) faults.noPeriod++;
    else if (Number.isNaN(target[row]!)) faults.noTarget++;
    else if (exposure !== null && !(exposure[row]! > 0)) faults.noExposure++;
    else {
      if (target[row]! < 0) faults.negative++;
      kept.push(row);
    }
  }
  const picked = pickRows(table, kept);
  const data = new Map(picked.data);
  const totals = numbersOf(picked, columns.target).map((value) => Math.max(value, 0));
  data.set(columns.target, { kind: 'number', values: totals });
  return { table: { ...picked, data }, faults };
}

function withPeriods(table: Table, columns: ModelColumns): KeyedRows {
  if (columns.time === undefined) return keyRows(table, columns);
  const data = new Map(table.data);
  data.set(columns.time, { kind: 'number', values: timesOf(table, columns.time, columns.step) });
  return keyRows({ ...table, data }, columns);
}

/** Without groups a row is its own group; twins (equal factors) share one, so that no fold learns them by heart. */
function rowHashes(table: Table, codes: readonly string[]): string[] {
  const used = codes.filter((code) => table.columns.includes(code)).map((code) => levelsOf(table, code));
  const hashes = new Int32Array(table.rows);
  for (const column of used) {
    const byLevel = column.levels.map((level) => hashText(level));
    for (let row = 0; row < table.rows; row++) {
      const code = column.codes[row]!;
      hashes[row] = (Math.imul(hashes[row]!, 31) + (code < 0 ? 7 : byLevel[code]!)) | 0;
    }
  }
  return Array.from(hashes, (hash) => `#${hash >>> 0}`);
}

/** Rows by group name. */
export function clustersOf({ groupNames }: ModelRows): ReturnType<typeof partitionBy> {
  const index = new Map<string, number>();
  return partitionBy(
    groupNames.map((name) => {
      let code = index.get(name);
      if (code === undefined) index.set(name, (code = index.size));
      return code;
    }),
  );
}

function positiveOr(value: number, fallback: number): number {
  return value > 0 ? value : fallback;
}

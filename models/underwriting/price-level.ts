import type { Factor } from './catalogue';
import { quantileOf, sortedFinite } from './quantiles';
import { stepOf, timesOf } from './period-column';
import type { ModelColumns, TrainingColumns } from './spec';
import type { Table } from './table';
import { numbersOf, withColumn } from './table';

/** Price level of each period that the training has seen, for rows that come without one. */
export type PeriodLevels = readonly (readonly [period: number, level: number])[];

type PricedColumns = Pick<ModelColumns, 'index' | 'time' | 'step'>;

/** A level is told as a ratio to some year (about 1) or in points (about 100); rates and percentages lie elsewhere. */
const SCALES = [
  [0.5, 5],
  [50, 500],
] as const;
/** How far rows of one period may lie apart (upper tenth to lower tenth): regions differ by less, people by more. */
const WITHIN = 1.15;

/** Factors that are named like a price level. */
export function levelCandidates(table: Table, factors: readonly Factor[]): Factor[] {
  return factors.filter(
    ({ code, kind, unit }) =>
      kind === 'number' &&
      /inflation|price_level|cpi/i.test(code) &&
      !/percent|%/i.test(unit) &&
      table.columns.includes(code),
  );
}

/** Whether a column behaves like a price level: on the scale of one, nearly one value a period, moving by period. */
export function isPriceLevel(table: Table, code: string, { time }: Pick<TrainingColumns, 'time'>): boolean {
  const values = numbersOf(table, code);
  const known = sortedFinite(Array.from(values));
  if (known.length <= 0.5 * table.rows) return false;
  const [low, high] = [quantileOf(known, 0.01), quantileOf(known, 0.99)];
  if (!SCALES.some(([from, to]) => low >= from && high <= to)) return false;
  const times = time === undefined ? new Float64Array(table.rows) : timesOf(table, time, stepOf(table, time));
  const byPeriod = valuesByPeriod(values, times).map(([, own]) => own);
  const middles = byPeriod.map((own) => quantileOf(own, 0.5));
  const close = byPeriod.filter((own) => quantileOf(own, 0.9) <= WITHIN * quantileOf(own, 0.1)).length;
  const moves = middles.length < 2 || Math.max(...middles) > 1.002 * Math.min(...middles);
  return moves && close >= 0.8 * byPeriod.length;
}

/** Middle level of each period of a table, oldest first. */
export function periodLevels(table: Table, { index, time, step }: PricedColumns): PeriodLevels {
  if (index === undefined || !table.columns.includes(index)) return [];
  const times =
    time === undefined || !table.columns.includes(time) ? new Float64Array(table.rows) : timesOf(table, time, step);
  return valuesByPeriod(numbersOf(table, index), times)
    .map(([period, own]) => [period, quantileOf(own, 0.5)] as const)
    .sort((a, b) => a[0] - b[0]);
}

/**
 * The table with a price level in each row: its own, else that of its period as the training or the table's other rows know
 * it, else the last one.
 */
export function withPriceLevel(table: Table, columns: PricedColumns, known: PeriodLevels, last: number): Table {
  const { index, time, step } = columns;
  if (index === undefined) return table;
  const values = table.columns.includes(index)
    ? numbersOf(table, index)
    : new Float64Array(table.rows).fill(Number.NaN);
  if (values.every((value) => value > 0)) return table;
  const levels = new Map([...periodLevels(table, columns), ...known]);
  const times = time === undefined || !table.columns.includes(time) ? null : timesOf(table, time, step);
  return withColumn(table, index, {
    kind: 'number',
    values: values.map((value, row) => (value > 0 ? value : (levels.get(times?.[row] ?? Number.NaN) ?? last))),
  });
}

function valuesByPeriod(values: Float64Array, times: Float64Array): [number, Float64Array][] {
  const byPeriod = new Map<number, number[]>();
  values.forEach((value, row) => {
    if (!(value > 0)) return;
    const own = byPeriod.get(times[row]!);
    if (own === undefined) byPeriod.set(times[row]!, [value]);
    else own.push(value);
  });
  return [...byPeriod].map(([period, own]) => [period, sortedFinite(own)]);
}

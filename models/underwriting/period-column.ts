import { AppError } from '../errors';
import type { Period, PeriodStep } from './periods';
import { commonStep, PERIOD_FORMS, readPeriod, stepNumber } from './periods';
import type { Table } from './table';
import { levelsOf } from './table';

/** A period as a flag or a setting gives it: `2023`, `2023-06`, `2023Q2`, or a plain number. */
export type PeriodBound = number | string;

/** A day beyond 12 before the first slash tells the order of the whole column. */
const DAY_FIRST = /^\s*(?:1[3-9]|[23]\d)\/\d{1,2}\//;

/** Distinct values of a column and the value of each row (-1: missing). */
interface PeriodColumn {
  readonly codes: Int32Array;
  readonly texts: readonly string[];
  /** By value; null where the column holds plain numbers. */
  readonly periods: readonly Period[] | null;
}

/**
 * Step numbers of a period column, NaN where it is empty; the same in every file for the same step.
 *
 * @throws AppError UNDERWRITING_PERIOD naming column, value and the forms that are read
 */
export function timesOf(table: Table, column: string, step?: PeriodStep): Float64Array {
  if (!table.columns.includes(column)) return new Float64Array(table.rows);
  const { codes, texts, periods } = readColumn(table, column);
  if (periods === null && (step === 'quarter' || step === 'month'))
    throw notPeriod(
      column,
      texts.find((text) => readPeriod(text) === null)!,
    );
  const plain = step === 'number' || periods === null;
  const numbers = texts.map((text, code) => (plain ? Number(text) : stepNumber(periods[code]!, step)));
  const stray = numbers.findIndex(Number.isNaN);
  if (stray >= 0) throw notPeriod(column, texts[stray]!);
  return Float64Array.from(codes, (code) => (code < 0 ? Number.NaN : numbers[code]!));
}

/** The step in which the periods of a column follow each other: stored with the model, so that scoring maps alike. */
export function stepOf(table: Table, column: string): PeriodStep | undefined {
  const { periods } = readColumn(table, column);
  return periods === null ? 'number' : commonStep(periods);
}

/**
 * Which rows lie wholly between two periods, both included: `to: 2023` takes all of 2023, however its rows are written.
 * A row without a period lies nowhere.
 *
 * @throws AppError UNDERWRITING_PERIOD where a bound or a value is no period
 */
export function rowsWithin(
  table: Table,
  column: string,
  { from, to }: { readonly from?: PeriodBound; readonly to?: PeriodBound },
): (row: number) => boolean {
  const { codes, texts, periods } = readColumn(table, column);
  const after = from === undefined ? -Infinity : boundOf(from, periods === null, column).from;
  const until = to === undefined ? Infinity : boundOf(to, periods === null, column).to;
  const inside = texts.map((text, code) => {
    const own = periods === null ? { from: Number(text), to: Number(text) } : periods[code]!;
    return own.from >= after && own.to <= until;
  });
  return (row) => codes[row]! >= 0 && inside[codes[row]!]!;
}

function boundOf(bound: PeriodBound, plain: boolean, column: string): { readonly from: number; readonly to: number } {
  const text = String(bound).trim();
  const value = Number(text);
  if (plain && text !== '' && !Number.isNaN(value)) return { from: value, to: value };
  const period = plain ? null : readPeriod(text);
  if (period === null || period.unsure) throw notPeriod(column, text);
  return period;
}

function readColumn(table: Table, column: string): PeriodColumn {
  const { codes, levels } = levelsOf(table, column);
  const periods = levels.map(readPeriod);
  if (periods.some((period) => period === null) && levels.every((text) => Number.isFinite(Number(text))))
    return { codes, texts: levels, periods: null };
  const read = periods.map((period, code) => {
    if (period === null) throw notPeriod(column, levels[code]!);
    return period;
  });
  const slashed = levels.findIndex((_, code) => read[code]!.unsure);
  if (slashed >= 0 && !levels.some((text) => DAY_FIRST.test(text))) throw dayOrMonth(column, levels[slashed]!);
  return { codes, texts: levels, periods: read };
}

function notPeriod(column: string, value: string): AppError {
  return new AppError(
    'UNDERWRITING_PERIOD',
    {
      ru: `Столбец «${column}»: «${value}» не период. Читаются ${PERIOD_FORMS} или простые числа во всём столбце`,
      en: `Column “${column}”: “${value}” is no period. Read are ${PERIOD_FORMS}, or plain numbers in the whole column`,
    },
    { details: { field: column, value, rule: 'a period', fix: `write it as one of ${PERIOD_FORMS}` } },
  );
}

function dayOrMonth(column: string, value: string): AppError {
  return new AppError(
    'UNDERWRITING_PERIOD',
    {
      ru: `Столбец «${column}»: в «${value}» неясно, где день, а где месяц. Пишите 2023-06-30 или 30.06.2023`,
      en: `Column “${column}”: “${value}” does not tell day from month. Write 2023-06-30 or 30.06.2023`,
    },
    { details: { field: column, value, rule: 'day and month must be told apart', fix: 'write 2023-06-30' } },
  );
}

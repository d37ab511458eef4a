import { AppError } from '../errors';
import type { Factor } from './catalogue';
import type { PeriodBound } from './period-column';
import type { PeriodStep } from './periods';
import { isPriceLevel, levelCandidates } from './price-level';
import type { Table } from './table';
import { levelsOf, numbersOf } from './table';
import type { RowKeys } from './sets';

/** What to learn from which columns. */
export interface TrainingColumns {
  readonly target: string;
  readonly exposure?: string;
  readonly group?: string;
  readonly time?: string;
  /** Last period to learn from, all of it: `2023` takes every month of 2023. */
  readonly trainUntil?: PeriodBound;
  /** The column that crosses the groups (clinic); found by itself when not given; null for none. */
  readonly entity?: string | null;
  /** A price-level factor divided out beforehand; found by itself when not given; null for none. */
  readonly index?: string | null;
}

/** The columns as resolved against the data: stored with the model and used at scoring. */
export interface ModelColumns extends RowKeys {
  readonly target: string;
  readonly exposure?: string;
  readonly index?: string;
  /** In which steps the periods count; absent for years. */
  readonly step?: PeriodStep;
}

export type Family = 'poisson' | 'tweedie';

/**
 * Checks the columns and finds what was left open.
 *
 * @throws AppError UNDERWRITING_COLUMNS naming the missing column
 */
export function resolveColumns(table: Table, factors: readonly Factor[], asked: TrainingColumns): ModelColumns {
  for (const [flag, name] of Object.entries({
    target: asked.target,
    exposure: asked.exposure,
    group: asked.group,
    time: asked.time,
  }))
    if (name !== undefined && !table.columns.includes(name)) throw missingColumn(flag, name, table);
  const known = factors.filter(({ code }) => table.columns.includes(code));
  if (known.length === 0)
    throw missingColumn(
      'factors',
      factors
        .map(({ code }) => code)
        .slice(0, 5)
        .join(', '),
      table,
    );
  const entity = asked.entity === undefined ? findEntity(table, factors, asked) : (asked.entity ?? undefined);
  const index = asked.index === undefined ? findIndex(table, known, asked) : (asked.index ?? undefined);
  return {
    target: asked.target,
    ...(asked.exposure === undefined ? {} : { exposure: asked.exposure }),
    ...(asked.group === undefined ? {} : { group: asked.group }),
    ...(asked.time === undefined ? {} : { time: asked.time }),
    ...(entity === undefined ? {} : { entity }),
    ...(index === undefined ? {} : { index }),
  };
}

/** Poisson for counts (whole numbers of small mean), else Tweedie with power 1.5. */
export function chooseFamily(target: Float64Array): { family: Family; power: number } {
  let sum = 0;
  let whole = true;
  let count = 0;
  for (const value of target) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
    if (!Number.isInteger(value)) whole = false;
  }
  return whole && sum / Math.max(count, 1) < 30 ? { family: 'poisson', power: 1 } : { family: 'tweedie', power: 1.5 };
}

/** Columns that name a row: not factors, not measured quantities. */
export function keyColumns(table: Table, factors: readonly Factor[], columns: ModelColumns): string[] {
  const taken = new Set([...factors.map(({ code }) => code), columns.target, columns.exposure ?? '']);
  const first = [columns.group, columns.entity, columns.time].filter((name): name is string => name !== undefined);
  const rest = table.columns.filter((name) => !taken.has(name) && !first.includes(name) && looksLikeKey(table, name));
  return [...first.filter((name) => table.columns.includes(name)), ...rest];
}

/**
 * Columns of a file to be read as texts: the keys, and what is named like one and is neither a factor nor an amount, so
 * that 7.1 and 7.10 stay two and are printed as they came.
 */
export function readAsText(
  factors: readonly Factor[],
  { group, entity, target, exposure, index }: Omit<TrainingColumns, 'trainUntil'>,
): (column: string) => boolean {
  const measured = new Set([...factors.map(({ code }) => code), target, exposure, index]);
  return (column) => column === group || column === entity || (!measured.has(column) && KEY_NAME.test(column));
}

const KEY_NAME = /(^|_)(id|no|code|key|number|year|period|date)$/i;

function looksLikeKey(table: Table, name: string): boolean {
  return table.data.get(name)?.kind === 'text' || KEY_NAME.test(name);
}

function findEntity(table: Table, factors: readonly Factor[], asked: TrainingColumns): string | undefined {
  if (asked.group === undefined) return undefined;
  const taken = new Set([...factors.map(({ code }) => code), asked.target, asked.exposure, asked.group, asked.time]);
  const group = levelsOf(table, asked.group).codes;
  const candidates = table.columns.filter((name) => !taken.has(name) && looksLikeKey(table, name));
  for (const name of candidates) {
    const { codes, levels } = levelsOf(table, name);
    if (levels.length < 3 || levels.length * 3 > table.rows) continue;
    const pairs = new Set<number>();
    const groups = new Set<number>();
    codes.forEach((code, row) => {
      pairs.add(group[row]! * levels.length + code);
      groups.add(group[row]!);
    });
    // Crosses the groups both ways: several entities in a group and several groups in an entity.
    if (pairs.size > 1.5 * groups.size && pairs.size > 1.5 * levels.length) return name;
  }
  return undefined;
}

function findIndex(table: Table, factors: readonly Factor[], asked: TrainingColumns): string | undefined {
  const { family } = chooseFamily(numbersOf(table, asked.target));
  if (family === 'poisson') return undefined;
  return levelCandidates(table, factors).find(({ code }) => isPriceLevel(table, code, asked))?.code;
}

/** @throws AppError UNDERWRITING_COLUMNS when the data has no such column */
export function requireColumn(table: Table, flag: string, name: string): void {
  if (!table.columns.includes(name)) throw missingColumn(flag, name, table);
}

function missingColumn(flag: string, name: string, table: Table): AppError {
  return new AppError(
    'UNDERWRITING_COLUMNS',
    {
      ru: `В данных нет столбца «${name}» (${flag}). Есть: ${table.columns.slice(0, 12).join(', ')}…`,
      en: `The data has no column “${name}” (${flag}). It has: ${table.columns.slice(0, 12).join(', ')}…`,
    },
    { details: { field: name, rule: `${flag} must be a column`, fix: 'check the flag or the header' } },
  );
}

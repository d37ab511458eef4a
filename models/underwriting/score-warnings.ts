import type { LocalizedText } from '../errors';
import type { DomainWarning } from './domain-check';
import { scanDomain } from './domain-check';
import type { UnderwritingModel } from './model';
import { timesOf } from './period-column';
import { numbersOf } from './table';
import type { Table } from './table';

/** What makes the forecasts of a table less sure than those of the training, one per kind. */
export interface ScoreWarning {
  readonly kind:
    | DomainWarning['kind']
    | 'no-exposure-column'
    | 'no-exposure'
    | 'absent-factor'
    | 'no-experience'
    | 'no-period';
  readonly rows: number;
  /** Columns concerned, those of most rows first. */
  readonly columns: readonly string[];
  readonly text: LocalizedText;
}

type Wording = (rows: number, names: string) => LocalizedText;

const WORDINGS: Readonly<Record<ScoreWarning['kind'], Wording>> = {
  'no-exposure-column': (rows, names) => ({
    ru: `нет столбца экспозиции ${names}: каждая из ${rows} строк считается за 1`,
    en: `no exposure column ${names}: each of ${rows} rows counts as 1`,
  }),
  'no-exposure': (rows, names) => ({
    ru: `строк с пустой или неположительной экспозицией ${names}: ${rows}, прогноз в них 0`,
    en: `${rows} rows with exposure ${names} missing or not above 0: their forecast is 0`,
  }),
  'absent-factor': (rows, names) => ({
    ru: `нет столбцов факторов ${names}: во всех ${rows} строках они считаются неизвестными`,
    en: `no columns of factors ${names}: taken as unknown in all ${rows} rows`,
  }),
  'no-experience': (rows, names) => ({
    ru: `нет столбцов ${names}: ${rows} строк посчитаны без опыта прошлых периодов`,
    en: `no columns ${names}: ${rows} rows are forecast without experience of earlier periods`,
  }),
  'no-period': (rows, names) => ({
    ru: `строк без периода ${names}: ${rows}, они посчитаны без опыта`,
    en: `${rows} rows without a period ${names}: forecast without experience`,
  }),
  'unknown-level': (rows, names) => ({
    ru: `строк со значениями, которых обучение не видело: ${rows} (${names})`,
    en: `${rows} rows with values that training has not seen (${names})`,
  }),
  'outside-declared': (rows, names) => ({
    ru: `строк со значениями вне диапазона каталога: ${rows} (${names})`,
    en: `${rows} rows with values outside the declared range of the catalogue (${names})`,
  }),
  'outside-training': (rows, names) => ({
    ru: `строк со значениями вне диапазона обучения: ${rows} (${names}), прогноз менее надёжен`,
    en: `${rows} rows with values outside the range of the training (${names}): the forecast is less sure`,
  }),
};

const NAMES_SHOWN = 3;

/** Warnings of a table to be scored; the price level is divided out, so a new one is no extrapolation. */
export function scoreWarnings(model: UnderwritingModel, table: Table): ScoreWarning[] {
  return [...columnWarnings(model, table), ...valueWarnings(model, table)];
}

function columnWarnings({ columns, profiles, encoding }: UnderwritingModel, table: Table): ScoreWarning[] {
  const has = (name: string): boolean => table.columns.includes(name);
  const { exposure, time, index } = columns;
  const constant = new Set(encoding.dropped.map(({ code }) => code));
  const learnt = profiles.map(({ code }) => code).filter((code) => !constant.has(code));
  const factors = [...new Set([...learnt, ...(index === undefined ? [] : [index])])];
  const keys = [columns.group, time].filter((name): name is string => name !== undefined);
  const count = (values: Float64Array, bad: (value: number) => boolean): number =>
    values.reduce((sum, value) => sum + (bad(value) ? 1 : 0), 0);
  const noExposure =
    exposure === undefined || !has(exposure) ? 0 : count(numbersOf(table, exposure), (value) => !(value > 0));
  const noPeriod = time === undefined || !has(time) ? 0 : count(timesOf(table, time, columns.step), Number.isNaN);
  const absent = (names: readonly string[]): string[] => names.filter((name) => !has(name));
  const lost = keys.length === 2 ? absent(keys) : [];
  const unknown = absent(factors);
  return [
    ...(exposure !== undefined && !has(exposure) ? [warning('no-exposure-column', table.rows, [exposure])] : []),
    ...(noExposure > 0 ? [warning('no-exposure', noExposure, [exposure!])] : []),
    ...(unknown.length > 0 ? [warning('absent-factor', table.rows, unknown)] : []),
    ...(lost.length > 0 ? [warning('no-experience', table.rows, lost)] : []),
    ...(noPeriod > 0 && lost.length === 0 ? [warning('no-period', noPeriod, [time!])] : []),
  ];
}

function valueWarnings({ factors, profiles, columns }: UnderwritingModel, table: Table): ScoreWarning[] {
  const kinds = new Map<DomainWarning['kind'], { rows: Set<number>; factors: Map<string, number> }>();
  scanDomain(factors, profiles, table, (kind, { code }, row) => {
    if (code === columns.index) return;
    let found = kinds.get(kind);
    if (found === undefined) kinds.set(kind, (found = { rows: new Set(), factors: new Map() }));
    found.rows.add(row);
    found.factors.set(code, (found.factors.get(code) ?? 0) + 1);
  });
  return [...kinds].map(([kind, { rows, factors: counts }]) =>
    warning(
      kind,
      rows.size,
      [...counts].sort((a, b) => b[1] - a[1]).map(([code]) => code),
    ),
  );
}

function warning(kind: ScoreWarning['kind'], rows: number, columns: readonly string[]): ScoreWarning {
  const more = columns.length - NAMES_SHOWN;
  const names = `${columns.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` + ${more}` : ''}`;
  return { kind, rows, columns, text: WORDINGS[kind](rows, names) };
}

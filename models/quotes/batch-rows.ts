import { AppError } from '../errors';
import type { LocalizedText } from '../errors';
import type { Factor } from '../underwriting/catalogue';
import { unknownFactor } from './request.schema';
import type { FactorValue } from './types';

/** One readable row of a portfolio that is to be priced. */
export interface BatchRow {
  readonly rowNo: number;
  readonly contractNo: string;
  readonly clinicCode: string;
  readonly year: number;
  readonly personYears: number;
  readonly payoutRub: number | null;
  readonly factors: Readonly<Record<string, FactorValue>>;
}

/** Why a row was not taken: field, value, rule and what to do. */
export interface RowFault {
  readonly rowNo: number;
  readonly field: string;
  readonly value: string;
  readonly rule: string;
  readonly reason: LocalizedText;
}

export type ReadRow = (cells: readonly string[], rowNo: number) => BatchRow | RowFault;

export const BATCH_KEYS = ['contract_no', 'clinic_code', 'year', 'person_years'] as const;
const TARGET = 'payout_rub';

/**
 * Reads the header of a portfolio and returns the reader of its rows: kinds and ranges by the catalogue, an empty cell is
 * “not known”.
 *
 * @throws AppError quote-batch-header when a key is missing or a column is neither key nor factor (with the nearest name)
 */
export function batchReader(header: readonly string[], factors: readonly Factor[], needPayout = false): ReadRow {
  const names = header.map((name) => name.trim());
  const byCode = new Map(factors.map((factor) => [factor.code, factor]));
  const keys: readonly string[] = [...BATCH_KEYS, TARGET];
  const missing = [...BATCH_KEYS, ...(needPayout ? [TARGET] : [])].filter((key) => !names.includes(key));
  if (missing.length > 0) throw missingColumns(missing);
  const strange = names.filter((name) => !keys.includes(name) && !byCode.has(name));
  if (strange.length > 0) throw strangeColumns(strange, [...keys, ...byCode.keys()]);
  const places = names.flatMap((name, at) => (byCode.has(name) ? [{ at, factor: byCode.get(name)! }] : []));
  const at = (name: string): number => names.indexOf(name);
  const [contract, clinic, year, exposure] = BATCH_KEYS.map(at) as [number, number, number, number];
  const payout = at(TARGET);
  return (cells, rowNo) => {
    const fault = (field: string, value: string, rule: string, ru: string, en: string): RowFault => {
      return { rowNo, field, value, rule, reason: { ru, en } };
    };
    if (cells.length !== names.length) {
      const counts = `${cells.length} / ${names.length}`;
      return fault(
        '',
        counts,
        'width',
        `Ячеек ${cells.length}, а столбцов ${names.length}`,
        `${cells.length} cells under ${names.length} columns`,
      );
    }
    const read = (index: number): string => cells[index]!.trim();
    for (const index of [contract, clinic]) {
      const value = read(index);
      if (value === '' || value.length > 64)
        return fault(
          names[index]!,
          value,
          'required',
          'Нужен код до 64 знаков',
          'A code of up to 64 characters is needed',
        );
    }
    const when = Number(read(year));
    if (!Number.isInteger(when) || when < 2000 || when > 2100)
      return fault('year', read(year), 'range', 'Нужен год от 2000 до 2100', 'A year from 2000 to 2100 is needed');
    const personYears = numberOf(read(exposure));
    if (personYears === null || !(personYears > 0 && personYears <= 1_000_000))
      return fault('person_years', read(exposure), 'range', 'Нужно число больше 0', 'A number above 0 is needed');
    const paid = payout < 0 || read(payout) === '' ? null : numberOf(read(payout));
    if ((needPayout && paid === null) || Number.isNaN(paid))
      return fault(TARGET, payout < 0 ? '' : read(payout), 'number', 'Нужна сумма', 'An amount is needed');
    const values: Record<string, FactorValue> = {};
    for (const { at: index, factor } of places) {
      const text = read(index);
      if (text === '') continue;
      const value = factorCell(factor, text);
      if (value === null)
        return fault(
          factor.code,
          text,
          `range ${rangeOf(factor)}`,
          `«${factor.nameRu}»: нужно ${rangeOf(factor)}`,
          `${factor.code}: ${rangeOf(factor)} is needed`,
        );
      values[factor.code] = value;
    }
    return {
      rowNo,
      contractNo: read(contract),
      clinicCode: read(clinic),
      year: when,
      personYears,
      payoutRub: paid,
      factors: values,
    };
  };
}

export function isFault(row: BatchRow | RowFault): row is RowFault {
  return 'rule' in row;
}

/** The value of a filled cell, or null when it does not fit the catalogue. */
export function factorCell(factor: Factor, text: string): FactorValue {
  if (factor.kind === 'boolean') return FLAGS[text.toLowerCase()] ?? null;
  if (factor.kind === 'category' && factor.min === null && factor.max === null) return text.length <= 100 ? text : null;
  const value = numberOf(text);
  if (value === null || Number.isNaN(value)) return null;
  // Counts may be means of a year (41.5 people), codes may not.
  if (factor.kind === 'category' && !Number.isInteger(value)) return null;
  if ((factor.min !== null && value < factor.min) || (factor.max !== null && value > factor.max)) return null;
  return value;
}

const FLAGS: Readonly<Record<string, number>> = {
  '1': 1,
  '0': 0,
  '1.0': 1,
  '0.0': 0,
  true: 1,
  false: 0,
  да: 1,
  нет: 0,
  yes: 1,
  no: 0,
};

function numberOf(text: string): number | null {
  if (text === '') return null;
  const value = Number(text.replace(',', '.'));
  return Number.isFinite(value) ? value : Number.NaN;
}

function rangeOf({ kind, min, max }: Factor): string {
  if (kind === 'boolean') return '0 / 1';
  return `${kind === 'category' ? 'code' : kind} ${min ?? '…'} – ${max ?? '…'}`;
}

function missingColumns(missing: readonly string[]): AppError {
  return new AppError(
    'quote-batch-header',
    { ru: `Нет столбцов: ${missing.join(', ')}`, en: `Columns are missing: ${missing.join(', ')}` },
    { httpStatus: 422, details: { missing } },
  );
}

function strangeColumns(strange: readonly string[], known: readonly string[]): AppError {
  const errors = strange.map((name) => ({ path: `header.${name}`, ...unknownFactor(name, known) }));
  return new AppError(
    'quote-batch-header',
    {
      ru: `Неизвестные столбцы: ${errors.map(({ message, fix }) => `${message.ru}. ${fix.ru}`).join('; ')}`,
      en: `Unknown columns: ${errors.map(({ message, fix }) => `${message.en}. ${fix.en}`).join('; ')}`,
    },
    { httpStatus: 422, details: { errors } },
  );
}

import { AppError } from '../errors';
import { readTableText } from './table-text';
import { textAt } from './table';

export type FactorKind = 'category' | 'number' | 'integer' | 'boolean';
export type Monotone = 'increasing' | 'decreasing';

/** One line of a factor catalogue. */
export interface Factor {
  readonly code: string;
  /** company | population | coverage | clinic | pair | history in the house catalogue; any word elsewhere. */
  readonly group: string;
  readonly kind: FactorKind;
  readonly unit: string;
  readonly min: number | null;
  readonly max: number | null;
  readonly nameRu: string;
  readonly description: string;
  /** Direction in which the price may only move, as the underwriter declared it. */
  readonly monotone?: Monotone;
}

const KINDS: Readonly<Record<string, FactorKind>> = {
  category: 'category',
  categorical: 'category',
  code: 'category',
  text: 'category',
  string: 'category',
  number: 'number',
  numeric: 'number',
  float: 'number',
  real: 'number',
  continuous: 'number',
  integer: 'integer',
  int: 'integer',
  count: 'integer',
  boolean: 'boolean',
  bool: 'boolean',
  flag: 'boolean',
};

/**
 * Reads a factor catalogue: CSV with at least `code` and `kind`; `group, unit, min, max, name_ru, description,
 * monotone` (increasing | decreasing | + | -; empty or none for no direction) are optional. The header is row 1.
 *
 * @throws AppError UNDERWRITING_CATALOGUE naming row, field, rule and fix
 */
export function parseCatalogue(content: Uint8Array | string): Factor[] {
  const table = readTableText(content, (column) => column === 'code');
  for (const field of ['code', 'kind'])
    if (!table.columns.includes(field)) throw invalid(1, field, 'the column is missing', 'add it to the header');
  const seen = new Set<string>();
  const factors: Factor[] = [];
  for (let row = 0; row < table.rows; row++) {
    const read = (name: string): string => textAt(table, name, row).trim();
    const code = read('code');
    if (code === '') throw invalid(row + 2, 'code', 'a factor needs a code', 'fill it in');
    if (seen.has(code)) throw invalid(row + 2, 'code', `“${code}” occurs twice`, 'keep one line per factor');
    seen.add(code);
    const kind = KINDS[read('kind').toLowerCase()];
    if (kind === undefined)
      throw invalid(row + 2, 'kind', `“${read('kind')}” is not a kind`, 'use category, number, integer or boolean');
    const monotone = monotoneOf(read('monotone'), row);
    factors.push({
      code,
      group: read('group'),
      kind,
      unit: read('unit'),
      min: numberOf(read('min'), row, 'min'),
      max: numberOf(read('max'), row, 'max'),
      nameRu: read('name_ru') || code,
      description: read('description') || code,
      ...(monotone === undefined ? {} : { monotone }),
    });
  }
  if (factors.length === 0) throw invalid(2, 'code', 'the catalogue has no factors', 'add at least one line');
  return factors;
}

function numberOf(text: string, row: number, field: string): number | null {
  if (text === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value))
    throw invalid(row + 2, field, `“${text}” is not a number`, 'give a number or leave empty');
  return value;
}

const DIRECTIONS: Readonly<Record<string, Monotone | null>> = {
  ...directions('increasing', ['increasing', 'non-decreasing', 'nondecreasing', '+', '+1', '1', 'up']),
  ...directions('decreasing', ['decreasing', 'non-increasing', 'nonincreasing', '-', '-1', 'down']),
  ...directions(null, ['', 'none', 'no', '0']),
};

function directions(way: Monotone | null, words: readonly string[]): Record<string, Monotone | null> {
  return Object.fromEntries(words.map((word) => [word, way]));
}

function monotoneOf(text: string, row: number): Monotone | undefined {
  const way = DIRECTIONS[text.toLowerCase().replaceAll(/[\s_]/g, '-')];
  if (way === undefined)
    throw invalid(
      row + 2,
      'monotone',
      `“${text}” is no direction`,
      'use increasing, decreasing, + or -, or leave empty',
    );
  return way ?? undefined;
}

function invalid(row: number, field: string, rule: string, fix: string): AppError {
  return new AppError(
    'UNDERWRITING_CATALOGUE',
    {
      ru: `Каталог факторов, строка ${row}, поле ${field}: ${rule}. Исправление: ${fix}.`,
      en: `Factor catalogue, row ${row}, field ${field}: ${rule}. Fix: ${fix}.`,
    },
    { details: { row, field, rule, fix } },
  );
}

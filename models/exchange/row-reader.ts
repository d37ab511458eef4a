import { isPlainIsoDay, isoOfDay, parseDay } from './dates';
import type { DayNumber } from './dates';
import { normaliseCode } from './codes';
import type { HeaderMap } from './header';
import { MAX_INT, parseDecimal, parseMoney, parseWhole, plainMoney } from './numbers';
import { problem } from './row-problems';
import type { ProblemRule, RowProblem } from './row-problems';

export const IDENTIFIER_LENGTH = 64;
/** Control characters, among them U+0000, and lone surrogates: Postgres texts cannot hold them. Line breaks inside a text are harmless. */
const CONTROL = /[^\P{Cc}\t\n\r]|\p{Cs}|[\uFFFE\uFFFF]/u;
const FORMULA = /^(?:[=@]|[+-].*[(|!])/;

/**
 * Reads typed values out of one row after another. Every problem of a row is collected, not only the first, and a value
 * that cannot be read comes back as '' or NaN, so that the parser of a row stays a plain list of reads. One reader
 * serves a whole file: `load` points it at the next row.
 */
export interface RowReader {
  load(cells: readonly string[]): void;
  readonly problems: readonly RowProblem[];
  /** The cells as sent of values whose normal form differs, null when there are none. */
  rawForms(): Record<string, string> | null;
  add(rule: ProblemRule, field: string, value: string): void;
  identifier(field: string): string;
  optionalIdentifier(field: string): string;
  text(field: string, maxLength: number): string;
  optionalText(field: string, maxLength: number): string;
  code(field: string): string;
  optionalCode(field: string): string;
  money(field: string): number;
  day(field: string): DayNumber;
  optionalDay(field: string): DayNumber | null;
  whole(field: string, min?: number, max?: number): number;
  optionalWhole(field: string, min: number, max: number): number | null;
  optionalDecimal(field: string, min: number, max: number): number | null;
  oneOf<T extends string>(field: string, values: readonly T[]): T;
  flag(field: string): boolean;
  /** Adds a problem when the period ends before it starts (unread dates never do). */
  checkPeriod(from: DayNumber, to: DayNumber, field: string): void;
}

export function createRowReader(header: HeaderMap): RowReader {
  const { indexOf, width } = header;
  let cells: readonly string[] = [];
  let problems: RowProblem[] = [];
  let raw: Record<string, string> | null = null;

  const cell = (field: string): string => {
    const index = indexOf[field];
    return index === undefined ? '' : trimmed(cells[index] ?? '');
  };
  const add = (rule: ProblemRule, field: string, value: string): void => {
    problems.push(problem(rule, field, value));
  };
  const keepRaw = (field: string, value: string): void => {
    raw ??= {};
    raw[field] = value;
  };
  const required = (field: string): string => {
    const value = cell(field);
    if (value === '') add('required', field, '');
    return value;
  };
  const checked = (field: string, value: string, maxLength: number): string => {
    if (value.length > maxLength) add('too-long', field, value);
    else if (CONTROL.test(value)) add('control-characters', field, value);
    else return value;
    return '';
  };
  const checkedIdentifier = (field: string, value: string): string => {
    if (isSimpleIdentifier(value)) return value;
    if (FORMULA.test(value)) add('formula-like', field, value);
    return checked(field, value, IDENTIFIER_LENGTH);
  };
  const normalCode = (field: string, value: string): string => {
    const code = normaliseCode(value);
    if (code !== value) keepRaw(field, value);
    return checkedIdentifier(field, code);
  };
  const parsedDay = (field: string, value: string): DayNumber => {
    const day = parseDay(value);
    if (Number.isNaN(day)) add('date', field, value);
    else if (!isPlainIsoDay(value)) keepRaw(field, value);
    return day;
  };
  const parsedWhole = (field: string, value: string, min: number, max: number): number => {
    const whole = parseWhole(value, min, max);
    if (Number.isNaN(whole))
      add(min === 1 && Number.isNaN(parseWhole(value, 1, MAX_INT)) ? 'positive-whole' : 'number', field, value);
    else if (String(whole) !== value) keepRaw(field, value);
    return whole;
  };
  const optional = <T>(field: string, none: T, read: (value: string) => T): T => {
    const value = cell(field);
    return value === '' ? none : read(value);
  };
  const needed = <T>(field: string, none: T, read: (value: string) => T): T => {
    const value = required(field);
    return value === '' ? none : read(value);
  };

  return {
    load(next) {
      cells = next;
      problems = [];
      raw = null;
      if (next.length > width && next.slice(width).some((extra) => extra.trim() !== '')) {
        add('extra-cells', '', next.slice(width).join(' '));
      }
    },
    get problems() {
      return problems;
    },
    rawForms: () => raw,
    add,
    identifier: (field) => checkedIdentifier(field, required(field)),
    optionalIdentifier: (field) => checkedIdentifier(field, cell(field)),
    text: (field, maxLength) => checked(field, required(field), maxLength),
    optionalText: (field, maxLength) => checked(field, cell(field), maxLength),
    code: (field) => needed(field, '', (value) => normalCode(field, value)),
    optionalCode: (field) => optional(field, '', (value) => normalCode(field, value)),
    money: (field) =>
      needed(field, Number.NaN, (value) => {
        const kopecks = parseMoney(value);
        if (Number.isNaN(kopecks)) add('money', field, value);
        else if (Number.isNaN(plainMoney(value))) keepRaw(field, value);
        return kopecks;
      }),
    day: (field) => needed(field, Number.NaN, (value) => parsedDay(field, value)),
    optionalDay: (field) => optional<DayNumber | null>(field, null, (value) => parsedDay(field, value)),
    whole: (field, min = 1, max = MAX_INT) => needed(field, Number.NaN, (value) => parsedWhole(field, value, min, max)),
    optionalWhole: (field, min, max) =>
      optional<number | null>(field, null, (value) => parsedWhole(field, value, min, max)),
    optionalDecimal: (field, min, max) =>
      optional<number | null>(field, null, (value) => {
        const parsed = parseDecimal(value, min, max);
        if (Number.isNaN(parsed)) add('number', field, value);
        return parsed;
      }),
    checkPeriod(from, to, field) {
      if (to < from) add('period-order', field, isoOfDay(to));
    },
    oneOf: <T extends string>(field: string, values: readonly T[]): T =>
      needed(field, values[0]!, (value) => {
        const found = values.find((allowed) => allowed === value || allowed === value.toLowerCase());
        if (found === undefined) add('one-of', field, value);
        return found ?? values[0]!;
      }),
    flag: (field) =>
      needed(field, false, (value) => {
        const yes = ['1', 'true', 'да', 'yes'].includes(value.toLowerCase());
        if (!yes && !['0', 'false', 'нет', 'no'].includes(value.toLowerCase())) add('one-of', field, value);
        return yes;
      }),
  };
}

/** The cell without spaces around it (no-break ones too) and without the quote that guards a spreadsheet formula. */
function trimmed(cell: string): string {
  const first = cell.charCodeAt(0);
  const last = cell.charCodeAt(cell.length - 1);
  if (first > 39 && first < 128 && last > 32 && last < 128) return cell;
  const text = cell.trim();
  return text.charCodeAt(0) === 39 && /^'[=+\-@\t\r]/.test(text) ? text.slice(1).trim() : text;
}

function isSimpleIdentifier(value: string): boolean {
  if (value.length > IDENTIFIER_LENGTH) return false;
  const first = value.charCodeAt(0);
  if (first === 43 || first === 45 || first === 61 || first === 64) return false;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code < 32 || code === 127 || code > 0x052f) return false;
  }
  return true;
}

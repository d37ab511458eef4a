import { AppError } from '../errors';
import type { Column, Table } from './table';

const QUOTE = 34;
const NEWLINE = 10;
const RETURN = 13;
const MISSING = new Set(['', 'na', 'nan', 'null', 'none', '\\n', 'n/a']);

/**
 * Reads CSV (comma, semicolon or tab; quotes; BOM; decimal comma where the comma is not the delimiter) into columns.
 * A column is numeric when each of its filled cells is a plain number: without a leading zero (contract “0012” stays
 * text), quotes, or more digits than a number holds. Texts stay as their cells have them.
 *
 * @param keepText - columns that stay text whatever they look like: keys, of which 7.1 and 7.10 are two
 * @throws AppError UNDERWRITING_CSV for an empty file, a repeated column or a row of another width; the header is row 1
 */
export function readTableText(
  content: Uint8Array | string,
  keepText: (column: string) => boolean = () => false,
): Table {
  let bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
  const delimiter = findDelimiter(bytes);
  const cursor: Cursor = { bytes, delimiter, at: 0, start: 0, end: 0, quoted: false, last: false };
  const header = readHeader(cursor);
  const builders = header.map((name) => new ColumnBuilder(delimiter === 44, keepText(name)));
  const body = cursor.at;
  let rows = 0;
  let blank = 0;
  while (cursor.at < bytes.length) {
    blank += skipBlankLines(cursor);
    if (cursor.at >= bytes.length) break;
    const width = readRow(cursor, (index) => builders[index]?.add(cursor));
    rows++;
    if (width !== header.length) throw badCsv(rows + blank + 1, `${width} cells where the header has ${header.length}`);
  }
  const again = Math.max(...builders.map(({ before }) => before));
  cursor.at = body;
  for (let row = 0; row < again; row++) {
    skipBlankLines(cursor);
    readRow(cursor, (index) => builders[index]!.addAgain(cursor));
  }
  const data = new Map<string, Column>();
  header.forEach((name, index) => data.set(name, builders[index]!.finish(rows)));
  return { rows, columns: header, data };
}

function findDelimiter(bytes: Uint8Array): number {
  const counts = new Map([
    [44, 0],
    [59, 0],
    [9, 0],
  ]);
  for (let i = 0; i < bytes.length && bytes[i] !== NEWLINE; i++) {
    const count = counts.get(bytes[i]!);
    if (count !== undefined) counts.set(bytes[i]!, count + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
}

/** One object walks over the file: millions of cells, so no object per cell. */
interface Cursor {
  readonly bytes: Uint8Array;
  readonly delimiter: number;
  at: number;
  start: number;
  end: number;
  quoted: boolean;
  last: boolean;
}

function readHeader(cursor: Cursor): string[] {
  const names: string[] = [];
  do {
    readCell(cursor);
    names.push(cellText(cursor));
  } while (!cursor.last);
  if (names.length === 1 && names[0] === '') throw badCsv(1, 'the file is empty');
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw badCsv(1, `column “${repeated}” occurs twice`);
  return names;
}

function readRow(cursor: Cursor, take: (index: number) => void): number {
  let width = 0;
  do {
    readCell(cursor);
    take(width);
    width++;
  } while (!cursor.last);
  return width;
}

function skipBlankLines(cursor: Cursor): number {
  let lines = 0;
  for (; cursor.at < cursor.bytes.length; cursor.at++) {
    if (cursor.bytes[cursor.at] === NEWLINE) lines++;
    else if (cursor.bytes[cursor.at] !== RETURN) break;
  }
  return lines;
}

function readCell(cursor: Cursor): void {
  const { bytes, delimiter } = cursor;
  let at = cursor.at;
  cursor.start = at;
  cursor.quoted = bytes[at] === QUOTE;
  if (cursor.quoted) {
    cursor.start = ++at;
    while (at < bytes.length && !(bytes[at] === QUOTE && bytes[at + 1] !== QUOTE)) at += bytes[at] === QUOTE ? 2 : 1;
    cursor.end = at++;
  }
  while (at < bytes.length && bytes[at] !== delimiter && bytes[at] !== NEWLINE) at++;
  if (!cursor.quoted) cursor.end = at > cursor.start && bytes[at - 1] === RETURN ? at - 1 : at;
  cursor.last = at >= bytes.length || bytes[at] === NEWLINE;
  cursor.at = at + 1;
}

function cellText({ bytes, start, end, quoted }: Cursor): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
  return (quoted ? raw.replaceAll('""', '"') : raw).trim();
}

/** Collects one column: numbers until the first text; `before` rows of it then have to be read again as texts. */
class ColumnBuilder {
  before = 0;
  private numbers = new Float64Array(1024);
  private texts: string[] | null;
  private readonly first: string[] = [];
  private count = 0;

  constructor(
    private readonly commaSeparated: boolean,
    asText: boolean,
  ) {
    this.texts = asText ? [] : null;
  }

  add(cell: Cursor): void {
    if (this.texts !== null) {
      this.texts.push(cellText(cell));
      return;
    }
    const value = cell.quoted ? Number.NEGATIVE_INFINITY : parseNumber(cell, !this.commaSeparated);
    if (value === Number.NEGATIVE_INFINITY || (Math.abs(value) > Number.MAX_SAFE_INTEGER && isLongCode(cell))) {
      const text = cellText(cell);
      if (!MISSING.has(text.toLowerCase())) {
        this.before = this.count;
        this.texts = [text];
        return;
      }
    }
    if (this.count === this.numbers.length) {
      const grown = new Float64Array(this.count * 2);
      grown.set(this.numbers);
      this.numbers = grown;
    }
    this.numbers[this.count++] = value === Number.NEGATIVE_INFINITY ? Number.NaN : value;
  }

  addAgain(cell: Cursor): void {
    if (this.first.length < this.before) this.first.push(cellText(cell));
  }

  finish(rows: number): Column {
    if (this.texts === null) return { kind: 'number', values: this.numbers.slice(0, rows) };
    const levels: string[] = [];
    const index = new Map<string, number>();
    const codes = Int32Array.from([...this.first, ...this.texts], (text) => {
      if (MISSING.has(text.toLowerCase())) return -1;
      let code = index.get(text);
      if (code === undefined) index.set(text, (code = levels.push(text) - 1));
      return code;
    });
    return { kind: 'text', codes, levels, ...(this.commaSeparated ? { commaSeparated: true } : {}) };
  }
}

/** Digits alone, more than a number can hold: the code of something, not an amount. */
function isLongCode(cell: Cursor): boolean {
  return /^\d+$/.test(cellText(cell));
}

/** A plain decimal; NaN for an empty cell; -Infinity where the cell is not a number. */
function parseNumber({ bytes, start, end }: Cursor, decimalComma: boolean): number {
  if (start === end) return Number.NaN;
  let i = start;
  const negative = bytes[i] === 45;
  if (negative) i++;
  if (bytes[i] === 48 && i + 1 < end && bytes[i + 1]! >= 48 && bytes[i + 1]! <= 57) return Number.NEGATIVE_INFINITY;
  let mantissa = 0;
  let digits = 0;
  let decimals = -1;
  for (; i < end; i++) {
    const c = bytes[i]!;
    if (c >= 48 && c <= 57) {
      mantissa = mantissa * 10 + (c - 48);
      digits++;
      if (decimals >= 0) decimals++;
    } else if ((c === 46 || (decimalComma && c === 44)) && decimals < 0) decimals = 0;
    else return slowNumber(bytes, start, end);
  }
  if (digits === 0) return Number.NEGATIVE_INFINITY;
  if (digits > 15) return slowNumber(bytes, start, end);
  const value = decimals > 0 ? mantissa / 10 ** decimals : mantissa;
  return negative ? -value : value;
}

function slowNumber(bytes: Uint8Array, start: number, end: number): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    .toString('latin1')
    .trim();
  if (text === '') return Number.NaN;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NEGATIVE_INFINITY;
}

function badCsv(row: number, rule: string): AppError {
  return new AppError(
    'UNDERWRITING_CSV',
    { ru: `CSV, строка ${row}: ${rule}`, en: `CSV, row ${row}: ${rule}` },
    { details: { row, rule } },
  );
}

import { AppError } from '../errors';
import { rankTexts } from './code-order';
import type { LineTable } from './table';
import { takeRows } from './table';

/** What the order of lines reads: the clinics' rank by code (`CompiledReference.clinics.rank`). */
export type ClinicRank = ArrayLike<number>;

/**
 * Rows in the "earlier" order of `formats.md` (service date, clinic code, invoice number, line number) within the
 * groups of `key` (ascending); rows with a negative key are left out. Stable counting sorts, one per column, last
 * column first.
 */
export function earlierOrder(table: LineTable, clinicRank: ClinicRank, key: ArrayLike<number>): Int32Array {
  let kept = 0;
  for (let row = 0; row < table.rows; row += 1) if (key[row]! >= 0) kept += 1;
  let order = new Int32Array(kept);
  for (let row = 0, at = 0; row < table.rows; row += 1) if (key[row]! >= 0) order[at++] = row;
  const invoiceRank = rankTexts(table.invoices.no);
  const columns: ((row: number) => number)[] = [
    (row) => table.lineNo[row]!,
    (row) => invoiceRank[table.invoice[row]!]!,
    (row) => clinicRank[table.clinic[row]!]!,
    (row) => table.serviceDay[row]!,
    (row) => key[row]!,
  ];
  for (const column of columns) order = stableSort(order, column);
  return order;
}

/** Puts a table into the order of the person scope (see `LineTable`). */
export function sortLineTable(table: LineTable, clinicRank: ClinicRank): LineTable {
  return takeRows(table, earlierOrder(table, clinicRank, table.person));
}

/** Throws TABLE_NOT_SORTED unless rows are grouped by person and in "earlier" order within each. */
export function assertLineOrder(table: LineTable, clinicRank: ClinicRank): void {
  const invoiceRank = rankTexts(table.invoices.no);
  const seen = new Uint8Array(maxOf(table.person) + 1);
  for (let row = 0; row < table.rows; row += 1) {
    const person = table.person[row]!;
    const same = row > 0 && table.person[row - 1] === person;
    if (!same && seen[person]) throw notSorted(row);
    seen[person] = 1;
    if (!same) continue;
    const a = row - 1;
    const difference =
      table.serviceDay[a]! - table.serviceDay[row]! ||
      clinicRank[table.clinic[a]!]! - clinicRank[table.clinic[row]!]! ||
      invoiceRank[table.invoice[a]!]! - invoiceRank[table.invoice[row]!]! ||
      table.lineNo[a]! - table.lineNo[row]!;
    if (difference > 0) throw notSorted(row);
  }
}

function notSorted(row: number): AppError {
  return new AppError(
    'TABLE_NOT_SORTED',
    {
      ru: 'Строки поданы не по порядку: нужен порядок «человек, дата услуги, клиника, счёт, строка».',
      en: 'Lines are out of order: expected person, service date, clinic code, invoice number, line number.',
    },
    { httpStatus: 500, details: { row } },
  );
}

function maxOf(values: Int32Array): number {
  let max = -1;
  for (const value of values) if (value > max) max = value;
  return max;
}

/** Counting sort where the key range is near the row count, comparison sort otherwise; stable both ways. */
function stableSort(order: Int32Array, keyOf: (row: number) => number): Int32Array<ArrayBuffer> {
  const keys = new Float64Array(order.length);
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < order.length; i += 1) {
    const key = keyOf(order[i]!);
    keys[i] = key;
    if (key < min) min = key;
    if (key > max) max = key;
  }
  if (order.length < 2 || min === max) return Int32Array.from(order);
  if (max - min > 4 * order.length + 4096) {
    const places = Array.from(order, (_, i) => i).sort((i, j) => keys[i]! - keys[j]! || i - j);
    return Int32Array.from(places, (i) => order[i]!);
  }
  const starts = new Int32Array(max - min + 2);
  for (const key of keys) starts[key - min + 1]! += 1;
  for (let i = 1; i < starts.length; i += 1) starts[i]! += starts[i - 1]!;
  const out = new Int32Array(order.length);
  for (let i = 0; i < order.length; i += 1) out[starts[keys[i]! - min]!++] = order[i]!;
  return out;
}

import { dayOfSerial, isoOfDay } from '../exchange/dates';
import { emptyBatch } from '../exchange/csv-splitter';
import type { RowBatch } from '../exchange/csv-splitter';
import { tooLargeError, unreadableFileError } from './limits';
import type { IntakeLimits } from './limits';
import type { XlsxArchive } from './xlsx-archive';
import type { NumberStyle, Workbook } from './xlsx-parts';
import { readWorkbook } from './xlsx-parts';
import { createXmlFeeder, unpacked } from './xlsx-xml';

const DAYS_FROM_1900_TO_1904 = 1462;
const ROW_TAG = Buffer.from('<row');

/**
 * Rows of the first visible sheet as texts, in constant memory: dates come out as ISO dates, numbers as a spreadsheet
 * shows them (15 significant digits), codes padded with zeros as formatted.
 *
 * @throws AppError file-too-large, file-unreadable
 */
export async function* readSheetRows(archive: XlsxArchive, limits: IntakeLimits): AsyncGenerator<RowBatch> {
  const workbook = await readWorkbook(archive, limits);
  const stream = await archive.stream(workbook.sheet, limits.maxSheetBytes);
  const rows = createSheetHandlers(workbook, limits);
  const feeder = createXmlFeeder(rows.handlers);
  for await (const chunk of unpacked(stream)) {
    feeder.push(chunk);
    const batch = rows.take();
    if (batch.rows.length > 0) yield batch;
  }
  feeder.end();
}

/** Counts the rows of the sheet by unpacking without parsing, about ten times as fast: the check before an upload is taken. */
export async function checkSheetSize(archive: XlsxArchive, limits: IntakeLimits): Promise<void> {
  const { sheet } = await readWorkbook(archive, limits);
  let rows = 0;
  let tail: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  for await (const chunk of unpacked(await archive.stream(sheet, limits.maxSheetBytes))) {
    const bytes = Buffer.concat([tail, chunk]);
    for (let at = bytes.indexOf(ROW_TAG); at >= 0; at = bytes.indexOf(ROW_TAG, at + ROW_TAG.length)) rows++;
    if (rows > limits.maxSheetRows) throw tooLargeError('rows of a sheet', limits.maxSheetRows);
    tail = bytes.subarray(Math.max(0, bytes.length - ROW_TAG.length + 1));
  }
}

function createSheetHandlers(workbook: Workbook, limits: IntakeLimits) {
  let batch = emptyBatch();
  let rowNo = 0;
  let rowCount = 0;
  let cells: string[] = [];
  let column = -1;
  let type = '';
  let style: NumberStyle = 'plain';
  let value = '';
  let reading = false;

  const endCell = (): void => {
    const text = cellText(value, type, style, workbook);
    if (text === '') return;
    if (column >= limits.maxColumns) throw tooLargeError('columns', limits.maxColumns);
    while (cells.length < column) cells.push('');
    cells[column] = text;
  };

  return {
    take(): RowBatch {
      const taken = batch;
      batch = emptyBatch();
      return taken;
    },
    handlers: {
      open(name: string, attributes: Record<string, string>): void {
        if (name === 'row') {
          rowNo = attributes.r === undefined ? rowNo + 1 : Number(attributes.r);
          if (!Number.isInteger(rowNo) || rowNo < 1) throw unreadableFileError('bad row number');
          cells = [];
          column = -1;
          if (++rowCount > limits.maxSheetRows) throw tooLargeError('rows of a sheet', limits.maxSheetRows);
        } else if (name === 'c') {
          column = attributes.r === undefined ? column + 1 : columnOf(attributes.r);
          type = attributes.t ?? 'n';
          style = workbook.styles[Number(attributes.s ?? 0)] ?? 'plain';
          value = '';
        } else if (name === 'v' || name === 't') {
          reading = true;
        } else if (name === 'rPh') {
          reading = false;
        }
      },
      close(name: string): void {
        if (name === 'v' || name === 't') reading = false;
        else if (name === 'c') endCell();
        else if (name === 'row' && cells.length > 0) {
          batch.rows.push(cells);
          batch.rowNos.push(rowNo);
        }
      },
      text(text: string): void {
        if (!reading) return;
        value += text;
        if (value.length > limits.maxCellChars) throw tooLargeError('characters in a cell', limits.maxCellChars);
      },
    },
  };
}

function cellText(value: string, type: string, style: NumberStyle, workbook: Workbook): string {
  if (type === 's') return workbook.sharedStrings[Number(value)] ?? '';
  if (type !== 'n' || value === '') return value;
  if (style === 'date') return dateText(Number(value) + (workbook.date1904 ? DAYS_FROM_1900_TO_1904 : 0), value);
  const text = numberText(value);
  return typeof style === 'object' && /^\d+$/.test(text) ? text.padStart(style.zeros, '0') : text;
}

/** ISO date, with hours and minutes when the serial number has a fraction. */
function dateText(serial: number, fallback: string): string {
  const minutes = Math.round(serial * 1440);
  const day = dayOfSerial(Math.floor(minutes / 1440));
  if (Number.isNaN(day)) return fallback;
  const rest = minutes % 1440;
  if (rest === 0) return isoOfDay(day);
  const time = `${String(Math.floor(rest / 60)).padStart(2, '0')}:${String(rest % 60).padStart(2, '0')}`;
  return `${isoOfDay(day)}T${time}`;
}

/** 1187.1 for the stored 1187.0999999999999: spreadsheets show 15 significant digits. */
function numberText(value: string): string {
  if (/^-?\d+$/.test(value)) return value;
  const number = Number(value);
  if (!Number.isFinite(number)) return value;
  const rounded = Number(number.toPrecision(15));
  return Number.isSafeInteger(rounded) ? rounded.toFixed(0) : String(rounded);
}

/** 0 for "A7", 27 for "AB7". */
function columnOf(reference: string): number {
  let column = 0;
  for (let at = 0; at < reference.length; at++) {
    const code = reference.charCodeAt(at);
    if (code < 65 || code > 90) break;
    column = column * 26 + code - 64;
    if (at > 3) throw unreadableFileError('bad cell reference');
  }
  if (column === 0) throw unreadableFileError('bad cell reference');
  return column - 1;
}

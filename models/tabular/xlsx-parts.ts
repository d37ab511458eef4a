import { posix } from 'node:path';
import { tooLargeError, unreadableFileError } from './limits';
import type { IntakeLimits } from './limits';
import type { XlsxArchive } from './xlsx-archive';
import { parseXml } from './xlsx-xml';

/** How a number is shown: as a date, padded with zeros to a width, or as it is. */
export type NumberStyle = 'date' | 'plain' | { zeros: number };

export interface Workbook {
  /** Part name of the first visible sheet. */
  sheet: string;
  /** Dates count from 1904 (old Mac files). */
  date1904: boolean;
  styles: NumberStyle[];
  sharedStrings: string[];
}

/** Built-in date and time formats, the East Asian ones included (ECMA-376 part 1, 18.8.30). */
const BUILT_IN_DATES = new Set([
  14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 34, 35, 36, 45, 46, 47, 50, 57,
]);
const PART_BYTES = 8 * 2 ** 20;

/** Reads all parts of a workbook but its sheet. */
export async function readWorkbook(archive: XlsxArchive, limits: IntakeLimits): Promise<Workbook> {
  const { sheetIds, date1904 } = await readSheetList(archive);
  const target = await readSheetTarget(archive, sheetIds);
  const styles = archive.has('xl/styles.xml') ? await readStyles(archive) : [];
  const strings = archive.has('xl/sharedStrings.xml') ? await readSharedStrings(archive, limits) : [];
  return { sheet: target, date1904, styles, sharedStrings: strings };
}

async function readSheetList(archive: XlsxArchive): Promise<{ sheetIds: string[]; date1904: boolean }> {
  const sheetIds: string[] = [];
  let date1904 = false;
  await parseXml(await archive.stream('xl/workbook.xml', PART_BYTES), {
    open(name, attributes) {
      if (name === 'sheet' && (attributes.state ?? 'visible') === 'visible') {
        const id = Object.keys(attributes).find((key) => key.endsWith(':id'));
        if (id !== undefined) sheetIds.push(attributes[id]!);
      }
      if (name === 'workbookPr') date1904 = attributes.date1904 === '1' || attributes.date1904 === 'true';
    },
    close: ignore,
    text: ignore,
  });
  return { sheetIds, date1904 };
}

async function readSheetTarget(archive: XlsxArchive, sheetIds: readonly string[]): Promise<string> {
  let target: string | undefined;
  if (archive.has('xl/_rels/workbook.xml.rels')) {
    await parseXml(await archive.stream('xl/_rels/workbook.xml.rels', PART_BYTES), {
      open(name, attributes) {
        if (name === 'Relationship' && attributes.Id === sheetIds[0]) target = attributes.Target;
      },
      close: ignore,
      text: ignore,
    });
  }
  const part = target === undefined ? 'xl/worksheets/sheet1.xml' : partName(target);
  if (!archive.has(part)) throw unreadableFileError('the workbook has no sheet');
  return part;
}

function partName(target: string): string {
  return target.startsWith('/') ? target.slice(1) : posix.join('xl', target);
}

async function readStyles(archive: XlsxArchive): Promise<NumberStyle[]> {
  const codes = new Map<number, string>();
  const formatIds: number[] = [];
  let inCellFormats = false;
  await parseXml(await archive.stream('xl/styles.xml', PART_BYTES), {
    open(name, attributes) {
      if (name === 'numFmt') codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '');
      if (name === 'cellXfs') inCellFormats = true;
      if (name === 'xf' && inCellFormats) formatIds.push(Number(attributes.numFmtId ?? 0));
    },
    close(name) {
      if (name === 'cellXfs') inCellFormats = false;
    },
    text: ignore,
  });
  return formatIds.map((id) => styleOf(id, codes.get(id)));
}

function styleOf(id: number, code: string | undefined): NumberStyle {
  if (code === undefined) return BUILT_IN_DATES.has(id) ? 'date' : 'plain';
  if (/^0+$/.test(code)) return { zeros: code.length };
  const bare = code.replace(/"[^"]*"|\\.|\[[^\]]*\]/g, '');
  return /[dmyhs]/i.test(bare) && !/[#0]/.test(bare.replace(/[sS]\.0+/, '')) ? 'date' : 'plain';
}

async function readSharedStrings(archive: XlsxArchive, limits: IntakeLimits): Promise<string[]> {
  const strings: string[] = [];
  let chars = 0;
  let current = '';
  let inText = false;
  let inPhonetic = false;
  const bytes = limits.maxSharedStringChars * 4;
  await parseXml(await archive.stream('xl/sharedStrings.xml', bytes), {
    open(name) {
      if (name === 'si') current = '';
      else if (name === 't') inText = !inPhonetic;
      else if (name === 'rPh') inPhonetic = true;
    },
    close(name) {
      if (name === 't') inText = false;
      else if (name === 'rPh') inPhonetic = false;
      else if (name === 'si') {
        strings.push(current);
        chars += current.length;
        if (strings.length > limits.maxSharedStrings) throw tooLargeError('texts', limits.maxSharedStrings);
      }
    },
    text(text) {
      if (!inText) return;
      current += text;
      if (current.length > limits.maxCellChars) throw tooLargeError('characters in a cell', limits.maxCellChars);
      if (chars + current.length > limits.maxSharedStringChars) {
        throw tooLargeError('characters of texts', limits.maxSharedStringChars);
      }
    },
  });
  return strings;
}

function ignore(): void {
  // This part of the document is not needed.
}

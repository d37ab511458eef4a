import { AppError } from '../errors';

/** One column of an exchange file. */
export interface Column {
  readonly name: string;
  /** False: the whole column may be missing from a file. */
  readonly required: boolean;
  /** Other headings under which clinics and employers send it, Russian and English, in any case. */
  readonly synonyms: readonly string[];
}

/** One kind of tabular exchange file. */
export interface TableFormat {
  readonly kind: string;
  readonly columns: readonly Column[];
}

/** Where the columns of a format stand in one file; `width` is the number of cells of its header. */
export interface HeaderMap {
  readonly kind: string;
  readonly width: number;
  /** The heading cells as sent, for the file of rejected rows. */
  readonly headings: readonly string[];
  readonly indexOf: Readonly<Record<string, number>>;
}

export function column(name: string, ...synonyms: string[]): Column {
  return { name, required: true, synonyms };
}

export function optionalColumn(name: string, ...synonyms: string[]): Column {
  return { name, required: false, synonyms };
}

/**
 * Maps a row of cells to the columns of a format, or says which required columns it lacks. Columns that the format does
 * not know are ignored; of a column sent twice the first counts.
 */
export function mapHeader(format: TableFormat, cells: readonly string[]): HeaderMap | { missing: string[] } {
  const at = new Map<string, number>();
  cells.forEach((cell, index) => {
    const heading = normaliseHeading(cell);
    if (heading !== '' && !at.has(heading)) at.set(heading, index);
  });
  const indexOf: Record<string, number> = {};
  const missing: string[] = [];
  for (const { name, synonyms, required } of format.columns) {
    const found = [name, ...synonyms]
      .map((heading) => at.get(normaliseHeading(heading)))
      .find((index) => index != null);
    if (found !== undefined) indexOf[name] = found;
    else if (required) missing.push(name);
  }
  if (missing.length > 0) return { missing };
  return { kind: format.kind, width: cells.length, headings: cells, indexOf };
}

/** 422: no row near the top of the file has all required columns. */
export function missingColumnsError(format: TableFormat, missing: readonly string[]): AppError {
  const names = missing.join(', ');
  return new AppError(
    'file-columns-missing',
    {
      ru: `В файле нет обязательных столбцов: ${names}. Заголовок должен стоять в одной из первых 20 строк.`,
      en: `The file lacks required columns: ${names}. The header has to be among the first 20 rows.`,
    },
    { httpStatus: 422, details: { kind: format.kind, missing: [...missing] } },
  );
}

/** "№ счёта", "Номер  счета" and "номер_счета" are one heading. */
function normaliseHeading(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('ё', 'е')
    .replaceAll('№', ' номер ')
    .replace(/[^\p{L}\d]+/gu, ' ')
    .trim();
}

import { AppError } from '../errors';

/** Bounds of what one file may cost. Far above honest files, far below what would hurt the server. */
export interface IntakeLimits {
  /** Bytes as sent. */
  maxFileBytes: number;
  /** Bytes of a gz or of all parts of an XLSX after unpacking. */
  maxUnpackedBytes: number;
  maxSheetBytes: number;
  /** Unpacked : packed, looked at beyond a megabyte. Honest registries reach 30. */
  maxRatio: number;
  maxZipEntries: number;
  maxSheetRows: number;
  maxColumns: number;
  maxSharedStrings: number;
  maxSharedStringChars: number;
  maxCellChars: number;
  maxInvoices: number;
  maxRejections: number;
}

export const DEFAULT_LIMITS: IntakeLimits = {
  maxFileBytes: 512 * 2 ** 20,
  maxUnpackedBytes: 4 * 2 ** 30,
  maxSheetBytes: 256 * 2 ** 20,
  maxRatio: 150,
  maxZipEntries: 1000,
  maxSheetRows: 250_000,
  maxColumns: 256,
  maxSharedStrings: 500_000,
  maxSharedStringChars: 16_000_000,
  maxCellChars: 32_767,
  maxInvoices: 500_000,
  maxRejections: 100_000,
};

/** What a file may have too much of. The English name is in `details` too and does not change. */
const BOUNDS = {
  bytes: 'байт',
  'bytes after unpacking': 'байт после распаковки',
  'packing ratio': 'степень сжатия',
  'archive parts': 'частей архива',
  'bytes of a part': 'байт в части архива',
  'rows of a sheet': 'строк на листе',
  columns: 'столбцов',
  'characters in a cell': 'знаков в ячейке',
  texts: 'текстов',
  'characters of texts': 'знаков в текстах',
  invoices: 'счетов',
} as const;

/** Why a file is not read. */
const FAULTS = {
  'empty file': 'файл пуст',
  'damaged archive': 'архив повреждён',
  'overlapping parts': 'части архива накладываются',
  'a part occurs twice': 'часть архива повторяется',
  'a part is missing': 'не хватает части архива',
  'unknown packing method': 'неизвестный способ сжатия',
  'link inside the archive': 'ссылка внутри архива',
  password: 'пароль',
  macros: 'макросы',
  'old XLS or a workbook with a password': 'старый XLS или книга с паролем',
  'not an XLSX workbook': 'это не книга XLSX',
  'not a table': 'это не таблица',
  'the workbook has no sheet': 'в книге нет листа',
  'damaged XML inside the workbook': 'повреждён XML внутри книги',
  'document type declaration inside the workbook': 'объявление типа документа внутри книги',
  'bad row number': 'неверный номер строки',
  'bad cell reference': 'неверный адрес ячейки',
  'damaged JSON': 'повреждён JSON',
} as const;

export type FileBound = keyof typeof BOUNDS;
export type FileFault = keyof typeof FAULTS;

/** 413: the file, or what it unpacks to, is over a limit. */
export function tooLargeError(what: FileBound, limit: number, httpStatus = 413): AppError {
  return new AppError(
    'file-too-large',
    {
      ru: `Файл больше допустимого (${BOUNDS[what]}: не более ${limit}). Разделите его или пришлите как CSV.`,
      en: `The file is over a limit (${what}: at most ${limit}). Split it, or send it as CSV.`,
    },
    { httpStatus, details: { what, limit } },
  );
}

/** 415 or 422: not a file of a kind that is read here, or a damaged one. */
export function unreadableFileError(reason: FileFault, httpStatus: 415 | 422 = 422): AppError {
  return new AppError(
    'file-unreadable',
    {
      ru: `Файл не читается (${FAULTS[reason]}). Пришлите CSV или XLSX без паролей и макросов.`,
      en: `The file cannot be read (${reason}). Send CSV or XLSX without passwords and macros.`,
    },
    { httpStatus, details: { reason } },
  );
}

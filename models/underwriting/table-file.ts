import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { AppError } from '../errors';
import type { Table } from './table';
import { readTableText } from './table-text';

/**
 * Reads a CSV file, plain or gzipped (told by content, not by name).
 *
 * @throws AppError UNDERWRITING_FILE when the file cannot be read; UNDERWRITING_CSV when it is not a table
 */
export function readTableFile(path: string, keepText?: (column: string) => boolean): Table {
  return readTableText(readFileBytes(path), keepText);
}

/** Bytes of a file, gunzipped where it is gzip. */
export function readFileBytes(path: string): Uint8Array {
  try {
    const bytes = readFileSync(path);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  } catch (cause) {
    throw new AppError(
      'UNDERWRITING_FILE',
      { ru: `Файл «${path}» не читается`, en: `The file “${path}” cannot be read` },
      { cause, details: { path, fix: 'check the path' } },
    );
  }
}

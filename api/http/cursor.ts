import type { z } from 'zod';
import { AppError } from '../../models/errors';

/** An opaque keyset cursor: the sort columns of the last row of a page. */
export function encodeCursor(values: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

/** A page out of `limit + 1` rows: the extra row only tells that there is a next page. */
export function toPage<T>(
  rows: readonly T[],
  limit: number,
  keyOf: (last: T) => readonly (string | number | null)[],
): { items: T[]; next: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}

/** Reads a cursor back; a forged or cut one is the caller's error (400), never a failure in SQL. */
export function decodeCursor<T extends z.ZodType>(cursor: string | undefined, shape: T): z.output<T> | null {
  if (cursor === undefined) return null;
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new AppError(
      'bad-cursor',
      {
        ru: 'Указатель страницы неверен: начните список с первой страницы',
        en: 'The page cursor is not valid: start from the first page',
      },
      { httpStatus: 400, cause },
    );
  }
}

import { z } from 'zod';

/**
 * Field types for the API's edge. Each refuses what naive code turns into a 500 or a silent change: NUL and lone
 * surrogates (scanned for all strings in hostile.ts), numbers beyond the column, impossible dates.
 */

const INT32_MAX = 2_147_483_647;

/** Free text, trimmed. */
export const text = (max = 2_000) => z.string().trim().min(1).max(max);

/** A short code: clinic, service, reason. */
export const code = (max = 64) => z.string().trim().min(1).max(max);

/** Fits a Postgres integer. */
export const int32 = () => z.int().min(-INT32_MAX).max(INT32_MAX);

/** Surrogate id of a dictionary row. */
export const id32 = () => z.int().min(1).max(INT32_MAX);

/** Id in a path or query: digits only. */
export const idParam = () =>
  z
    .string()
    .regex(/^[1-9]\d{0,9}$/)
    .transform(Number)
    .pipe(z.int().max(INT32_MAX));

/** Id of a bigint row in a path or query. */
export const bigIdParam = () =>
  z
    .string()
    .regex(/^[1-9]\d{0,15}$/)
    .transform(Number)
    .pipe(z.int());

export const uuid = () => z.guid();

/** Money in whole kopecks, not negative, up to 10 billion roubles. */
export const kopecks = () => z.int().min(0).max(1_000_000_000_000);

/** A calendar date 'YYYY-MM-DD' that exists, between 1900 and 2200. */
export const isoDate = () =>
  z.iso.date().refine((value) => value >= '1900-01-01' && value <= '2200-12-31', {
    params: { rule: 'date-range' },
  });

/** An instant with zone, e.g. 2026-03-01T10:00:00Z. */
export const instant = () => z.iso.datetime({ offset: true });

/** 'true' | 'false' in a query. */
export const flag = () => z.enum(['true', 'false']).transform((value) => value === 'true');

/** Keyset paging: `limit` rows after the opaque `cursor`. Spread into a query schema. */
export const paging = (max = 200, standard = 50) => ({
  limit: z
    .string()
    .regex(/^\d{1,4}$/)
    .default(String(standard))
    .transform(Number)
    .pipe(z.int().min(1).max(max)),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,400}$/)
    .optional(),
});

/** A page of `item`; `next` is the cursor of the page after, null at the end. */
export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

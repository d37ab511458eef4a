import type { Queryable } from '../pool';

/**
 * Adds `count` hits in the present minute, over all API processes; `hits` is the sum so far. `resetSeconds`: until the
 * next minute.
 */
export async function countHits(
  db: Queryable,
  key: string,
  count: number,
): Promise<{ hits: number; resetSeconds: number }> {
  const rows = await db.query<{ hits: number; resetSeconds: number }>(
    `INSERT INTO rate_limit AS r (key, window_start, hits) VALUES ($1, date_trunc('minute', now()), $2)
     ON CONFLICT (key, window_start) DO UPDATE SET hits = r.hits + EXCLUDED.hits
     RETURNING hits, GREATEST(1, ceil(60 - extract(second FROM now())))::int AS "resetSeconds"`,
    [key, count],
  );
  return rows.rows[0]!;
}

/** Removes the counters of past minutes. */
export async function purgeHits(db: Queryable): Promise<number> {
  return (await db.query(`DELETE FROM rate_limit WHERE window_start < now() - interval '10 minutes'`)).rowCount ?? 0;
}

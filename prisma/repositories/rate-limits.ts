import type { Queryable } from '../pool';

/** Counts a hit in the present minute, over all API processes. `resetSeconds`: until the next minute. */
export async function countHit(db: Queryable, key: string): Promise<{ hits: number; resetSeconds: number }> {
  const rows = await db.query<{ hits: number; resetSeconds: number }>(
    `INSERT INTO rate_limit AS r (key, window_start, hits) VALUES ($1, date_trunc('minute', now()), 1)
     ON CONFLICT (key, window_start) DO UPDATE SET hits = r.hits + 1
     RETURNING hits, GREATEST(1, ceil(60 - extract(second FROM now())))::int AS "resetSeconds"`,
    [key],
  );
  return rows.rows[0]!;
}

/** Removes the counters of past minutes. */
export async function purgeHits(db: Queryable): Promise<number> {
  return (await db.query(`DELETE FROM rate_limit WHERE window_start < now() - interval '10 minutes'`)).rowCount ?? 0;
}

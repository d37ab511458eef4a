import type { PoolClient, Queryable } from '../pool';

/** Tables whose every change is kept (`reference_log`), with their keys as the log writes them. */
const LOGGED: Readonly<Record<string, string>> = {
  clinic: 'id::text',
  service: 'id::text',
  diagnosis: 'id::text',
  clinic_item: 'id::text',
  price_item: 'id::text',
  contract: 'id::text',
  programme: 'id::text',
  programme_clinic: `programme_id || '/' || clinic_id`,
  insured: 'policy_id::text',
  enrolment: 'id::text',
  guarantee_letter: 'letter_ref_id::text',
  clinic_lane: 'clinic_id::text',
};

/** Read with the lines of each chunk; the other tables are read once per batch. */
export const SUBJECT_TABLES: readonly string[] = ['insured', 'enrolment', 'guarantee_letter', 'clinic_lane'];

/** What was visible when a batch was taken: a pg_snapshot as text. */
export async function referenceSeen(db: Queryable, batchId: string): Promise<string> {
  const rows = await db.query<{ seen: string }>('SELECT reference_seen AS seen FROM batch WHERE id = $1', [batchId]);
  if (rows.rows[0] === undefined) throw new Error('no such batch');
  return rows.rows[0].seen;
}

/** Reference tables that have changed since; almost always none. */
export async function changedSince(db: Queryable, seen: string): Promise<string[]> {
  const rows = await db.query<{ tbl: string }>(
    `SELECT DISTINCT tbl FROM reference_log
     WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)`,
    [seen],
  );
  return rows.rows.map((row) => row.tbl);
}

/** Runs `work` in one read transaction in which the wanted tables are what they were then. */
export async function readAsOf<T>(
  client: PoolClient,
  seen: string,
  wanted: readonly string[] | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  try {
    await turnBackReference(client, seen, wanted);
    return await work();
  } finally {
    // Nothing was written but the temporary tables.
    await client.query('ROLLBACK');
  }
}

/**
 * Turns the reference tables back, for this transaction only: a temporary table of the same name holds the rows as they
 * were, and Postgres looks into temporary tables first, so every reader of the reference works unchanged. Only what has
 * changed is copied. Returns the names of those tables.
 */
async function turnBackReference(
  tx: PoolClient,
  seen: string,
  wanted: readonly string[] = Object.keys(LOGGED),
): Promise<string[]> {
  const changed = (await changedSince(tx, seen)).filter((table) => wanted.includes(table));
  if (!/^\d+:\d+:[\d,]*$/.test(seen)) throw new Error('not a snapshot');
  for (const table of changed) {
    const key = LOGGED[table]!;
    const unseen = `xid >= pg_snapshot_xmin('${seen}'::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, '${seen}'::pg_snapshot)`;
    // The first change that the batch did not see holds the row as the batch saw it; null: it was not there.
    await tx.query(
      `CREATE TEMPORARY TABLE ${table} ON COMMIT DROP AS
       WITH first AS (SELECT DISTINCT ON (key) key, old FROM reference_log WHERE tbl = '${table}' AND ${unseen}
                      ORDER BY key, id)
       SELECT now_row.* FROM public.${table} now_row WHERE NOT EXISTS (SELECT 1 FROM first WHERE first.key = ${key})
       UNION ALL
       SELECT (jsonb_populate_record(NULL::public.${table}, first.old)).* FROM first WHERE first.old IS NOT NULL`,
    );
  }
  return changed;
}

import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Pool, PoolClient } from '../prisma/pool';
import { middleOf } from './measure';

/**
 * What COPY alone needs for the rows of a run, in the same run on the same server: the limits that a review is measured
 * against. Seconds.
 */
export interface CopyLimits {
  /** The rows that the run stored, lines and findings, into tables of the same shape: keys, checks, indexes. */
  readonly storedSeconds: number;
  /** The file as it came into a bare table of plain columns: no keys, no index, nothing looked up. */
  readonly bareSeconds: number;
}

/** Tables that hold what intake and review write, with the rows of one batch. */
const STORED = {
  invoice_line: `SELECT l.* FROM batch b JOIN invoice_version v ON v.batch_id = b.id
    JOIN invoice_line l ON l.version_id = v.id`,
  finding: 'SELECT f.* FROM batch b JOIN finding f ON f.batch_id = b.id',
} as const;

/** Of so many runs the middle one counts: a single COPY of few rows may be half as long again. */
const RUNS = 3;

/**
 * Call it when nothing else runs: between intake and review it would take their time, before them there are no rows.
 * @param batch business key, plain letters
 */
export async function copyStored(pool: Pool, folder: string, batch: string): Promise<number> {
  const files = Object.entries(STORED).map(([table, rows]) => ({ table, rows, file: join(folder, `${table}.copy`) }));
  for (const { rows, file } of files) {
    await copyOut(pool, `COPY (${rows} WHERE b.business_key = '${batch}' ORDER BY 1) TO STDOUT (FORMAT binary)`, file);
  }
  return middleOfRuns(async () => {
    let seconds = 0;
    for (const { table, file } of files) {
      const twin = `bench_${table}`;
      await pool.query(`CREATE TABLE ${twin} (LIKE ${table} INCLUDING ALL)`);
      for (const statement of await likeness(pool, table, twin)) await pool.query(statement);
      seconds += await copyIn(pool, `COPY ${twin} FROM STDIN (FORMAT binary)`, file);
      await pool.query(`DROP TABLE ${twin}`);
    }
    return seconds;
  });
}

/** The least that any intake could cost: the registry into a plain typed table. */
export async function copyBare(pool: Pool, file: string): Promise<number> {
  return middleOfRuns(async () => {
    await pool.query(`CREATE TABLE bench_copy (clinic_code text, invoice_no text, invoice_date date, line_no int,
      policy_no text, service_date date, diagnosis_code text, item_code text, item_name text, quantity int,
      unit_price_rub numeric(14,2), amount_rub numeric(14,2), patient_share_rub numeric(14,2), doctor_id text, tooth text,
      letter_no text, episode_no text)`);
    const seconds = await copyIn(pool, 'COPY bench_copy FROM STDIN (FORMAT csv, HEADER)', file);
    await pool.query('DROP TABLE bench_copy');
    return seconds;
  });
}

async function middleOfRuns(run: () => Promise<number>): Promise<number> {
  const seconds: number[] = [];
  for (let i = 0; i < RUNS; i += 1) seconds.push(await run());
  return middleOf(seconds);
}

/** What LIKE leaves out: foreign keys and storage parameters. Triggers are left out; they fire on changes only. */
async function likeness(pool: Pool, table: string, twin: string): Promise<string[]> {
  const keys = await pool.query<{ definition: string }>(
    `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f'`,
    [table],
  );
  const options = await pool.query<{ option: string }>(
    'SELECT unnest(reloptions) AS option FROM pg_class WHERE oid = $1::regclass',
    [table],
  );
  return [
    ...keys.rows.map((row) => `ALTER TABLE ${twin} ADD ${row.definition}`),
    ...options.rows.map((row) => `ALTER TABLE ${twin} SET (${row.option})`),
  ];
}

async function copyOut(pool: Pool, statement: string, file: string): Promise<void> {
  await withClient(pool, (client) => pipeline(client.query(copyTo(statement)), createWriteStream(file)));
}

async function copyIn(pool: Pool, statement: string, file: string): Promise<number> {
  return withClient(pool, async (client) => {
    const started = performance.now();
    await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), client.query(copyFrom(statement)));
    return (performance.now() - started) / 1000;
  });
}

async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

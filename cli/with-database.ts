import type { Config } from '../config';
import type { Pool } from '../prisma/pool';
import { createPool } from '../prisma/pool';

/** Runs one command against the database that DATABASE_URL names and closes the pool whatever happens. */
export async function withDatabase<T>(config: Config, work: (pool: Pool) => Promise<T>): Promise<T> {
  if (config.DATABASE_URL === undefined) {
    throw new Error(
      'DATABASE_URL is not set: it names the Postgres database, e.g. postgresql://user:secret@host:5432/medex',
    );
  }
  const pool = createPool({ connectionString: config.DATABASE_URL, applicationName: 'medex-cli', max: 2 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** One JSON document for machines, or the text for people. */
export function print(json: boolean | undefined, value: unknown, text: string): void {
  process.stdout.write(`${json === true ? JSON.stringify(value) : text}\n`);
}

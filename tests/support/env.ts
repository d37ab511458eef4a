import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/**
 * What a test file may use of the servers that tests/support/global-setup.ts started for the whole run.
 * tests/README.md shows the two patterns.
 */
export interface TestDatabase {
  /** Connection string of a database that only this test file uses, migrated and empty. */
  url: string;
  /** Drops the database, together with connections somebody forgot. */
  close(): Promise<void>;
}

export interface TestTemporal {
  address: string;
  namespace: string;
  /** A name for a task queue that no other test file uses. */
  taskQueue: (prefix: string) => string;
}

/** Copies the migrated template, which takes some tens of milliseconds. Call once per file, in `beforeAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const admin = required('MEDEX_TEST_DATABASE_URL', 'Postgres');
  const template = required('MEDEX_TEST_TEMPLATE', 'Postgres');
  const name = `medex_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(admin, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.toString(), close: () => asAdmin(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** Address of the Temporal dev server of this run. Take task queues from here so that files do not serve each other. */
export function testTemporal(): TestTemporal {
  const address = required('MEDEX_TEST_TEMPORAL_ADDRESS', 'Temporal');
  const namespace = required('MEDEX_TEST_TEMPORAL_NAMESPACE', 'Temporal');
  return { address, namespace, taskQueue: (prefix) => `${prefix}-${randomBytes(4).toString('hex')}` };
}

/** Runs one statement on the server's maintenance database. */
export async function asAdmin(adminUrl: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function required(name: string, part: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(
      `No ${part} for the tests (${name} is empty): tests/support/global-setup.ts has not run or was told to leave it out`,
    );
  }
  return value;
}

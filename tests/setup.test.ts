import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { applyMigrations, pendingMigrations, schemaDrift } from '../prisma/migrate';
import { createTestDatabase, testTemporal, type TestDatabase } from './support/env';

describe('the ground under the tests', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  test('a test file gets its own database of a Postgres 18', async () => {
    const other = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const version = await client.query<{ server_version_num: string }>('SHOW server_version_num');
    await client.end();
    expect(other.url).not.toBe(database.url);
    expect(Number(version.rows[0]?.server_version_num)).toBeGreaterThanOrEqual(180_000);
    await other.close();
  });

  test('the database is fully migrated and migrating again changes nothing', async () => {
    expect(await pendingMigrations(database.url)).toEqual([]);
    expect(await applyMigrations(database.url)).toEqual([]);
  });

  test('hand-written migrations and the Prisma schema agree', async () => {
    expect(await schemaDrift(database.url)).toBe('');
  });

  test('Temporal answers in its namespace', async () => {
    const { address, namespace } = testTemporal();
    const connection = await Connection.connect({ address });
    const answer = await connection.workflowService.describeNamespace({ namespace });
    await connection.close();
    expect(answer.namespaceInfo?.name).toBe(namespace);
  });
});

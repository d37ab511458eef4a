import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { createPrismaClient } from '../prisma/client';
import { packageRoot } from '../prisma/files';
import { applyMigrations, pendingMigrations, schemaDrift } from '../prisma/migrate';
import { createPool } from '../prisma/pool';
import { createTestDatabase, testTemporal, type TestDatabase } from './support/env';

const run = promisify(execFile);

const root = packageRoot();
const folder = mkdtempSync(join(tmpdir(), 'medex-setup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a snippet that imports the set-up's modules, in a process of its own, and gives what it prints. */
async function inProcess(snippet: string, env: Record<string, string> = {}): Promise<string> {
  const cache = JSON.stringify(join(root, 'setup', 'lib', 'cache.mjs'));
  const source = `import * as cache from ${cache}; ${snippet}`;
  const options = { env: { ...process.env, MEDEX_CACHE: join(folder, 'cache'), ...env } };
  return (await run(process.execPath, ['--input-type=module', '-e', source], options)).stdout.trim();
}

describe('the set-up', () => {
  const log = join(folder, 'filled.log');
  const fill = `
    import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
    const at = await cache.cached('part-1', async (draft) => {
      appendFileSync(${JSON.stringify(log)}, 'filled\\n');
      await new Promise((resolve) => setTimeout(resolve, 200));
      writeFileSync(draft + '/content', 'whole');
    });
    console.log(readFileSync(at + '/content', 'utf8'));`;

  test('three set-ups at once make a part of the cache once, and all of them get it whole', async () => {
    const read = await Promise.all([inProcess(fill), inProcess(fill), inProcess(fill)]);
    expect(read).toEqual(['whole', 'whole', 'whole']);
    expect(readFileSync(log, 'utf8')).toBe('filled\n');
  });

  test('a set-up that fails or is killed leaves nothing that looks finished, and no lock for the next one', async () => {
    const dies = `await cache.cached('part-2', async () => { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); });`;
    const fails = `await cache.cached('part-2', async () => { throw new Error('no network'); });`;
    const works = `await cache.cached('part-2', async () => {}); console.log('made');`;
    await expect(inProcess(dies)).rejects.toThrow(/Command failed/);
    await expect(inProcess(fails)).rejects.toThrow(/no network/);
    expect(await inProcess(works)).toBe('made');
  });

  test('the command line says what to do when it is not built', async () => {
    mkdirSync(join(folder, 'bin'));
    copyFileSync(join(root, 'bin', 'medex.cjs'), join(folder, 'bin', 'medex.cjs'));
    const failure = run(process.execPath, [join(folder, 'bin', 'medex.cjs'), '--help']);
    await expect(failure).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('npm run build') });
  });

  test('a named program that is not there is an error that names it, never a silent other way', async () => {
    const snippet = `
      const temporal = await import(${JSON.stringify(join(root, 'setup', 'lib', 'temporal.mjs'))});
      await temporal.ensureTemporal();`;
    const failure = inProcess(snippet, { TEMPORAL_CLI_PATH: '/nowhere/temporal', TEMPORAL_ADDRESS: '' });
    await expect(failure).rejects.toThrow(/TEMPORAL_CLI_PATH names no program: \/nowhere\/temporal/);
  });
});

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

  test('the generated Prisma client works on the same pool as SQL', async () => {
    const pool = createPool({ connectionString: database.url, applicationName: 'medex-test' });
    const prisma = createPrismaClient(pool);
    await pool.query(`INSERT INTO service (code, name, kind) VALUES ('A01.001', 'Приём', 'visit')`);
    const found = await prisma.service.findMany({ where: { code: 'A01.001' } });
    await prisma.$disconnect();
    await pool.end();
    expect(found).toMatchObject([{ code: 'A01.001' }]);
  });

  test('Temporal answers in its namespace', async () => {
    const { address, namespace } = testTemporal();
    const connection = await Connection.connect({ address });
    const answer = await connection.workflowService.describeNamespace({ namespace });
    await connection.close();
    expect(answer.namespaceInfo?.name).toBe(namespace);
  });
});

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile } from '../models/tabular/file-digest';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { registerImportFile } from '../prisma/repositories/import-files';
import { createTestDatabase } from './support/env';
import type { TestDatabase } from './support/env';
import { addClinics, REGISTRY_COLUMNS, registryLine, temporaryFolder } from './support/registry-file';

const HEAP_MB = 64;

let database: TestDatabase;
let pool: Pool;
const folder = temporaryFolder();
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.url, applicationName: 'medex-test' });
  await addClinics(pool, ['C01']);
});
afterAll(async () => {
  await pool.end();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A registry of `lines` lines in invoices of 500, with item names of the given length. */
async function writeRegistry(
  name: string,
  lines: number,
  nameLength: number,
): Promise<{ fileId: string; path: string; bytes: number }> {
  const path = join(folder, name);
  const out = createWriteStream(path);
  out.write(`${REGISTRY_COLUMNS.join(',')}\n`);
  const itemName = 'Приём врача '.repeat(100).slice(0, nameLength);
  for (let at = 0; at < lines; at++) {
    const line = registryLine({
      invoice_no: `${name}-${Math.floor(at / 500)}`,
      line_no: (at % 500) + 1,
      policy_no: 5e7 + (at % 4000),
      item_name: itemName,
    });
    if (!out.write(`${line}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
  const digest = await digestFile(path);
  const { file } = await registerImportFile(pool, {
    id: randomUUID(),
    kind: 'invoices',
    fileName: name,
    ...digest,
    clinicId: null,
    receivedBy: null,
  });
  return { fileId: file.id, path, bytes: digest.bytes };
}

function take(job: { fileId: string; path: string }): {
  child: ChildProcess;
  output: () => string;
  ended: Promise<number | null>;
} {
  const script = join(__dirname, 'support', 'take-registry-child.ts');
  const args = [`--max-old-space-size=${HEAP_MB}`, '--import', 'tsx', script, database.url, job.fileId, job.path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, ended: once(child, 'close').then(([code]) => code as number | null) };
}

async function linesOf(name: string): Promise<number> {
  const rows = await pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id
     JOIN invoice i ON i.id = v.invoice_id WHERE i.invoice_no LIKE $1`,
    [`${name}-%`],
  );
  return rows.rows[0]!.n;
}

test('a registry of more than 100 MB is taken in a heap of 64 MB', async () => {
  const job = await writeRegistry('big', 62_000, 900);
  expect(job.bytes).toBeGreaterThan(100 * 2 ** 20);
  const run = take(job);
  expect([await run.ended, run.output()]).toEqual([0, expect.stringContaining('done')]);
  const result = JSON.parse(/done (.*)/.exec(run.output())![1]!) as { rowsAccepted: number; maxRssMb: number };
  expect(result.rowsAccepted).toBe(62_000);
  // Most of it is the runtime with its compiler; the rows alone would be over a gigabyte as objects.
  expect(result.maxRssMb).toBeLessThan(320);
  process.stdout.write(`peak of memory: ${Math.round(result.maxRssMb)} MB\n`);
  expect(await linesOf('big')).toBe(62_000);
});

test('kill -9 in the middle leaves nothing half-taken, and the next run takes the whole file once', async () => {
  const job = await writeRegistry('kill', 60_000, 20);
  const first = take(job);
  while (!first.output().includes('progress 2')) await once(first.child.stdout!, 'data');
  first.child.kill('SIGKILL');
  await first.ended;
  expect(first.output()).not.toContain('done');
  expect(await linesOf('kill')).toBe(0);
  const state = await pool.query<{ state: string; rows: number }>(
    'SELECT state, rows_read AS rows FROM import_file WHERE id = $1',
    [job.fileId],
  );
  expect(['receiving', 'reading']).toContain(state.rows[0]!.state);

  const second = take(job);
  expect([await second.ended, second.output()]).toEqual([0, expect.stringContaining('done')]);
  expect(await linesOf('kill')).toBe(60_000);
  const third = take(job);
  expect([await third.ended, third.output()]).toEqual([0, expect.stringContaining('"already":true')]);
  const versions = await pool.query(
    `SELECT count(*)::int AS versions, sum(line_count)::int AS lines, sum(billed_kopecks)::int AS billed, bool_and(v.current) AS current
     FROM invoice_version v JOIN invoice i ON i.id = v.invoice_id WHERE i.invoice_no LIKE 'kill-%'`,
  );
  expect(versions.rows).toEqual([{ versions: 120, lines: 60_000, billed: 600_000_000, current: true }]);
});

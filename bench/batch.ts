import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { loadWorld } from '../activities/intake/load-world';
import { connectTemporal } from '../activities/temporal';
import { startBatch, watchBatch } from '../cli/batch-run';
import { claimDataDir } from '../cli/runtime/data-dir';
import { createSupervisor } from '../cli/runtime/supervisor';
import type { Supervisor } from '../cli/runtime/supervisor';
import { startServers, startWorkerProcesses } from '../cli/up-services';
import { reviewScope } from '../models/review/scopes';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { copiesFor, writeReference, writeRegistry } from './large-world';
import { machine, medianOf, sitting, writeResult } from './measure';
import { benchmarkWorld } from './review-world';

/**
 * `npm run bench [-- LINES...]`: intake to findings through the real path (Postgres, Temporal, worker processes), for
 * each number of lines in a fresh installation, beside the time that Postgres itself needs to COPY the same rows in the
 * same run. Ratios are what counts: they hold on any machine.
 */
const DEFAULT_SIZES = [20_000, 200_000];
const ENGINE_LINES = 100_000;

interface SizeResult {
  readonly lines: number;
  readonly findings: number;
  readonly intakeSeconds: number;
  readonly reviewSeconds: number;
  /** Taking, checking: from the start of the batch to its last finding. */
  readonly intakeToFindingsSeconds: number;
  readonly linesPerSecond: number;
  readonly routingSeconds: number;
  readonly copySeconds: number;
  /** Intake to findings over COPY. */
  readonly timesCopy: number;
  /** Peak resident memory of the processes, MiB. */
  readonly peakMiB: Readonly<Record<string, number>>;
}

async function main(): Promise<void> {
  const given = process.argv
    .slice(2)
    .map(Number)
    .filter((size) => size > 0);
  const engine = await engineOnly();
  process.stdout.write(`engine alone: ${engine.linesPerSecond} lines/s on one core\n`);
  const sizes: SizeResult[] = [];
  for (const lines of given.length === 0 ? DEFAULT_SIZES : given) {
    const result = await endToEnd(lines);
    sizes.push(result);
    process.stdout.write(
      `${lines} lines: ${result.intakeToFindingsSeconds.toFixed(1)} s (${result.linesPerSecond} lines/s), ` +
        `intake ${result.intakeSeconds.toFixed(1)} s, review ${result.reviewSeconds.toFixed(1)} s, ` +
        `then routing ${result.routingSeconds.toFixed(1)} s; COPY ${result.copySeconds.toFixed(2)} s, ` +
        `ratio ${result.timesCopy.toFixed(1)}; peak MiB ${JSON.stringify(result.peakMiB)}\n`,
    );
  }
  const path = writeResult('batch', { at: new Date().toISOString(), machine: machine(), engine, sizes });
  process.stdout.write(`${path}\n`);
}

async function engineOnly(): Promise<{ linesPerSecond: number; lines: number }> {
  const world = benchmarkWorld(ENGINE_LINES);
  const { ms } = medianOf(await sitting(() => reviewScope('person', world), 3, 1));
  return { lines: world.table.rows, linesPerSecond: Math.round((world.table.rows / ms) * 1000) };
}

async function endToEnd(lines: number): Promise<SizeResult> {
  const folder = mkdtempSync(join(tmpdir(), 'medex-bench-'));
  const supervisor = createSupervisor();
  try {
    const data = await claimDataDir(join(folder, 'data'));
    const input = { supervisor, data, env: {}, onLog: () => undefined };
    const connection = await startServers(input);
    const pool = createPool({
      connectionString: connection.databaseUrl,
      applicationName: 'medex-bench',
      statementTimeoutMs: 0,
    });
    const world = join(folder, 'world');
    writeReference(world, copiesFor(lines));
    await loadWorld({ pool }, world);
    await startWorkerProcesses(input, connection);
    await writeRegistry(join(world, 'invoices.csv'), lines);
    const copySeconds = await copyAlone(pool, join(world, 'invoices.csv'));

    const { client, close } = await connectTemporal({
      address: connection.temporalAddress,
      namespace: connection.temporalNamespace,
      secret: connection.secret,
    });
    const { parts } = await loadWorld({ pool }, world);
    const intakeSeconds = parts.find((part) => part.name === 'invoices')!.seconds;
    const started = Date.now();
    const key = await startBatch(client, 'bench');
    const { batch, findings } = await watchBatch({ client, pool }, key);
    await close();
    const checked = Date.parse(batch!.checkedAt!);
    const reviewSeconds = (checked - started) / 1000;
    const total = intakeSeconds + reviewSeconds;
    await pool.end();
    return {
      lines: batch!.lineCount,
      findings,
      intakeSeconds,
      reviewSeconds,
      intakeToFindingsSeconds: total,
      linesPerSecond: Math.round(batch!.lineCount / total),
      routingSeconds: (Date.parse(batch!.doneAt!) - checked) / 1000,
      copySeconds,
      timesCopy: total / copySeconds,
      peakMiB: peakMemory(supervisor),
    };
  } finally {
    await supervisor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The least that any intake could cost: the same file into a plain typed table, by COPY alone. */
async function copyAlone(pool: Pool, file: string): Promise<number> {
  await pool.query(`CREATE TABLE bench_copy (clinic_code text, invoice_no text, invoice_date date, line_no int,
    policy_no text, service_date date, diagnosis_code text, item_code text, item_name text, quantity int,
    unit_price_rub numeric(14,2), amount_rub numeric(14,2), patient_share_rub numeric(14,2), doctor_id text, tooth text,
    letter_no text, episode_no text)`);
  const client = await pool.connect();
  const started = performance.now();
  await pipeline(
    createReadStream(file, { highWaterMark: 1 << 18 }),
    client.query(copyFrom('COPY bench_copy FROM STDIN (FORMAT csv, HEADER)')),
  );
  const seconds = (performance.now() - started) / 1000;
  client.release();
  await pool.query('DROP TABLE bench_copy');
  return seconds;
}

function peakMemory(supervisor: Supervisor): Record<string, number> {
  const own = { name: 'bench', pid: process.pid };
  return Object.fromEntries(
    [own, ...supervisor.processes()].map(({ name, pid }) => [name, peakOf(`/proc/${pid}/status`)]),
  );
}

/** Linux only; elsewhere 0. */
function peakOf(status: string): number {
  if (!existsSync(status) || !statSync(status).isFile()) return 0;
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1] ?? 0) / 1024);
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});

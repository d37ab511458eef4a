import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
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
import { outboxState } from '../prisma/repositories/outbox';
import { copyBare, copyStored } from './copy-limits';
import type { CopyLimits } from './copy-limits';
import { copiesFor, writeReference, writeRegistry } from './large-world';
import { machine, medianOf, sitting, writeResult } from './measure';
import { benchmarkWorld } from './review-world';

/**
 * `npm run bench [-- LINES...]`: intake to findings through the real path (Postgres, Temporal, worker processes), for
 * each number of lines in a fresh installation, beside the time that Postgres itself needs to COPY the same rows in the
 * same run: as they are stored, with their keys and indexes, and as a bare file. Ratios are what counts: they hold on
 * any machine. As in every bench a run goes before that does not count, a batch of 20,000 lines: what the first batch
 * after a start pays for code that is not compiled yet is shown beside.
 */
const DEFAULT_SIZES = [20_000, 200_000];
const WARM_UP_LINES = 20_000;
const ENGINE_LINES = 100_000;

interface BatchTimes {
  readonly lines: number;
  readonly findings: number;
  readonly intakeSeconds: number;
  /** Taking, checking: from the start of the batch to its last finding. */
  readonly reviewSeconds: number;
  readonly intakeToFindingsSeconds: number;
  readonly routingSeconds: number;
}

interface SizeResult extends BatchTimes {
  /** The small batch before, the first one after the start. */
  readonly warmUp: BatchTimes;
  readonly linesPerSecond: number;
  readonly copy: CopyLimits;
  /** Intake to findings over the COPY of the stored rows, and over that of the bare file. */
  readonly timesStoredCopy: number;
  readonly timesBareCopy: number;
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
        `then routing ${result.routingSeconds.toFixed(1)} s; ` +
        `${result.timesStoredCopy.toFixed(1)} times the COPY of the stored rows (${result.copy.storedSeconds.toFixed(2)} s), ` +
        `${result.timesBareCopy.toFixed(1)} times that of the bare file (${result.copy.bareSeconds.toFixed(2)} s); ` +
        `peak MiB ${JSON.stringify(result.peakMiB)}; ` +
        `the first ${result.warmUp.lines} lines after the start ${result.warmUp.intakeToFindingsSeconds.toFixed(1)} s\n`,
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
    const copies = copiesFor(lines);
    writeReference(world, copies + copiesFor(WARM_UP_LINES));
    await loadWorld({ pool }, world);
    await startWorkerProcesses(input, connection);
    const { client, close } = await connectTemporal({
      address: connection.temporalAddress,
      namespace: connection.temporalNamespace,
      secret: connection.secret,
    });
    const run = { client, pool, world };
    await writeRegistry(join(world, 'invoices.csv'), WARM_UP_LINES, copies);
    const warmUp = await reviewRegistry(run, 'warm-up');
    await settled(pool);
    await writeRegistry(join(world, 'invoices.csv'), lines);
    const bareSeconds = await copyBare(pool, join(world, 'invoices.csv'));
    const times = await reviewRegistry(run, 'bench');
    await close();
    const total = times.intakeToFindingsSeconds;
    const peakMiB = peakMemory(supervisor);
    await rest(pool);
    const storedSeconds = await copyStored(pool, folder, 'bench');
    await pool.end();
    return {
      ...times,
      warmUp,
      linesPerSecond: Math.round(times.lines / total),
      copy: { storedSeconds, bareSeconds },
      timesStoredCopy: total / storedSeconds,
      timesBareCopy: total / bareSeconds,
      peakMiB,
    };
  } finally {
    await supervisor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Takes the registry of the world and reviews it as one batch. */
async function reviewRegistry(
  { client, pool, world }: { client: Client; pool: Pool; world: string },
  name: string,
): Promise<BatchTimes> {
  const { parts } = await loadWorld({ pool }, world);
  const intakeSeconds = parts.find((part) => part.name === 'invoices')!.seconds;
  const started = Date.now();
  const { batch, findings } = await watchBatch({ client, pool }, await startBatch(client, name));
  const checked = Date.parse(batch!.checkedAt!);
  const reviewSeconds = (checked - started) / 1000;
  return {
    lines: batch!.lineCount,
    findings,
    intakeSeconds,
    reviewSeconds,
    intakeToFindingsSeconds: intakeSeconds + reviewSeconds,
    routingSeconds: (Date.parse(batch!.doneAt!) - checked) / 1000,
  };
}

/** Waits until every invoice that waits for people has its workflow. */
async function settled(pool: Pool): Promise<void> {
  for (;;) {
    const { waiting } = await outboxState(pool);
    await setTimeout(1000);
    if (waiting === 0) return;
  }
}

/** Puts off what the batch has left to start, so that a COPY has the machine for itself as the batch had. */
async function rest(pool: Pool): Promise<void> {
  await pool.query(`UPDATE outbox SET available_at = now() + interval '1 day' WHERE done_at IS NULL`);
  await setTimeout(5000);
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

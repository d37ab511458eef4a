import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram } from '../cli';
import { readTable } from '../cli/fraud-world';
import { readFeedback } from '../models/exchange/feedback-rows';
import { FEEDBACK, INVOICES } from '../models/exchange/formats';
import { readInvoiceLine } from '../models/exchange/invoice-rows';
import { measurePostgres } from './fraud-postgres';
import { writeFraudWorld } from './fraud-world';
import { machine, writeResult } from './measure';
import { inProcess, type ProcessCost } from './processes';

/**
 * `npm run bench:fraud [-- LINES...]`: `medex fraud score` from files to alerts.csv and lines.csv, each run in a process
 * of its own, beside a process that only reads and parses the same files, and the scheduled scoring from Postgres beside
 * a COPY of the same columns. Ratios are what counts: they hold on any machine.
 */
const DEFAULT_SIZES = [500_000, 1_000_000, 5_000_000];
const POSTGRES_LINES = 1_000_000;
const LIMIT_SECONDS = 120;

interface SizeResult {
  readonly lines: number;
  readonly answers: number;
  readonly fileMiB: number;
  readonly linesPerSecond: number;
  readonly score: ProcessCost;
  readonly parseAlone: ProcessCost;
  /** Processor time of scoring over that of parsing alone. */
  readonly timesParsing: number;
}

async function main(): Promise<void> {
  const [role, folder] = process.argv.slice(2);
  if (role === 'score') return score(folder!);
  if (role === 'parse') return parse(folder!);
  const given = process.argv
    .slice(2)
    .map(Number)
    .filter((size) => size > 0);
  const sizes: SizeResult[] = [];
  for (const lines of given.length === 0 ? DEFAULT_SIZES : given) {
    const result = await measureFiles(lines);
    sizes.push(result);
    process.stdout.write(
      `${lines} lines: ${result.score.seconds.toFixed(1)} s (${result.linesPerSecond} lines/s), processor ` +
        `${result.score.cpuSeconds.toFixed(1)} s, peak ${result.score.peakMiB} MiB; parsing alone ` +
        `${result.parseAlone.cpuSeconds.toFixed(1)} s, ratio ${result.timesParsing.toFixed(2)}; ${result.score.said}\n`,
    );
  }
  const postgres = await measurePostgres(POSTGRES_LINES);
  process.stdout.write(
    `${postgres.lines} lines from Postgres: ${postgres.seconds.toFixed(1)} s (${postgres.linesPerSecond} lines/s), peak ` +
      `${postgres.peakMiB} MiB; COPY of the same columns ${postgres.copySeconds.toFixed(1)} s, ratio ${postgres.timesCopy.toFixed(1)}\n`,
  );
  const [first, last] = [sizes[0]!, sizes.at(-1)!];
  const path = writeResult('fraud', {
    at: new Date().toISOString(),
    machine: machine(),
    sizes,
    postgres,
    // Both near 1 when time is linear and memory is flat.
    costPerLineGrowth: last.score.cpuSeconds / last.lines / (first.score.cpuSeconds / first.lines),
    memoryGrowth: last.score.peakMiB / first.score.peakMiB,
    underLimit: last.score.seconds < LIMIT_SECONDS,
  });
  process.stdout.write(`${path}\n`);
}

async function measureFiles(lines: number): Promise<SizeResult> {
  const folder = mkdtempSync(join(tmpdir(), 'medex-bench-'));
  try {
    await writeFraudWorld(folder, lines);
    const parseAlone = await inProcess(__filename, ['parse', folder]);
    const cost = await inProcess(__filename, ['score', folder]);
    return {
      lines,
      answers: Math.round(lines / 10),
      fileMiB: Math.round(statSync(join(folder, 'invoices.csv')).size / 2 ** 20),
      linesPerSecond: Math.round(lines / cost.seconds),
      score: cost,
      parseAlone,
      timesParsing: cost.cpuSeconds / parseAlone.cpuSeconds,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function score(folder: string): Promise<void> {
  const out = ['--out', join(folder, 'alerts.csv'), '--lines', join(folder, 'lines.csv')];
  await createProgram().parseAsync(['node', 'medex', 'fraud', 'score', '--world', folder, ...out]);
}

async function parse(folder: string): Promise<void> {
  const nothing = (): void => undefined;
  await readTable(join(folder, 'invoices.csv'), INVOICES, readInvoiceLine, nothing);
  await readTable(join(folder, 'feedback.csv'), FEEDBACK, readFeedback, nothing);
}

void main();

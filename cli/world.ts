import { resolve } from 'node:path';
import cliProgress from 'cli-progress';
import type { Command } from 'commander';
import { loadWorld } from '../activities/intake/load-world';
import type { WorldResult } from '../activities/intake/load-world';
import { loadConfig } from '../config';
import { createPool } from '../prisma/pool';

interface LoadOptions {
  readonly dir: string;
  readonly databaseUrl?: string;
  readonly json?: boolean;
}

/** Adds `medex world load`. */
export function registerWorldCommands(program: Command): void {
  const world = program.command('world').description('exchange folders: an insurer in files');
  world
    .command('load')
    .description('load a folder in the exchange formats; running it again changes nothing')
    .requiredOption('--dir <folder>', 'folder with nomenclature.csv, clinics.csv, …, invoices.csv (also .gz, .xlsx)')
    .option('--database-url <url>', 'Postgres to load into (default: DATABASE_URL)')
    .option('--json', 'print the result as JSON')
    .action(loadCommand);
}

async function loadCommand(options: LoadOptions): Promise<void> {
  const connectionString = options.databaseUrl ?? loadConfig().DATABASE_URL;
  if (connectionString === undefined) throw new Error('No database: give --database-url or set DATABASE_URL');
  const pool = createPool({ connectionString, applicationName: 'medex-world-load', max: 4 });
  const quiet = options.json === true || !process.stderr.isTTY;
  const bar = new cliProgress.SingleBar({ format: '{name}: {value} rows', stream: process.stderr });
  if (!quiet) bar.start(0, 0, { name: '' });
  try {
    const result = await loadWorld({ pool }, resolve(options.dir), (name, { rowsRead }) => {
      if (!quiet) bar.update(rowsRead, { name });
    });
    bar.stop();
    process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : summary(result));
  } finally {
    bar.stop();
    await pool.end();
  }
}

function summary({ parts, seconds }: WorldResult): string {
  const lines = parts.map(({ name, file, rowsRead, rowsAccepted, rowsRejected }) =>
    file === null
      ? `${name.padEnd(14)} -`
      : `${name.padEnd(14)} ${String(rowsRead).padStart(9)} rows, ${rowsAccepted} taken, ${rowsRejected} rejected`,
  );
  return `${lines.join('\n')}\n${seconds.toFixed(1)} s\n`;
}

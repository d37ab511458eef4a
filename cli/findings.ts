import { Option } from 'commander';
import type { Command } from 'commander';
import { loadConfig } from '../config';
import { findingLine, findingsHeader } from '../models/exchange/findings-file';
import type { Pool } from '../prisma/pool';
import { findBatchByKey } from '../prisma/repositories/batches';
import { exportFindings } from '../prisma/repositories/findings';
import { print, withDatabase } from './with-database';
import { writeWholeText } from './write-text';

interface ExportFlags {
  readonly out: string;
  readonly batch?: string;
  readonly lang: 'ru' | 'en';
  readonly json?: boolean;
}

/** `medex findings export`: active findings as findings.csv of the exchange formats. */
export function registerFindingsCommands(program: Command): void {
  const findings = program.command('findings').description('замечания / findings');
  findings
    .command('export')
    .description('выгрузить действующие замечания в CSV / write the active findings as CSV')
    .requiredOption('--out <file>', 'findings.csv')
    .option('--batch <key>', 'of one batch only, by its business key')
    .addOption(new Option('--lang <lang>', 'language of the explanations').choices(['ru', 'en']).default('ru'))
    .option('--json', 'print the counts as JSON')
    .action(async (flags: ExportFlags) => {
      const written = await withDatabase(loadConfig(), async (pool) => {
        const batch = flags.batch === undefined ? null : await findBatchByKey(pool, flags.batch);
        if (flags.batch !== undefined && batch === null) return null;
        return writeFindings(pool, flags.out, { batchId: batch?.id ?? null, locale: flags.lang });
      });
      if (written === null) {
        process.exitCode = 3;
        print(flags.json, { findings: null }, `no batch ${flags.batch}`);
      } else print(flags.json, { findings: written, out: flags.out }, `${written} findings -> ${flags.out}`);
    });
}

/** Streams the findings into a file beside the wished one and moves it there when it is whole. Returns the count. */
export async function writeFindings(
  pool: Pool,
  out: string,
  options: { readonly batchId: string | null; readonly locale: 'ru' | 'en' },
): Promise<number> {
  const client = await pool.connect();
  let count = 0;
  try {
    await writeWholeText(out, async function* () {
      yield findingsHeader();
      for await (const rows of exportFindings(client, options)) {
        count += rows.length;
        yield rows.map(findingLine).join('');
      }
    });
    return count;
  } finally {
    client.release();
  }
}

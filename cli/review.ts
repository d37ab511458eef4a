import type { Command } from 'commander';
import { loadConfig } from '../config';
import { createPool } from '../prisma/pool';
import { findBatchByKey, listBatches } from '../prisma/repositories/batches';
import { batchWorkflowId, pauseUpdate, resumeUpdate } from '../workflows/messages';
import { progressDisplay } from './batch-progress';
import { startBatch, watchBatch } from './batch-run';
import { summarise, summaryText } from './batch-summary';
import { databaseUrlOf, withTemporal } from './connect';
import { print, withDatabase } from './with-database';

/** `medex review run | status | pause | resume`. Exit code 3: nothing to review, or no such batch. */
export function registerReviewCommands(program: Command): void {
  const review = program.command('review').description('пакетная проверка счетов / batch review of invoices');
  review
    .command('run')
    .description('проверить все счета, которых ещё не брал ни один пакет / review every invoice not taken yet')
    .option('--key <key>', 'business key of the batch: the same key again is the same batch')
    .option('--no-wait', 'start it and return')
    .option('--json', 'print the summary as JSON')
    .action(async (flags: { key?: string; wait: boolean; json?: boolean }) => {
      await runReview(flags);
    });
  review
    .command('status')
    .argument('[key]', 'business key; without it the newest batches')
    .description('состояние пакетов / state of batches')
    .option('--json', 'print as JSON')
    .action(async (key: string | undefined, flags: { json?: boolean }) => {
      await withDatabase(loadConfig(), async (pool) => {
        const batches =
          key === undefined
            ? await listBatches(pool, { after: null, limit: 20 })
            : [await findBatchByKey(pool, key)].filter((batch) => batch !== null);
        if (key !== undefined && batches[0] === undefined) process.exitCode = 3;
        if (key !== undefined && batches[0] !== undefined) {
          const summary = await summarise(pool, batches[0]);
          print(flags.json, summary, summaryText(summary));
          return;
        }
        const lines = batches.map(
          (each) => `${each.businessKey}  ${each.state}  ${each.lineCount} lines  ${each.takenAt}`,
        );
        print(flags.json, batches, lines.length === 0 ? 'no batch' : lines.join('\n'));
      });
    });
  for (const [name, update] of [
    ['pause', pauseUpdate],
    ['resume', resumeUpdate],
  ] as const) {
    review
      .command(name)
      .argument('<key>', 'business key')
      .description(name === 'pause' ? 'новые части не начинать / start no new chunks' : 'продолжить / go on')
      .option('--json', 'print the progress as JSON')
      .action(async (key: string, flags: { json?: boolean }) => {
        const progress = await withTemporal(loadConfig(), ({ client }) =>
          client.workflow.getHandle(batchWorkflowId(key)).executeUpdate(update),
        );
        print(flags.json, progress, `${progress.phase}, ${progress.chunksDone}/${progress.chunksTotal} chunks`);
      });
  }
}

async function runReview(flags: { key?: string; wait: boolean; json?: boolean }): Promise<void> {
  const config = loadConfig();
  const pool = createPool({ connectionString: databaseUrlOf(config), applicationName: 'medex-review', max: 2 });
  try {
    await withTemporal(config, async ({ client }) => {
      const key = await startBatch(client, flags.key);
      if (!flags.wait) return print(flags.json, { businessKey: key }, key);
      const display = progressDisplay(flags.json === true);
      const { batch } = await watchBatch({ client, pool }, key, display.show).finally(display.stop);
      if (batch === null) {
        process.exitCode = 3;
        return print(flags.json, { businessKey: key, lines: 0 }, 'новых счетов нет / nothing to review');
      }
      const summary = await summarise(pool, batch);
      print(flags.json, summary, summaryText(summary));
    });
  } finally {
    await pool.end();
  }
}

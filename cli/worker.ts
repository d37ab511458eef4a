import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { createActivityDeps, warmUp } from '../activities/deps';
import { startOutboxRelay } from '../activities/outbox-relay';
import { connectTemporal } from '../activities/temporal';
import { installRuntime, QUEUE_KINDS, startWorkers } from '../activities/worker';
import type { QueueKind } from '../activities/worker';
import { createLogger } from '../api/http/logging';
import { loadConfig } from '../config';
import { createPool } from '../prisma/pool';
import { databaseUrlOf, temporalOf, untilToldToStop } from './connect';
import { startEnsuringSchedules } from './schedules';
import { assembleFeatures } from './worker-features';

const ALL = Object.values(QUEUE_KINDS);

/** `medex worker --queues ...`: serves task queues until it is told to stop, then lets what runs end. */
export function registerWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('обслуживать очереди задач / serve task queues')
    .option('--queues <list>', `comma separated: ${ALL.join(', ')}`, queuesOf, queuesOf(ALL.join()))
    .addOption(new Option('--bundle <file>', 'workflow bundle (default: the one of the build)').hideHelp())
    .action(async (flags: { queues: Partial<Record<QueueKind, string>>; bundle?: string }) => {
      await runWorker(flags.queues, flags.bundle);
    });
}

async function runWorker(queues: Partial<Record<QueueKind, string>>, bundle?: string): Promise<void> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, name: 'worker' });
  const pool = createPool({
    connectionString: databaseUrlOf(config),
    applicationName: 'medex-worker',
    max: config.DATABASE_POOL,
    statementTimeoutMs: 300_000,
  });
  installRuntime();
  const temporal = temporalOf(config);
  const deps = createActivityDeps(pool, config.MEDEX_SPOOL_DIR);
  const features = await assembleFeatures(config, deps);
  const workflowBundle = bundle === undefined ? undefined : { codePath: bundle };
  const workers = await startWorkers({ ...temporal, queues, deps, extra: features.extra, workflowBundle });
  // The reference is read before the first chunk asks for it; without a rule set yet there is nothing to read.
  void warmUp(deps).catch(() => undefined);
  const relay = 'flow' in queues ? await startRelay() : null;
  log.info({ queues: Object.values(queues) }, 'worker serves');
  process.send?.('ready');

  const stopped = untilToldToStop();
  const failed = workers.ended.then(() => null);
  const signal = await Promise.race([stopped, failed]);
  log.info({ signal }, 'worker drains');
  await relay?.();
  await workers.close();
  await pool.end();
  // A child that keeps its channel open would never end by itself.
  process.disconnect?.();

  async function startRelay(): Promise<() => Promise<void>> {
    const { client, close } = await connectTemporal(temporal);
    const warn = (topic: string, error: unknown): void =>
      log.warn({ topic, error: error instanceof Error ? error.name : 'unknown' }, 'outbox message not delivered');
    const running = startOutboxRelay({ pool, client, handlers: features.handlers, onError: warn });
    const stopLoops = features.startLoops((error) => warn('loop', error));
    const stopEnsuring = startEnsuringSchedules(client, (error) =>
      log.warn({ error: error instanceof Error ? error.name : 'unknown' }, 'schedules not made yet'),
    );
    return async () => {
      await stopEnsuring();
      await stopLoops();
      await running.close();
      await close();
    };
  }
}

function queuesOf(list: string): Partial<Record<QueueKind, string>> {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !ALL.includes(name as (typeof ALL)[number]));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`unknown queue ${unknown.join(', ')}; there are ${ALL.join(', ')}`);
  return Object.fromEntries(Object.entries(QUEUE_KINDS).filter(([, name]) => names.includes(name))) as Partial<
    Record<QueueKind, string>
  >;
}

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { ENGINE_VERSION } from '../activities/batch-review';
import { connectTemporal } from '../activities/temporal';
import { createLogger } from '../api/http/logging';
import { startApi } from '../api/server';
import { loadConfig } from '../config';
import { createCurrentSnapshot } from '../prisma/facts/current-snapshot';
import { createLetterReview } from '../prisma/facts/requested-review';
import { createSnapshots } from '../prisma/facts/snapshots';
import { createPool } from '../prisma/pool';
import { databaseUrlOf, temporalOf, untilToldToStop } from './connect';

/** `medex api`: serves HTTP until it is told to stop. */
export function registerApiCommand(program: Command): void {
  program
    .command('api')
    .description('обслуживать HTTP API / serve the HTTP API')
    .option('--port <port>', 'port to listen on (default: PORT or 8080; 0 takes a free one)', portOf)
    .action(async (flags: { port?: number }) => {
      await runApi(flags.port);
    });
}

async function runApi(port: number | undefined): Promise<void> {
  const config = loadConfig();
  const log = createLogger({ level: config.LOG_LEVEL, name: 'api' });
  const pool = createPool({
    connectionString: databaseUrlOf(config),
    applicationName: 'medex-api',
    max: config.DATABASE_POOL,
  });
  const temporal = await connectTemporal(temporalOf(config));
  const api = await startApi({
    config,
    log,
    pool,
    temporal: temporal.client,
    reviewRequested: createLetterReview(createCurrentSnapshot(createSnapshots(), ENGINE_VERSION)),
    port,
    probes: [
      {
        name: 'temporal',
        check: async () => {
          await temporal.client.connection.workflowService.getSystemInfo({});
          return true;
        },
      },
    ],
    resources: [
      { name: 'pool', init: () => undefined, close: () => pool.end() },
      { name: 'temporal', init: () => undefined, close: () => temporal.close() },
    ],
  });
  process.send?.('ready');
  await untilToldToStop();
  await api.close();
  process.disconnect?.();
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port from 0 to 65535');
  return port;
}

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import { freePort, freePorts, startOnFreePorts } from './free-port';
import { spawnGuarded } from './guarded-spawn';
import { temporalCli } from './parts';
import { killGroup, sleep, tailOf, waitForExit } from './process-tools';

export type SearchAttributeType = 'Keyword' | 'Int' | 'Datetime' | 'Bool' | 'Double' | 'Text' | 'KeywordList';

export interface TemporalServerOptions {
  /** SQLite file that keeps workflows over restarts; without it they live in memory. */
  dbFile?: string;
  /** Wished gRPC port; a free one is taken when it is busy. */
  port?: number;
  /** Wished port of Temporal's own web page; false leaves the page out. */
  ui?: number | false;
  namespace?: string;
  searchAttributes?: Record<string, SearchAttributeType>;
  /** Settings of the server beside or instead of ours, by Temporal's own names. */
  dynamicConfig?: Record<string, unknown>;
  onLog?: (line: string) => void;
}

export interface TemporalServer {
  /** host:port for NativeConnection and Connection. */
  address: string;
  namespace: string;
  uiUrl: string | undefined;
  pid: number;
  /** Resolves when the server process ends, wished or not. */
  exited: Promise<void>;
  close(): Promise<void>;
}

/** Limits of the dev server are made for a handful of workflows; a batch review starts thousands. */
const DYNAMIC_CONFIG: Record<string, unknown> = {
  'system.enableEagerWorkflowStart': true,
  'frontend.enableExecuteMultiOperation': true,
  'frontend.enableUpdateWorkflowExecution': true,
  'frontend.namespaceRPS': 20_000,
  'frontend.namespaceRPS.visibility': 1_000,
  'history.maxInFlightUpdates': 100,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'limit.maxIDLength': 255,
};

/**
 * Starts Temporal's dev server from the command line tool and waits until the namespace answers.
 *
 * @throws when the tool is missing or the server does not come up; the message carries its last words
 */
export function startTemporalServer(options: TemporalServerOptions = {}): Promise<TemporalServer> {
  return startOnFreePorts(() => startOnce(options));
}

async function startOnce(options: TemporalServerOptions): Promise<TemporalServer> {
  const cli = temporalCli();
  const namespace = options.namespace ?? 'medex';
  const [http, metrics] = (await freePorts(2)) as [number, number];
  const port = await freePort(options.port ?? 0);
  const uiPort = options.ui === undefined || options.ui === false ? undefined : await freePort(options.ui);
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'];
  args.push('--http-port', String(http), '--metrics-port', String(metrics), '--namespace', namespace);
  args.push('--disable-config-env', '--disable-config-file');
  args.push(...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]));
  for (const [key, value] of Object.entries({ ...DYNAMIC_CONFIG, ...options.dynamicConfig })) {
    args.push('--dynamic-config-value', `${key}=${JSON.stringify(value)}`);
  }
  for (const [key, type] of Object.entries(options.searchAttributes ?? {}))
    args.push('--search-attribute', `${key}=${type}`);
  if (options.dbFile !== undefined) {
    mkdirSync(dirname(options.dbFile), { recursive: true });
    args.push('--db-filename', options.dbFile);
  }

  // The tool knows no option for the rights of its file, which holds workflow histories.
  const ownOnly = ['-c', 'umask 077; exec "$0" "$@"', cli, ...args];
  const child = spawnGuarded('/bin/sh', ownOnly, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lastWords = tailOf(child, options.onLog);
  const exited = waitForExit(child);
  const address = `127.0.0.1:${port}`;
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  await waitUntilServing(address, namespace, hasEnded, lastWords);
  return {
    address,
    namespace,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    pid: child.pid!,
    exited,
    close: () => killGroup(child.pid!, exited, { signal: 'SIGINT' }),
  };
}

async function waitUntilServing(
  address: string,
  namespace: string,
  hasEnded: () => boolean,
  lastWords: () => string,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (hasEnded()) throw new Error(`Temporal dev server ended at start:\n${lastWords()}`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      try {
        await connection.workflowService.describeNamespace({ namespace });
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`Temporal does not answer: ${lastWords()}`, { cause: error });
      await sleep(100);
    }
  }
}

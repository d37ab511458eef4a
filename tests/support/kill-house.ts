import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../cli/runtime/free-port';
import { startTemporalServer } from '../../cli/runtime/temporal-server';
import type { TemporalServer } from '../../cli/runtime/temporal-server';
import { TEST_SECRET, workflowBundle } from './review-house';

const ROOT = join(__dirname, '..', '..');

/** Worker, API and Temporal server as processes of their own, over a database that outlives them. */
export interface KillHouse {
  readonly url: string;
  /** kill -9 of all three, then all three again on the same ports and files. */
  readonly crash: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openKillHouse(databaseUrl: string): Promise<KillHouse> {
  const dir = await mkdtemp(join(tmpdir(), 'medex-kill-'));
  const [port, temporalPort, bundle] = [await freePort(), await freePort(), await workflowBundle()];
  const namespace = 'medex-kill';
  const startServer = () => startTemporalServer({ dbFile: join(dir, 'temporal.db'), port: temporalPort, namespace });
  const startChild = (...args: string[]): Promise<ChildProcess> =>
    startProcess(args, {
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      TEMPORAL_NAMESPACE: namespace,
      MEDEX_SECRET: TEST_SECRET,
      MEDEX_KEY_DIR: join(dir, 'keys'),
      LOG_LEVEL: 'error',
    });
  const startAll = async (): Promise<{ server: TemporalServer; children: ChildProcess[] }> => {
    const server = await startServer();
    const children = await Promise.all([
      startChild('worker', '--queues', 'medex-flow,medex-review', '--bundle', bundle),
      startChild('api', '--port', String(port)),
    ]);
    return { server, children };
  };
  let running = await startAll();
  const killAll = async (): Promise<void> => {
    const { server, children } = running;
    const gone = children.map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) resolve();
          else child.once('exit', () => resolve());
        }),
    );
    for (const child of children) child.kill('SIGKILL');
    process.kill(server.pid, 'SIGKILL');
    await Promise.all([...gone, server.exited]);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    crash: async () => {
      await killAll();
      running = await startAll();
    },
    close: async () => {
      await killAll();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** One of the product's own processes, from the sources, ready to serve. */
export async function startProcess(args: string[], settings: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'cli', 'index.ts'), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
  });
  let words = '';
  child.stderr?.on('data', (part: Buffer) => (words += part.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new Error(`ended at start: ${words}`)));
  });
  return child;
}

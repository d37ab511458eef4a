import { killGroup, sleep, tailOf, waitForExit } from './process-tools';
import { spawnGuarded } from './guarded-spawn';
import type { Running, Service } from './supervisor';

export interface NodeProcessOptions {
  /** What it is called in the log and in events, for instance `worker` or `api`. */
  name: string;
  /** Arguments for node: flags, script, arguments of the script. */
  args: string[];
  env?: Record<string, string>;
  /** 'message': ready when the child calls `process.send('ready')`; a function is asked until it says true. */
  ready: 'message' | (() => Promise<boolean>);
  readyTimeoutMs?: number;
  /** Time a worker gets to drain before it is killed. */
  graceMs?: number;
  onLog?: (line: string) => void;
}

/** A child of this product's own code (worker, API) as a service of the supervisor. */
export function nodeProcess(options: NodeProcessOptions): Service {
  return { name: options.name, start: () => startNodeProcess(options) };
}

async function startNodeProcess(options: NodeProcessOptions): Promise<Running> {
  const child = spawnGuarded(process.execPath, options.args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lastWords = tailOf(child, options.onLog);
  const exited = waitForExit(child);
  let saidReady = false;
  child.on('message', (message) => (saidReady ||= message === 'ready'));
  const isReady = options.ready === 'message' ? () => Promise.resolve(saidReady) : options.ready;

  const close = (): Promise<void> =>
    killGroup(child.pid!, exited, { only: 'leader', graceMs: options.graceMs ?? 15_000 });
  const deadline = Date.now() + (options.readyTimeoutMs ?? 60_000);
  while (!(await isReady().catch(() => false))) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${options.name} ended at start:\n${lastWords()}`);
    }
    if (Date.now() > deadline) {
      await close();
      throw new Error(`${options.name} does not get ready:\n${lastWords()}`);
    }
    await sleep(30);
  }
  return { pid: child.pid, exited, close };
}

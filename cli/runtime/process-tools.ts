import type { ChildProcess } from 'node:child_process';

export interface KillOptions {
  /** First signal; SIGTERM unless the program wants another one for an orderly end. */
  signal?: NodeJS.Signals;
  /** Whether the first signal goes to the whole process group or to its leader only. */
  only?: 'leader' | 'group';
  /** Time for an orderly end before SIGKILL to the whole group. */
  graceMs?: number;
}

/** Resolves when the process has ended or could not be started; never rejects. */
export function waitForExit(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

/**
 * Ends a child that was spawned with `detached: true` (so it leads a process group) together with its own children:
 * first politely, after the grace time by force.
 */
export async function killGroup(pid: number, exited: Promise<void>, options: KillOptions = {}): Promise<void> {
  const { signal = 'SIGTERM', only = 'group', graceMs = 8000 } = options;
  send(only === 'group' ? -pid : pid, signal);
  const timer = setTimeout(() => send(-pid, 'SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
  // Grandchildren that outlived their parent.
  send(-pid, 'SIGKILL');
}

/** Hands each output line of a child to `onLine` and returns a reader of its last words, for error messages. */
export function tailOf(child: ChildProcess, onLine?: (line: string) => void): () => string {
  let tail = '';
  const take = (chunk: Buffer | string): void => {
    const text = chunk.toString();
    tail = (tail + text).slice(-2000);
    for (const line of text.split('\n')) if (line !== '') onLine?.(line);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  child.on('error', (error) => take(error.message));
  return () => tail.trim();
}

/** True while a process with this number exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone, which is what was wanted.
  }
}

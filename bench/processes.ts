import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What one process took, all of it: start, work, end. */
export interface ProcessCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Peak resident memory. */
  readonly peakMiB: number;
  /** What it wrote to stdout. */
  readonly said: string;
}

/** Runs a module of its own accord in a fresh process and asks that process at its end what it took. */
export async function inProcess(module: string, args: readonly string[]): Promise<ProcessCost> {
  const started = performance.now();
  const usage = join(__dirname, 'usage.js');
  const child = fork(module, args, { execArgv: ['--require', usage], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  let said = '';
  child.stdout!.on('data', (text: Buffer) => (said += text.toString()));
  let cost: { cpuSeconds: number; peakMiB: number } | undefined;
  child.on('message', (message) => (cost = message as typeof cost));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0 || cost === undefined) throw new Error(`${module} ${args.join(' ')} ended with ${code}`);
  return { ...cost, seconds: (performance.now() - started) / 1000, said: said.trim() };
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './review-world';

/** Wall-clock and processor milliseconds (all threads of the process) of one run. */
export interface Timing {
  ms: number;
  cpuMs: number;
}

export async function timed<T>(run: () => T | Promise<T>): Promise<Timing & { value: T }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const value = await run();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000, value };
}

/** Timings of `runs` runs, after `warmUp` runs that do not count. */
export async function sitting(run: () => unknown, runs: number, warmUp: number): Promise<Timing[]> {
  const timings: Timing[] = [];
  for (let i = 0; i < runs + warmUp; i += 1) {
    const timing = await timed(run);
    if (i >= warmUp) timings.push(timing);
  }
  return timings;
}

/** The middle value; of an even number the upper one. */
export function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Medians of both clocks. */
export function medianOf(timings: readonly Timing[]): Timing {
  return { ms: middleOf(timings.map((t) => t.ms)), cpuMs: middleOf(timings.map((t) => t.cpuMs)) };
}

export function machine(): { node: string; cpu: string; cores: number } {
  return { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
}

/** Writes a result to bench/results/NAME.json, where results of all benchmarks are collected. */
export function writeResult(name: string, result: unknown): string {
  const folder = join(repositoryRoot(), 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}

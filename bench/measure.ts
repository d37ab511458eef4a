import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './review-world';

/** Milliseconds of the median of `runs` runs, after `warmUp` runs that do not count. */
export function medianMs(run: () => void, runs: number, warmUp: number): number {
  const times: number[] = [];
  for (let i = 0; i < runs + warmUp; i += 1) {
    const start = performance.now();
    run();
    if (i >= warmUp) times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
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

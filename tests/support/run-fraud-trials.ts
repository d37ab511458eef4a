import { execFile } from 'node:child_process';
import * as path from 'node:path';
import { promisify } from 'node:util';

/** Trials take half a minute of one core; a busy machine may need ten times as long. */
export const TRIALS_MS = 400_000;

/** Runs trials of `fraud-trials.ts` in a plain Node process and returns their summary. */
export async function runTrials<T>(kind: 'honest' | 'planted' | 'replanted'): Promise<T> {
  const script = path.join(__dirname, 'fraud-trials.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, kind], {
    cwd: path.join(__dirname, '..', '..'),
  });
  return JSON.parse(stdout) as T;
}

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../models/errors';
import type { ChildMessage, TrainingJob } from './jobs';

export interface ChildWatch {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Extract<ChildMessage, { kind: 'progress' }>) => void;
}

/** How long a child that was told to stop may take to put its members by. */
const STOP_MS = 10_000;

/**
 * Runs one job in a child process and waits for its end. A refused job (bad columns, too few rows) is an AppError that no
 * retry mends; a killed or crashed child is retryable, and the next attempt goes on from its checkpoint.
 */
export async function runTrainingChild(job: TrainingJob, { signal, onProgress }: ChildWatch = {}): Promise<void> {
  signal?.throwIfAborted();
  const compiled = join(__dirname, 'train-child.js');
  const [script, execArgv] = existsSync(compiled)
    ? [compiled, []]
    : [join(__dirname, 'train-child.ts'), ['--import', 'tsx']];
  const child = fork(script, { execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' });
  let failure: Extract<ChildMessage, { kind: 'failed' }> | null = null;
  let done = false;
  let lastWords = '';
  child.stderr?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString('utf8')).slice(-2_000)));
  child.on('message', (message) => {
    const said = message as ChildMessage;
    if (said.kind === 'progress') onProgress?.(said);
    else if (said.kind === 'failed') failure = said;
    else done = true;
  });
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const ended = new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, by) => resolve(by ?? String(code)));
    });
    child.send(job);
    const way = await ended;
    signal?.throwIfAborted();
    if (done) return;
    throw failed(failure, way, lastWords);
  } finally {
    clearTimeout(killer);
    signal?.removeEventListener('abort', stop);
  }
}

function failed(failure: Extract<ChildMessage, { kind: 'failed' }> | null, way: string, words: string): AppError {
  if (failure !== null && failure.code !== null) return new AppError(failure.code, failure.text, { httpStatus: 422 });
  return new AppError(
    'training-process-ended',
    { ru: `Процесс обучения завершился (${way})`, en: `The training process ended (${way})` },
    { httpStatus: 500, retryable: true, details: { words: failure?.text.en ?? words } },
  );
}

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAppError } from '../../models/errors';
import { openBackend } from '../../models/underwriting/backend';
import { modelCard } from '../../models/underwriting/model-card';
import { loadCheckpoint, loadModel, saveCheckpoint, saveModel } from '../../models/underwriting/model-files';
import { readAsText } from '../../models/underwriting/spec';
import { readTableFile } from '../../models/underwriting/table-file';
import { trainModel } from '../../models/underwriting/train';
import type { ChildMessage, TrainingJob } from './jobs';
import { judge } from './judge';

/**
 * A process of its own for each training: TensorFlow keeps what it leaks and blocks its thread, and both end with it. It
 * takes one job as its first message, tells progress, keeps the members done on a signal, and ends when its parent does.
 */
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort(new Error('stopped')));
process.on('disconnect', () => stop.abort(new Error('the parent is gone')));
process.once('message', (job) => void run(job as TrainingJob));

async function run(job: TrainingJob): Promise<void> {
  try {
    if (job.kind === 'train') await train(job);
    else await judgeModels(job);
    await tell({ kind: 'done' });
  } catch (error) {
    const text = isAppError(error) ? error.text : { ru: String(error), en: String(error) };
    await tell({ kind: 'failed', code: isAppError(error) && !error.retryable ? error.code : null, text });
    process.exitCode = 1;
  }
  process.disconnect?.();
}

async function train(job: Extract<TrainingJob, { kind: 'train' }>): Promise<void> {
  const { request } = job;
  const table = readTableFile(job.data, readAsText(request.factors, request));
  const model = await trainModel(await openBackend(), table, request, {
    signal: stop.signal,
    onProgress: (progress) => void tell({ kind: 'progress', ...progress }),
    checkpoint: {
      members: loadCheckpoint(job.checkpoint, job.key),
      save: (members) => saveCheckpoint(job.checkpoint, { key: job.key, members }),
    },
  });
  saveModel(model, job.out);
  writeFileSync(join(job.out, 'model-card.md'), modelCard(model));
  rmSync(job.checkpoint, { recursive: true, force: true });
}

async function judgeModels(job: Extract<TrainingJob, { kind: 'judge' }>): Promise<void> {
  const { tf } = await openBackend();
  const challenger = loadModel(job.challenger);
  const table = readTableFile(job.data, readAsText(challenger.factors, challenger.columns));
  const champion = job.champion === null ? null : loadModel(job.champion);
  const report = judge(tf, { table, challenger, champion, period: job.period, limits: job.limits });
  writeFileSync(job.out, JSON.stringify(report));
}

function tell(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

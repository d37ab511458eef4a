import type { Client } from '@temporalio/client';
import type { Pool } from '../prisma/pool';
import { chunkSums, findBatchByKey } from '../prisma/repositories/batches';
import type { BatchRow } from '../prisma/repositories/batches';
import { batchWorkflowId, DEFAULT_QUEUES, progressQuery } from '../workflows/messages';
import type { BatchProgress, BatchSelection } from '../workflows/messages';
import { BATCH_SCHEDULE_ID } from './schedules';

/** Starts a batch of everything that no batch has taken yet; returns its business key. */
export async function startBatch(
  client: Client,
  businessKey = `manual/${new Date().toISOString()}`,
  selection: BatchSelection = { kind: 'untaken' },
): Promise<string> {
  await client.workflow.start('batchReview', {
    workflowId: batchWorkflowId(businessKey),
    taskQueue: DEFAULT_QUEUES.flow,
    args: [{ selection }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  return businessKey;
}

/**
 * Runs the schedule's action now; returns the business key of the batch that it started, or of the one that a killed
 * start has left running: batches never overlap, so that one has to end first anyway.
 */
export async function triggerSchedule(client: Client): Promise<string> {
  const handle = client.schedule.getHandle(BATCH_SCHEDULE_ID);
  const running = (await handle.describe()).info.runningActions.at(-1)?.workflow.workflowId;
  if (running !== undefined) return running.slice(batchWorkflowId('').length);
  const before = await lastAction(client);
  await handle.trigger('BUFFER_ONE');
  for (let tries = 0; tries < 200; tries += 1) {
    const last = await lastAction(client);
    if (last !== null && last !== before) return last.slice(batchWorkflowId('').length);
    await sleep(100);
  }
  throw new Error('The schedule did not start a batch within 20 s');
}

async function lastAction(client: Client): Promise<string | null> {
  const { info } = await client.schedule.getHandle(BATCH_SCHEDULE_ID).describe();
  return info.recentActions.at(-1)?.action.workflow.workflowId ?? null;
}

export interface BatchWatch {
  readonly progress: BatchProgress;
  /** Null until the batch is taken, and when there was nothing to take. */
  readonly batch: BatchRow | null;
  readonly linesChecked: number;
  readonly findings: number;
  readonly routed: number;
}

/** Waits for a batch and reports a few times a second. Throws when the workflow fails. */
export async function watchBatch(
  deps: { readonly client: Client; readonly pool: Pool },
  businessKey: string,
  onProgress: (watch: BatchWatch) => void = () => undefined,
): Promise<BatchWatch> {
  const handle = deps.client.workflow.getHandle<() => Promise<BatchProgress>>(batchWorkflowId(businessKey));
  let ended = false;
  const result = handle.result().finally(() => {
    ended = true;
  });
  result.catch(() => undefined);
  for (;;) {
    const progress = ended ? await result : await handle.query(progressQuery).catch(() => null);
    if (progress !== null) {
      const watch = await look(deps.pool, businessKey, progress);
      onProgress(watch);
      if (ended) return watch;
    }
    await Promise.race([sleep(250), result.catch(() => undefined)]);
  }
}

async function look(pool: Pool, businessKey: string, progress: BatchProgress): Promise<BatchWatch> {
  const batch = await findBatchByKey(pool, businessKey);
  if (batch === null) return { progress, batch, linesChecked: 0, findings: 0, routed: 0 };
  return { progress, batch, ...(await chunkSums(pool, batch.id)) };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

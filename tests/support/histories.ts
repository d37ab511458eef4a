import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import type { WorkflowBundleOption } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { createDataConverter } from '../../activities/codec/converter';

const FOLDER = join(__dirname, '..', 'histories');

/**
 * Keeps the history of a workflow under tests/histories/<name>.json when RECORD_HISTORIES=1; otherwise does nothing. A
 * committed history is never recorded anew: it stands for the workflows that are already running somewhere. Without
 * `runId` the latest run.
 */
export async function keepHistory(client: Client, workflowId: string, name: string, runId?: string): Promise<void> {
  const path = join(FOLDER, `${name}.json`);
  if (process.env.RECORD_HISTORIES !== '1' || existsSync(path)) return;
  mkdirSync(join(path, '..'), { recursive: true });
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  writeFileSync(path, `${historyToJSON(history)}\n`);
}

export interface ReplayedHistory {
  readonly name: string;
  readonly error: string | null;
}

/** Replays every committed history whose name starts with `prefix` against the workflow code of today. */
export async function replayHistories(
  prefix: string,
  secret: string,
  workflowBundle: WorkflowBundleOption,
): Promise<ReplayedHistory[]> {
  const names = (readdirSync(FOLDER, { recursive: true }) as string[])
    .filter((file) => file.startsWith(prefix) && file.endsWith('.json'))
    .sort();
  const histories = names.map((name) => ({
    workflowId: name,
    history: historyFromJSON(JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))),
  }));
  const options = { workflowBundle, dataConverter: createDataConverter(secret) };
  const results: ReplayedHistory[] = [];
  for await (const result of Worker.runReplayHistories(options, histories)) {
    results.push({ name: result.workflowId, error: result.error?.message ?? null });
  }
  return results;
}

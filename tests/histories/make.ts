import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { WorkflowHandle } from '@temporalio/client';
import { startTemporalServer } from '../../cli/runtime/temporal-server';
import { BRANCHES } from '../support/workflow-branches';

/** Runs every branch on a Temporal server of its own and writes the histories that are not there yet. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { version: { type: 'string' } } });
  const suffix = values.version === undefined ? '' : `.v${values.version}`;
  const server = await startTemporalServer({ namespace: 'medex-histories' });
  process.env.MEDEX_TEST_TEMPORAL_ADDRESS = server.address;
  process.env.MEDEX_TEST_TEMPORAL_NAMESPACE = server.namespace;
  try {
    for (const branch of BRANCHES) {
      const file = join(__dirname, `${branch.name}${suffix}.json`);
      if (existsSync(file)) continue;
      const { house, handle } = await branch.run();
      write(file, await handle.fetchHistory());
      const first = await firstRun(house.client.workflow.getHandle(handle.workflowId), handle);
      if (first !== null) write(file.replace('.json', '-first-run.json'), first);
      await house.close();
      process.stdout.write(`${branch.name}\n`);
    }
  } finally {
    await server.close();
  }
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** The run that a continued one started from; null when there was only one. */
async function firstRun(latest: WorkflowHandle, started: WorkflowHandle): Promise<History | null> {
  const first = (started as WorkflowHandle & { firstExecutionRunId?: string }).firstExecutionRunId;
  const { runId } = await latest.describe();
  if (first === undefined || first === runId) return null;
  return latest.client.getHandle(latest.workflowId, first).fetchHistory();
}

function write(file: string, history: History): void {
  writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history)))}\n`);
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});

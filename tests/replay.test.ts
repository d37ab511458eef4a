import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { createDataConverter } from '../activities/codec/converter';
import { BRANCHES } from './support/workflow-branches';
import { TEST_SECRET, workflowBundle } from './support/review-house';

const FOLDER = join(__dirname, 'histories');
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

test('every branch of the review workflows has a history, made by tests/histories/make.ts', () => {
  const names = BRANCHES.map((branch) => branch.name);
  expect(names.filter((name) => !files.some((file) => file.startsWith(name)))).toEqual([]);
});

test('histories of earlier versions replay without a difference', async () => {
  const histories = files.map((file) => ({
    workflowId: `replay/${file}`,
    history: historyFromJSON(JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))),
  }));
  const failed: string[] = [];
  const results = Worker.runReplayHistories(
    {
      workflowBundle: { codePath: await workflowBundle() },
      dataConverter: createDataConverter(TEST_SECRET),
      replayName: 'histories',
    },
    histories,
  );
  let replayed = 0;
  for await (const { workflowId, error } of results) {
    replayed += 1;
    if (error) failed.push(`${workflowId}: ${error.message}`);
  }
  expect(failed).toEqual([]);
  expect(replayed).toBe(files.length);
});

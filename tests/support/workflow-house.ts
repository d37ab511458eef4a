import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createDataConverter } from '../../activities/codec/converter';
import { connectTemporal } from '../../activities/temporal';
import { installRuntime } from '../../activities/worker';
import type { BatchActivities, InvoiceActivities, ReviewActivities } from '../../activities/types';
import type { CaseView, CommandResult, Queues, TakenBatch } from '../../workflows/messages';
import { testTemporal } from './env';
import { TEST_SECRET, workflowBundle } from './review-house';

export type MockActivities = {
  [K in keyof (BatchActivities & InvoiceActivities & ReviewActivities)]: (input: never) => Promise<unknown>;
};

/** A flow worker whose activities are the test's own: workflows alone, without Postgres. */
export interface WorkflowHouse {
  readonly client: Client;
  readonly queues: Queues;
  readonly close: () => Promise<void>;
}

export const TAKEN: TakenBatch = {
  batchId: '00000000-0000-4000-8000-00000000000b',
  lines: 10,
  subjects: { person: 7, 'doctor-day': 1, letter: 0, invoice: 3 },
};
export const RESULT: CommandResult = {
  taskId: '00000000-0000-4000-8000-000000000001',
  taskState: 'claimed',
  revision: 3,
  openTasks: 1,
  invoiceState: 'waiting',
};
export const caseView = (over: Partial<CaseView> = {}): CaseView => ({
  state: 'waiting',
  openTasks: 1,
  nextEscalationAt: null,
  ...over,
});

export async function openWorkflowHouse(activities: Partial<MockActivities>): Promise<WorkflowHouse> {
  installRuntime();
  const server = testTemporal();
  const queue = server.taskQueue('mock');
  const temporal = { address: server.address, namespace: server.namespace, secret: TEST_SECRET };
  const { client, close } = await connectTemporal(temporal);
  const connection = await NativeConnection.connect({ address: server.address });
  const standard: Partial<MockActivities> = {
    takeBatch: () => Promise.resolve(TAKEN),
    checkChunk: () => Promise.resolve({ lines: 1, findings: 0 }),
    routeChunk: () => Promise.resolve({ accepted: 1, decided: 0, queued: 0 }),
    closeChecking: () => Promise.resolve(),
    finishBatch: () => Promise.resolve(),
    loadCase: () => Promise.resolve(caseView()),
    issueAct: () => Promise.resolve({ number: null }),
    escalate: () => Promise.resolve(1),
    decide: () => Promise.resolve(RESULT),
    hold: () => Promise.resolve({ ...RESULT, taskState: 'on-hold' }),
    answerDocuments: () => Promise.resolve({ ...RESULT, taskState: 'open' }),
    reverse: () => Promise.resolve({ ...RESULT, taskId: null, taskState: null, revision: null }),
  };
  const worker = await Worker.create({
    connection,
    namespace: server.namespace,
    taskQueue: queue,
    dataConverter: createDataConverter(TEST_SECRET),
    workflowBundle: { codePath: await workflowBundle() },
    activities: { ...standard, ...activities },
  });
  const running = worker.run();
  return {
    client,
    queues: { flow: queue, review: queue },
    close: async () => {
      worker.shutdown();
      await running;
      await connection.close();
      await close();
    },
  };
}

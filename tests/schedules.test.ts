import { randomBytes } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { connectTemporal } from '../activities/temporal';
import type { TemporalClient } from '../activities/temporal';
import { prepareNamespace } from '../cli/runtime/temporal-namespace';
import { ensureSchedules, startEnsuringSchedules } from '../cli/schedules';
import { createTestDatabase, testTemporal } from './support/env';
import { startProcess } from './support/kill-house';
import { TEST_SECRET, workflowBundle } from './support/review-house';
import { until } from './support/until';

const ALL = ['batch-review', 'clinic-rating', 'feedback-survey', 'fraud-scoring', 'model-retraining', 'stat-review'];
const { address } = testTemporal();
const open: TemporalClient[] = [];
afterAll(() => Promise.all(open.map(({ close }) => close())));

/** A namespace of its own, as a new installation has it. */
async function newNamespace(): Promise<{ namespace: string; client: Client }> {
  const namespace = `medex-schedules-${randomBytes(4).toString('hex')}`;
  await prepareNamespace({ address, namespace, searchAttributes: {} });
  const temporal = await connectTemporal({ address, namespace, secret: TEST_SECRET });
  open.push(temporal);
  return { namespace, client: temporal.client };
}

async function schedulesOf(client: Client): Promise<string[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
  return ids.sort();
}

test('a flow worker alone, as docker-compose runs it, makes all Schedules', async () => {
  const { namespace, client } = await newNamespace();
  const database = await createTestDatabase();
  const worker = await startProcess(['worker', '--queues', 'medex-flow', '--bundle', await workflowBundle()], {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    MEDEX_SECRET: TEST_SECRET,
    LOG_LEVEL: 'error',
  });
  const ended = new Promise<number | null>((resolve) => {
    worker.once('exit', resolve);
  });
  try {
    await until(async () => (await schedulesOf(client)).length === ALL.length);
    expect(await schedulesOf(client)).toEqual(ALL);
    const { action, policies } = await client.schedule.getHandle('batch-review').describe();
    expect([action.workflowType, action.taskQueue, policies.overlap]).toEqual(['batchReview', 'medex-flow', 'SKIP']);
  } finally {
    worker.kill('SIGTERM');
    expect(await ended).toBe(0);
    await database.close();
  }
}, 90_000);

test('racing workers make each once, and a Schedule that people have paused stays paused', async () => {
  const { client } = await newNamespace();
  await Promise.all(Array.from({ length: 5 }, () => ensureSchedules(client)));
  await until(async () => (await schedulesOf(client)).length === ALL.length);
  await client.schedule.getHandle('batch-review').pause('audit week');
  await ensureSchedules(client);
  expect((await client.schedule.getHandle('batch-review').describe()).state).toMatchObject({ paused: true });
});

test('a server that refuses for a while is asked again, and a worker that ends does not wait for it', async () => {
  const made: string[] = [];
  let refusals = 2;
  const create = ({ scheduleId }: { scheduleId: string }): Promise<void> => {
    if (refusals-- > 0) return Promise.reject(new Error('unavailable'));
    made.push(scheduleId);
    return Promise.resolve();
  };
  const failures: unknown[] = [];
  const stop = startEnsuringSchedules(
    { schedule: { create } } as unknown as Client,
    (error) => failures.push(error),
    10,
  );
  await until(() => Promise.resolve(made.length === ALL.length));
  await stop();
  expect([failures.length, made.sort()]).toEqual([2, ALL]);

  refusals = Number.POSITIVE_INFINITY;
  const stopAtOnce = startEnsuringSchedules({ schedule: { create } } as unknown as Client, () => undefined);
  await stopAtOnce();
});

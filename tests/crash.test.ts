import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { newToken } from '../api/http/tokens';
import { createActivityDeps } from '../activities/deps';
import { createBatchActivities, createReviewActivities } from '../activities/batch-review';
import { connectTemporal } from '../activities/temporal';
import { prepareNamespace } from '../cli/runtime/temporal-namespace';
import { freePort } from '../cli/runtime/free-port';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { insertSession } from '../prisma/repositories/sessions';
import { CHECK_SCOPES, firstChunk, ROUTE_SCOPES, takeChunk } from '../workflows/lib/chunks';
import { batchWorkflowId, DEFAULT_TUNING } from '../workflows/messages';
import { addUser } from './support/api';
import { createTestDatabase, testTemporal } from './support/env';
import type { TestDatabase } from './support/env';
import { findingsOf, loadInsurer, TEST_SECRET, workflowBundle } from './support/review-house';
import { until } from './support/until';

const ROOT = join(__dirname, '..');
const LINES = 20_000;

let database: TestDatabase;
let calm: TestDatabase;
let pool: Pool;
let calmPool: Pool;
let bundle: string;
const namespace = `medex-crash-${randomBytes(4).toString('hex')}`;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  [database, calm] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const open = (url: string) => createPool({ connectionString: url, applicationName: 'medex-crash-test' });
  [pool, calmPool] = [open(database.url), open(calm.url)];
  await prepareNamespace({ address: testTemporal().address, namespace, searchAttributes: {} });
  bundle = await workflowBundle();
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([pool.end(), calmPool.end()]);
  await Promise.all([database.close(), calm.close()]);
});

/** One of our own processes, from the sources, ready to serve. */
async function startProcess(...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'cli', 'index.ts'), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: testTemporal().address,
      TEMPORAL_NAMESPACE: namespace,
      MEDEX_SECRET: TEST_SECRET,
      LOG_LEVEL: 'error',
    },
  });
  children.add(child);
  let words = '';
  child.stderr?.on('data', (part: Buffer) => (words += part.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new Error(`ended at start: ${words}`)));
  });
  return child;
}

const startWorker = () => startProcess('worker', '--queues', 'medex-flow,medex-review', '--bundle', bundle);
const startServer = (port: number) => startProcess('api', '--port', String(port));

async function killHard(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGKILL');
  await gone;
  children.delete(child);
}

const chunksDone = async (): Promise<number> =>
  (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM batch_chunk')).rows[0]!.n;

/** The open world and, under other invoice numbers, as many of its lines again as make the batch large enough. */
async function loadLarge(into: Pool): Promise<void> {
  await loadInsurer(into, undefined, (rows) => {
    const more = rows.slice(0, LINES - rows.length).map((row) => {
      const [clinic, no, ...rest] = row.split(',');
      return [clinic, `${no}-B`, ...rest].join(',');
    });
    return [...rows, ...more];
  });
}

/** The same batch without Temporal and without faults: what the other one has to come to. */
async function reviewCalmly(): Promise<void> {
  const deps = createActivityDeps(calmPool, '/nowhere');
  const flow = createBatchActivities(deps);
  const review = createReviewActivities(deps);
  const taken = (await flow.takeBatch({ businessKey: 'calm', selection: { kind: 'untaken' } }))!;
  for (const scopes of [CHECK_SCOPES, ROUTE_SCOPES]) {
    let cursor = firstChunk(scopes);
    for (let next = takeChunk(taken, DEFAULT_TUNING, scopes, cursor); next !== null;) {
      await (scopes === CHECK_SCOPES ? review.checkChunk(next.chunk) : review.routeChunk(next.chunk));
      cursor = next.next;
      next = takeChunk(taken, DEFAULT_TUNING, scopes, cursor);
    }
    if (scopes === CHECK_SCOPES) await flow.closeChecking({ batchId: taken.batchId });
  }
  await flow.finishBatch({ batchId: taken.batchId });
}

/** Everything that must not depend on crashes: counts that would show a thing done twice, and money to the kopeck. */
async function outcomeOf(of: Pool): Promise<object> {
  const rows = await of.query(
    `SELECT (SELECT count(*)::int FROM batch) AS batches, (SELECT count(*)::int FROM finding) AS findings,
       (SELECT count(*)::int FROM verdict) AS verdicts, (SELECT count(DISTINCT line_id)::int FROM verdict) AS decided,
       (SELECT count(*)::int FROM review_task) AS tasks, (SELECT count(*)::int FROM review_task_line) AS queued,
       (SELECT count(*)::int FROM review_act) AS acts, (SELECT count(*)::int FROM outbox) AS messages,
       (SELECT sum(billed_kopecks)::bigint FROM verdict WHERE active) AS billed,
       (SELECT sum(accepted_kopecks)::bigint FROM verdict WHERE active) AS accepted,
       (SELECT sum(reduced_kopecks)::bigint FROM verdict WHERE active) AS reduced,
       (SELECT sum(refused_kopecks)::bigint FROM verdict WHERE active) AS refused,
       (SELECT sum(patient_share_kopecks)::bigint FROM verdict WHERE active) AS share`,
  );
  return rows.rows[0] as object;
}

test('kill -9 of worker and API in the middle of a batch of 20,000 lines: same findings, nothing twice, no kopeck lost', async () => {
  await loadLarge(calmPool);
  await reviewCalmly();
  await loadLarge(pool);
  const lead = await addUser(pool, 'lead-expert');
  const { token, hash } = newToken('session');
  await insertSession(pool, { tokenHash: hash, userId: lead.id, maxHours: 1 });
  const port = await freePort();
  const key = randomUUID();
  const startBatch = async (): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/batches`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Idempotency-Key': key },
    });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { businessKey: string }).businessKey;
  };

  let [worker, api] = await Promise.all([startWorker(), startServer(port)]);
  const businessKey = await startBatch();
  await until(async () => (await chunksDone()) >= 1, 90_000);
  await Promise.all([killHard(worker), killHard(api)]);
  const afterFirst = await chunksDone();

  [worker, api] = await Promise.all([startWorker(), startServer(port)]);
  expect(await startBatch()).toBe(businessKey);
  await until(async () => (await chunksDone()) >= afterFirst + 3, 90_000);
  await killHard(worker);
  const midway = await pool.query<{ state: string }>('SELECT state FROM batch');
  expect(midway.rows.map((row) => row.state)).not.toContain('done');

  worker = await startWorker();
  const { client, close } = await connectTemporal({ address: testTemporal().address, namespace, secret: TEST_SECRET });
  await client.workflow.getHandle(batchWorkflowId(businessKey)).result();
  await close();
  await Promise.all([killHard(worker), killHard(api)]);

  const lines = await pool.query<{ n: number }>('SELECT line_count AS n FROM batch');
  expect(lines.rows).toEqual([{ n: LINES }]);
  expect(await findingsOf(pool)).toEqual(await findingsOf(calmPool));
  expect(await outcomeOf(pool)).toEqual(await outcomeOf(calmPool));
}, 300_000);

import type { Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { ENGINE_VERSION } from '../../activities/batch-review';
import { createActivityDeps } from '../../activities/deps';
import { assembleLetterActivities } from '../../activities/letters/assemble';
import { letterOutboxHandlers } from '../../activities/letters/background';
import { OUTBOX_HANDLERS, startOutboxRelay } from '../../activities/outbox-relay';
import { createCmsSigner } from '../../activities/signature/cms-rsa';
import { outboxState } from '../../prisma/repositories/outbox';
import { batchReview } from '../../workflows/batch-review';
import type { Queues } from '../../workflows/messages';
import { STANDARD_TIMES } from '../../activities/letters/deps';
import type { LetterTimes } from '../../activities/letters/deps';
import { createCurrentSnapshot } from '../../prisma/facts/current-snapshot';
import { connectTemporal } from '../../activities/temporal';
import { installRuntime, startWorkers } from '../../activities/worker';
import type { RunningWorkers } from '../../activities/worker';
import { loadWorld, WORLD_PARTS } from '../../activities/intake/load-world';
import { createLetterReview } from '../../prisma/facts/requested-review';
import { publishPack } from '../../prisma/repositories/rule-sets';
import { startTestApi } from './api';
import type { TestApi } from './api';
import { testTemporal } from './env';
import { workflowBundle } from './review-house';

/** Fixed: histories that were recorded with it are replayed for ever. */
export const LETTERS_SECRET = 'letters-test-secret';
const SECRET = LETTERS_SECRET;

export interface LettersBench {
  readonly api: TestApi;
  readonly queue: string;
  readonly temporal: Client;
  /** The API's clock: what a request is stamped with. */
  readonly clock: { now: () => Date };
  readonly queues: Queues;
  /** Delivers everything that waits in the outbox: documents, uses, workflow starts. */
  readonly deliver: () => Promise<void>;
  /** Stops the worker and starts another one: in-memory state is gone. */
  readonly restartWorker: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * API, worker, Postgres with the demo world (no invoices) and Temporal: everything that a letter lives on.
 * @param on another Temporal than that of the run, and the queue to serve there
 */
export async function startLetters(
  times: LetterTimes = STANDARD_TIMES,
  on: { address: string; namespace: string; queue: string } | null = null,
): Promise<LettersBench> {
  installRuntimeOnce();
  const { address, namespace } = on ?? testTemporal();
  const queue = on?.queue ?? testTemporal().taskQueue('letters');
  const queues = { flow: queue, review: `${queue}-review` };
  const temporal = await connectTemporal({ address, namespace, secret: SECRET });
  const bundle = { codePath: await workflowBundle() };
  const pending: { pool?: TestApi['pool'] } = {};
  const deps = () => createActivityDeps(pending.pool!, '/nonexistent');
  const clock = { now: () => new Date() };
  const api = await startTestApi({
    config: { WEBHOOK_ALLOW_HTTP: true },
    now: () => clock.now(),
    temporal: temporal.client,
    letterQueue: queue,
    queues,
    reviewRequested: (db, input) => reviewOf()(db, input),
  });
  pending.pool = api.pool;
  let review: ReturnType<typeof createLetterReview> | null = null;
  const reviewOf = () => (review ??= createLetterReview(createCurrentSnapshot(deps().snapshots, ENGINE_VERSION)));
  const world = join(__dirname, '../../demo/world');
  await loadWorld(
    { pool: api.pool },
    world,
    undefined,
    WORLD_PARTS.filter((part) => part.name !== 'invoices'),
  );
  const data = JSON.parse(readFileSync(join(world, 'guidelines.json'), 'utf8')) as { pack: string; version: string };
  await publishPack(api.pool, { name: data.pack, version: data.version, data });

  const start = (): Promise<RunningWorkers> => {
    const activityDeps = deps();
    const letters = assembleLetterActivities({ ...activityDeps, engineVersion: ENGINE_VERSION, times });
    const setup = { address, namespace, secret: SECRET, deps: activityDeps, workflowBundle: bundle };
    return startWorkers({ ...setup, queues, extra: { flow: letters }, drainMs: 500 });
  };
  let workers = await start();
  const keyDir = await mkdtemp(join(tmpdir(), 'medex-letters-'));
  const lateAct = assembleLetterActivities({ ...deps(), engineVersion: ENGINE_VERSION, times }).actOnLetter;
  const signer = await createCmsSigner(keyDir);
  const issuing = { pool: api.pool, signer, publicUrl: 'https://letters.example', lateAct };
  const handlers = { ...OUTBOX_HANDLERS, ...letterOutboxHandlers(issuing) };
  const relay = startOutboxRelay({ pool: api.pool, client: temporal.client, queues, handlers });
  return {
    api,
    queue,
    queues,
    temporal: temporal.client,
    clock,
    deliver: async () => {
      while ((await outboxState(api.pool)).waiting > 0) await sleep(50);
    },
    restartWorker: async () => {
      await workers.close();
      workers = await start();
    },
    close: async () => {
      await relay.close();
      await workers.close();
      await rm(keyDir, { recursive: true });
      await temporal.close();
      await api.close();
    },
  };
}

let installed = false;
function installRuntimeOnce(): void {
  if (!installed) installRuntime();
  installed = true;
}

/** Reviews what has been taken in, through the batch workflow. */
export async function reviewUntaken({ temporal, queue, queues }: LettersBench): Promise<void> {
  await temporal.workflow.execute(batchReview, {
    workflowId: `batch-review/letters-${randomUUID()}`,
    taskQueue: queue,
    args: [{ selection: { kind: 'untaken' }, queues }],
  });
}

/** A logger that says nothing. */
export const QUIET = { log: noop, trace: noop, debug: noop, info: noop, warn: noop, error: noop };
function noop(): void {}

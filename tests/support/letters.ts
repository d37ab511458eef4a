import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { ENGINE_VERSION } from '../../activities/batch-review';
import { createActivityDeps } from '../../activities/deps';
import { assembleLetterActivities } from '../../activities/letters/assemble';
import { STANDARD_TIMES } from '../../activities/letters/deps';
import type { LetterTimes } from '../../activities/letters/deps';
import { createCurrentSnapshot } from '../../activities/review/current-snapshot';
import { connectTemporal } from '../../activities/temporal';
import { installRuntime, startWorkers } from '../../activities/worker';
import type { RunningWorkers } from '../../activities/worker';
import { loadWorld } from '../../activities/intake/load-world';
import { createLetterReview } from '../../prisma/facts/requested-review';
import { publishPackFile } from './packs';
import { startTestApi } from './api';
import type { TestApi } from './api';
import { testTemporal } from './env';

const SECRET = 'letters-test-secret';

export interface LettersBench {
  readonly api: TestApi;
  readonly queue: string;
  /** Stops the worker and starts another one: in-memory state is gone. */
  readonly restartWorker: () => Promise<void>;
  readonly close: () => Promise<void>;
}

let bundle: Promise<WorkflowBundleWithSourceMap> | null = null;

/** API, worker, Postgres with the demo world (no invoices) and Temporal: everything that a letter lives on. */
export async function startLetters(times: LetterTimes = STANDARD_TIMES): Promise<LettersBench> {
  installRuntimeOnce();
  const { address, namespace, taskQueue } = testTemporal();
  const queue = taskQueue('letters');
  const temporal = await connectTemporal({ address, namespace, secret: SECRET });
  bundle ??= bundleWorkflowCode({ workflowsPath: join(__dirname, '../../workflows/index.ts'), logger: QUIET });
  const workflowBundle = await bundle;
  const pending: { pool?: TestApi['pool'] } = {};
  const deps = () => createActivityDeps(pending.pool!, '/nonexistent');
  const api = await startTestApi({
    temporal: temporal.client,
    letterQueue: queue,
    reviewRequested: (db, input) => reviewOf()(db, input),
  });
  pending.pool = api.pool;
  let review: ReturnType<typeof createLetterReview> | null = null;
  const reviewOf = () => (review ??= createLetterReview(createCurrentSnapshot(deps().snapshots, ENGINE_VERSION)));
  await loadWorld({ pool: api.pool }, join(__dirname, '../../demo/world'));
  await publishPackFile(api.pool, join(__dirname, '../../demo/world/guidelines.json'));

  const start = (): Promise<RunningWorkers> => {
    const activityDeps = deps();
    const letters = assembleLetterActivities({ ...activityDeps, engineVersion: ENGINE_VERSION, times });
    const setup = { address, namespace, secret: SECRET, deps: activityDeps, workflowBundle };
    return startWorkers({ ...setup, queues: { flow: queue }, extra: { flow: letters }, drainMs: 500 });
  };
  let workers = await start();
  return {
    api,
    queue,
    restartWorker: async () => {
      await workers.close();
      workers = await start();
    },
    close: async () => {
      await workers.close();
      await temporal.close();
      await api.close();
    },
  };
}

const QUIET = { log: noop, trace: noop, debug: noop, info: noop, warn: noop, error: noop };
function noop(): void {}

let installed = false;
function installRuntimeOnce(): void {
  if (!installed) installRuntime(QUIET);
  installed = true;
}

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createActivityDeps } from '../../activities/deps';
import { assembleFeedback } from '../../activities/fraud-investigation/assemble';
import type { SurveyMessage } from '../../activities/feedback-survey/channel';
import { loadWorld } from '../../activities/intake/load-world';
import { OUTBOX_HANDLERS, startOutboxRelay } from '../../activities/outbox-relay';
import { connectTemporal } from '../../activities/temporal';
import { installRuntime, startWorkers } from '../../activities/worker';
import type { CaseTimes } from '../../models/investigation/acts';
import { outboxState } from '../../prisma/repositories/outbox';
import { publishPack } from '../../prisma/repositories/rule-sets';
import type { Queues } from '../../workflows/messages';
import { startTestApi } from './api';
import type { TestApi } from './api';
import { testTemporal } from './env';
import { workflowBundle } from './review-house';

export interface FeedbackHouse {
  readonly api: TestApi;
  readonly temporal: Client;
  readonly queues: Queues;
  /** Messages in the file outbox. */
  readonly messages: () => Promise<SurveyMessage[]>;
  /** Waits until nothing is left in the outbox. */
  readonly deliver: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export const DEMO_WORLD = join(__dirname, '../../demo/world');
/** Fixed: histories that were recorded with it are replayed for ever. */
export const FEEDBACK_SECRET = 'feedback-test-secret';
let installed = false;

/** API, workers, Temporal and Postgres with the demo world: everything that surveys and cases live on. */
export async function openFeedbackHouse(caseTimes?: CaseTimes): Promise<FeedbackHouse> {
  if (!installed) installRuntime();
  installed = true;
  const { address, namespace, taskQueue } = testTemporal();
  const queue = taskQueue('feedback');
  const queues = { flow: queue, review: `${queue}-review` };
  const secret = FEEDBACK_SECRET;
  const spoolDir = await mkdtemp(join(tmpdir(), 'medex-feedback-'));
  const temporal = await connectTemporal({ address, namespace, secret });
  const api = await startTestApi({ temporal: temporal.client, queues, config: { MEDEX_SPOOL_DIR: spoolDir } });
  await loadWorld({ pool: api.pool }, DEMO_WORLD);
  const data = JSON.parse(await readFile(join(DEMO_WORLD, 'guidelines.json'), 'utf8')) as {
    pack: string;
    version: string;
  };
  await publishPack(api.pool, { name: data.pack, version: data.version, data });
  const { MEDEX_SECRET } = api.deps.config;
  const feature = assembleFeedback({ pool: api.pool, publicUrl: api.url, secret: MEDEX_SECRET, spoolDir, caseTimes });
  const workers = await startWorkers({
    address,
    namespace,
    secret,
    queues,
    deps: createActivityDeps(api.pool, spoolDir),
    extra: { flow: feature.flow, review: feature.review },
    workflowBundle: { codePath: await workflowBundle() },
    drainMs: 500,
  });
  const handlers = { ...OUTBOX_HANDLERS, ...feature.handlers };
  const failures: unknown[] = [];
  const relay = startOutboxRelay({
    pool: api.pool,
    client: temporal.client,
    queues,
    handlers,
    onError: (_topic, error) => failures.push(error),
  });
  return {
    api,
    temporal: temporal.client,
    queues,
    messages: async () => {
      const folder = join(spoolDir, 'survey-outbox');
      const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
      return Promise.all(
        files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as SurveyMessage),
      );
    },
    deliver: async () => {
      while ((await outboxState(api.pool)).waiting > 0) {
        if (failures.length > 0) throw failures[0];
        await sleep(50);
      }
    },
    close: async () => {
      await relay.close();
      await workers.close();
      await temporal.close();
      await api.close();
      await rm(spoolDir, { recursive: true });
    },
  };
}

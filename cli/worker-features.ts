import { ENGINE_VERSION } from '../activities/batch-review';
import type { ActivityDeps } from '../activities/deps';
import { assembleLetterActivities } from '../activities/letters/assemble';
import { assembleFeedback } from '../activities/fraud-investigation/assemble';
import { letterOutboxHandlers, startWebhookSender } from '../activities/letters/background';
import { createRetrainingFlowActivities, createRetrainingMlActivities } from '../activities/model-retraining';
import { OUTBOX_HANDLERS } from '../activities/outbox-relay';
import type { OutboxHandler } from '../activities/outbox-relay';
import { chooseSigner } from '../activities/signature/choose';
import type { QueueKind } from '../activities/worker';
import type { Config } from '../config';
import { stepLetterLanes } from '../prisma/facts/letter-lanes';

/** What features beside invoice review add to a worker process. */
export interface WorkerFeatures {
  /** Activities by queue. */
  readonly extra: Readonly<Partial<Record<QueueKind, object>>>;
  readonly handlers: Readonly<Record<string, OutboxHandler>>;
  /** Starts what runs beside the queues; the result stops it. Only the flow worker calls it. */
  readonly startLoops: (onError: (error: unknown) => void) => () => Promise<void>;
}

/** One list of features: each adds its activities, outbox topics and loops here. */
export async function assembleFeatures(config: Config, deps: ActivityDeps): Promise<WorkerFeatures> {
  const letters = assembleLetterActivities({ ...deps, engineVersion: ENGINE_VERSION });
  const signer = await chooseSigner({
    kind: config.SIGNER,
    keyDir: config.MEDEX_KEY_DIR,
    ...(config.SIGNER_GOST_KEY && config.SIGNER_GOST_CERTIFICATE
      ? { gost: { keyPath: config.SIGNER_GOST_KEY, certificatePath: config.SIGNER_GOST_CERTIFICATE } }
      : {}),
    ...(config.SIGNER_URL && config.SIGNER_TOKEN
      ? { external: { url: config.SIGNER_URL, token: config.SIGNER_TOKEN } }
      : {}),
  });
  const issuing = { pool: deps.pool, signer, publicUrl: config.PUBLIC_URL, lateAct: letters.actOnLetter };
  const feedback = assembleFeedback({
    pool: deps.pool,
    publicUrl: config.PUBLIC_URL,
    secret: config.MEDEX_SECRET,
    spoolDir: config.MEDEX_SPOOL_DIR,
    channels: config,
  });
  const retraining = { pool: deps.pool, dataDir: deps.spoolDir, gateLimits: config.GATE_LIMITS };
  return {
    extra: {
      flow: { ...letters, ...feedback.flow, ...createRetrainingFlowActivities(retraining) },
      review: feedback.review,
      ml: createRetrainingMlActivities(retraining),
    },
    handlers: { ...OUTBOX_HANDLERS, ...letterOutboxHandlers(issuing), ...feedback.handlers },
    startLoops: (onError) => {
      const webhooks = startWebhookSender({ pool: deps.pool, onError });
      const lanes = every(3_600_000, () => stepLetterLanes(deps.pool, { clinicId: null, now: new Date() }), onError);
      return async () => {
        clearInterval(lanes);
        await webhooks.close();
      };
    },
  };
}

/** Now and again until cleared; a failure is told and the next turn comes all the same. */
function every(ms: number, work: () => Promise<unknown>, onError: (error: unknown) => void): NodeJS.Timeout {
  const turn = (): void => void work().catch(onError);
  turn();
  return setInterval(turn, ms).unref();
}

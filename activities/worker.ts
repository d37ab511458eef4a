import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { WorkerOptions, WorkflowBundleOption } from '@temporalio/worker';
import { FLOW_QUEUE, ML_QUEUE, REVIEW_QUEUE } from '../workflows/messages';
import { createDataConverter } from './codec/converter';
import { createFlowActivities, createReviewQueueActivities } from './index';
import type { ActivityDeps } from './deps';
import type { TemporalOptions } from './temporal';

export const QUEUE_KINDS = { flow: FLOW_QUEUE, review: REVIEW_QUEUE, ml: ML_QUEUE } as const;
export type QueueKind = keyof typeof QUEUE_KINDS;

export interface WorkerSetup extends TemporalOptions {
  readonly deps: ActivityDeps;
  /** Kind of work by the name of its queue: `{ flow: 'medex-flow' }`; tests give names of their own. */
  readonly queues: Readonly<Partial<Record<QueueKind, string>>>;
  /** Activities of the queue `medex-ml`, and more for `medex-flow`. */
  readonly extra?: Readonly<Partial<Record<QueueKind, object>>>;
  readonly workflowBundle?: WorkflowBundleOption;
  /** How long a worker that was told to stop waits for activities in progress. */
  readonly drainMs?: number;
}

export interface RunningWorkers {
  /** Rejects when a worker fails. */
  readonly ended: Promise<void>;
  /** Stops polling, lets what runs end, closes the connection. Safe to call twice. */
  readonly close: () => Promise<void>;
}

/**
 * Sizes for two cores: workflow tasks are short, flow activities wait for Postgres, chunks use the processor. Two
 * chunks per process: while one computes, the other one reads.
 */
const SIZES: Readonly<Record<QueueKind, Partial<WorkerOptions>>> = {
  flow: {
    maxConcurrentWorkflowTaskExecutions: 20,
    maxConcurrentActivityTaskExecutions: 16,
    maxConcurrentLocalActivityExecutions: 16,
    maxConcurrentWorkflowTaskPolls: 4,
    maxConcurrentActivityTaskPolls: 2,
    maxCachedWorkflows: 300,
  },
  review: { maxConcurrentActivityTaskExecutions: 2, maxConcurrentActivityTaskPolls: 1 },
  ml: { maxConcurrentActivityTaskExecutions: 1, maxConcurrentActivityTaskPolls: 1 },
};

/** Starts one worker per queue in this process, over one connection. */
export async function startWorkers(setup: WorkerSetup): Promise<RunningWorkers> {
  const connection = await NativeConnection.connect({ address: setup.address });
  const activities: Readonly<Record<QueueKind, object>> = {
    flow: { ...createFlowActivities(setup.deps), ...setup.extra?.flow },
    review: { ...createReviewQueueActivities(setup.deps), ...setup.extra?.review },
    ml: setup.extra?.ml ?? {},
  };
  const kinds = (Object.keys(setup.queues) as QueueKind[]).filter(
    (kind) => kind !== 'ml' || Object.keys(activities.ml).length > 0,
  );
  const workers: Worker[] = [];
  let release = (): void => undefined;
  for (const kind of kinds) {
    workers.push(
      await Worker.create({
        connection,
        namespace: setup.namespace,
        taskQueue: setup.queues[kind]!,
        dataConverter: createDataConverter(setup.secret),
        activities: activities[kind],
        ...(kind === 'flow' ? workflowCode(setup.workflowBundle) : {}),
        shutdownGraceTime: setup.drainMs ?? 10_000,
        shutdownForceTime: (setup.drainMs ?? 10_000) + 5_000,
        ...SIZES[kind],
      }),
    );
  }
  // A process that serves nothing yet (no models on `medex-ml`) waits like the others instead of ending at once.
  const idle = workers.length === 0 ? [new Promise<void>((resolve) => (release = resolve))] : [];
  const ended = Promise.all([...workers.map((worker) => worker.run()), ...idle]).then(() => undefined);
  // `close` hears of it too; without this the process would die before somebody asks.
  ended.catch(() => undefined);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    release();
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await ended.catch(() => undefined);
    await connection.close();
  };
  return { ended, close: () => (closing ??= close()) };
}

/** The bundle that `npm run build` made; without one (running from sources) the worker makes its own, which takes seconds. */
function workflowCode(given: WorkflowBundleOption | undefined): Partial<WorkerOptions> {
  const codePath = join(__dirname, '..', 'workflow-bundle.js');
  if (given !== undefined) return { workflowBundle: given };
  return existsSync(codePath) ? { workflowBundle: { codePath } } : { workflowsPath: require.resolve('../workflows') };
}

/** One runtime per process: warnings only, and no signal handlers of its own (the command line has them). */
export function installRuntime(): void {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('WARN') });
}

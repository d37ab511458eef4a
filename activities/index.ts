import { createBatchActivities, createReviewActivities, ENGINE_VERSION } from './batch-review';
import type { ActivityDeps } from './deps';
import { withTypedFailures } from './failures';
import { createIntakeActivities } from './intake';
import { createInvoiceActivities } from './invoice-review';
import { createLibraryFlowActivities, createLibraryReviewActivities } from './library';
import { assembleLetterActivities } from './letters/assemble';

/** Activities of the queue `medex-flow`: short transactions and the intake of files. */
export function createFlowActivities(deps: ActivityDeps) {
  return {
    ...withTypedFailures({
      ...createBatchActivities(deps),
      ...createInvoiceActivities(deps),
      ...createIntakeActivities(deps),
      ...createLibraryFlowActivities(deps),
    }),
    ...assembleLetterActivities({ pool: deps.pool, snapshots: deps.snapshots, engineVersion: ENGINE_VERSION }),
  };
}

/** Activities of the queue `medex-review`: chunks. */
export function createReviewQueueActivities(deps: ActivityDeps) {
  return withTypedFailures({ ...createReviewActivities(deps), ...createLibraryReviewActivities(deps) });
}

import { createBatchActivities, createReviewActivities } from './batch-review';
import type { ActivityDeps } from './deps';
import { withTypedFailures } from './failures';
import { createIntakeActivities } from './intake';
import { createInvoiceActivities } from './invoice-review';

/** Activities of the queue `medex-flow`: short transactions and the intake of files. */
export function createFlowActivities(deps: ActivityDeps) {
  return withTypedFailures({
    ...createBatchActivities(deps),
    ...createInvoiceActivities(deps),
    ...createIntakeActivities(deps),
  });
}

/** Activities of the queue `medex-review`: chunks. */
export function createReviewQueueActivities(deps: ActivityDeps) {
  return withTypedFailures(createReviewActivities(deps));
}

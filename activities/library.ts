import type { ActivityDeps } from './deps';
import { createDisputeActivities } from './dispute';
import { createActivationActivities } from './rule-activation';
import { createStatReviewActivities } from './stat-review';
import { createShadowChunkActivities, createShadowFlowActivities } from './shadow-run';

/** The library's activities on the queue of short steps. */
export function createLibraryFlowActivities(deps: ActivityDeps) {
  return {
    ...createShadowFlowActivities(deps),
    ...createActivationActivities(deps),
    ...createDisputeActivities(deps),
    ...createStatReviewActivities(deps),
  };
}

/** And on the queue of chunks. */
export function createLibraryReviewActivities(deps: ActivityDeps) {
  return createShadowChunkActivities(deps);
}

export { createRetrainingFlowActivities } from './flow';
export type { RetrainingFlowActivities } from './flow';
export { createRetrainingMlActivities } from './ml';
export type { RetrainingMlActivities } from './ml';
export type { RetrainingDeps } from './deps';

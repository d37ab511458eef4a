/** Exports are the registered workflow types. */
export { batchReview } from './batch-review';
export { clinicRating } from './clinic-rating';
export { feedbackSurvey } from './feedback-survey';
export { fraudInvestigation } from './fraud-investigation';
export { fraudScoring } from './fraud-scoring';
export { guaranteeLetter } from './guarantee-letter';
export { invoiceReview } from './invoice-review';
export { modelRetraining } from './model-retraining';
export { registryIntake } from './registry-intake';
export { ruleActivation } from './rule-activation';
export { shadowRun } from './shadow-run';
export { disputeCase } from './dispute';
export { statReview } from './stat-review';

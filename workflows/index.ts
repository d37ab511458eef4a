/** Exports are the registered workflow types. */
export { batchReview } from './batch-review';
export { invoiceReview } from './invoice-review';
export { guaranteeLetter } from './guarantee-letter';

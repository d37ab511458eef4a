import type { createBatchActivities, createReviewActivities } from './batch-review';
import type { createInvoiceActivities } from './invoice-review';

/** What workflows may know of activities: their types. Split by the queue that serves them. */
export type BatchActivities = ReturnType<typeof createBatchActivities>;
export type InvoiceActivities = ReturnType<typeof createInvoiceActivities>;
export type ReviewActivities = ReturnType<typeof createReviewActivities>;

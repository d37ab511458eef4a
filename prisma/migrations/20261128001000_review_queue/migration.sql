-- One index for each order of the experts' queue, with the columns as its keyset compares them: a page is read, not sorted.
DROP INDEX "review_task_queue_idx";
CREATE INDEX "review_task_by_priority_idx" ON "review_task" ((-"priority"), (-"at_risk_kopecks"), "deadline", "id")
  WHERE "state" IN ('open', 'claimed', 'on-hold');
CREATE INDEX "review_task_by_risk_idx" ON "review_task" ((-"at_risk_kopecks"), "deadline", "id")
  WHERE "state" IN ('open', 'claimed', 'on-hold');
CREATE INDEX "review_task_by_deadline_idx" ON "review_task" ("deadline", (-"at_risk_kopecks"), "id")
  WHERE "state" IN ('open', 'claimed', 'on-hold');

-- What clinics still owe, oldest first.
CREATE INDEX "document_request_owed_idx" ON "document_request" ("requested_at", "id") WHERE "answered_at" IS NULL;

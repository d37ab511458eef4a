-- Four eyes: what the first doctor proposed, and whether the two disagreed.
ALTER TABLE "letter_request" ADD COLUMN "proposal" JSONB, ADD COLUMN "awaits_lead" BOOLEAN NOT NULL DEFAULT false;
-- The trusted lane's after-sample: what the doctor found, once.
ALTER TABLE "letter_request" ADD COLUMN "sample_result" TEXT, ADD COLUMN "sampled_at" TIMESTAMPTZ(3);
ALTER TABLE "letter_request" ADD CONSTRAINT "letter_request_sample_check" CHECK ("sample_result" IS NULL OR ("sampled" AND "sample_result" IN ('agreed', 'overturned')));
-- When a lost lane may be earned again.
ALTER TABLE "trusted_lane" ADD COLUMN "quarantine_until" DATE;
CREATE INDEX "letter_request_sample_idx" ON "letter_request" ("submitted_at") WHERE "sampled" AND "sample_result" IS NULL;

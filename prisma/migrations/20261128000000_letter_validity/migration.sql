-- How long a promise stands: the contract's policy, per service where it says so. Kept with the line as it was judged, so
-- that a later version of the policy changes nothing that is under way. Null: judged before this was kept.
ALTER TABLE "letter_policy" ADD COLUMN "validity_rules" JSONB NOT NULL DEFAULT '[]';
ALTER TABLE "letter_request_line" ADD COLUMN "validity_days" INTEGER;

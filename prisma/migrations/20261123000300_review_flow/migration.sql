-- What the batch review and the expert queue need besides the vocabulary.

-- Lines of versions up to the watermark are the batch and its history; whatever arrives later belongs to a later batch.
ALTER TABLE "batch" ADD COLUMN "seq" BIGSERIAL NOT NULL;
ALTER TABLE "batch" ADD COLUMN "version_watermark" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "batch" ADD COLUMN "person_count" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "batch" ADD COLUMN "doctor_day_count" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "batch" ADD COLUMN "letter_count" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "batch" ADD COLUMN "error_code" TEXT;
CREATE UNIQUE INDEX "batch_seq_key" ON "batch"("seq");
-- `day`: of a doctor-day the day itself, of a person or letter the first day whose lines the batch may change.
ALTER TABLE "batch_subject" DROP CONSTRAINT "batch_subject_scope_check";
ALTER TABLE "batch_subject" ADD CONSTRAINT "batch_subject_scope_check" CHECK ("scope" IN ('person', 'doctor-day', 'letter', 'invoice'));

-- The clock of a task as models/calendar.ts keeps it; `deadline` is its due instant, for sorting.
ALTER TABLE "review_task" ADD COLUMN "clock" JSONB;
ALTER TABLE "review_task" ADD COLUMN "escalate_at" TIMESTAMPTZ(3);
CREATE INDEX "review_task_queue_idx" ON "review_task" ("at_risk_kopecks" DESC, "deadline", "id") WHERE "state" IN ('open', 'claimed', 'on-hold');
CREATE INDEX "review_task_version_id_idx" ON "review_task" ("version_id");

-- A reversal after the act issues a supplement. The PDF of an act that no person decided is rendered when first asked for.
ALTER TABLE "review_act" ADD COLUMN "supplement_no" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "review_act" ALTER COLUMN "pdf" DROP NOT NULL;
ALTER TABLE "review_act" ALTER COLUMN "pdf_sha256" DROP NOT NULL;
ALTER TABLE "review_act" ADD CONSTRAINT "review_act_pdf_check" CHECK (("pdf" IS NULL) = ("pdf_sha256" IS NULL));
DROP INDEX "review_act_version_id_key";
CREATE UNIQUE INDEX "review_act_version_id_supplement_no_key" ON "review_act"("version_id", "supplement_no");
-- An issued act is never changed: only its rendering is filled in, once.
CREATE FUNCTION "keep_act"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'issued acts are never deleted' USING ERRCODE = 'restrict_violation'; END IF;
  IF OLD."pdf" IS NULL AND to_jsonb(OLD) - 'pdf' - 'pdf_sha256' = to_jsonb(NEW) - 'pdf' - 'pdf_sha256' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'an issued act is never changed: issue a supplement' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "review_act_keep" BEFORE UPDATE OR DELETE ON "review_act" FOR EACH ROW EXECUTE FUNCTION "keep_act"();

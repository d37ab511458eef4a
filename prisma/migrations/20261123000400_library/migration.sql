-- The guideline library as a service: lives of packs and expert tables, shadow runs, replay, disputes, samples, alerts.

-- Lives of packs. `history` is models/library/lifecycle.ts, step by step; `replaces_*` is what one step back restores.
ALTER TABLE "guideline_pack" ADD COLUMN "authors" UUID[] DEFAULT ARRAY[]::UUID[];
ALTER TABLE "guideline_pack" ADD COLUMN "history" JSONB NOT NULL DEFAULT '[]';
ALTER TABLE "guideline_pack" ADD COLUMN "revision" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE "guideline_pack" ADD COLUMN "replaces_id" UUID;
ALTER TABLE "guideline_pack" ADD COLUMN "replaces_until" DATE;
ALTER TABLE "guideline_pack" ADD COLUMN "reverted_at" TIMESTAMPTZ(3);

CREATE TABLE "decision_table" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'draft',
    "effective_from" DATE,
    "effective_to" DATE,
    "sha256" CHAR(64) NOT NULL,
    "data" JSONB NOT NULL,
    "created_by" UUID,
    "reviewed_by" UUID,
    "published_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "published_at" TIMESTAMPTZ(3),
    "authors" UUID[] DEFAULT ARRAY[]::UUID[],
    "history" JSONB NOT NULL DEFAULT '[]',
    "revision" INTEGER NOT NULL DEFAULT 1,
    "replaces_id" UUID,
    "replaces_until" DATE,
    "reverted_at" TIMESTAMPTZ(3),
    CONSTRAINT "decision_table_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "decision_table_name_version_key" ON "decision_table"("name", "version");

CREATE TABLE "shadow_run" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "kind" TEXT NOT NULL,
    "candidate_id" UUID NOT NULL,
    "candidate_name" TEXT NOT NULL,
    "candidate_version" TEXT NOT NULL,
    "candidate_sha256" CHAR(64) NOT NULL,
    "candidate" JSONB NOT NULL,
    "baseline_rule_set" TEXT,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "months" INTEGER NOT NULL,
    "from_day" DATE,
    "to_day" DATE,
    "version_watermark" INTEGER NOT NULL DEFAULT 0,
    "person_count" INTEGER NOT NULL DEFAULT 0,
    "doctor_day_count" INTEGER NOT NULL DEFAULT 0,
    "result" JSONB,
    "error_code" TEXT,
    "started_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "shadow_run_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "shadow_run_candidate_id_idx" ON "shadow_run"("candidate_id");
CREATE INDEX "shadow_run_created_at_id_idx" ON "shadow_run"("created_at", "id");
CREATE TABLE "shadow_subject" (
    "run_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "subject_id" INTEGER NOT NULL,
    "day" DATE,
    CONSTRAINT "shadow_subject_pkey" PRIMARY KEY ("run_id", "scope", "ordinal")
);
CREATE TABLE "shadow_chunk" (
    "run_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    "length" INTEGER NOT NULL,
    "result" JSONB NOT NULL,
    "finished_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "shadow_chunk_pkey" PRIMARY KEY ("run_id", "scope", "offset")
);
CREATE TABLE "shadow_line" (
    "run_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "line_id" BIGINT NOT NULL,
    "codes_added" TEXT[],
    "codes_removed" TEXT[],
    "risk_before_kopecks" BIGINT NOT NULL,
    "risk_after_kopecks" BIGINT NOT NULL,
    "doctor_kind" TEXT,
    CONSTRAINT "shadow_line_pkey" PRIMARY KEY ("run_id", "scope", "line_id")
);

CREATE TABLE "dispute" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "version_id" INTEGER NOT NULL,
    "act_id" UUID NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "hub_id" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "filed_by" UUID NOT NULL,
    "filed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "filing_deadline" TIMESTAMPTZ(3) NOT NULL,
    "clock" JSONB NOT NULL,
    "deadline" TIMESTAMPTZ(3) NOT NULL,
    "escalate_at" TIMESTAMPTZ(3),
    "escalated_at" TIMESTAMPTZ(3),
    "decided_at" TIMESTAMPTZ(3),
    "revision" INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT "dispute_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "dispute_version_id_idx" ON "dispute"("version_id");
CREATE INDEX "dispute_state_deadline_idx" ON "dispute"("state", "deadline");
CREATE TABLE "dispute_line" (
    "dispute_id" UUID NOT NULL,
    "line_id" BIGINT NOT NULL,
    "verdict_id" BIGINT NOT NULL,
    "first_doctors" UUID[] DEFAULT ARRAY[]::UUID[],
    "rules" TEXT[],
    "claim" TEXT NOT NULL,
    "cut_kopecks" BIGINT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "decided_by" UUID,
    "decided_by_name" TEXT,
    "decided_at" TIMESTAMPTZ(3),
    "note" TEXT,
    "returned_kopecks" BIGINT NOT NULL DEFAULT 0,
    "new_verdict_id" BIGINT,
    "request_id" TEXT,
    CONSTRAINT "dispute_line_pkey" PRIMARY KEY ("dispute_id", "line_id")
);
CREATE UNIQUE INDEX "dispute_line_verdict_id_key" ON "dispute_line"("verdict_id");
CREATE INDEX "dispute_line_line_id_idx" ON "dispute_line"("line_id");
CREATE TABLE "dispute_document" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "dispute_id" UUID NOT NULL,
    "file_name" TEXT NOT NULL,
    "media_type" TEXT NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "content" BYTEA NOT NULL,
    "uploaded_by" UUID NOT NULL,
    "uploaded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "dispute_document_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "dispute_document_dispute_id_sha256_key" ON "dispute_document"("dispute_id", "sha256");

CREATE TABLE "stat_run" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "key" TEXT NOT NULL,
    "from_day" DATE NOT NULL,
    "to_day" DATE NOT NULL,
    "lines" INTEGER NOT NULL,
    "alerts" INTEGER NOT NULL,
    "tasks_raised" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "stat_run_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "stat_run_key_key" ON "stat_run"("key");
CREATE TABLE "stat_alert" (
    "id" BIGSERIAL NOT NULL,
    "run_id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "subject_kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "diagnosis" TEXT,
    "service" TEXT,
    "comparison" JSONB NOT NULL,
    "excess_kopecks" BIGINT NOT NULL,
    "explanation_ru" TEXT NOT NULL,
    "explanation_en" TEXT NOT NULL,
    CONSTRAINT "stat_alert_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "stat_alert_run_id_idx" ON "stat_alert"("run_id");

CREATE TABLE "sample_draw" (
    "batch_id" UUID NOT NULL,
    "population" INTEGER NOT NULL,
    "drawn" INTEGER NOT NULL,
    "plan" JSONB NOT NULL,
    "seed" TEXT NOT NULL,
    "drawn_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "sample_draw_pkey" PRIMARY KEY ("batch_id")
);
CREATE TABLE "accepted_sample" (
    "line_id" BIGINT NOT NULL,
    "batch_id" UUID NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "task_id" UUID NOT NULL,
    "probability" DOUBLE PRECISION NOT NULL,
    "reason" TEXT NOT NULL,
    "share_kopecks" BIGINT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "outcome" TEXT,
    "overpaid_kopecks" BIGINT NOT NULL DEFAULT 0,
    "reason_code" TEXT,
    "note" TEXT,
    "checked_by" UUID,
    "checked_by_name" TEXT,
    "checked_at" TIMESTAMPTZ(3),
    CONSTRAINT "accepted_sample_pkey" PRIMARY KEY ("line_id")
);
CREATE INDEX "accepted_sample_batch_id_idx" ON "accepted_sample"("batch_id");
CREATE INDEX "accepted_sample_task_id_idx" ON "accepted_sample"("task_id");
CREATE TABLE "clinic_lane" (
    "clinic_id" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'ordinary',
    "since" DATE NOT NULL,
    "quarantine_until" DATE,
    "reason" TEXT NOT NULL,
    "facts" JSONB NOT NULL,
    "stepped_on" DATE NOT NULL,
    CONSTRAINT "clinic_lane_pkey" PRIMARY KEY ("clinic_id")
);
CREATE TABLE "clinic_lane_event" (
    "id" BIGSERIAL NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "facts" JSONB NOT NULL,
    "on_day" DATE NOT NULL,
    CONSTRAINT "clinic_lane_event_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "clinic_lane_event_clinic_id_idx" ON "clinic_lane_event"("clinic_id");

ALTER TABLE "dispute" ADD CONSTRAINT "dispute_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "invoice_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "dispute_line" ADD CONSTRAINT "dispute_line_dispute_id_fkey" FOREIGN KEY ("dispute_id") REFERENCES "dispute"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "dispute_document" ADD CONSTRAINT "dispute_document_dispute_id_fkey" FOREIGN KEY ("dispute_id") REFERENCES "dispute"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "stat_alert" ADD CONSTRAINT "stat_alert_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "stat_run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Closed vocabularies and rules of the house.
ALTER TABLE "guideline_pack" ADD CONSTRAINT "guideline_pack_state_check" CHECK ("state" IN ('draft', 'reviewed', 'published', 'retired'));
ALTER TABLE "decision_table" ADD CONSTRAINT "decision_table_state_check" CHECK ("state" IN ('draft', 'reviewed', 'published', 'retired'));
ALTER TABLE "shadow_run" ADD CONSTRAINT "shadow_run_state_check" CHECK ("state" IN ('waiting', 'running', 'done', 'failed', 'cancelled'));
ALTER TABLE "shadow_run" ADD CONSTRAINT "shadow_run_kind_check" CHECK ("kind" IN ('guideline_pack', 'decision_table'));
ALTER TABLE "dispute" ADD CONSTRAINT "dispute_state_check" CHECK ("state" IN ('open', 'decided'));
ALTER TABLE "dispute_line" ADD CONSTRAINT "dispute_line_state_check" CHECK ("state" IN ('open', 'upheld', 'overturned', 'partly'));
ALTER TABLE "accepted_sample" ADD CONSTRAINT "accepted_sample_outcome_check" CHECK (("state" = 'checked') = ("outcome" IS NOT NULL) AND "outcome" IN ('right', 'wrong'));
ALTER TABLE "accepted_sample" ADD CONSTRAINT "accepted_sample_probability_check" CHECK ("probability" > 0 AND "probability" <= 1);
ALTER TABLE "clinic_lane" ADD CONSTRAINT "clinic_lane_state_check" CHECK ("state" IN ('ordinary', 'fast', 'suspended'));
-- Statistics raise priority; no other code may come from them.
ALTER TABLE "stat_alert" ADD CONSTRAINT "stat_alert_code_check" CHECK ("code" ~ '^STAT-');

-- Four eyes: a second doctor decides a dispute, never one who gave the verdict or any before it.
ALTER TABLE "dispute_line" ADD CONSTRAINT "dispute_line_second_doctor_check" CHECK ("decided_by" IS NULL OR NOT "decided_by" = ANY ("first_doctors"));
ALTER TABLE "dispute_line" ADD CONSTRAINT "dispute_line_decided_check" CHECK (("state" = 'open') = ("decided_by" IS NULL) AND ("decided_by" IS NULL OR length(btrim("decided_by_name")) > 0));

-- Four eyes: what people wrote is in force only after somebody else has reviewed it; a version that left draft never changes.
CREATE FUNCTION "keep_rule_version"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD."state" = 'draft' THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'a version that was reviewed is never deleted' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW."state" <> 'draft' AND NEW."created_by" IS NOT NULL
     AND (NEW."reviewed_by" IS NULL OR NEW."reviewed_by" = NEW."created_by" OR NEW."reviewed_by" = ANY (NEW."authors")) THEN
    RAISE EXCEPTION 'four eyes: somebody other than the authors has to review' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'INSERT' THEN RETURN NEW; END IF;
  IF (OLD."name", OLD."version") IS DISTINCT FROM (NEW."name", NEW."version")
     OR OLD."created_by" IS DISTINCT FROM NEW."created_by"
     OR (OLD."state" <> 'draft' AND (OLD."sha256", OLD."data", OLD."authors") IS DISTINCT FROM (NEW."sha256", NEW."data", NEW."authors")) THEN
    RAISE EXCEPTION 'a version that left draft never changes: make a new version' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD."state" IN ('published', 'retired') AND (NEW."state" NOT IN ('published', 'retired')
     OR OLD."effective_from" IS DISTINCT FROM NEW."effective_from" OR OLD."reviewed_by" IS DISTINCT FROM NEW."reviewed_by") THEN
    RAISE EXCEPTION 'a published version never goes back to draft' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "guideline_pack_keep" BEFORE INSERT OR UPDATE OR DELETE ON "guideline_pack" FOR EACH ROW EXECUTE FUNCTION "keep_rule_version"();
CREATE TRIGGER "decision_table_keep" BEFORE INSERT OR UPDATE OR DELETE ON "decision_table" FOR EACH ROW EXECUTE FUNCTION "keep_rule_version"();
-- A rule set is what findings are replayed by.
CREATE FUNCTION "keep_rule_set"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a rule set is never changed' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER "rule_set_keep" BEFORE UPDATE OR DELETE ON "rule_set" FOR EACH ROW EXECUTE FUNCTION "keep_rule_set"();

-- Replay reads reference tables as a batch saw them: every change keeps the row that was there before, with its transaction.
CREATE TABLE "reference_log" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "xid" XID8 NOT NULL DEFAULT pg_current_xact_id(),
    "tbl" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    -- Null: the row was not there before.
    "old" JSONB
);
COMMENT ON TABLE "reference_log" IS 'sql only: written by triggers, xid8 column';
CREATE INDEX "reference_log_xid_idx" ON "reference_log" ("xid");
CREATE INDEX "reference_log_key_idx" ON "reference_log" ("tbl", "key", "id");
-- What was visible when the batch was taken.
ALTER TABLE "batch" ADD COLUMN "reference_seen" TEXT NOT NULL DEFAULT (pg_current_snapshot())::text;
COMMENT ON COLUMN "batch"."reference_seen" IS 'sql only: pg_snapshot as text';

CREATE FUNCTION "log_reference_insert"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('INSERT INTO reference_log (tbl, key) SELECT %L, %s FROM changed', TG_TABLE_NAME, TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE FUNCTION "log_reference_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('INSERT INTO reference_log (tbl, key, old) SELECT %L, %s, to_jsonb(changed) FROM changed', TG_TABLE_NAME, TG_ARGV[0]);
  RETURN NULL;
END $$;
DO $$
DECLARE
  entry TEXT[];
BEGIN
  FOREACH entry SLICE 1 IN ARRAY ARRAY[
    ['clinic', 'id::text'], ['service', 'id::text'], ['diagnosis', 'id::text'], ['clinic_item', 'id::text'],
    ['price_item', 'id::text'], ['contract', 'id::text'], ['programme', 'id::text'],
    ['programme_clinic', 'programme_id || ''/'' || clinic_id'], ['insured', 'policy_id::text'],
    ['enrolment', 'id::text'], ['guarantee_letter', 'letter_ref_id::text'], ['clinic_lane', 'clinic_id::text']
  ] LOOP
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION log_reference_insert(%L)', entry[1] || '_log_insert', entry[1], entry[2]);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION log_reference_change(%L)', entry[1] || '_log_update', entry[1], entry[2]);
    EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION log_reference_change(%L)', entry[1] || '_log_delete', entry[1], entry[2]);
  END LOOP;
END $$;

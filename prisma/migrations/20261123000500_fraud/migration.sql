-- What patients say and what follows from it: surveys, evidence on lines, fraud runs and cases, ratings, employer reports.
CREATE SEQUENCE "fraud_case_number";

CREATE TABLE "survey_contact" (
    "policy_id" INTEGER NOT NULL,
    "channel" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "locale" TEXT NOT NULL DEFAULT 'ru',
    "per_period" INTEGER NOT NULL DEFAULT 4,
    "opted_out_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "survey_contact_pkey" PRIMARY KEY ("policy_id")
);

CREATE TABLE "survey_round" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "day" DATE NOT NULL,
    "visits" INTEGER NOT NULL,
    "chosen" INTEGER NOT NULL,
    "rules" JSONB NOT NULL,
    "remind_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "chosen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "survey_round_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "survey" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "round_id" UUID NOT NULL,
    "policy_id" INTEGER NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "invoice_no" TEXT NOT NULL,
    "visit_date" DATE NOT NULL,
    "probability" DOUBLE PRECISION NOT NULL,
    "reason" TEXT NOT NULL,
    "questions" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'chosen',
    "sent_at" TIMESTAMPTZ(3),
    "reminded_at" TIMESTAMPTZ(3),
    "answered_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "survey_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "line_evidence" (
    "line_id" BIGINT NOT NULL,
    "survey_id" TEXT NOT NULL,
    "prior" DOUBLE PRECISION NOT NULL,
    "likelihood_ratio" DOUBLE PRECISION NOT NULL,
    "posterior" DOUBLE PRECISION NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "line_evidence_pkey" PRIMARY KEY ("line_id","survey_id")
);

CREATE TABLE "fraud_run" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "run_key" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'running',
    "lines" INTEGER NOT NULL DEFAULT 0,
    "answers" INTEGER NOT NULL DEFAULT 0,
    "alerts" INTEGER NOT NULL DEFAULT 0,
    "opened" INTEGER NOT NULL DEFAULT 0,
    "parameters" JSONB,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "fraud_run_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "fraud_signal" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "run_id" UUID NOT NULL,
    "rank" INTEGER NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "doctor_id" INTEGER,
    "scheme" TEXT NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,
    "expected_kopecks" BIGINT NOT NULL,
    "decision" TEXT NOT NULL,
    "seen_elsewhere" DOUBLE PRECISION NOT NULL,
    "parts" JSONB NOT NULL,
    "text_ru" TEXT NOT NULL,
    "text_en" TEXT NOT NULL,

    CONSTRAINT "fraud_signal_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "fraud_line" (
    "line_id" BIGINT NOT NULL,
    "run_id" UUID NOT NULL,
    "posterior" DOUBLE PRECISION NOT NULL,
    "lead_doctor_id" INTEGER,

    CONSTRAINT "fraud_line_pkey" PRIMARY KEY ("line_id")
);

CREATE TABLE "fraud_case" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "number" TEXT NOT NULL DEFAULT ('FC-'::text || lpad((nextval('fraud_case_number'::regclass))::text, 6, '0'::text)),
    "clinic_id" INTEGER NOT NULL,
    "doctor_id" INTEGER,
    "scheme" TEXT NOT NULL,
    "opened_by" TEXT NOT NULL,
    "opened_by_id" UUID,
    "signal_id" UUID,
    "reason" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "hold_due_at" TIMESTAMPTZ(3),
    "record" JSONB NOT NULL,
    "pack" JSONB,
    "outcome" TEXT,
    "proposed_by" UUID,
    "confirmed_by" UUID,
    "recovery_kopecks" BIGINT NOT NULL DEFAULT 0,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "fraud_case_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "fraud_case_event" (
    "id" BIGSERIAL NOT NULL,
    "case_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "actor_role" TEXT NOT NULL,
    "actor_id" UUID,
    "actor_name" TEXT,
    "request_key" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "body" JSONB NOT NULL,

    CONSTRAINT "fraud_case_event_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "payment_hold" (
    "id" BIGSERIAL NOT NULL,
    "line_id" BIGINT NOT NULL,
    "case_id" UUID NOT NULL,
    "placed_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "released_at" TIMESTAMPTZ(3),
    "released" TEXT,

    CONSTRAINT "payment_hold_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "fraud_case_report" (
    "case_id" UUID NOT NULL,
    "pdf" BYTEA NOT NULL,
    "pdf_sha256" CHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "fraud_case_report_pkey" PRIMARY KEY ("case_id")
);

CREATE TABLE "rating_version" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "kind" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "run_key" TEXT NOT NULL,
    "period_from" DATE NOT NULL,
    "period_to" DATE NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rating_version_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "clinic_rating" (
    "version_id" UUID NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "score" DOUBLE PRECISION,
    "low" DOUBLE PRECISION NOT NULL,
    "high" DOUBLE PRECISION NOT NULL,
    "mean" DOUBLE PRECISION NOT NULL,
    "sd" DOUBLE PRECISION NOT NULL,
    "place" INTEGER NOT NULL,
    "best_place" INTEGER NOT NULL,
    "worst_place" INTEGER NOT NULL,
    "change" TEXT NOT NULL,
    "components" JSONB NOT NULL,

    CONSTRAINT "clinic_rating_pkey" PRIMARY KEY ("version_id","clinic_id")
);

CREATE TABLE "rating_contest" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "version_id" UUID NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "component" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "answer" TEXT,
    "opened_by" UUID NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "decided_by" UUID,
    "decided_at" TIMESTAMPTZ(3),

    CONSTRAINT "rating_contest_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "employer_report" (
    "policyholder_id" INTEGER NOT NULL,
    "quarter" DATE NOT NULL,
    "content" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "employer_report_pkey" PRIMARY KEY ("policyholder_id","quarter")
);

CREATE UNIQUE INDEX "survey_round_day_key" ON "survey_round"("day");

CREATE INDEX "survey_round_id_state_idx" ON "survey"("round_id", "state");

CREATE INDEX "survey_policy_id_idx" ON "survey"("policy_id");

CREATE UNIQUE INDEX "survey_clinic_id_policy_id_visit_date_key" ON "survey"("clinic_id", "policy_id", "visit_date");

CREATE UNIQUE INDEX "fraud_run_run_key_key" ON "fraud_run"("run_key");

CREATE UNIQUE INDEX "fraud_signal_run_id_rank_key" ON "fraud_signal"("run_id", "rank");

CREATE UNIQUE INDEX "fraud_case_number_key" ON "fraud_case"("number");

CREATE INDEX "fraud_case_state_opened_at_id_idx" ON "fraud_case"("state", "opened_at", "id");

CREATE INDEX "fraud_case_clinic_id_idx" ON "fraud_case"("clinic_id");

CREATE UNIQUE INDEX "fraud_case_event_case_id_request_key_key" ON "fraud_case_event"("case_id", "request_key");

CREATE INDEX "payment_hold_case_id_idx" ON "payment_hold"("case_id");

CREATE UNIQUE INDEX "rating_version_kind_version_key" ON "rating_version"("kind", "version");

CREATE UNIQUE INDEX "rating_version_kind_run_key_key" ON "rating_version"("kind", "run_key");

CREATE INDEX "clinic_rating_clinic_id_idx" ON "clinic_rating"("clinic_id");

CREATE INDEX "rating_contest_clinic_id_idx" ON "rating_contest"("clinic_id");

ALTER TABLE "survey" ADD CONSTRAINT "survey_round_id_fkey" FOREIGN KEY ("round_id") REFERENCES "survey_round"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "fraud_signal" ADD CONSTRAINT "fraud_signal_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "fraud_run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "fraud_case_event" ADD CONSTRAINT "fraud_case_event_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "fraud_case"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "fraud_case_report" ADD CONSTRAINT "fraud_case_report_case_id_fkey" FOREIGN KEY ("case_id") REFERENCES "fraud_case"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "clinic_rating" ADD CONSTRAINT "clinic_rating_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "rating_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "rating_contest" ADD CONSTRAINT "rating_contest_version_id_clinic_id_fkey" FOREIGN KEY ("version_id", "clinic_id") REFERENCES "clinic_rating"("version_id", "clinic_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Addresses and questions
ALTER TABLE "survey_contact" ADD CONSTRAINT "survey_contact_check" CHECK ("channel" IN ('email', 'sms', 'push') AND "locale" IN ('ru', 'en') AND "per_period" >= 0);
ALTER TABLE "survey" ADD CONSTRAINT "survey_state_check" CHECK ("state" IN ('chosen', 'sent', 'answered', 'expired', 'opted-out'));
ALTER TABLE "survey" ADD CONSTRAINT "survey_probability_check" CHECK ("probability" > 0 AND "probability" <= 1);
ALTER TABLE "survey" ADD CONSTRAINT "survey_answered_check" CHECK (("state" = 'answered') = ("answered_at" IS NOT NULL));
-- What a sender looks for: surveys of a round that nobody has been told of, or reminded of.
CREATE INDEX "survey_waiting_idx" ON "survey" ("round_id", "id") WHERE "state" IN ('chosen', 'sent');
CREATE INDEX "survey_person_idx" ON "survey" ("policy_id", "sent_at") WHERE "sent_at" IS NOT NULL;

-- Cases: a named person proposes, another one confirms; the database refuses anything else.
ALTER TABLE "fraud_case" ADD CONSTRAINT "fraud_case_state_check" CHECK ("state" IN ('open', 'proposed', 'closed'));
ALTER TABLE "fraud_case" ADD CONSTRAINT "fraud_case_opened_check" CHECK ("opened_by" = 'alert' OR ("opened_by" = 'hand' AND "opened_by_id" IS NOT NULL));
ALTER TABLE "fraud_case" ADD CONSTRAINT "fraud_case_outcome_check" CHECK ("outcome" IN ('confirmed', 'error', 'unfounded'));
ALTER TABLE "fraud_case" ADD CONSTRAINT "fraud_case_four_eyes_check" CHECK ("confirmed_by" IS NULL OR ("proposed_by" IS NOT NULL AND "confirmed_by" <> "proposed_by"));
ALTER TABLE "fraud_case" ADD CONSTRAINT "fraud_case_closed_check" CHECK (("state" = 'closed') = ("outcome" IS NOT NULL AND "confirmed_by" IS NOT NULL AND "closed_at" IS NOT NULL));
ALTER TABLE "fraud_case" ADD CONSTRAINT "fraud_case_recovery_check" CHECK ("recovery_kopecks" >= 0 AND ("recovery_kopecks" = 0 OR "outcome" = 'confirmed' OR "outcome" = 'error'));
CREATE UNIQUE INDEX "fraud_case_unit_key" ON "fraud_case" ("clinic_id", COALESCE("doctor_id", 0), "scheme") WHERE "state" <> 'closed';

-- One hold per line at a time; each has an end that was computed when it was placed and never moves back.
CREATE UNIQUE INDEX "payment_hold_line_key" ON "payment_hold" ("line_id") WHERE "released_at" IS NULL;
ALTER TABLE "payment_hold" ADD CONSTRAINT "payment_hold_due_check" CHECK ("due_at" > "placed_at");
ALTER TABLE "payment_hold" ADD CONSTRAINT "payment_hold_released_check" CHECK (("released_at" IS NULL) = ("released" IS NULL) AND "released" IN ('deadline', 'decision', 'closed'));

-- Events and reports are never changed.
CREATE FUNCTION "keep_fraud_record"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events and reports of a case are never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "fraud_case_event_keep" BEFORE UPDATE OR DELETE ON "fraud_case_event" FOR EACH ROW EXECUTE FUNCTION "keep_fraud_record"();
CREATE TRIGGER "fraud_case_report_keep" BEFORE UPDATE OR DELETE ON "fraud_case_report" FOR EACH ROW EXECUTE FUNCTION "keep_fraud_record"();
CREATE TRIGGER "employer_report_keep" BEFORE UPDATE OR DELETE ON "employer_report" FOR EACH ROW EXECUTE FUNCTION "keep_fraud_record"();

ALTER TABLE "rating_version" ADD CONSTRAINT "rating_version_kind_check" CHECK ("kind" IN ('internal', 'people'));
ALTER TABLE "clinic_rating" ADD CONSTRAINT "clinic_rating_change_check" CHECK ("change" IN ('up', 'down', 'same', 'new'));
ALTER TABLE "rating_contest" ADD CONSTRAINT "rating_contest_state_check" CHECK ("state" IN ('open', 'upheld', 'rejected') AND ("state" = 'open') = ("decided_by" IS NULL));
CREATE UNIQUE INDEX "rating_contest_open_key" ON "rating_contest" ("version_id", "clinic_id", "component") WHERE "state" = 'open';

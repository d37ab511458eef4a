-- CreateTable
CREATE TABLE "letter_request" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "number" TEXT,
    "check_code" TEXT NOT NULL,
    "policy_id" INTEGER NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "contract_id" INTEGER,
    "programme_id" INTEGER,
    "hub_id" INTEGER NOT NULL,
    "requester_role" TEXT NOT NULL,
    "requester_id" TEXT NOT NULL,
    "sender_ref" TEXT,
    "urgency" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "pended_for" TEXT,
    "skill" TEXT,
    "submitted_at" TIMESTAMPTZ(3) NOT NULL,
    "first_answer_at" TIMESTAMPTZ(3),
    "first_answer" TEXT,
    "final_at" TIMESTAMPTZ(3),
    "deadline" JSONB,
    "due_at" TIMESTAMPTZ(3),
    "escalated_at" TIMESTAMPTZ(3),
    "holder_id" UUID,
    "holder_name" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "overdue" BOOLEAN NOT NULL DEFAULT false,
    "decided_by" UUID[] DEFAULT ARRAY[]::UUID[],
    "four_eyes_kopecks" BIGINT NOT NULL,
    "escalate_before_percent" INTEGER NOT NULL,
    "proposed_by" UUID,
    "valid_to" DATE,
    "requested_kopecks" BIGINT NOT NULL,
    "approved_kopecks" BIGINT NOT NULL DEFAULT 0,
    "trusted_lane" BOOLEAN NOT NULL DEFAULT false,
    "sampled" BOOLEAN NOT NULL DEFAULT false,
    "revision" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "letter_request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "letter_request_line" (
    "request_id" UUID NOT NULL,
    "line_no" INTEGER NOT NULL,
    "service_code" TEXT NOT NULL,
    "service_id" INTEGER,
    "diagnosis_code" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "period_from" DATE NOT NULL,
    "period_to" DATE NOT NULL,
    "tooth" TEXT,
    "unit_price_kopecks" BIGINT,
    "outcome" TEXT NOT NULL,
    "approved_quantity" INTEGER NOT NULL DEFAULT 0,
    "approved_kopecks" BIGINT NOT NULL DEFAULT 0,
    "approved_from" DATE,
    "approved_to" DATE,
    "used_quantity" INTEGER NOT NULL DEFAULT 0,
    "used_kopecks" BIGINT NOT NULL DEFAULT 0,
    "ground" TEXT,
    "reason_code" TEXT,
    "clause" TEXT,
    "author_kind" TEXT,
    "rule_set_version" TEXT,
    "doctor_id" UUID,
    "doctor_name" TEXT,
    "findings" JSONB NOT NULL,
    "letter_ref_id" INTEGER,

    CONSTRAINT "letter_request_line_pkey" PRIMARY KEY ("request_id","line_no")
);

-- CreateTable
CREATE TABLE "letter_event" (
    "id" BIGSERIAL NOT NULL,
    "request_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "actor_role" TEXT NOT NULL,
    "actor_id" TEXT,
    "actor_name" TEXT,
    "request_key" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "letter_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "letter_attachment" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "request_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "media_type" TEXT NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "content" BYTEA NOT NULL,
    "added_by" TEXT NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "letter_attachment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "letter_document" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "request_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "pdf" BYTEA NOT NULL,
    "pdf_sha256" CHAR(64) NOT NULL,
    "signature" BYTEA NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "letter_document_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "limit_counter" (
    "policy_id" INTEGER NOT NULL,
    "contract_id" INTEGER NOT NULL,
    "year_start" DATE NOT NULL,
    "limit_key" TEXT NOT NULL,
    "cap" BIGINT NOT NULL,
    "reserved" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "limit_counter_pkey" PRIMARY KEY ("policy_id","contract_id","year_start","limit_key")
);

-- CreateTable
CREATE TABLE "limit_reservation" (
    "request_id" UUID NOT NULL,
    "line_no" INTEGER NOT NULL,
    "policy_id" INTEGER NOT NULL,
    "contract_id" INTEGER NOT NULL,
    "year_start" DATE NOT NULL,
    "limit_key" TEXT NOT NULL,
    "amount" BIGINT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'held',

    CONSTRAINT "limit_reservation_pkey" PRIMARY KEY ("request_id","line_no","limit_key")
);

-- CreateTable
CREATE TABLE "letter_policy" (
    "id" SERIAL NOT NULL,
    "contract_id" INTEGER,
    "effective_from" DATE NOT NULL,
    "emergency_hours" INTEGER NOT NULL DEFAULT 1,
    "standard_hours" INTEGER NOT NULL DEFAULT 24,
    "planned_inpatient_hours" INTEGER NOT NULL DEFAULT 72,
    "auto_approve_kopecks" BIGINT NOT NULL DEFAULT 5000000,
    "four_eyes_kopecks" BIGINT NOT NULL DEFAULT 30000000,
    "escalate_before_percent" INTEGER NOT NULL DEFAULT 25,
    "validity_days" INTEGER NOT NULL DEFAULT 30,
    "document_rules" JSONB NOT NULL,

    CONSTRAINT "letter_policy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "trusted_lane" (
    "clinic_id" INTEGER NOT NULL,
    "service_prefix" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "decided" INTEGER NOT NULL DEFAULT 0,
    "overturned" INTEGER NOT NULL DEFAULT 0,
    "sample_share" DOUBLE PRECISION NOT NULL DEFAULT 0.05,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "trusted_lane_pkey" PRIMARY KEY ("clinic_id","service_prefix")
);

-- CreateTable
CREATE TABLE "expert_absence" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "doctor_id" UUID NOT NULL,
    "stand_in_id" UUID,
    "from_date" DATE NOT NULL,
    "to_date" DATE NOT NULL,

    CONSTRAINT "expert_absence_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "conflict_of_interest" (
    "doctor_id" UUID NOT NULL,
    "clinic_id" INTEGER NOT NULL DEFAULT 0,
    "policy_id" INTEGER NOT NULL DEFAULT 0,
    "reason" TEXT NOT NULL,

    CONSTRAINT "conflict_of_interest_pkey" PRIMARY KEY ("doctor_id","clinic_id","policy_id")
);

-- CreateTable
CREATE TABLE "webhook_subscription" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "clinic_id" INTEGER,
    "url" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_subscription_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_delivery" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subscription_id" UUID NOT NULL,
    "event" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "letter_request_number_key" ON "letter_request"("number");

-- CreateIndex
CREATE UNIQUE INDEX "letter_request_check_code_key" ON "letter_request"("check_code");

-- CreateIndex
CREATE INDEX "letter_request_hub_id_state_due_at_idx" ON "letter_request"("hub_id", "state", "due_at");

-- CreateIndex
CREATE INDEX "letter_request_policy_id_state_idx" ON "letter_request"("policy_id", "state");

-- CreateIndex
CREATE INDEX "letter_request_clinic_id_submitted_at_idx" ON "letter_request"("clinic_id", "submitted_at");

-- CreateIndex
CREATE UNIQUE INDEX "letter_request_requester_id_sender_ref_key" ON "letter_request"("requester_id", "sender_ref");

-- CreateIndex
CREATE UNIQUE INDEX "letter_request_line_letter_ref_id_key" ON "letter_request_line"("letter_ref_id");

-- CreateIndex
CREATE UNIQUE INDEX "letter_event_request_id_request_key_key" ON "letter_event"("request_id", "request_key");

-- CreateIndex
CREATE UNIQUE INDEX "letter_attachment_request_id_sha256_key" ON "letter_attachment"("request_id", "sha256");

-- CreateIndex
CREATE UNIQUE INDEX "letter_document_request_id_revision_key" ON "letter_document"("request_id", "revision");

-- CreateIndex
CREATE UNIQUE INDEX "letter_policy_contract_id_effective_from_key" ON "letter_policy"("contract_id", "effective_from");

-- CreateIndex
CREATE INDEX "expert_absence_doctor_id_from_date_idx" ON "expert_absence"("doctor_id", "from_date");

-- CreateIndex
CREATE INDEX "webhook_delivery_state_next_at_idx" ON "webhook_delivery"("state", "next_at");

-- AddForeignKey
ALTER TABLE "letter_request_line" ADD CONSTRAINT "letter_request_line_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "letter_request"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "letter_event" ADD CONSTRAINT "letter_event_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "letter_request"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "letter_attachment" ADD CONSTRAINT "letter_attachment_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "letter_request"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "letter_document" ADD CONSTRAINT "letter_document_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "letter_request"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "limit_reservation" ADD CONSTRAINT "limit_reservation_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "letter_request"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "limit_reservation" ADD CONSTRAINT "limit_reservation_policy_id_contract_id_year_start_limit_k_fkey" FOREIGN KEY ("policy_id", "contract_id", "year_start", "limit_key") REFERENCES "limit_counter"("policy_id", "contract_id", "year_start", "limit_key") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_subscription_id_fkey" FOREIGN KEY ("subscription_id") REFERENCES "webhook_subscription"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- The invariants of letters.
ALTER TABLE "letter_request" ADD CONSTRAINT "letter_request_state_check" CHECK ("state" IN ('draft', 'submitted', 'pended', 'approved', 'partially-approved', 'refused', 'amended', 'used', 'expired', 'cancelled'));
ALTER TABLE "letter_request" ADD CONSTRAINT "letter_request_pended_check" CHECK (("state" = 'pended') = ("pended_for" IS NOT NULL) AND ("pended_for" IS NULL OR "pended_for" IN ('documents', 'expert')));
ALTER TABLE "letter_request" ADD CONSTRAINT "letter_request_urgency_check" CHECK ("urgency" IN ('emergency', 'standard', 'planned-inpatient'));
ALTER TABLE "letter_request_line" ADD CONSTRAINT "letter_request_line_outcome_check" CHECK ("outcome" IN ('pended', 'approved', 'partial', 'refused', 'cancelled', 'expired'));
ALTER TABLE "letter_request_line" ADD CONSTRAINT "letter_request_line_quantity_check" CHECK ("quantity" > 0 AND "approved_quantity" BETWEEN 0 AND "quantity");
-- Invariant 1: a medical refusal has a named doctor, a reason code and a clause.
ALTER TABLE "letter_request_line" ADD CONSTRAINT "letter_request_line_medical_check" CHECK ("ground" IS DISTINCT FROM 'medical' OR ("author_kind" = 'doctor' AND "doctor_id" IS NOT NULL AND length(btrim("doctor_name")) > 0 AND "reason_code" IS NOT NULL AND length(btrim("clause")) > 0));
ALTER TABLE "letter_request_line" ADD CONSTRAINT "letter_request_line_refused_check" CHECK ("outcome" <> 'refused' OR ("reason_code" IS NOT NULL AND "reason_code" !~* 'other' AND "ground" IN ('administrative', 'medical')));
ALTER TABLE "letter_request_line" ADD CONSTRAINT "letter_request_line_machine_check" CHECK ("author_kind" IS DISTINCT FROM 'rule' OR "reason_code" IS NULL OR "reason_code" ~ '^(ELIG|AUTH|PRIC|LIMI|DUPL)-');
-- Invariant 5: a limit is never overspent, whatever races.
ALTER TABLE "limit_counter" ADD CONSTRAINT "limit_counter_cap_check" CHECK ("reserved" >= 0 AND "reserved" <= "cap");
ALTER TABLE "limit_reservation" ADD CONSTRAINT "limit_reservation_check" CHECK ("amount" > 0 AND "state" IN ('held', 'released'));
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_state_check" CHECK ("state" IN ('pending', 'delivered', 'dead'));
ALTER TABLE "trusted_lane" ADD CONSTRAINT "trusted_lane_state_check" CHECK ("state" IN ('on', 'off'));
CREATE FUNCTION "keep_letter_event"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the thread of a letter is append-only' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER "letter_event_keep" BEFORE UPDATE OR DELETE ON "letter_event" FOR EACH ROW EXECUTE FUNCTION "keep_letter_event"();
CREATE INDEX "letter_request_line_service_idx" ON "letter_request_line" ("service_code", "period_from");
CREATE SEQUENCE "letter_number";
INSERT INTO "letter_policy" ("contract_id", "effective_from", "document_rules") VALUES (NULL, '2020-01-01', '[{"service":"A16.","kinds":["surgeon-opinion"]},{"service":"A05.23.009","kinds":["referral"]},{"service":"A05.30","kinds":["referral"]}]');

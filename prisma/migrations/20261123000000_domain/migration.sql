-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "hub" (
    "id" SERIAL NOT NULL,
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "hub_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "clinic" (
    "id" SERIAL NOT NULL,
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "city" TEXT NOT NULL,
    "level" INTEGER NOT NULL,
    "latitude" DOUBLE PRECISION,
    "longitude" DOUBLE PRECISION,
    "payment_mode" TEXT NOT NULL,
    "open_sunday" BOOLEAN NOT NULL,
    "billing_term_days" INTEGER NOT NULL,
    "hub_id" INTEGER NOT NULL,

    CONSTRAINT "clinic_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "service" (
    "id" SERIAL NOT NULL,
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "specialty" TEXT,
    "minutes" INTEGER,

    CONSTRAINT "service_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "diagnosis" (
    "id" SERIAL NOT NULL,
    "code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "known" BOOLEAN NOT NULL,
    "billable" BOOLEAN NOT NULL,

    CONSTRAINT "diagnosis_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "clinic_item" (
    "id" SERIAL NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "item_code" TEXT NOT NULL,

    CONSTRAINT "clinic_item_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "price_item" (
    "id" SERIAL NOT NULL,
    "clinic_item_id" INTEGER NOT NULL,
    "item_name" TEXT NOT NULL,
    "service_id" INTEGER,
    "price_kopecks" BIGINT NOT NULL,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,

    CONSTRAINT "price_item_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "doctor" (
    "id" SERIAL NOT NULL,
    "code" TEXT NOT NULL,

    CONSTRAINT "doctor_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "policyholder" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "policyholder_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "contract" (
    "id" SERIAL NOT NULL,
    "contract_no" TEXT NOT NULL,
    "policyholder_id" INTEGER NOT NULL,
    "start_date" DATE NOT NULL,
    "end_date" DATE NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'effective',
    "review_term_days" INTEGER NOT NULL DEFAULT 10,

    CONSTRAINT "contract_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "programme" (
    "id" SERIAL NOT NULL,
    "code" TEXT NOT NULL,
    "contract_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "covered_kinds" TEXT[],
    "excluded_services" TEXT[],
    "excluded_diagnoses" TEXT[],
    "letter_required" TEXT[],
    "service_limits" JSONB NOT NULL,
    "waiting_days" INTEGER NOT NULL,
    "franchise_percent" DECIMAL(12,8) NOT NULL,
    "annual_limit_kopecks" BIGINT,

    CONSTRAINT "programme_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "programme_clinic" (
    "programme_id" INTEGER NOT NULL,
    "clinic_id" INTEGER NOT NULL,

    CONSTRAINT "programme_clinic_pkey" PRIMARY KEY ("programme_id","clinic_id")
);

-- CreateTable
CREATE TABLE "policy" (
    "id" SERIAL NOT NULL,
    "policy_no" TEXT NOT NULL,

    CONSTRAINT "policy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "insured" (
    "policy_id" INTEGER NOT NULL,
    "sex" CHAR(1) NOT NULL,
    "birth_date" DATE NOT NULL,

    CONSTRAINT "insured_pkey" PRIMARY KEY ("policy_id")
);

-- CreateTable
CREATE TABLE "enrolment" (
    "id" SERIAL NOT NULL,
    "policy_id" INTEGER NOT NULL,
    "programme_id" INTEGER NOT NULL,
    "enrolled_from" DATE NOT NULL,
    "enrolled_to" DATE NOT NULL,

    CONSTRAINT "enrolment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "letter_ref" (
    "id" SERIAL NOT NULL,
    "letter_no" TEXT NOT NULL,

    CONSTRAINT "letter_ref_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "guarantee_letter" (
    "letter_ref_id" INTEGER NOT NULL,
    "policy_id" INTEGER NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "service_code" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "amount_kopecks" BIGINT NOT NULL,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE NOT NULL,

    CONSTRAINT "guarantee_letter_pkey" PRIMARY KEY ("letter_ref_id")
);

-- CreateTable
CREATE TABLE "import_file" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "kind" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "bytes" BIGINT NOT NULL,
    "state" TEXT NOT NULL,
    "rows_read" INTEGER NOT NULL DEFAULT 0,
    "rows_accepted" INTEGER NOT NULL DEFAULT 0,
    "rows_rejected" INTEGER NOT NULL DEFAULT 0,
    "error_code" TEXT,
    "clinic_id" INTEGER,
    "received_by" UUID,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "taken_at" TIMESTAMPTZ(3),

    CONSTRAINT "import_file_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "import_rejection" (
    "file_id" UUID NOT NULL,
    "row_no" INTEGER NOT NULL,
    "field" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "reason_ru" TEXT NOT NULL,
    "reason_en" TEXT NOT NULL,
    "raw_row" JSONB NOT NULL,

    CONSTRAINT "import_rejection_pkey" PRIMARY KEY ("file_id","row_no","field")
);

-- CreateTable
CREATE TABLE "batch" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "business_key" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'taken',
    "rule_set_version" TEXT NOT NULL,
    "routing_policy_version" INTEGER NOT NULL,
    "verdict_watermark" BIGINT NOT NULL DEFAULT 0,
    "line_count" INTEGER NOT NULL DEFAULT 0,
    "invoice_count" INTEGER NOT NULL DEFAULT 0,
    "taken_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "checked_at" TIMESTAMPTZ(3),
    "done_at" TIMESTAMPTZ(3),

    CONSTRAINT "batch_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "batch_subject" (
    "batch_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "subject_id" INTEGER NOT NULL,
    "day" DATE,

    CONSTRAINT "batch_subject_pkey" PRIMARY KEY ("batch_id","scope","ordinal")
);

-- CreateTable
CREATE TABLE "batch_chunk" (
    "batch_id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "offset" INTEGER NOT NULL,
    "length" INTEGER NOT NULL,
    "lines_checked" INTEGER NOT NULL,
    "findings_found" INTEGER NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "batch_chunk_pkey" PRIMARY KEY ("batch_id","scope","offset")
);

-- CreateTable
CREATE TABLE "invoice" (
    "id" SERIAL NOT NULL,
    "public_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "clinic_id" INTEGER NOT NULL,
    "invoice_no" TEXT NOT NULL,

    CONSTRAINT "invoice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invoice_version" (
    "id" SERIAL NOT NULL,
    "public_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "invoice_id" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "current" BOOLEAN NOT NULL DEFAULT true,
    "content_hash" CHAR(64) NOT NULL,
    "file_id" UUID,
    "batch_id" UUID,
    "state" TEXT NOT NULL DEFAULT 'received',
    "line_count" INTEGER NOT NULL,
    "billed_kopecks" BIGINT NOT NULL,
    "review_deadline" TIMESTAMPTZ(3),
    "calendar_version" TEXT,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "invoice_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invoice_line" (
    "id" BIGSERIAL NOT NULL,
    "version_id" INTEGER NOT NULL,
    "invoice_id" INTEGER NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "line_no" INTEGER NOT NULL,
    "policy_id" INTEGER NOT NULL,
    "invoice_date" DATE NOT NULL,
    "service_date" DATE NOT NULL,
    "diagnosis_id" INTEGER NOT NULL,
    "clinic_item_id" INTEGER NOT NULL,
    "quantity" INTEGER NOT NULL,
    "unit_price_kopecks" BIGINT NOT NULL,
    "amount_kopecks" BIGINT NOT NULL,
    "patient_share_kopecks" BIGINT NOT NULL,
    "doctor_id" INTEGER,
    "letter_ref_id" INTEGER,
    "tooth" TEXT,
    "episode_no" TEXT,
    "item_name" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'normalised',
    "current" BOOLEAN NOT NULL DEFAULT true,
    "raw" JSONB,

    CONSTRAINT "invoice_line_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "guideline_pack" (
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

    CONSTRAINT "guideline_pack_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rule_set" (
    "version" TEXT NOT NULL,
    "content" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_set_pkey" PRIMARY KEY ("version")
);

-- CreateTable
CREATE TABLE "routing_policy" (
    "version" INTEGER NOT NULL,
    "effective_from" DATE NOT NULL,
    "policy" JSONB NOT NULL,
    "created_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "routing_policy_pkey" PRIMARY KEY ("version")
);

-- CreateTable
CREATE TABLE "finding" (
    "id" BIGSERIAL NOT NULL,
    "line_id" BIGINT NOT NULL,
    "code" TEXT NOT NULL,
    "rule_id" TEXT NOT NULL,
    "rule_version" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "at_risk_kopecks" BIGINT NOT NULL,
    "guideline_id" TEXT,
    "clause" TEXT,
    "evidence" JSONB NOT NULL,
    "explanation_ru" TEXT NOT NULL,
    "explanation_en" TEXT NOT NULL,
    "batch_id" UUID NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "superseded_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "finding_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "verdict" (
    "id" BIGSERIAL NOT NULL,
    "line_id" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "ground" TEXT,
    "reason_code" TEXT,
    "clause" TEXT,
    "billed_kopecks" BIGINT NOT NULL,
    "accepted_kopecks" BIGINT NOT NULL,
    "reduced_kopecks" BIGINT NOT NULL,
    "refused_kopecks" BIGINT NOT NULL,
    "patient_share_kopecks" BIGINT NOT NULL,
    "author_kind" TEXT NOT NULL,
    "rule_set_version" TEXT,
    "doctor_id" UUID,
    "doctor_name" TEXT,
    "note_to_clinic" TEXT,
    "internal_note" TEXT,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "reverses_id" BIGINT,
    "task_id" UUID,
    "batch_id" UUID,
    "request_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "verdict_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review_task" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "version_id" INTEGER NOT NULL,
    "policy_id" INTEGER NOT NULL,
    "hub_id" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "line_count" INTEGER NOT NULL,
    "at_risk_kopecks" BIGINT NOT NULL,
    "priority" INTEGER NOT NULL DEFAULT 0,
    "skill" TEXT,
    "codes" TEXT[],
    "origin" TEXT NOT NULL DEFAULT 'findings',
    "deadline" TIMESTAMPTZ(3) NOT NULL,
    "holder_id" UUID,
    "holder_name" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "on_hold_since" TIMESTAMPTZ(3),
    "escalated_at" TIMESTAMPTZ(3),
    "revision" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "decided_at" TIMESTAMPTZ(3),

    CONSTRAINT "review_task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review_task_line" (
    "task_id" UUID NOT NULL,
    "line_id" BIGINT NOT NULL,

    CONSTRAINT "review_task_line_pkey" PRIMARY KEY ("task_id","line_id")
);

-- CreateTable
CREATE TABLE "document_request" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "task_id" UUID NOT NULL,
    "text_to_clinic" TEXT NOT NULL,
    "requested_by" UUID NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "answer_text" TEXT,
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "document_request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review_act" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "number" TEXT NOT NULL,
    "version_id" INTEGER NOT NULL,
    "content" JSONB NOT NULL,
    "pdf" BYTEA NOT NULL,
    "pdf_sha256" CHAR(64) NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "review_act_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recheck_notice" (
    "id" BIGSERIAL NOT NULL,
    "line_id" BIGINT NOT NULL,
    "batch_id" UUID NOT NULL,
    "codes_were" TEXT[],
    "codes_now" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "handled_at" TIMESTAMPTZ(3),
    "handled_by" UUID,

    CONSTRAINT "recheck_notice_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "hub_code_key" ON "hub"("code");

-- CreateIndex
CREATE UNIQUE INDEX "clinic_code_key" ON "clinic"("code");

-- CreateIndex
CREATE UNIQUE INDEX "service_code_key" ON "service"("code");

-- CreateIndex
CREATE UNIQUE INDEX "diagnosis_code_key" ON "diagnosis"("code");

-- CreateIndex
CREATE UNIQUE INDEX "clinic_item_clinic_id_item_code_key" ON "clinic_item"("clinic_id", "item_code");

-- CreateIndex
CREATE UNIQUE INDEX "price_item_clinic_item_id_valid_from_key" ON "price_item"("clinic_item_id", "valid_from");

-- CreateIndex
CREATE UNIQUE INDEX "doctor_code_key" ON "doctor"("code");

-- CreateIndex
CREATE UNIQUE INDEX "policyholder_name_key" ON "policyholder"("name");

-- CreateIndex
CREATE UNIQUE INDEX "contract_contract_no_key" ON "contract"("contract_no");

-- CreateIndex
CREATE UNIQUE INDEX "programme_code_key" ON "programme"("code");

-- CreateIndex
CREATE UNIQUE INDEX "policy_policy_no_key" ON "policy"("policy_no");

-- CreateIndex
CREATE UNIQUE INDEX "enrolment_policy_id_programme_id_enrolled_from_key" ON "enrolment"("policy_id", "programme_id", "enrolled_from");

-- CreateIndex
CREATE UNIQUE INDEX "letter_ref_letter_no_key" ON "letter_ref"("letter_no");

-- CreateIndex
CREATE INDEX "guarantee_letter_policy_id_idx" ON "guarantee_letter"("policy_id");

-- CreateIndex
CREATE INDEX "import_file_received_at_id_idx" ON "import_file"("received_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "batch_business_key_key" ON "batch"("business_key");

-- CreateIndex
CREATE INDEX "batch_taken_at_id_idx" ON "batch"("taken_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_public_id_key" ON "invoice"("public_id");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_clinic_id_invoice_no_key" ON "invoice"("clinic_id", "invoice_no");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_version_public_id_key" ON "invoice_version"("public_id");

-- CreateIndex
CREATE INDEX "invoice_version_batch_id_idx" ON "invoice_version"("batch_id");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_version_invoice_id_version_key" ON "invoice_version"("invoice_id", "version");

-- CreateIndex
CREATE UNIQUE INDEX "invoice_line_version_id_line_no_key" ON "invoice_line"("version_id", "line_no");

-- CreateIndex
CREATE UNIQUE INDEX "guideline_pack_name_version_key" ON "guideline_pack"("name", "version");

-- CreateIndex
CREATE INDEX "finding_batch_id_idx" ON "finding"("batch_id");

-- CreateIndex
CREATE INDEX "review_task_hub_id_state_deadline_idx" ON "review_task"("hub_id", "state", "deadline");

-- CreateIndex
CREATE INDEX "review_task_line_line_id_idx" ON "review_task_line"("line_id");

-- CreateIndex
CREATE INDEX "document_request_task_id_idx" ON "document_request"("task_id");

-- CreateIndex
CREATE UNIQUE INDEX "review_act_number_key" ON "review_act"("number");

-- CreateIndex
CREATE UNIQUE INDEX "review_act_version_id_key" ON "review_act"("version_id");

-- CreateIndex
CREATE UNIQUE INDEX "recheck_notice_line_id_batch_id_key" ON "recheck_notice"("line_id", "batch_id");

-- AddForeignKey
ALTER TABLE "clinic" ADD CONSTRAINT "clinic_hub_id_fkey" FOREIGN KEY ("hub_id") REFERENCES "hub"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "clinic_item" ADD CONSTRAINT "clinic_item_clinic_id_fkey" FOREIGN KEY ("clinic_id") REFERENCES "clinic"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "price_item" ADD CONSTRAINT "price_item_clinic_item_id_fkey" FOREIGN KEY ("clinic_item_id") REFERENCES "clinic_item"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "price_item" ADD CONSTRAINT "price_item_service_id_fkey" FOREIGN KEY ("service_id") REFERENCES "service"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "contract" ADD CONSTRAINT "contract_policyholder_id_fkey" FOREIGN KEY ("policyholder_id") REFERENCES "policyholder"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "programme" ADD CONSTRAINT "programme_contract_id_fkey" FOREIGN KEY ("contract_id") REFERENCES "contract"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "programme_clinic" ADD CONSTRAINT "programme_clinic_programme_id_fkey" FOREIGN KEY ("programme_id") REFERENCES "programme"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "programme_clinic" ADD CONSTRAINT "programme_clinic_clinic_id_fkey" FOREIGN KEY ("clinic_id") REFERENCES "clinic"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "insured" ADD CONSTRAINT "insured_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "policy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "enrolment" ADD CONSTRAINT "enrolment_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "policy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "enrolment" ADD CONSTRAINT "enrolment_programme_id_fkey" FOREIGN KEY ("programme_id") REFERENCES "programme"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "guarantee_letter" ADD CONSTRAINT "guarantee_letter_letter_ref_id_fkey" FOREIGN KEY ("letter_ref_id") REFERENCES "letter_ref"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "guarantee_letter" ADD CONSTRAINT "guarantee_letter_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "policy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "import_rejection" ADD CONSTRAINT "import_rejection_file_id_fkey" FOREIGN KEY ("file_id") REFERENCES "import_file"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "batch_chunk" ADD CONSTRAINT "batch_chunk_batch_id_fkey" FOREIGN KEY ("batch_id") REFERENCES "batch"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_clinic_id_fkey" FOREIGN KEY ("clinic_id") REFERENCES "clinic"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invoice_version" ADD CONSTRAINT "invoice_version_invoice_id_fkey" FOREIGN KEY ("invoice_id") REFERENCES "invoice"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invoice_version" ADD CONSTRAINT "invoice_version_batch_id_fkey" FOREIGN KEY ("batch_id") REFERENCES "batch"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invoice_line" ADD CONSTRAINT "invoice_line_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "invoice_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "finding" ADD CONSTRAINT "finding_line_id_fkey" FOREIGN KEY ("line_id") REFERENCES "invoice_line"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_line_id_fkey" FOREIGN KEY ("line_id") REFERENCES "invoice_line"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_task" ADD CONSTRAINT "review_task_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "invoice_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_task" ADD CONSTRAINT "review_task_hub_id_fkey" FOREIGN KEY ("hub_id") REFERENCES "hub"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_task_line" ADD CONSTRAINT "review_task_line_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "review_task"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_task_line" ADD CONSTRAINT "review_task_line_line_id_fkey" FOREIGN KEY ("line_id") REFERENCES "invoice_line"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document_request" ADD CONSTRAINT "document_request_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "review_task"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "review_act" ADD CONSTRAINT "review_act_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "invoice_version"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What Prisma's schema language cannot say: the invariants of the domain.

-- Values of the closed vocabularies.
ALTER TABLE "clinic" ADD CONSTRAINT "clinic_payment_mode_check" CHECK ("payment_mode" IN ('fee-for-service', 'per-case', 'capitation'));
ALTER TABLE "clinic" ADD CONSTRAINT "clinic_level_check" CHECK ("level" BETWEEN 1 AND 5);
ALTER TABLE "contract" ADD CONSTRAINT "contract_period_check" CHECK ("end_date" >= "start_date");
ALTER TABLE "contract" ADD CONSTRAINT "contract_state_check" CHECK ("state" IN ('draft', 'negotiated', 'effective', 'amended', 'ended'));
ALTER TABLE "insured" ADD CONSTRAINT "insured_sex_check" CHECK ("sex" IN ('M', 'F'));
ALTER TABLE "import_file" ADD CONSTRAINT "import_file_state_check" CHECK ("state" IN ('receiving', 'reading', 'taken', 'failed'));
ALTER TABLE "batch" ADD CONSTRAINT "batch_state_check" CHECK ("state" IN ('taken', 'checking', 'checked', 'routed', 'done', 'paused', 'failed'));
ALTER TABLE "batch_subject" ADD CONSTRAINT "batch_subject_scope_check" CHECK ("scope" IN ('person', 'doctor-day', 'letter'));
ALTER TABLE "invoice_version" ADD CONSTRAINT "invoice_version_state_check" CHECK ("state" IN ('received', 'checked', 'waiting', 'decided', 'act-issued', 'settle-ready', 'superseded'));
ALTER TABLE "invoice_line" ADD CONSTRAINT "invoice_line_state_check" CHECK ("state" IN ('received', 'normalised', 'priced', 'checked', 'auto-accepted', 'queued', 'decided', 'disputed', 'settled', 'reopened'));
ALTER TABLE "invoice_line" ADD CONSTRAINT "invoice_line_quantity_check" CHECK ("quantity" > 0);
ALTER TABLE "review_task" ADD CONSTRAINT "review_task_state_check" CHECK ("state" IN ('open', 'claimed', 'on-hold', 'decided', 'cancelled'));
-- A claim is a lease: it has a holder and an end, and nothing else has.
ALTER TABLE "review_task" ADD CONSTRAINT "review_task_lease_check" CHECK (("state" = 'claimed') = ("lease_until" IS NOT NULL) AND ("state" <> 'claimed' OR "holder_id" IS NOT NULL));

-- The same file from the same sender is recognised by its content.
CREATE UNIQUE INDEX "import_file_content_key" ON "import_file" ("kind", "sha256", COALESCE("clinic_id", 0)) WHERE "state" <> 'failed';
-- One current version per invoice.
CREATE UNIQUE INDEX "invoice_version_current_key" ON "invoice_version" ("invoice_id") WHERE "current";
-- Versions that no batch has taken yet.
CREATE INDEX "invoice_version_untaken_idx" ON "invoice_version" ("id") WHERE "batch_id" IS NULL AND "current";
-- The three histories that rules read.
CREATE INDEX "invoice_line_person_idx" ON "invoice_line" ("policy_id", "service_date") WHERE "current";
CREATE INDEX "invoice_line_doctor_idx" ON "invoice_line" ("doctor_id", "service_date") WHERE "current" AND "doctor_id" IS NOT NULL;
CREATE INDEX "invoice_line_letter_idx" ON "invoice_line" ("letter_ref_id") WHERE "current" AND "letter_ref_id" IS NOT NULL;

-- One active finding per line and code.
CREATE UNIQUE INDEX "finding_active_key" ON "finding" ("line_id", "code") WHERE "active";
-- Invariant 7: no reason code says "other".
ALTER TABLE "finding" ADD CONSTRAINT "finding_code_check" CHECK ("code" ~ '^[A-Z]{4}-[0-9A-Z-]+$' AND "code" !~* 'other');
-- Invariant 4: one active verdict per line version.
CREATE UNIQUE INDEX "verdict_active_key" ON "verdict" ("line_id") WHERE "active";
CREATE UNIQUE INDEX "verdict_reverses_key" ON "verdict" ("reverses_id") WHERE "reverses_id" IS NOT NULL;
CREATE UNIQUE INDEX "verdict_request_key" ON "verdict" ("line_id", "request_id") WHERE "request_id" IS NOT NULL;
-- Read when a later batch asks which lines had been refused by its watermark.
CREATE INDEX "verdict_refused_idx" ON "verdict" ("line_id", "id") WHERE "kind" = 'refuse';
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_kind_check" CHECK ("kind" IN ('accept', 'reduce', 'refuse'));
-- Invariant 3: billed = accepted + reduced + refused + patient's share, to the kopeck.
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_sum_check" CHECK ("billed_kopecks" = "accepted_kopecks" + "reduced_kopecks" + "refused_kopecks" + "patient_share_kopecks");
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_amounts_check" CHECK (
  ("kind" = 'accept' AND "reduced_kopecks" = 0 AND "refused_kopecks" = 0)
  OR ("kind" = 'reduce' AND "reduced_kopecks" <> 0 AND "refused_kopecks" = 0)
  OR ("kind" = 'refuse' AND "accepted_kopecks" = 0 AND "reduced_kopecks" = 0));
-- Invariant 2: a reduction or refusal always has a reason and a ground.
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_reason_check" CHECK ("kind" = 'accept' OR ("reason_code" IS NOT NULL AND "reason_code" !~* 'other' AND "ground" IN ('administrative', 'medical')));
-- Invariant 6: every verdict names its author.
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_author_check" CHECK (
  ("author_kind" = 'rule' AND "rule_set_version" IS NOT NULL AND "doctor_id" IS NULL)
  OR ("author_kind" = 'doctor' AND "doctor_id" IS NOT NULL AND length(btrim("doctor_name")) > 0));
-- Invariant 1: only a named doctor refuses or reduces on medical grounds.
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_medical_ground_check" CHECK ("ground" IS DISTINCT FROM 'medical' OR "author_kind" = 'doctor');
-- The machine's reasons are administrative families only, whatever the ground claims.
ALTER TABLE "verdict" ADD CONSTRAINT "verdict_machine_reason_check" CHECK ("author_kind" = 'doctor' OR "reason_code" IS NULL OR "reason_code" ~ '^(ELIG|AUTH|PRIC|LIMI|DUPL)-');

-- Records of decisions are append-only: a verdict may only be deactivated (by its reversal), a finding only superseded.
CREATE FUNCTION "keep_verdict"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'verdicts are never deleted' USING ERRCODE = 'restrict_violation'; END IF;
  IF OLD."active" AND NOT NEW."active" AND to_jsonb(OLD) - 'active' = to_jsonb(NEW) - 'active' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a verdict is reversed by a new record, never edited' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "verdict_keep" BEFORE UPDATE OR DELETE ON "verdict" FOR EACH ROW EXECUTE FUNCTION "keep_verdict"();
CREATE FUNCTION "keep_finding"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'findings are never deleted' USING ERRCODE = 'restrict_violation'; END IF;
  IF OLD."active" AND NOT NEW."active" AND to_jsonb(OLD) - 'active' - 'superseded_by' = to_jsonb(NEW) - 'active' - 'superseded_by' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a finding is superseded by a re-check, never edited' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "finding_keep" BEFORE UPDATE OR DELETE ON "finding" FOR EACH ROW EXECUTE FUNCTION "keep_finding"();
-- Invariant 2: what was billed stays. Only state and currency of a line move.
CREATE FUNCTION "keep_billed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'billed lines are never deleted' USING ERRCODE = 'restrict_violation'; END IF;
  RAISE EXCEPTION 'what was billed is never changed: send a new version of the invoice' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "invoice_line_keep" BEFORE UPDATE OF "version_id", "invoice_id", "clinic_id", "line_no", "policy_id", "invoice_date", "service_date", "diagnosis_id", "clinic_item_id", "quantity", "unit_price_kopecks", "amount_kopecks", "patient_share_kopecks", "doctor_id", "letter_ref_id", "tooth", "episode_no", "item_name", "raw" ON "invoice_line" FOR EACH ROW EXECUTE FUNCTION "keep_billed"();
CREATE TRIGGER "invoice_line_never_delete" BEFORE DELETE ON "invoice_line" FOR EACH ROW EXECUTE FUNCTION "keep_billed"();

-- Lines move state once in place: leave room for it on the page.
ALTER TABLE "invoice_line" SET (fillfactor = 85);

-- Act numbers have no gaps worth explaining: one sequence, taken inside the issuing transaction.
CREATE SEQUENCE "review_act_number";
-- Default hub, so that a one-office insurer needs no set-up.
INSERT INTO "hub" ("code", "name") VALUES ('MSK', 'Москва');

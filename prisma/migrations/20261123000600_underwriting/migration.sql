-- Underwriting: registry of models, retraining, portfolio and factor sources, versioned price parameters, quotes.
CREATE TABLE "model_training" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "business_key" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'running',
    "stage" TEXT NOT NULL DEFAULT 'opened',
    "requested_by" UUID,
    "settings" JSONB NOT NULL,
    "progress" JSONB,
    "checks" JSONB,
    "data_sha256" CHAR(64),
    "rows" INTEGER,
    "version" TEXT,
    "error_code" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),
    CONSTRAINT "model_training_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "model_training_business_key_key" ON "model_training"("business_key");
CREATE INDEX "model_training_started_at_id_idx" ON "model_training"("started_at", "id");
ALTER TABLE "model_training" ADD CONSTRAINT "model_training_state_check"
  CHECK ("state" IN ('running', 'refused', 'waiting', 'released', 'declined', 'expired', 'failed'));

CREATE TABLE "risk_model" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "version" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "champion" BOOLEAN NOT NULL DEFAULT false,
    "training_id" UUID,
    "card" TEXT NOT NULL,
    "report" JSONB NOT NULL,
    "gate" JSONB NOT NULL,
    "gate_passed" BOOLEAN NOT NULL,
    "proposed_by" UUID,
    "released_by" UUID,
    "released_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "risk_model_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "risk_model_version_key" ON "risk_model"("version");
CREATE INDEX "risk_model_created_at_id_idx" ON "risk_model"("created_at", "id");
ALTER TABLE "risk_model" ADD CONSTRAINT "risk_model_training_id_fkey" FOREIGN KEY ("training_id") REFERENCES "model_training"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "risk_model" ADD CONSTRAINT "risk_model_state_check" CHECK ("state" IN ('candidate', 'refused', 'released', 'withdrawn'));
-- Four eyes: what a single person proposes, another one releases; and nothing that the gate refused is ever released.
ALTER TABLE "risk_model" ADD CONSTRAINT "risk_model_four_eyes_check"
  CHECK ("released_by" IS NULL OR ("proposed_by" IS NOT NULL AND "proposed_by" <> "released_by"));
ALTER TABLE "risk_model" ADD CONSTRAINT "risk_model_release_check"
  CHECK ("state" NOT IN ('released', 'withdrawn') OR ("gate_passed" AND "released_by" IS NOT NULL AND "released_at" IS NOT NULL));
ALTER TABLE "risk_model" ADD CONSTRAINT "risk_model_refused_check" CHECK ("gate_passed" OR "state" = 'refused');
ALTER TABLE "risk_model" ADD CONSTRAINT "risk_model_champion_check" CHECK (NOT "champion" OR "state" = 'released');
CREATE UNIQUE INDEX "risk_model_one_champion" ON "risk_model" ("champion") WHERE "champion";

CREATE TABLE "risk_model_file" (
    "model_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "content" BYTEA NOT NULL,
    CONSTRAINT "risk_model_file_pkey" PRIMARY KEY ("model_id", "name")
);
ALTER TABLE "risk_model_file" ADD CONSTRAINT "risk_model_file_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "risk_model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
-- Weights do not compress: no time is spent on trying.
ALTER TABLE "risk_model_file" ALTER COLUMN "content" SET STORAGE EXTERNAL;
ALTER TABLE "risk_model_file" ADD CONSTRAINT "risk_model_file_hash_check" CHECK ("sha256" = encode(sha256("content"), 'hex'));

CREATE TABLE "risk_model_release" (
    "id" BIGSERIAL NOT NULL,
    "model_id" UUID NOT NULL,
    "previous_id" UUID,
    "kind" TEXT NOT NULL,
    "proposed_by" UUID NOT NULL,
    "confirmed_by" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "risk_model_release_pkey" PRIMARY KEY ("id")
);
ALTER TABLE "risk_model_release" ADD CONSTRAINT "risk_model_release_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "risk_model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "risk_model_release" ADD CONSTRAINT "risk_model_release_previous_id_fkey" FOREIGN KEY ("previous_id") REFERENCES "risk_model"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "risk_model_release" ADD CONSTRAINT "risk_model_release_kind_check"
  CHECK ("kind" = 'roll-back' OR ("kind" = 'release' AND "proposed_by" <> "confirmed_by"));

CREATE TABLE "portfolio_row" (
    "contract_no" TEXT NOT NULL,
    "year" INTEGER NOT NULL,
    "clinic_code" TEXT NOT NULL,
    "payout_kopecks" BIGINT NOT NULL,
    "person_years" DOUBLE PRECISION NOT NULL,
    "factors" JSONB NOT NULL,
    "origin" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "portfolio_row_pkey" PRIMARY KEY ("contract_no", "year", "clinic_code")
);
ALTER TABLE "portfolio_row" ADD CONSTRAINT "portfolio_row_origin_check" CHECK ("origin" IN ('file', 'invoices'));
ALTER TABLE "portfolio_row" ADD CONSTRAINT "portfolio_row_exposure_check" CHECK ("person_years" > 0);

CREATE TABLE "factor_source" (
    "code" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "place" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "columns" JSONB NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "created_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "factor_source_pkey" PRIMARY KEY ("code")
);
ALTER TABLE "factor_source" ADD CONSTRAINT "factor_source_kind_check" CHECK ("kind" IN ('file-drop', 'http'));
ALTER TABLE "factor_source" ADD CONSTRAINT "factor_source_subject_check" CHECK ("subject" IN ('clinic', 'contract', 'region', 'pair', 'market'));

CREATE TABLE "factor_value" (
    "source_code" TEXT NOT NULL,
    "factor" TEXT NOT NULL,
    "subject_key" TEXT NOT NULL,
    "year" INTEGER NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "loaded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "factor_value_pkey" PRIMARY KEY ("source_code", "factor", "subject_key", "year")
);
ALTER TABLE "factor_value" ADD CONSTRAINT "factor_value_source_code_fkey" FOREIGN KEY ("source_code") REFERENCES "factor_source"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TABLE "factor_load" (
    "id" BIGSERIAL NOT NULL,
    "source_code" TEXT NOT NULL,
    "training_id" UUID NOT NULL,
    "sha256" CHAR(64),
    "taken" INTEGER NOT NULL,
    "rejected" INTEGER NOT NULL,
    "problems" JSONB NOT NULL,
    "error_code" TEXT,
    "loaded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "factor_load_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "factor_load_training_id_source_code_key" ON "factor_load"("training_id", "source_code");
ALTER TABLE "factor_load" ADD CONSTRAINT "factor_load_source_code_fkey" FOREIGN KEY ("source_code") REFERENCES "factor_source"("code") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "factor_load" ADD CONSTRAINT "factor_load_training_id_fkey" FOREIGN KEY ("training_id") REFERENCES "model_training"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TABLE "pricing_parameters" (
    "version" SERIAL NOT NULL,
    "data" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "created_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "pricing_parameters_pkey" PRIMARY KEY ("version")
);
-- Shares in basis points (1/100 %), money in kopecks.
INSERT INTO "pricing_parameters" ("data", "reason") VALUES ('{
  "largeLossFactorBp": 11000, "uncertaintyLoadBp": 200, "expensesBp": 1200, "commissionBp": 500, "marginBp": 500, "minimumPriceKopecks": 5000000,
  "authority": {
    "underwriter": {"maxPriceKopecks": 1000000000, "maxDiscountBp": 500, "maxInsured": 500, "maxIntervalWidthBp": 12000, "maxDomainWarnings": 3},
    "senior-underwriter": {"maxPriceKopecks": 10000000000, "maxDiscountBp": 2000, "maxInsured": 5000, "maxIntervalWidthBp": 30000, "maxDomainWarnings": 20}
  }}', 'Начальные параметры / initial parameters');

CREATE TABLE "quote" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "base_id" UUID,
    "name" TEXT,
    "contract_no" TEXT,
    "author" UUID NOT NULL,
    "author_role" TEXT NOT NULL,
    "model_version" TEXT NOT NULL,
    "parameters_version" INTEGER NOT NULL,
    "inputs" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "result_sha256" CHAR(64) NOT NULL,
    "risk_kopecks" BIGINT NOT NULL,
    "price_kopecks" BIGINT NOT NULL,
    "final_price_kopecks" BIGINT,
    "referral" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "quote_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "quote_id_author_key" ON "quote"("id", "author");
CREATE INDEX "quote_created_at_id_idx" ON "quote"("created_at", "id");
CREATE INDEX "quote_base_id_idx" ON "quote"("base_id");
ALTER TABLE "quote" ADD CONSTRAINT "quote_base_id_fkey" FOREIGN KEY ("base_id") REFERENCES "quote"("id") ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "quote" ADD CONSTRAINT "quote_model_version_fkey" FOREIGN KEY ("model_version") REFERENCES "risk_model"("version") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "quote" ADD CONSTRAINT "quote_parameters_version_fkey" FOREIGN KEY ("parameters_version") REFERENCES "pricing_parameters"("version") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "quote" ADD CONSTRAINT "quote_state_check" CHECK ("state" IN ('priced', 'referred', 'approved', 'declined'));
-- Above the author's authority a quote is never simply priced.
ALTER TABLE "quote" ADD CONSTRAINT "quote_authority_check" CHECK ("state" <> 'priced' OR "referral" = '[]'::jsonb);
ALTER TABLE "quote" ADD CONSTRAINT "quote_hash_check" CHECK ("result_sha256" = encode(sha256(convert_to("result", 'UTF8')), 'hex'));
-- What was computed is never changed: only a decision moves state and final price.
CREATE FUNCTION "keep_quote"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'state' - 'final_price_kopecks' - 'revision' = to_jsonb(NEW) - 'state' - 'final_price_kopecks' - 'revision'
    AND OLD."state" = 'referred' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'a quote is never changed: save a variant' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "quote_keep" BEFORE UPDATE OR DELETE ON "quote" FOR EACH ROW EXECUTE FUNCTION "keep_quote"();

CREATE TABLE "quote_decision" (
    "id" BIGSERIAL NOT NULL,
    "quote_id" UUID NOT NULL,
    "quote_author" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "price_kopecks" BIGINT,
    "decided_by" UUID NOT NULL,
    "decided_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "quote_decision_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "quote_decision_quote_id_idx" ON "quote_decision"("quote_id");
ALTER TABLE "quote_decision" ADD CONSTRAINT "quote_decision_quote_id_quote_author_fkey" FOREIGN KEY ("quote_id", "quote_author") REFERENCES "quote"("id", "author") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "quote_decision" ADD CONSTRAINT "quote_decision_kind_check"
  CHECK ("kind" IN ('approve', 'decline') AND "price_kopecks" IS NULL OR "kind" = 'override' AND "price_kopecks" > 0);
ALTER TABLE "quote_decision" ADD CONSTRAINT "quote_decision_reason_check" CHECK (length(btrim("reason")) > 0);
ALTER TABLE "quote_decision" ADD CONSTRAINT "quote_decision_four_eyes_check" CHECK ("decided_by" <> "quote_author");

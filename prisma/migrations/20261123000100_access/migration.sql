-- Accounts, sessions, keys, idempotent answers, audit trail, outbox, rate limits.

CREATE TABLE "app_user" (
    "id" UUID NOT NULL DEFAULT uuidv7(),
    "login" TEXT NOT NULL,
    "password_hash" TEXT,
    "role" TEXT NOT NULL,
    "clinic_id" INTEGER,
    "policyholder_id" INTEGER,
    "policy_id" INTEGER,
    "hub_id" INTEGER,
    "full_name" TEXT,
    "skills" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "issuer" TEXT,
    "subject" TEXT,
    "status" TEXT NOT NULL DEFAULT 'active',
    "failed_logins" INTEGER NOT NULL DEFAULT 0,
    "locked_until" TIMESTAMPTZ(6),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "app_user_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "app_user_login_key" ON "app_user"("login");
CREATE UNIQUE INDEX "app_user_issuer_subject_key" ON "app_user"("issuer", "subject");
CREATE INDEX "app_user_role_status_idx" ON "app_user"("role", "status");
ALTER TABLE "app_user" ADD CONSTRAINT "app_user_login_check" CHECK ("login" = lower("login") AND length("login") BETWEEN 2 AND 200);
ALTER TABLE "app_user" ADD CONSTRAINT "app_user_role_check" CHECK ("role" IN ('administrator', 'analyst', 'medical-expert', 'lead-expert', 'curator-doctor', 'underwriter', 'senior-underwriter', 'investigator', 'clinic', 'employer', 'insured'));
ALTER TABLE "app_user" ADD CONSTRAINT "app_user_status_check" CHECK ("status" IN ('active', 'disabled'));
-- Invariant 1: whoever acts as a doctor has a name.
ALTER TABLE "app_user" ADD CONSTRAINT "app_user_doctor_name_check" CHECK ("role" NOT IN ('medical-expert', 'lead-expert', 'curator-doctor') OR length(btrim(COALESCE("full_name", ''))) > 0);
-- An outside account belongs to somebody.
ALTER TABLE "app_user" ADD CONSTRAINT "app_user_owner_check" CHECK (
  ("role" <> 'clinic' OR "clinic_id" IS NOT NULL)
  AND ("role" <> 'employer' OR "policyholder_id" IS NOT NULL)
  AND ("role" <> 'insured' OR "policy_id" IS NOT NULL));
-- Either a password of ours or an identity of the customer's provider.
ALTER TABLE "app_user" ADD CONSTRAINT "app_user_credential_check" CHECK (("issuer" IS NULL) = ("subject" IS NULL) AND ("password_hash" IS NULL OR "issuer" IS NULL));

CREATE TABLE "app_session" (
    "token_hash" BYTEA NOT NULL,
    "id" UUID NOT NULL DEFAULT uuidv7(),
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "app_session_pkey" PRIMARY KEY ("token_hash")
);
CREATE UNIQUE INDEX "app_session_id_key" ON "app_session"("id");
CREATE INDEX "app_session_user_id_idx" ON "app_session"("user_id");
CREATE INDEX "app_session_expires_at_idx" ON "app_session"("expires_at");
ALTER TABLE "app_session" ADD CONSTRAINT "app_session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TABLE "api_key" (
    "id" UUID NOT NULL DEFAULT uuidv7(),
    "name" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "role" TEXT NOT NULL,
    "clinic_id" INTEGER,
    "policyholder_id" INTEGER,
    "policy_id" INTEGER,
    "hub_id" INTEGER,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "revoked_at" TIMESTAMPTZ(6),
    "last_used_at" TIMESTAMPTZ(6),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "api_key_key_hash_key" ON "api_key"("key_hash");
-- A machine is never a doctor: it could sign a medical refusal.
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_role_check" CHECK ("role" IN ('administrator', 'analyst', 'underwriter', 'investigator', 'clinic', 'employer', 'insured'));
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_owner_check" CHECK (
  ("role" <> 'clinic' OR "clinic_id" IS NOT NULL)
  AND ("role" <> 'employer' OR "policyholder_id" IS NOT NULL)
  AND ("role" <> 'insured' OR "policy_id" IS NOT NULL));

CREATE TABLE "idempotency_key" (
    "key_hash" BYTEA NOT NULL,
    "fingerprint" BYTEA,
    "lease_until" TIMESTAMPTZ(6),
    "answer" BYTEA,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("key_hash")
);
CREATE INDEX "idempotency_key_expires_at_idx" ON "idempotency_key"("expires_at");
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_state_check" CHECK (("answer" IS NULL) <> ("lease_until" IS NULL) AND ("answer" IS NULL OR "fingerprint" IS NOT NULL));

CREATE TABLE "audit_stream" (
    "stream" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_stream_pkey" PRIMARY KEY ("stream")
);

CREATE TABLE "audit_event" (
    "stream" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "subject_type" TEXT NOT NULL,
    "subject_ids" TEXT[],
    "subject_count" INTEGER NOT NULL,
    "purpose" TEXT,
    "request_id" TEXT,
    "facts" JSONB NOT NULL,
    "prev" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("stream", "seq")
);
CREATE INDEX "audit_event_at_stream_seq_idx" ON "audit_event"("at", "stream", "seq");
CREATE INDEX "audit_event_actor_at_idx" ON "audit_event"("actor", "at");
CREATE INDEX "audit_event_subject_ids_idx" ON "audit_event" USING GIN ("subject_ids");
ALTER TABLE "audit_event" ADD CONSTRAINT "audit_event_kind_check" CHECK ("kind" IN ('read', 'decision', 'change', 'access'));
ALTER TABLE "audit_event" ADD CONSTRAINT "audit_event_hash_check" CHECK (octet_length("prev") = 32 AND octet_length("hash") = 32 AND "seq" > 0);

CREATE TABLE "audit_anchor" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "heads" JSONB NOT NULL,
    "signature" BYTEA NOT NULL,

    CONSTRAINT "audit_anchor_pkey" PRIMARY KEY ("id")
);

-- Append-only for everybody, the owner of the tables included.
CREATE FUNCTION "keep_audit"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "audit_event_keep" BEFORE UPDATE OR DELETE ON "audit_event" FOR EACH ROW EXECUTE FUNCTION "keep_audit"();
CREATE TRIGGER "audit_event_keep_all" BEFORE TRUNCATE ON "audit_event" FOR EACH STATEMENT EXECUTE FUNCTION "keep_audit"();
CREATE TRIGGER "audit_anchor_keep" BEFORE UPDATE OR DELETE ON "audit_anchor" FOR EACH ROW EXECUTE FUNCTION "keep_audit"();
CREATE TRIGGER "audit_anchor_keep_all" BEFORE TRUNCATE ON "audit_anchor" FOR EACH STATEMENT EXECUTE FUNCTION "keep_audit"();
-- A head only moves forward.
CREATE FUNCTION "keep_audit_head"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW."stream" = OLD."stream" AND NEW."seq" >= OLD."seq" THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "audit_stream_keep" BEFORE UPDATE OR DELETE ON "audit_stream" FOR EACH ROW EXECUTE FUNCTION "keep_audit_head"();
REVOKE UPDATE, DELETE, TRUNCATE ON "audit_event", "audit_anchor" FROM PUBLIC;
REVOKE DELETE, TRUNCATE ON "audit_stream" FROM PUBLIC;

CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "topic" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "available_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claimed_until" TIMESTAMPTZ(6),
    "done_at" TIMESTAMPTZ(6),
    "dead_at" TIMESTAMPTZ(6),
    "last_error" TEXT,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "outbox_topic_key_key" ON "outbox"("topic", "key");
CREATE INDEX "outbox_waiting_idx" ON "outbox"("topic", "available_at", "id") WHERE "done_at" IS NULL AND "dead_at" IS NULL;
CREATE INDEX "outbox_dead_idx" ON "outbox"("id") WHERE "dead_at" IS NOT NULL;

CREATE UNLOGGED TABLE "rate_limit" (
    "key" TEXT NOT NULL,
    "window_start" TIMESTAMPTZ(6) NOT NULL,
    "hits" INTEGER NOT NULL,

    CONSTRAINT "rate_limit_pkey" PRIMARY KEY ("key", "window_start")
);
CREATE INDEX "rate_limit_window_start_idx" ON "rate_limit"("window_start");

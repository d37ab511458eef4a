-- What insured people answered about their visits, as it comes in feedback.csv. Evidence and priority only, never a refusal.
CREATE TABLE "feedback_answer" (
    "id" BIGSERIAL NOT NULL,
    "survey_id" TEXT NOT NULL,
    "clinic_id" INTEGER NOT NULL,
    "invoice_no" TEXT NOT NULL,
    "line_no" INTEGER,
    "policy_id" INTEGER NOT NULL,
    "visit_date" DATE NOT NULL,
    "answered_at" TIMESTAMP(0) NOT NULL,
    "question" TEXT NOT NULL,
    "answer" TEXT NOT NULL,
    CONSTRAINT "feedback_answer_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "feedback_answer_clinic_id_invoice_no_idx" ON "feedback_answer"("clinic_id", "invoice_no");
CREATE INDEX "feedback_answer_policy_id_visit_date_idx" ON "feedback_answer"("policy_id", "visit_date");
ALTER TABLE "feedback_answer" ADD CONSTRAINT "feedback_answer_clinic_id_fkey" FOREIGN KEY ("clinic_id") REFERENCES "clinic"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "feedback_answer" ADD CONSTRAINT "feedback_answer_policy_id_fkey" FOREIGN KEY ("policy_id") REFERENCES "policy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- One answer per survey, question and line (or the whole visit).
CREATE UNIQUE INDEX "feedback_answer_key" ON "feedback_answer" ("survey_id", "question", COALESCE("line_no", -1));
ALTER TABLE "feedback_answer" ADD CONSTRAINT "feedback_answer_question_check" CHECK ("question" IN ('visit-happened', 'service-rendered', 'duration-minutes', 'paid-extra', 'rating', 'comment'));

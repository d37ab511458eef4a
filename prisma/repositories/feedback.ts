import type { FeedbackRow } from '../../models/exchange/feedback-rows';
import type { Queryable } from '../pool';
import { resolveCodes } from './dictionaries';

/** An answer with its clinic looked up; keys are (survey, question, line). */
export interface FeedbackWrite {
  readonly clinicId: number;
  readonly row: FeedbackRow;
}

/** Adds answers, or corrects those that are there; nothing is touched that is the same already. */
export async function upsertFeedback(tx: Queryable, items: readonly FeedbackWrite[]): Promise<void> {
  const policies = await resolveCodes(tx, 'policy', [...new Set(items.map((item) => item.row.policyNo))]);
  await tx.query(
    `INSERT INTO feedback_answer
       (survey_id, clinic_id, invoice_no, line_no, policy_id, visit_date, answered_at, question, answer)
     SELECT survey, clinic, invoice, line, policy, DATE '1970-01-01' + visit, answered::timestamp, question, answer
     FROM unnest($1::text[], $2::int[], $3::text[], $4::int[], $5::int[], $6::int[], $7::text[], $8::text[], $9::text[])
       AS f(survey, clinic, invoice, line, policy, visit, answered, question, answer)
     ON CONFLICT (survey_id, question, COALESCE(line_no, -1)) DO UPDATE SET clinic_id = excluded.clinic_id,
       invoice_no = excluded.invoice_no, policy_id = excluded.policy_id, visit_date = excluded.visit_date,
       answered_at = excluded.answered_at, answer = excluded.answer
     WHERE to_jsonb(feedback_answer) - 'id' IS DISTINCT FROM to_jsonb(excluded) - 'id'`,
    [
      items.map((item) => item.row.surveyId),
      items.map((item) => item.clinicId),
      items.map((item) => item.row.invoiceNo),
      items.map((item) => item.row.lineNo),
      items.map((item) => policies.get(item.row.policyNo)),
      items.map((item) => item.row.visitDay),
      items.map((item) => item.row.answeredAt),
      items.map((item) => item.row.question),
      items.map((item) => item.row.answer),
    ],
  );
}

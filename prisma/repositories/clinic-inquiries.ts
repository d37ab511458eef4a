import type { RowFilter } from '../../models/access/policy';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

/** A letter of a case as its clinic sees it: the question and its own answer, nothing of the case. */
export interface ClinicInquiry {
  readonly caseId: string;
  readonly inquiryId: string;
  readonly subject: string;
  readonly text: string;
  readonly sentAt: string;
  readonly answerDueAt: string;
  readonly answeredAt: string | null;
  readonly answerText: string | null;
}

/** Letters to the clinics of the filter, newest first. */
export async function listInquiries(db: Queryable, filter: RowFilter, limit: number): Promise<ClinicInquiry[]> {
  const values: unknown[] = [limit];
  const rows = await db.query<ClinicInquiry & Record<string, unknown>>(
    `SELECT k.id AS "caseId", w->>'letterId' AS "inquiryId", w->>'subject' AS subject, w->>'text' AS text,
       w->>'sentAt' AS "sentAt", w->>'answerDueAt' AS "answerDueAt", w->>'answeredAt' AS "answeredAt",
       w->>'answerText' AS "answerText"
     FROM fraud_case k, jsonb_array_elements(k.record->'letters') w
     WHERE ${filterSql(filter, { clinicId: 'k.clinic_id' }, values)} ORDER BY w->>'sentAt' DESC LIMIT $1`,
    values,
  );
  return rows.rows;
}

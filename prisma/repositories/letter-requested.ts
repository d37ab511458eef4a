import type { Queryable } from '../pool';

/** What was asked for, as it can be judged again: with every kind of document that is there by now. */
export interface RequestedAgain {
  readonly policyNo: string;
  readonly clinicCode: string;
  readonly lines: {
    serviceCode: string;
    diagnosisCode: string;
    quantity: number;
    periodFrom: string;
    periodTo: string;
    tooth: string | null;
  }[];
  readonly documents: string[];
  /** A doctor has decided, asked or been asked for a second opinion; or the answer was appealed. */
  readonly doctorHadIt: boolean;
}

export async function readRequested(tx: Queryable, requestId: string): Promise<RequestedAgain | null> {
  const rows = await tx.query<RequestedAgain>(
    `SELECT p.policy_no AS "policyNo", c.code AS "clinicCode",
       (SELECT json_agg(json_build_object('serviceCode', l.service_code, 'diagnosisCode', l.diagnosis_code,
          'quantity', l.quantity, 'periodFrom', l.period_from, 'periodTo', l.period_to, 'tooth', l.tooth)
          ORDER BY l.line_no) FROM letter_request_line l WHERE l.request_id = r.id) AS lines,
       (SELECT coalesce(json_agg(DISTINCT d.kind), '[]') FROM (
          SELECT a.kind FROM letter_attachment a WHERE a.request_id = r.id
          UNION ALL SELECT jsonb_array_elements_text(coalesce(e.body->'documents', '[]')) FROM letter_event e
          WHERE e.request_id = r.id AND e.kind = 'first-answer') d) AS documents,
       EXISTS (SELECT 1 FROM letter_event e WHERE e.request_id = r.id
         AND e.kind IN ('decide', 'ask-documents', 'second-opinion', 'appeal')) AS "doctorHadIt"
     FROM letter_request r JOIN policy p ON p.id = r.policy_id JOIN clinic c ON c.id = r.clinic_id
     WHERE r.id = $1`,
    [requestId],
  );
  return rows.rows[0] ?? null;
}

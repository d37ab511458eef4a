import type { LetterContent } from '../../models/documents/letter-pdf';
import type { Queryable } from '../pool';

/** Everything the letter's file says, as it stands now; null when the request is not there or has no number. */
export async function readLetterContent(
  db: Queryable,
  requestId: string,
  publicUrl: string,
): Promise<LetterContent | null> {
  const rows = await db.query<LetterContent & { checkCode: string }>(
    `SELECT r.number, r.revision, coalesce(r.final_at, r.submitted_at) AS "issuedAt", c.name AS "clinicName",
       c.code AS "clinicCode", p.policy_no AS "policyNo", r.valid_to AS "validTo", r.check_code AS "checkCode",
       (SELECT coalesce(json_agg(json_build_object('letterNo', f.letter_no, 'serviceCode', l.service_code,
          'serviceName', coalesce(s.name, l.service_code), 'quantity', l.approved_quantity,
          'kopecks', l.approved_kopecks, 'from', l.approved_from, 'to', l.approved_to, 'tooth', l.tooth)
          ORDER BY l.line_no), '[]')
        FROM letter_request_line l JOIN letter_ref f ON f.id = l.letter_ref_id
          LEFT JOIN service s ON s.id = l.service_id
        WHERE l.request_id = r.id AND l.outcome IN ('approved', 'partial')) AS lines,
       (SELECT coalesce(json_agg(json_build_object('serviceCode', l.service_code,
          'serviceName', coalesce(s.name, l.service_code),
          'reason', concat_ws(', ', l.reason_code, l.clause)) ORDER BY l.line_no), '[]')
        FROM letter_request_line l LEFT JOIN service s ON s.id = l.service_id
        WHERE l.request_id = r.id AND l.outcome = 'refused') AS refused,
       (SELECT coalesce(json_agg(DISTINCT l.doctor_name), '[]') FROM letter_request_line l
        WHERE l.request_id = r.id AND l.doctor_name IS NOT NULL) AS doctors
     FROM letter_request r JOIN clinic c ON c.id = r.clinic_id JOIN policy p ON p.id = r.policy_id
     WHERE r.id = $1 AND r.number IS NOT NULL AND r.valid_to IS NOT NULL`,
    [requestId],
  );
  const row = rows.rows[0];
  if (row === undefined) return null;
  const { checkCode, ...content } = row;
  return { ...content, checkUrl: `${publicUrl}/check/${checkCode}` };
}

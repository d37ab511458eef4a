import type { LetterRecord } from '../../models/letters/record';
import { isPromised } from '../../models/letters/record';
import type { Queryable } from '../pool';

/**
 * Gives each promised line its own number "GL-00000012/1" in the dictionary of letters and keeps the promise beside it,
 * in the form that the review engine reads (one letter = one service). A line without a promise any more keeps its row
 * with what was used, so that invoices are still judged by what was promised to them.
 */
export async function issueLetterRefs(tx: Queryable, record: LetterRecord): Promise<void> {
  const standing = record.lines.filter((line) => isPromised(line) || line.usedQuantity > 0);
  if (record.number === null || record.lines.every((line) => line.outcome === 'pended')) return;
  const gone = record.lines.filter((line) => !standing.includes(line)).map((line) => line.lineNo);
  await tx.query(
    `WITH w AS (
       SELECT line_no, quantity, amount, valid_from, valid_to, $2 || '/' || line_no AS letter_no
       FROM unnest($3::int[], $4::int[], $5::bigint[], $6::date[], $7::date[])
         u(line_no, quantity, amount, valid_from, valid_to)),
     ref AS (
       INSERT INTO letter_ref (letter_no) SELECT letter_no FROM w
       ON CONFLICT (letter_no) DO UPDATE SET letter_no = EXCLUDED.letter_no RETURNING id, letter_no),
     kept AS (
       INSERT INTO guarantee_letter (letter_ref_id, policy_id, clinic_id, service_code, quantity, amount_kopecks,
         valid_from, valid_to)
       SELECT ref.id, r.policy_id, r.clinic_id, l.service_code, w.quantity, w.amount, w.valid_from, w.valid_to
       FROM w JOIN ref USING (letter_no) JOIN letter_request r ON r.id = $1
         JOIN letter_request_line l ON l.request_id = r.id AND l.line_no = w.line_no
       ON CONFLICT (letter_ref_id) DO UPDATE SET quantity = EXCLUDED.quantity,
         amount_kopecks = EXCLUDED.amount_kopecks, valid_from = EXCLUDED.valid_from, valid_to = EXCLUDED.valid_to
       RETURNING letter_ref_id),
     dropped AS (
       DELETE FROM guarantee_letter g USING letter_request_line l
       WHERE l.request_id = $1 AND l.line_no = ANY($8) AND g.letter_ref_id = l.letter_ref_id)
     UPDATE letter_request_line l SET letter_ref_id = ref.id FROM ref JOIN w USING (letter_no)
     WHERE l.request_id = $1 AND l.line_no = w.line_no AND l.letter_ref_id IS DISTINCT FROM ref.id`,
    [
      record.requestId,
      record.number,
      standing.map((line) => line.lineNo),
      standing.map((line) => (isPromised(line) ? line.approvedQuantity : line.usedQuantity)),
      standing.map((line) => (isPromised(line) ? line.approvedKopecks : line.usedKopecks)),
      standing.map((line) => line.approvedFrom ?? line.periodFrom),
      standing.map((line) => line.approvedTo ?? line.periodTo),
      gone,
    ],
  );
}

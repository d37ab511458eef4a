import type { VerdictDraft } from '../../models/review-case/decisions';
import type { Queryable } from '../pool';

/** Who gave a verdict: a rule set, or a doctor by name. */
export type VerdictAuthor =
  | { readonly kind: 'rule'; readonly ruleSetVersion: string; readonly batchId: string }
  | {
      readonly kind: 'doctor';
      readonly doctorId: string;
      readonly doctorName: string;
      readonly requestId: string;
      readonly taskId: string | null;
    };

export interface LineVerdict extends VerdictDraft {
  readonly lineId: number;
  readonly reversesId: number | null;
}

/** Writes verdicts in one statement; the database refuses a second active one for a line (23505). */
export async function insertVerdicts(
  tx: Queryable,
  author: VerdictAuthor,
  verdicts: readonly LineVerdict[],
): Promise<void> {
  if (verdicts.length === 0) return;
  const doctor = author.kind === 'doctor' ? author : null;
  const rule = author.kind === 'rule' ? author : null;
  await tx.query(
    `INSERT INTO verdict (line_id, kind, ground, reason_code, clause, billed_kopecks, accepted_kopecks, reduced_kopecks,
       refused_kopecks, patient_share_kopecks, note_to_clinic, internal_note, reverses_id, author_kind, rule_set_version,
       batch_id, doctor_id, doctor_name, request_id, task_id)
     SELECT v.*, $14, $15, $16::uuid, $17::uuid, $18, $19, $20::uuid
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
       $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[]) AS v`,
    [
      verdicts.map((verdict) => verdict.lineId),
      verdicts.map((verdict) => verdict.kind),
      verdicts.map((verdict) => verdict.ground),
      verdicts.map((verdict) => verdict.reasonCode),
      verdicts.map((verdict) => verdict.clause),
      verdicts.map((verdict) => verdict.billedKopecks),
      verdicts.map((verdict) => verdict.acceptedKopecks),
      verdicts.map((verdict) => verdict.reducedKopecks),
      verdicts.map((verdict) => verdict.refusedKopecks),
      verdicts.map((verdict) => verdict.patientShareKopecks),
      verdicts.map((verdict) => verdict.noteToClinic),
      verdicts.map((verdict) => verdict.internalNote),
      verdicts.map((verdict) => verdict.reversesId),
      author.kind,
      rule?.ruleSetVersion ?? null,
      rule?.batchId ?? null,
      doctor?.doctorId ?? null,
      doctor?.doctorName ?? null,
      doctor?.requestId ?? null,
      doctor?.taskId ?? null,
    ],
  );
}

/** Deactivates the active verdict of a line, so that its reversal can take its place; null when there is none. */
export async function retireVerdict(tx: Queryable, lineId: number): Promise<number | null> {
  const rows = await tx.query<{ id: number }>(
    'UPDATE verdict SET active = false WHERE line_id = $1 AND active RETURNING id',
    [lineId],
  );
  return rows.rows[0]?.id ?? null;
}

/** Lines of `lineIds` that this request has decided already: a retry after a lost answer finds its own work. */
export async function decidedByRequest(
  tx: Queryable,
  requestId: string,
  lineIds: readonly number[],
): Promise<Set<number>> {
  const rows = await tx.query<{ lineId: number }>(
    'SELECT line_id AS "lineId" FROM verdict WHERE request_id = $1 AND line_id = ANY($2::bigint[])',
    [requestId, lineIds],
  );
  return new Set(rows.rows.map((row) => row.lineId));
}

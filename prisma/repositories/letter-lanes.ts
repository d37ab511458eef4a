import type { LaneFacts } from '../../models/sampling/fast-lane';
import type { Queryable } from '../pool';
import { internalHigh } from './ratings';

/** A clinic's record with one service: what doctors made of its requests, and of the samples of the lane. */
export interface LetterLaneRow {
  readonly clinicId: number;
  readonly clinicCode: string;
  readonly serviceCode: string;
  readonly state: 'on' | 'off';
  readonly since: string;
  readonly quarantineUntil: string | null;
  readonly sampleShare: number;
  readonly facts: LaneFacts;
}

const WINDOW_DAYS = 365;

/**
 * The record of the last year: lines that a doctor decided (wrong to approve at once = cut or refused on medical
 * grounds), and trusted answers that were looked at afterwards. A clinic whose own lane is suspended (open case) counts
 * as under suspicion here too. `clinicId` null = all.
 */
export async function readLetterLanes(db: Queryable, clinicId: number | null): Promise<LetterLaneRow[]> {
  const rows = await db.query<LetterLaneRow & Record<string, unknown>>(
    `WITH record AS (
       SELECT r.clinic_id, l.service_code,
         count(*) FILTER (WHERE l.author_kind = 'doctor' OR r.sample_result IS NOT NULL)::int AS checked,
         count(*) FILTER (WHERE l.ground = 'medical' OR r.sample_result = 'overturned')::int AS wrong,
         count(*) FILTER (WHERE l.author_kind = 'doctor')::int AS decided,
         count(*) FILTER (WHERE l.ground = 'medical')::int AS cut
       FROM letter_request r JOIN letter_request_line l ON l.request_id = r.id
       WHERE r.submitted_at > now() - make_interval(days => ${WINDOW_DAYS}) AND ($1::int IS NULL OR r.clinic_id = $1)
       GROUP BY r.clinic_id, l.service_code)
     SELECT c.id AS "clinicId", c.code AS "clinicCode", coalesce(t.service_prefix, x.service_code) AS "serviceCode",
       coalesce(t.state, 'off') AS state, coalesce(t.changed_at::date, current_date)::text AS since,
       t.quarantine_until AS "quarantineUntil", coalesce(t.sample_share, 0.05) AS "sampleShare",
       json_build_object('checked', coalesce(x.checked, 0), 'wrong', coalesce(x.wrong, 0),
         'linesDecided', coalesce(x.decided, 0), 'linesRefusedOrReduced', coalesce(x.cut, 0),
         'ratingHigh', ${internalHigh('c.id')},
         'openFraudCase', EXISTS (SELECT 1 FROM clinic_lane k WHERE k.clinic_id = c.id AND k.state = 'suspended')) AS facts
     FROM record x FULL JOIN trusted_lane t ON t.clinic_id = x.clinic_id AND t.service_prefix = x.service_code
       JOIN clinic c ON c.id = coalesce(x.clinic_id, t.clinic_id)
     WHERE ($1::int IS NULL OR c.id = $1) ORDER BY c.code, 3`,
    [clinicId],
  );
  return rows.rows;
}

/** Keeps the lanes as they were judged, with the record behind them. */
export async function saveLetterLanes(
  tx: Queryable,
  lanes: readonly (Pick<LetterLaneRow, 'clinicId' | 'serviceCode' | 'state' | 'quarantineUntil'> & {
    readonly checked: number;
    readonly wrong: number;
  })[],
): Promise<void> {
  if (lanes.length === 0) return;
  await tx.query(
    `INSERT INTO trusted_lane AS t (clinic_id, service_prefix, state, decided, overturned, quarantine_until)
     SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::int[], $6::date[])
     ON CONFLICT (clinic_id, service_prefix) DO UPDATE SET state = EXCLUDED.state, decided = EXCLUDED.decided,
       overturned = EXCLUDED.overturned, quarantine_until = EXCLUDED.quarantine_until,
       changed_at = CASE WHEN t.state = EXCLUDED.state THEN t.changed_at ELSE now() END`,
    [
      lanes.map((lane) => lane.clinicId),
      lanes.map((lane) => lane.serviceCode),
      lanes.map((lane) => lane.state),
      lanes.map((lane) => lane.checked),
      lanes.map((lane) => lane.wrong),
      lanes.map((lane) => lane.quarantineUntil),
    ],
  );
}

/** A doctor's look at a trusted answer, once. False when it is not a sample or was looked at before. */
export async function saveSampleResult(
  tx: Queryable,
  requestId: string,
  result: 'agreed' | 'overturned',
): Promise<boolean> {
  const done = await tx.query(
    `UPDATE letter_request SET sample_result = $2, sampled_at = now()
     WHERE id = $1 AND sampled AND sample_result IS NULL`,
    [requestId, result],
  );
  return done.rowCount === 1;
}

import type { Queryable } from '../pool';

/** The standard figures of prior authorisation (Da Vinci PAS, metrics): counts and medians per urgency. */
export interface LetterMetrics {
  readonly from: string;
  readonly to: string;
  readonly byUrgency: readonly {
    readonly urgency: string;
    readonly submitted: number;
    /** Final in the first answer. */
    readonly finalAtFirst: number;
    readonly approved: number;
    readonly partial: number;
    readonly refused: number;
    readonly overdue: number;
    readonly medianHoursToFinal: number | null;
    readonly p95HoursToFinal: number | null;
  }[];
  readonly pendsByReason: readonly { readonly reason: string; readonly pends: number }[];
  /** Open requests by age. */
  readonly ageing: readonly { readonly band: string; readonly open: number }[];
  /** Appeals that were decided, and how many changed the answer. */
  readonly appeals: { readonly decided: number; readonly overturned: number };
  /** Trusted lane: answers that a doctor has looked at afterwards, and would have decided otherwise. */
  readonly samples: { readonly decided: number; readonly overturned: number };
}

/** Less is promised than was asked for, on some line; it stays so when the letter is used or has expired. */
const CUT = `EXISTS (SELECT 1 FROM letter_request_line l WHERE l.request_id = r.id AND l.outcome <> 'cancelled'
         AND (l.approved_quantity < l.quantity OR l.reason_code IS NOT NULL))`;

export async function readLetterMetrics(db: Queryable, from: string, to: string): Promise<LetterMetrics> {
  const period = `submitted_at >= $1::date AND submitted_at < $2::date + 1`;
  const urgency = await db.query<LetterMetrics['byUrgency'][number] & Record<string, unknown>>(
    `SELECT urgency, count(*)::int AS submitted,
       count(*) FILTER (WHERE first_answer <> 'pended')::int AS "finalAtFirst",
       count(*) FILTER (WHERE approved_kopecks > 0 AND NOT ${CUT})::int AS approved,
       count(*) FILTER (WHERE approved_kopecks > 0 AND ${CUT})::int AS partial,
       count(*) FILTER (WHERE state = 'refused')::int AS refused, count(*) FILTER (WHERE overdue)::int AS overdue,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM final_at - submitted_at) / 3600)::float8
         AS "medianHoursToFinal",
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM final_at - submitted_at) / 3600)::float8
         AS "p95HoursToFinal"
     FROM letter_request r WHERE ${period} GROUP BY urgency ORDER BY urgency`,
    [from, to],
  );
  const pends = await db.query<{ reason: string; pends: number }>(
    `SELECT CASE WHEN e.kind = 'first-answer' THEN coalesce(c.code, l.value->>'pendedFor') ELSE e.kind END AS reason,
       count(*)::int AS pends
     FROM letter_event e JOIN letter_request r ON r.id = e.request_id
       LEFT JOIN LATERAL jsonb_array_elements(CASE WHEN e.kind = 'first-answer' THEN e.body->'lines' ELSE '[]' END) l ON true
       LEFT JOIN LATERAL jsonb_array_elements_text(coalesce(l.value->'pendCodes', '[]')) c(code) ON true
     WHERE ${period} AND (e.kind IN ('ask-documents', 'second-opinion') OR l.value->>'outcome' = 'pended')
     GROUP BY 1 ORDER BY 2 DESC`,
    [from, to],
  );
  const ageing = await db.query<{ band: string; open: number }>(
    `SELECT band, count(*)::int AS open FROM (
       SELECT CASE WHEN now() - submitted_at < interval '4 hours' THEN '0-4h'
         WHEN now() - submitted_at < interval '24 hours' THEN '4-24h'
         WHEN now() - submitted_at < interval '72 hours' THEN '24-72h' ELSE '72h+' END AS band
       FROM letter_request WHERE state = 'pended') a GROUP BY band ORDER BY band`,
  );
  const appeals = await db.query<{ decided: number; overturned: number }>(
    `SELECT count(*)::int AS decided, count(*) FILTER (WHERE r.approved_kopecks > (
         SELECT min((e.body->>'approvedBefore')::bigint) FROM letter_event e
         WHERE e.request_id = r.id AND e.kind = 'appeal'))::int AS overturned
     FROM letter_request r WHERE ${period} AND r.pended_for IS NULL
       AND EXISTS (SELECT 1 FROM letter_event e WHERE e.request_id = r.id AND e.kind = 'appeal')`,
    [from, to],
  );
  const samples = await db.query<{ decided: number; overturned: number }>(
    `SELECT count(sample_result)::int AS decided, count(*) FILTER (WHERE sample_result = 'overturned')::int AS overturned
     FROM letter_request WHERE ${period}`,
    [from, to],
  );
  return {
    from,
    to,
    byUrgency: urgency.rows,
    pendsByReason: pends.rows,
    ageing: ageing.rows,
    appeals: appeals.rows[0]!,
    samples: samples.rows[0]!,
  };
}

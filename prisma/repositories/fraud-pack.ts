import type { Queryable } from '../pool';

/** A unit under suspicion: a clinic, or a doctor at it. */
export interface Unit {
  readonly clinicId: number;
  readonly doctorId: number | null;
}

export interface PackLine {
  readonly lineId: number;
  readonly invoiceNo: string;
  readonly lineNo: number;
  readonly serviceDate: string;
  readonly serviceName: string;
  readonly payableKopecks: number;
  readonly posterior: number | null;
  readonly findingCodes: readonly string[];
  /** yes, no, unsure, or null: nobody was asked about this line. */
  readonly patientSaid: string | null;
  readonly onVisit: string | null;
  readonly paymentState: string | null;
}

/** The case's lines with what patients said of them and what review found. No name and no diagnosis. */
export async function readPackLines(db: Queryable, lineIds: readonly number[]): Promise<PackLine[]> {
  const rows = await db.query<PackLine & Record<string, unknown>>(
    `SELECT l.id AS "lineId", i.invoice_no AS "invoiceNo", l.line_no AS "lineNo", l.service_date AS "serviceDate",
       l.item_name AS "serviceName", GREATEST(0, l.amount_kopecks - l.patient_share_kopecks) AS "payableKopecks",
       f.posterior, COALESCE((SELECT array_agg(DISTINCT x.code ORDER BY x.code) FROM finding x
         WHERE x.line_id = l.id AND x.active), '{}') AS "findingCodes",
       (SELECT max(a.answer) FROM feedback_answer a WHERE a.clinic_id = l.clinic_id AND a.invoice_no = i.invoice_no
         AND a.line_no = l.line_no AND a.question = 'service-rendered') AS "patientSaid",
       (SELECT max(a.answer) FROM feedback_answer a WHERE a.policy_id = l.policy_id AND a.visit_date = l.service_date
         AND a.clinic_id = l.clinic_id AND a.question = 'visit-happened') AS "onVisit",
       (SELECT v.kind FROM verdict v WHERE v.line_id = l.id AND v.active) AS "paymentState"
     FROM unnest($1::bigint[]) WITH ORDINALITY AS w(id, ord) JOIN invoice_line l ON l.id = w.id
       JOIN invoice i ON i.id = l.invoice_id LEFT JOIN fraud_line f ON f.line_id = l.id
     ORDER BY w.ord`,
    [lineIds],
  );
  return rows.rows;
}

export interface PackAnswers {
  readonly question: string;
  readonly answer: string;
  readonly count: number;
}

const UNIT_ANSWERS = `feedback_answer a
  LEFT JOIN invoice i ON i.clinic_id = a.clinic_id AND i.invoice_no = a.invoice_no
  LEFT JOIN invoice_version v ON v.invoice_id = i.id AND v.current
  WHERE a.clinic_id = $1 AND ($2::int IS NULL OR EXISTS (
    SELECT FROM invoice_line l WHERE l.version_id = v.id AND l.policy_id = a.policy_id AND l.doctor_id = $2
      AND l.service_date = a.visit_date AND (a.line_no IS NULL OR l.line_no = a.line_no)))`;

/** Counts of the unit's closed answers. */
export async function readPackAnswers(db: Queryable, unit: Unit): Promise<PackAnswers[]> {
  const rows = await db.query<PackAnswers & Record<string, unknown>>(
    `SELECT a.question, CASE WHEN a.question = 'duration-minutes'
         THEN (least(a.answer::int, 60) / 10 * 10)::text || '+' ELSE a.answer END AS answer, count(*)::int AS count
     FROM ${UNIT_ANSWERS} AND a.question <> 'comment' GROUP BY 1, 2 ORDER BY 1, 2`,
    [unit.clinicId, unit.doctorId],
  );
  return rows.rows;
}

export interface PackComment {
  readonly answerId: number;
  readonly visitDate: string;
  readonly text: string;
}

/** The unit's newest comments. */
export async function readPackComments(db: Queryable, unit: Unit, limit: number): Promise<PackComment[]> {
  const rows = await db.query<PackComment & Record<string, unknown>>(
    `SELECT a.id AS "answerId", a.visit_date AS "visitDate", a.answer AS text
     FROM ${UNIT_ANSWERS} AND a.question = 'comment' AND a.answer <> '' ORDER BY a.id DESC LIMIT $3`,
    [unit.clinicId, unit.doctorId, limit],
  );
  return rows.rows;
}

export interface PeerMeasure {
  readonly measure: 'lines-per-visit' | 'kopecks-per-visit' | 'denied-share';
  readonly own: number | null;
  readonly p25: number | null;
  readonly median: number | null;
  readonly p75: number | null;
  readonly peers: number;
}

/** The unit among its peers: clinics among clinics, doctors among doctors with at least 30 lines. */
export async function readPackPeers(db: Queryable, unit: Unit): Promise<PeerMeasure[]> {
  const key = unit.doctorId === null ? 'clinic_id' : 'doctor_id';
  const rows = await db.query<PeerMeasure & Record<string, unknown>>(
    `WITH book AS (
       SELECT ${key} AS unit, ${unit.doctorId === null ? '$1::int' : '$2::int'} AS own, count(*) AS lines,
         count(DISTINCT (policy_id, service_date)) AS visits, sum(amount_kopecks - patient_share_kopecks) AS payable
       FROM invoice_line WHERE current AND ${key} IS NOT NULL AND ($1::int IS NOT NULL OR $2::int IS NULL)
       GROUP BY 1 HAVING count(*) >= 30),
     said AS (
       SELECT l.${key} AS unit, avg((a.answer = 'no')::int) AS denied
       FROM feedback_answer a JOIN invoice i ON i.clinic_id = a.clinic_id AND i.invoice_no = a.invoice_no
         JOIN invoice_version v ON v.invoice_id = i.id AND v.current
         JOIN invoice_line l ON l.version_id = v.id AND l.line_no = a.line_no
       WHERE a.question = 'service-rendered' AND a.answer IN ('yes', 'no') AND l.${key} IS NOT NULL
       GROUP BY 1 HAVING count(*) >= 5),
     value AS (
       SELECT 'lines-per-visit' AS measure, unit, own, lines / visits::float8 AS x FROM book
       UNION ALL SELECT 'kopecks-per-visit', unit, own, payable / visits::float8 FROM book
       UNION ALL SELECT 'denied-share', s.unit, b.own, s.denied FROM said s JOIN book b USING (unit))
     SELECT measure, max(x) FILTER (WHERE unit = own) AS own,
       percentile_cont(0.25) WITHIN GROUP (ORDER BY x) AS p25, percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS median,
       percentile_cont(0.75) WITHIN GROUP (ORDER BY x) AS p75, count(*)::int AS peers
     FROM value GROUP BY measure ORDER BY measure`,
    [unit.clinicId, unit.doctorId],
  );
  return rows.rows;
}

export interface PackMonth {
  readonly month: string;
  readonly lines: number;
  readonly payableKopecks: number;
  readonly denied: number;
}

/** The unit's months: lines, money, and lines that patients denied. */
export async function readPackTimeline(db: Queryable, unit: Unit): Promise<PackMonth[]> {
  const rows = await db.query<PackMonth & Record<string, unknown>>(
    `SELECT to_char(l.service_date, 'YYYY-MM') AS month, count(*)::int AS lines,
       sum(GREATEST(0, l.amount_kopecks - l.patient_share_kopecks))::bigint AS "payableKopecks",
       count(*) FILTER (WHERE EXISTS (SELECT FROM feedback_answer a JOIN invoice i ON i.id = l.invoice_id
         WHERE a.clinic_id = l.clinic_id AND a.invoice_no = i.invoice_no AND a.line_no = l.line_no
           AND a.question = 'service-rendered' AND a.answer = 'no'))::int AS denied
     FROM invoice_line l WHERE l.current AND l.clinic_id = $1 AND ($2::int IS NULL OR l.doctor_id = $2)
     GROUP BY 1 ORDER BY 1`,
    [unit.clinicId, unit.doctorId],
  );
  return rows.rows;
}

export interface PackNeighbour {
  readonly clinicCode: string;
  readonly doctorCode: string;
  readonly sharedPatients: number;
  readonly ofPatients: number;
}

/** Doctors elsewhere with most patients in common, and the same doctor's other clinics. */
export async function readPackNetwork(db: Queryable, unit: Unit): Promise<PackNeighbour[]> {
  const rows = await db.query<PackNeighbour & Record<string, unknown>>(
    `WITH mine AS (
       SELECT DISTINCT policy_id FROM invoice_line
       WHERE current AND clinic_id = $1 AND ($2::int IS NULL OR doctor_id = $2))
     SELECT c.code AS "clinicCode", d.code AS "doctorCode", count(DISTINCT l.policy_id)::int AS "sharedPatients",
       (SELECT count(*)::int FROM mine) AS "ofPatients"
     FROM mine m JOIN invoice_line l ON l.policy_id = m.policy_id AND l.current AND l.clinic_id <> $1
       JOIN clinic c ON c.id = l.clinic_id JOIN doctor d ON d.id = l.doctor_id
     GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 10`,
    [unit.clinicId, unit.doctorId],
  );
  return rows.rows;
}

export interface PackSignal {
  readonly score: number;
  readonly expectedKopecks: number;
  readonly text: { readonly ru: string; readonly en: string };
}

export async function readPackSignal(db: Queryable, signalId: string | null): Promise<PackSignal | null> {
  if (signalId === null) return null;
  const rows = await db.query<PackSignal & Record<string, unknown>>(
    `SELECT score, expected_kopecks AS "expectedKopecks", json_build_object('ru', text_ru, 'en', text_en) AS text
     FROM fraud_signal WHERE id = $1`,
    [signalId],
  );
  return rows.rows[0] ?? null;
}

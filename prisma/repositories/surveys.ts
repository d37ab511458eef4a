import type { VisitCandidate } from '../../models/feedback/survey/choose';
import type { AskableLine, SurveyQuestion } from '../../models/feedback/survey/questions';
import type { ServiceKind } from '../../models/service-kinds';
import type { Queryable } from '../pool';

/** A billed visit that somebody may be asked about: one invoice of one person, day and clinic. */
export interface BilledVisit extends VisitCandidate {
  readonly policyId: number;
  readonly clinicDbId: number;
  readonly invoiceNo: string;
  readonly visitDate: string;
}

export interface VisitQuery {
  /** Day (insurer's zone) whose received invoices are asked about. */
  readonly day: string;
  readonly timeZone: string;
  /** Older visits are not asked about: people forget. */
  readonly oldestVisit: string;
  /** The run whose signals and suspicious lines give the risks; null before the first one. */
  readonly runId: string | null;
}

/** Risk of a visit about which no run has anything to say. */
const BASE_RISK = 0.02;

/**
 * Visits billed on a day, of people who may be reached, that nobody was asked about yet. The risk is what the last run
 * says: of the lines themselves, else of their doctor or clinic (score times share).
 */
export async function readBilledVisits(db: Queryable, query: VisitQuery): Promise<BilledVisit[]> {
  const rows = await db.query<BilledVisit>(
    `WITH unit AS (
       SELECT clinic_id, COALESCE(doctor_id, 0) AS doctor_id,
         max(score * COALESCE((parts->0->>'share')::float8, 0.1)) AS risk, max(sqrt(score * (1 - score))) AS doubt
       FROM fraud_signal WHERE run_id = $4::uuid GROUP BY 1, 2)
     SELECT DISTINCT ON (clinic_id, policy_id, day) concat_ws('/', clinic_id, policy_id, day) AS "visitId",
       policy_id::text AS "personId", clinic_id::text AS "clinicId", policy_id AS "policyId", clinic_id AS "clinicDbId",
       invoice_no AS "invoiceNo", service_date AS "visitDate", day, payable::float8 AS payable, risk, uncertainty
     FROM (
       SELECT l.clinic_id, l.policy_id, l.service_date, i.invoice_no, l.service_date - DATE '1970-01-01' AS day,
         sum(l.amount_kopecks - l.patient_share_kopecks) AS payable,
         LEAST(0.97, max(GREATEST(${BASE_RISK}, f.posterior, d.risk, c.risk))) AS risk,
         max(GREATEST(0.05, d.doubt, c.doubt)) AS uncertainty
       FROM invoice_version v JOIN invoice i ON i.id = v.invoice_id
         JOIN invoice_line l ON l.version_id = v.id
         JOIN survey_contact s ON s.policy_id = l.policy_id AND s.opted_out_at IS NULL
         LEFT JOIN fraud_line f ON f.line_id = l.id
         LEFT JOIN unit d ON d.clinic_id = l.clinic_id AND d.doctor_id = l.doctor_id
         LEFT JOIN unit c ON c.clinic_id = l.clinic_id AND c.doctor_id = 0
       WHERE v.current AND v.received_at >= $1::timestamp AT TIME ZONE $2
         AND v.received_at < ($1::timestamp + interval '1 day') AT TIME ZONE $2 AND l.service_date >= $3::date
       GROUP BY 1, 2, 3, 4) billed
     WHERE NOT EXISTS (SELECT FROM survey o WHERE o.clinic_id = billed.clinic_id AND o.policy_id = billed.policy_id
       AND o.visit_date = billed.service_date)
     ORDER BY clinic_id, policy_id, day, payable DESC, invoice_no`,
    [query.day, query.timeZone, query.oldestVisit, query.runId],
  );
  return rows.rows;
}

export interface ContactLimits {
  readonly policyId: number;
  readonly perPeriod: number;
  /** Day numbers of surveys sent since `since`. */
  readonly sentOn: readonly number[];
}

export async function readContactLimits(
  db: Queryable,
  policyIds: readonly number[],
  since: string,
): Promise<ContactLimits[]> {
  const rows = await db.query<ContactLimits & Record<string, unknown>>(
    `SELECT c.policy_id AS "policyId", c.per_period AS "perPeriod",
       COALESCE(array_agg((r.day - DATE '1970-01-01') ORDER BY r.day) FILTER (WHERE r.day IS NOT NULL), '{}') AS "sentOn"
     FROM survey_contact c
       LEFT JOIN survey s ON s.policy_id = c.policy_id
       LEFT JOIN survey_round r ON r.id = s.round_id AND r.day >= $2
     WHERE c.policy_id = ANY($1) AND c.opted_out_at IS NULL AND c.undeliverable_at IS NULL GROUP BY 1, 2`,
    [policyIds, since],
  );
  return rows.rows;
}

export interface VisitLines {
  readonly visitId: string;
  readonly clinicName: string;
  readonly lines: readonly AskableLine[];
}

/** Lines of chosen visits as the question writer may see them: no diagnosis and no price leave the database. */
export async function readVisitLines(db: Queryable, visits: readonly BilledVisit[]): Promise<Map<string, VisitLines>> {
  const rows = await db.query<{
    visitId: string;
    clinicName: string;
    lineNo: number;
    serviceCode: string | null;
    kind: ServiceKind | null;
    quantity: number;
    specialty: string | null;
    risk: number;
  }>(
    `SELECT w.visit AS "visitId", c.name AS "clinicName", l.line_no AS "lineNo", s.code AS "serviceCode", s.kind,
       l.quantity, s.specialty, COALESCE(f.posterior, 0) AS risk
     FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::date[]) AS w(visit, clinic, policy, invoice, day)
       JOIN clinic c ON c.id = w.clinic
       JOIN invoice i ON i.clinic_id = w.clinic AND i.invoice_no = w.invoice
       JOIN invoice_version v ON v.invoice_id = i.id AND v.current
       JOIN invoice_line l ON l.version_id = v.id AND l.policy_id = w.policy AND l.service_date = w.day
       LEFT JOIN LATERAL (
         SELECT p.service_id FROM price_item p WHERE p.clinic_item_id = l.clinic_item_id AND p.valid_from <= l.service_date
           AND (p.valid_to IS NULL OR p.valid_to >= l.service_date) ORDER BY p.valid_from DESC LIMIT 1) p ON true
       LEFT JOIN service s ON s.id = p.service_id
       LEFT JOIN fraud_line f ON f.line_id = l.id
     ORDER BY w.visit, l.line_no`,
    [
      visits.map((visit) => visit.visitId),
      visits.map((visit) => visit.clinicDbId),
      visits.map((visit) => visit.policyId),
      visits.map((visit) => visit.invoiceNo),
      visits.map((visit) => visit.visitDate),
    ],
  );
  const found = new Map<string, { visitId: string; clinicName: string; lines: AskableLine[] }>();
  for (const { visitId, clinicName, kind, ...line } of rows.rows) {
    const visit = found.get(visitId) ?? { visitId, clinicName, lines: [] };
    visit.lines.push({ ...line, kind: kind ?? 'unknown' });
    found.set(visitId, visit);
  }
  return found;
}

export interface SurveyRound {
  readonly roundId: string;
  readonly day: string;
  readonly visits: number;
  readonly chosen: number;
  readonly remindAt: string;
  readonly expiresAt: string;
  readonly closedAt: string | null;
}

const ROUND = `id AS "roundId", day, visits, chosen, remind_at AS "remindAt", expires_at AS "expiresAt",
  closed_at AS "closedAt"`;

export async function findRound(db: Queryable, day: string): Promise<SurveyRound | null> {
  const rows = await db.query<SurveyRound & Record<string, unknown>>(
    `SELECT ${ROUND} FROM survey_round WHERE day = $1::date`,
    [day],
  );
  return rows.rows[0] ?? null;
}

export async function listRounds(db: Queryable, before: string | null, limit: number): Promise<SurveyRound[]> {
  const rows = await db.query<SurveyRound & Record<string, unknown>>(
    `SELECT ${ROUND} FROM survey_round WHERE $1::date IS NULL OR day < $1::date ORDER BY day DESC LIMIT $2`,
    [before, limit],
  );
  return rows.rows;
}

export interface NewSurvey {
  readonly visit: BilledVisit;
  readonly probability: number;
  readonly reason: 'audit' | 'value';
  readonly questions: readonly SurveyQuestion[];
}

/** Stores a round with its surveys; null when another worker has stored the day's round. */
export async function insertRound(
  tx: Queryable,
  round: Omit<SurveyRound, 'roundId' | 'closedAt' | 'chosen'> & { readonly rules: unknown },
  surveys: readonly NewSurvey[],
): Promise<SurveyRound | null> {
  const made = await tx.query<SurveyRound & Record<string, unknown>>(
    `INSERT INTO survey_round (day, visits, chosen, rules, remind_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (day) DO NOTHING RETURNING ${ROUND}`,
    [round.day, round.visits, surveys.length, JSON.stringify(round.rules), round.remindAt, round.expiresAt],
  );
  const stored = made.rows[0];
  if (stored === undefined) return null;
  await tx.query(
    `INSERT INTO survey (round_id, policy_id, clinic_id, invoice_no, visit_date, probability, reason, questions, expires_at)
     SELECT $1, policy, clinic, invoice, day, probability, reason, questions::jsonb, $2
     FROM unnest($3::int[], $4::int[], $5::text[], $6::date[], $7::float8[], $8::text[], $9::text[])
       AS s(policy, clinic, invoice, day, probability, reason, questions)`,
    [
      stored.roundId,
      round.expiresAt,
      surveys.map(({ visit }) => visit.policyId),
      surveys.map(({ visit }) => visit.clinicDbId),
      surveys.map(({ visit }) => visit.invoiceNo),
      surveys.map(({ visit }) => visit.visitDate),
      surveys.map(({ probability }) => probability),
      surveys.map(({ reason }) => reason),
      surveys.map(({ questions }) => JSON.stringify(questions)),
    ],
  );
  return stored;
}

import type { RowFilter } from '../../models/access/policy';
import type { ClinicRecord, ComponentName } from '../../models/ratings/internal-rating';
import type { PatientRating } from '../../models/ratings/people-rating';
import type { Estimate } from '../../models/ratings/shrink';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

export type RatingKind = 'internal' | 'people';

const MOST_EVIDENCE = 50;
type Period = readonly [from: string, to: string];

/** What all clinics did in a period (dates inclusive), ready for the pure rating. Clinic ids as text. */
export async function readClinicRecords(db: Queryable, [from, to]: Period): Promise<ClinicRecord[]> {
  const strata = await db.query<{ clinic: string; stratum: string; lines: number; findings: number; ids: string[] }>(
    `WITH item AS (
       SELECT DISTINCT ON (p.clinic_item_id) p.clinic_item_id, s.kind FROM price_item p LEFT JOIN service s ON s.id = p.service_id
       ORDER BY p.clinic_item_id, p.valid_from DESC),
     found AS (SELECT f.line_id, count(*) AS n, min(f.id) AS id FROM finding f
       WHERE f.active AND f.code !~ '^(STAT|FEED)-' GROUP BY 1)
     SELECT l.clinic_id::text AS clinic, COALESCE(i.kind, 'unknown') || '/' || left(d.code, 1) AS stratum,
       count(*)::int AS lines, COALESCE(sum(f.n), 0)::int AS findings,
       (array_agg(f.id::text ORDER BY f.id) FILTER (WHERE f.id IS NOT NULL))[1:${MOST_EVIDENCE}] AS ids
     FROM invoice_line l JOIN diagnosis d ON d.id = l.diagnosis_id LEFT JOIN item i USING (clinic_item_id)
       LEFT JOIN found f ON f.line_id = l.id
     WHERE l.current AND l.service_date BETWEEN $1 AND $2 GROUP BY 1, 2 ORDER BY 1, 2`,
    [from, to],
  );
  const facts = await db.query<Facts>(FACTS, [from, to]);
  const prices = await db.query<{ clinic: string; ratios: number[]; ids: string[] }>(PRICES, [to]);
  const factsOf = new Map(facts.rows.map((row) => [row.clinic, row]));
  const pricesOf = new Map(prices.rows.map((row) => [row.clinic, row]));
  const byClinic = new Map<string, typeof strata.rows>();
  for (const row of strata.rows) byClinic.set(row.clinic, [...(byClinic.get(row.clinic) ?? []), row]);
  return [...byClinic].map(([clinicId, rows]) => {
    const fact = factsOf.get(clinicId);
    const price = pricesOf.get(clinicId);
    const evidence: Record<ComponentName, readonly string[]> = {
      findings: rows.flatMap((row) => row.ids ?? []).slice(0, MOST_EVIDENCE),
      disputes: fact?.disputeIds ?? [],
      answers: fact?.requestIds ?? [],
      prices: price?.ids ?? [],
      fraud: fact?.caseIds ?? [],
    };
    return {
      clinicId,
      strata: rows.map(({ stratum, lines, findings }) => ({ stratum, lines, findings })),
      disputes: { decided: fact?.decided ?? 0, lost: fact?.lost ?? 0 },
      answerHours: fact?.hours ?? [],
      priceRatios: price?.ratios ?? [],
      confirmedFraud: fact?.fraud ?? 0,
      paid: fact?.paid ?? 0,
      evidence,
    };
  });
}

interface Facts {
  readonly clinic: string;
  readonly decided: number;
  readonly lost: number;
  readonly disputeIds: string[];
  readonly hours: number[];
  readonly requestIds: string[];
  readonly fraud: number;
  readonly caseIds: string[];
  readonly paid: number;
}

const FACTS = `
  SELECT c.id::text AS clinic, COALESCE(d.decided, 0)::int AS decided, COALESCE(d.lost, 0)::int AS lost,
    COALESCE(d.ids, '{}') AS "disputeIds", COALESCE(q.hours, '{}') AS hours, COALESCE(q.ids, '{}') AS "requestIds",
    COALESCE(k.recovery, 0)::float8 AS fraud, COALESCE(k.ids, '{}') AS "caseIds", COALESCE(v.paid, 0)::float8 AS paid
  FROM clinic c
  LEFT JOIN (SELECT p.clinic_id, count(*) AS decided, count(*) FILTER (WHERE w.returned_kopecks = 0) AS lost,
      (array_agg(DISTINCT p.id::text))[1:${MOST_EVIDENCE}] AS ids
    FROM dispute p JOIN dispute_line w ON w.dispute_id = p.id
    WHERE w.decided_at::date BETWEEN $1 AND $2 GROUP BY 1) d ON d.clinic_id = c.id
  LEFT JOIN (SELECT i.clinic_id, array_agg(extract(epoch FROM r.answered_at - r.requested_at)::float8 / 3600) AS hours,
      (array_agg(r.id::text))[1:${MOST_EVIDENCE}] AS ids
    FROM document_request r JOIN review_task t ON t.id = r.task_id JOIN invoice_version n ON n.id = t.version_id
      JOIN invoice i ON i.id = n.invoice_id
    WHERE r.answered_at::date BETWEEN $1 AND $2 GROUP BY 1) q ON q.clinic_id = c.id
  LEFT JOIN (SELECT clinic_id, sum(recovery_kopecks) AS recovery, (array_agg(id::text))[1:${MOST_EVIDENCE}] AS ids
    FROM fraud_case WHERE state = 'closed' AND outcome = 'confirmed' AND closed_at::date BETWEEN $1 AND $2
    GROUP BY 1) k ON k.clinic_id = c.id
  LEFT JOIN (SELECT l.clinic_id, sum(x.accepted_kopecks) AS paid
    FROM verdict x JOIN invoice_line l ON l.id = x.line_id WHERE x.active AND l.service_date BETWEEN $1 AND $2
    GROUP BY 1) v ON v.clinic_id = c.id`;

/** Each clinic's price of a service over the median of the clinics that have it (three at least). */
const PRICES = `
  WITH now AS (
    SELECT i.clinic_id, p.service_id, min(p.price_kopecks) AS price, min(p.id) AS id
    FROM price_item p JOIN clinic_item i ON i.id = p.clinic_item_id
    WHERE p.service_id IS NOT NULL AND p.valid_from <= $1 AND (p.valid_to IS NULL OR p.valid_to >= $1) GROUP BY 1, 2),
  market AS (SELECT service_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS median FROM now
    GROUP BY 1 HAVING count(*) >= 3)
  SELECT n.clinic_id::text AS clinic, array_agg(n.price / m.median) AS ratios,
    (array_agg(n.id::text ORDER BY n.price / m.median DESC))[1:${MOST_EVIDENCE}] AS ids
  FROM now n JOIN market m USING (service_id) WHERE m.median > 0 GROUP BY 1`;

export async function readPatientRatings(db: Queryable, [from, to]: Period): Promise<PatientRating[]> {
  const rows = await db.query<PatientRating & Record<string, unknown>>(
    `SELECT clinic_id::text AS "clinicId", survey_id AS "surveyId", visit_date - DATE '1970-01-01' AS day,
       answer::int AS rating
     FROM feedback_answer WHERE question = 'rating' AND visit_date BETWEEN $1 AND $2`,
    [from, to],
  );
  return rows.rows;
}

export interface RatingWrite {
  readonly clinicId: string;
  readonly score: number | null;
  readonly low: number;
  readonly high: number;
  readonly estimate: Estimate;
  readonly place: number;
  readonly bestPlace: number;
  readonly worstPlace: number;
  readonly change: string;
  readonly components: unknown;
}

export interface RatingVersion {
  readonly versionId: string;
  readonly version: number;
}

export async function findRatingVersion(
  db: Queryable,
  kind: RatingKind,
  runKey: string,
): Promise<RatingVersion | null> {
  const rows = await db.query<RatingVersion & Record<string, unknown>>(
    'SELECT id AS "versionId", version FROM rating_version WHERE kind = $1 AND run_key = $2',
    [kind, runKey],
  );
  return rows.rows[0] ?? null;
}

/** Estimates of the newest version: what the next one is compared with. */
export async function readLastEstimates(
  db: Queryable,
  kind: RatingKind,
): Promise<{ clinicId: string; estimate: Estimate }[]> {
  const rows = await db.query<{ clinicId: string; mean: number; sd: number }>(
    `SELECT r.clinic_id::text AS "clinicId", r.mean, r.sd FROM clinic_rating r
     WHERE r.version_id = (SELECT id FROM rating_version WHERE kind = $1 ORDER BY version DESC LIMIT 1)`,
    [kind],
  );
  return rows.rows.map(({ clinicId, mean, sd }) => ({ clinicId, estimate: { mean, sd } }));
}

export async function insertRatingVersion(
  tx: Queryable,
  version: { readonly kind: RatingKind; readonly runKey: string; readonly period: Period },
  ratings: readonly RatingWrite[],
): Promise<RatingVersion> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`rating_version/${version.kind}`]);
  const made = await tx.query<RatingVersion & Record<string, unknown>>(
    `INSERT INTO rating_version (kind, version, run_key, period_from, period_to)
     SELECT $1, COALESCE(max(version), 0) + 1, $2, $3, $4 FROM rating_version WHERE kind = $1
     RETURNING id AS "versionId", version`,
    [version.kind, version.runKey, ...version.period],
  );
  const stored = made.rows[0]!;
  await tx.query(
    `INSERT INTO clinic_rating (version_id, clinic_id, score, low, high, mean, sd, place, best_place, worst_place, change,
       components)
     SELECT $1, clinic, score, low, high, mean, sd, place, best, worst, change, components::jsonb
     FROM unnest($2::int[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::int[], $9::int[],
       $10::int[], $11::text[], $12::text[])
       AS r(clinic, score, low, high, mean, sd, place, best, worst, change, components)`,
    [
      stored.versionId,
      ratings.map((one) => Number(one.clinicId)),
      ratings.map((one) => one.score),
      ratings.map((one) => one.low),
      ratings.map((one) => one.high),
      ratings.map((one) => one.estimate.mean),
      ratings.map((one) => one.estimate.sd),
      ratings.map((one) => one.place),
      ratings.map((one) => one.bestPlace),
      ratings.map((one) => one.worstPlace),
      ratings.map((one) => one.change),
      ratings.map((one) => JSON.stringify(one.components)),
    ],
  );
  return stored;
}

export interface RatingRow {
  readonly versionId: string;
  readonly version: number;
  readonly periodFrom: string;
  readonly periodTo: string;
  readonly clinicId: number;
  readonly clinicCode: string;
  readonly clinicName: string;
  readonly score: number | null;
  readonly low: number;
  readonly high: number;
  readonly place: number;
  readonly bestPlace: number;
  readonly worstPlace: number;
  readonly clinics: number;
  readonly change: string;
  readonly components: unknown;
}

/** Ratings of the newest version (or a given one), best first; a clinic sees its own row. */
export async function listRatings(
  db: Queryable,
  query: { readonly kind: RatingKind; readonly version: number | null; readonly filter: RowFilter },
): Promise<RatingRow[]> {
  const values: unknown[] = [query.kind, query.version];
  const rows = await db.query<RatingRow & Record<string, unknown>>(
    `WITH v AS (SELECT * FROM rating_version WHERE kind = $1 AND ($2::int IS NULL OR version = $2)
       ORDER BY version DESC LIMIT 1)
     SELECT v.id AS "versionId", v.version, v.period_from AS "periodFrom", v.period_to AS "periodTo",
       c.id AS "clinicId", c.code AS "clinicCode", c.name AS "clinicName", r.score, r.low, r.high, r.place,
       r.best_place AS "bestPlace", r.worst_place AS "worstPlace",
       (SELECT count(*)::int FROM clinic_rating a WHERE a.version_id = v.id) AS clinics, r.change, r.components
     FROM v JOIN clinic_rating r ON r.version_id = v.id JOIN clinic c ON c.id = r.clinic_id
     WHERE ${filterSql(query.filter, { clinicId: 'r.clinic_id' }, values)} ORDER BY r.place`,
    values,
  );
  return rows.rows;
}

export interface RatingFactor {
  readonly clinicId: number;
  readonly clinicCode: string;
  /** 0-100, lower end of the interval; null: no rating yet. */
  readonly internalScore: number | null;
  readonly internalLow: number | null;
  /** 1-5, lower end of the interval. */
  readonly stars: number | null;
  readonly starsLow: number | null;
}

/** SQL of the upper end of a clinic's newest internal rating, for the column that holds the clinic's id. */
export function internalHigh(clinicId: string): string {
  return `(SELECT r.high FROM clinic_rating r WHERE r.clinic_id = ${clinicId} AND r.version_id =
    (SELECT id FROM rating_version WHERE kind = 'internal' ORDER BY version DESC LIMIT 1))`;
}

/** The newest ratings by clinic: for underwriting factors, and for the trusted lane (which goes by the lower ends). */
export async function readRatingFactors(db: Queryable): Promise<RatingFactor[]> {
  const rows = await db.query<RatingFactor & Record<string, unknown>>(
    `WITH newest AS (SELECT DISTINCT ON (kind) id, kind FROM rating_version ORDER BY kind, version DESC)
     SELECT c.id AS "clinicId", c.code AS "clinicCode",
       max(r.score) FILTER (WHERE n.kind = 'internal') AS "internalScore",
       max(r.low) FILTER (WHERE n.kind = 'internal') AS "internalLow",
       max(r.score) FILTER (WHERE n.kind = 'people') AS stars, max(r.low) FILTER (WHERE n.kind = 'people') AS "starsLow"
     FROM clinic c LEFT JOIN newest n ON true LEFT JOIN clinic_rating r ON r.version_id = n.id AND r.clinic_id = c.id
     GROUP BY 1, 2 ORDER BY 2`,
  );
  return rows.rows;
}

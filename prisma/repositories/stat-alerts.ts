import type { CaseCount, RepeatCount, ServiceCount, StatAlert, VisitCount } from '../../models/statistics/review';
import type { PoolClient, Queryable } from '../pool';

export type SubjectKind = 'clinic' | 'doctor';

export interface StatCounts {
  readonly kind: SubjectKind;
  readonly cases: readonly CaseCount[];
  readonly services: readonly ServiceCount[];
  readonly repeats: readonly RepeatCount[];
  readonly visits: readonly VisitCount[];
}

export interface StatWindow {
  readonly from: string;
  readonly to: string;
  readonly lines: number;
}

/**
 * Puts the lines of the last `months` into a temporary table with what statistics read; null when there are none. A
 * visit is a person in a clinic on a day; diagnoses are compared by their first three characters.
 */
export async function gatherStatLines(tx: PoolClient, months: number): Promise<StatWindow | null> {
  await tx.query(
    `CREATE TEMPORARY TABLE stat_line ON COMMIT DROP AS
     SELECT l.id, l.policy_id, l.service_date AS day, l.clinic_id, c.code AS clinic, d.code AS doctor, left(g.code, 3) AS diagnosis,
       s.code AS service, s.kind, s.specialty, COALESCE(l.tooth, '') AS tooth, l.unit_price_kopecks AS price,
       GREATEST(0, l.amount_kopecks - l.patient_share_kopecks) AS share
     FROM invoice_line l JOIN clinic c ON c.id = l.clinic_id JOIN diagnosis g ON g.id = l.diagnosis_id
     LEFT JOIN doctor d ON d.id = l.doctor_id
     JOIN LATERAL (SELECT p.service_id FROM price_item p WHERE p.clinic_item_id = l.clinic_item_id
         AND p.valid_from <= l.service_date AND (p.valid_to IS NULL OR p.valid_to >= l.service_date)
       ORDER BY p.valid_from DESC LIMIT 1) p ON true
     JOIN service s ON s.id = p.service_id
     WHERE l.current AND l.service_date > (SELECT max(service_date) - make_interval(months => $1) FROM invoice_line WHERE current)`,
    [months],
  );
  await tx.query('ANALYZE stat_line');
  const rows = await tx.query<{ from: string | null; to: string | null; lines: number }>(
    'SELECT min(day) AS "from", max(day) AS "to", count(*)::int AS lines FROM stat_line',
  );
  const { from, to, lines } = rows.rows[0]!;
  return from === null || to === null ? null : { from, to, lines };
}

/** A doctor's peers are the doctors of the same specialty; all clinics are peers. */
const GROUPS: Readonly<Record<SubjectKind, string>> = {
  clinic: `SELECT DISTINCT clinic AS subject, 'all' AS grp FROM stat_line`,
  doctor: `SELECT doctor AS subject, COALESCE(mode() WITHIN GROUP (ORDER BY specialty) FILTER (WHERE specialty IS NOT NULL), 'none') AS grp
    FROM stat_line WHERE doctor IS NOT NULL GROUP BY doctor`,
};

/** Courses of treatment repeat by nature; the same list as DEFAULT_REPEAT_OPTIONS of models/statistics. */
const COURSES = '^(A1[179]|A2[0-2]|A15|B01)';
const REPEAT_DAYS = 3;

/** Everything that the statistical review counts, in four set-based statements over the gathered lines. */
export async function readStatCounts(tx: PoolClient, kind: SubjectKind): Promise<StatCounts> {
  const groups = `groups AS (${GROUPS[kind]})`;
  const by = kind;
  const cases = await tx.query<CaseCount & Record<string, unknown>>(
    `WITH ${groups} SELECT g.subject, g.grp AS "peerGroup", l.diagnosis,
       count(DISTINCT (l.policy_id, l.clinic_id, l.day))::int AS cases
     FROM stat_line l JOIN groups g ON g.subject = l.${by} GROUP BY 1, 2, 3`,
  );
  const services = await tx.query<ServiceCount & Record<string, unknown>>(
    `WITH ${groups} SELECT g.subject, g.grp AS "peerGroup", l.diagnosis, l.service,
       count(DISTINCT (l.policy_id, l.clinic_id, l.day))::int AS "casesWith", sum(l.share)::bigint AS "shareKopecks"
     FROM stat_line l JOIN groups g ON g.subject = l.${by} GROUP BY 1, 2, 3, 4`,
  );
  const repeats = await tx.query<RepeatCount & Record<string, unknown>>(
    `WITH ${groups}, marked AS (
       SELECT l.*, l.service !~ '${COURSES}' AND (
           l.day - lag(l.day) OVER (PARTITION BY policy_id, service, tooth ORDER BY day, id) BETWEEN 1 AND ${REPEAT_DAYS}
           OR (l.service ~ '^[^.]+[.][^.]+[.][^.]+[.]' AND l.service <> first_value(l.service) OVER (
             PARTITION BY policy_id, clinic_id, day, tooth, substring(l.service FROM '^[^.]+[.][^.]+[.][^.]+') ORDER BY id)))
         AS repeats FROM stat_line l)
     SELECT g.subject, g.grp AS "peerGroup", count(*)::int AS lines, count(*) FILTER (WHERE m.repeats)::int AS repeats,
       COALESCE(sum(m.share) FILTER (WHERE m.repeats), 0)::bigint AS "repeatKopecks"
     FROM marked m JOIN groups g ON g.subject = m.${by} GROUP BY 1, 2`,
  );
  const visits = await tx.query<VisitCount & Record<string, unknown>>(
    `SELECT l.${by} AS subject, l.specialty, count(*)::int AS visits,
       count(*) FILTER (WHERE l.service LIKE '%.001')::int AS "dearVisits",
       GREATEST(0, COALESCE(avg(l.price) FILTER (WHERE l.service LIKE '%.001'), 0)
         - COALESCE(avg(l.price) FILTER (WHERE l.service LIKE '%.002'), 0))::float8 AS "priceGapKopecks"
     FROM stat_line l WHERE l.kind = 'consultation' AND l.specialty IS NOT NULL AND l.${by} IS NOT NULL
       AND l.service ~ '[.]00[12]$' GROUP BY 1, 2`,
  );
  return { kind, cases: cases.rows, services: services.rows, repeats: repeats.rows, visits: visits.rows };
}

/** Writes one run with its alerts; the same key again changes nothing. Returns its id, or null when it was there. */
export async function saveStatRun(
  tx: Queryable,
  key: string,
  window: StatWindow,
  alerts: readonly StatAlert[],
): Promise<string | null> {
  const run = await tx.query<{ id: string }>(
    `INSERT INTO stat_run (key, from_day, to_day, lines, alerts, tasks_raised) VALUES ($1, $2, $3, $4, $5, 0)
     ON CONFLICT (key) DO NOTHING RETURNING id`,
    [key, window.from, window.to, window.lines, alerts.length],
  );
  const id = run.rows[0]?.id;
  if (id === undefined) return null;
  await tx.query(
    `INSERT INTO stat_alert (run_id, code, subject_kind, subject, diagnosis, service, comparison, excess_kopecks,
       explanation_ru, explanation_en)
     SELECT $1, a.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[],
       $9::text[], $10::text[]) AS a`,
    [
      id,
      alerts.map((alert) => alert.code),
      alerts.map((alert) => alert.subjectKind),
      alerts.map((alert) => alert.subject),
      alerts.map((alert) => alert.diagnosis),
      alerts.map((alert) => alert.service),
      alerts.map((alert) => JSON.stringify(alert.comparison)),
      alerts.map((alert) => Math.round(alert.excessKopecks)),
      alerts.map((alert) => alert.explanation.ru),
      alerts.map((alert) => alert.explanation.en),
    ],
  );
  return id;
}

/** Priority of a task that an alert speaks of; findings that only raise priority give half of it. */
const ALERT_PRIORITY = 10;
const FINDING_PRIORITY = 5;

/**
 * Open tasks with a line that an alert of the run, or a finding that only raises priority, speaks of come sooner.
 * Nothing else happens to them. Needs the gathered lines. Returns how many were raised.
 */
export async function raisePriorities(tx: PoolClient, runId: string): Promise<number> {
  const done = await tx.query(
    `UPDATE review_task t SET priority = p.priority, revision = t.revision + 1
     FROM (SELECT r.task_id, max(CASE WHEN a.id IS NOT NULL THEN ${ALERT_PRIORITY} ELSE ${FINDING_PRIORITY} END) AS priority
       FROM review_task_line r
       LEFT JOIN stat_line l ON l.id = r.line_id
       LEFT JOIN stat_alert a ON a.run_id = $1 AND (a.diagnosis IS NULL OR a.diagnosis = l.diagnosis)
         AND (a.service IS NULL OR a.service = l.service)
         AND a.subject = CASE a.subject_kind WHEN 'clinic' THEN l.clinic ELSE l.doctor END
       WHERE a.id IS NOT NULL OR EXISTS (SELECT 1 FROM finding f WHERE f.line_id = r.line_id AND f.active
         AND f.code ~ '^(STAT|FEED)-|^[A-Z]{4}-0-')
       GROUP BY r.task_id) p
     WHERE t.id = p.task_id AND t.state IN ('open', 'claimed', 'on-hold') AND t.priority < p.priority`,
    [runId],
  );
  const raised = done.rowCount ?? 0;
  await tx.query('UPDATE stat_run SET tasks_raised = $2 WHERE id = $1', [runId, raised]);
  return raised;
}

export interface StatRunRow {
  readonly id: string;
  readonly fromDay: string;
  readonly toDay: string;
  readonly lines: number;
  readonly alerts: number;
  readonly tasksRaised: number;
  readonly createdAt: string;
}

export async function listStatRuns(db: Queryable, limit: number): Promise<StatRunRow[]> {
  const rows = await db.query<StatRunRow & Record<string, unknown>>(
    `SELECT id, from_day AS "fromDay", to_day AS "toDay", lines, alerts, tasks_raised AS "tasksRaised",
       created_at AS "createdAt" FROM stat_run ORDER BY created_at DESC, id DESC LIMIT $1`,
    [limit],
  );
  return rows.rows;
}

export interface StatAlertRow {
  readonly id: number;
  readonly code: string;
  readonly subjectKind: SubjectKind;
  readonly subject: string;
  readonly diagnosis: string | null;
  readonly service: string | null;
  readonly comparison: StatAlert['comparison'];
  readonly excessKopecks: number;
  readonly explanationRu: string;
  readonly explanationEn: string;
}

/** Alerts of a run (the youngest when null), the most money first, by keyset. */
export async function listStatAlerts(
  db: Queryable,
  query: {
    readonly runId: string | null;
    readonly after: { readonly excessKopecks: number; readonly id: number } | null;
    readonly limit: number;
  },
): Promise<StatAlertRow[]> {
  const rows = await db.query<StatAlertRow & Record<string, unknown>>(
    `SELECT id, code, subject_kind AS "subjectKind", subject, diagnosis, service, comparison,
       excess_kopecks AS "excessKopecks", explanation_ru AS "explanationRu", explanation_en AS "explanationEn"
     FROM stat_alert WHERE run_id = COALESCE($1::uuid, (SELECT id FROM stat_run ORDER BY created_at DESC, id DESC LIMIT 1))
       AND ($2::bigint IS NULL OR (excess_kopecks, id) < ($2, $3::bigint)) ORDER BY excess_kopecks DESC, id DESC LIMIT $4`,
    [query.runId, query.after?.excessKopecks ?? null, query.after?.id ?? null, query.limit],
  );
  return rows.rows;
}

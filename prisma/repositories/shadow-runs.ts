import type { ChangedLine, DoctorKind } from '../../models/shadow-run/compare';
import type { ShadowSums } from '../../models/shadow-run/sums';
import type { Queryable } from '../pool';
import { LINE_COLUMNS } from './line-table';
import type { RuleKind } from './rule-versions';

export type ShadowState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface ShadowRunRow {
  readonly id: string;
  readonly kind: RuleKind;
  readonly candidateId: string;
  readonly candidateName: string;
  readonly candidateVersion: string;
  readonly candidateSha256: string;
  readonly baselineRuleSet: string | null;
  readonly state: ShadowState;
  readonly months: number;
  /** Service dates, both inclusive; null until the run is prepared, and when there are no lines at all. */
  readonly fromDay: string | null;
  readonly toDay: string | null;
  readonly versionWatermark: number;
  readonly personCount: number;
  readonly doctorDayCount: number;
  readonly result: ShadowSums | null;
  readonly errorCode: string | null;
  readonly startedBy: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

const COLUMNS = `id, kind, candidate_id AS "candidateId", candidate_name AS "candidateName",
  candidate_version AS "candidateVersion", candidate_sha256 AS "candidateSha256", baseline_rule_set AS "baselineRuleSet",
  state, months, from_day AS "fromDay", to_day AS "toDay", version_watermark AS "versionWatermark",
  person_count AS "personCount", doctor_day_count AS "doctorDayCount", result, error_code AS "errorCode",
  started_by AS "startedBy", created_at AS "createdAt", finished_at AS "finishedAt"`;

export interface ShadowRunDraft {
  readonly id: string;
  readonly kind: RuleKind;
  readonly candidateId: string;
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly data: unknown;
  readonly months: number;
  readonly startedBy: string | null;
}

/** Asks for a run; the same id again changes nothing. The content is copied: a draft may change while it runs. */
export async function insertShadowRun(tx: Queryable, draft: ShadowRunDraft): Promise<void> {
  await tx.query(
    `INSERT INTO shadow_run (id, kind, candidate_id, candidate_name, candidate_version, candidate_sha256, candidate, months,
       started_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
    [
      draft.id,
      draft.kind,
      draft.candidateId,
      draft.name,
      draft.version,
      draft.sha256,
      JSON.stringify(draft.data),
      draft.months,
      draft.startedBy,
    ],
  );
}

export async function findShadowRun(db: Queryable, id: string): Promise<ShadowRunRow | null> {
  const rows = await db.query<ShadowRunRow & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM shadow_run WHERE id = $1`,
    [id],
  );
  return rows.rows[0] ?? null;
}

export async function shadowCandidate(db: Queryable, id: string): Promise<unknown> {
  const rows = await db.query<{ candidate: unknown }>('SELECT candidate FROM shadow_run WHERE id = $1', [id]);
  return rows.rows[0]?.candidate ?? null;
}

/** Newest first, by keyset. */
export async function listShadowRuns(
  db: Queryable,
  query: {
    readonly candidateId: string | null;
    readonly after: { readonly createdAt: string; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<ShadowRunRow[]> {
  const rows = await db.query<ShadowRunRow & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM shadow_run WHERE ($1::uuid IS NULL OR candidate_id = $1)
       AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid)) ORDER BY created_at DESC, id DESC LIMIT $4`,
    [query.candidateId, query.after?.createdAt ?? null, query.after?.id ?? null, query.limit],
  );
  return rows.rows;
}

/** True when a finished run has shown what exactly this content does. */
export async function hasShadowRun(db: Queryable, kind: RuleKind, sha256: string): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM shadow_run WHERE kind = $1 AND candidate_sha256 = $2 AND state = 'done' LIMIT 1`,
    [kind, sha256],
  );
  return rows.rows.length > 0;
}

/**
 * Fixes what a run looks at: the months up to the youngest service date, the people of those lines, and with
 * `doctorMinutes` the doctors' days that are longer. Idempotent.
 */
export async function prepareShadowRun(
  tx: Queryable,
  runId: string,
  input: { readonly ruleSet: string; readonly doctorMinutes: number | null },
): Promise<ShadowRunRow> {
  const opened = await tx.query(
    `UPDATE shadow_run r SET state = 'running', baseline_rule_set = $2, to_day = w.last,
       from_day = (w.last - make_interval(months => r.months))::date + 1,
       version_watermark = (SELECT COALESCE(max(id), 0) FROM invoice_version)
     FROM (SELECT max(service_date) AS last FROM invoice_line WHERE current) w WHERE r.id = $1 AND r.state = 'waiting'`,
    [runId, input.ruleSet],
  );
  if (opened.rowCount === 1) {
    await tx.query(
      `INSERT INTO shadow_subject (run_id, scope, ordinal, subject_id)
       SELECT r.id, 'person', row_number() OVER (ORDER BY l.policy_id) - 1, l.policy_id
       FROM shadow_run r JOIN invoice_line l ON l.current AND l.service_date BETWEEN r.from_day AND r.to_day
         AND l.version_id <= r.version_watermark
       WHERE r.id = $1 GROUP BY r.id, l.policy_id`,
      [runId],
    );
    if (input.doctorMinutes !== null) await insertDoctorDays(tx, runId, input.doctorMinutes);
    await tx.query(
      `UPDATE shadow_run r SET person_count = s.persons, doctor_day_count = s.days
       FROM (SELECT count(*) FILTER (WHERE scope = 'person')::int AS persons,
               count(*) FILTER (WHERE scope = 'doctor-day')::int AS days FROM shadow_subject WHERE run_id = $1) s
       WHERE r.id = $1`,
      [runId],
    );
  }
  return (await findShadowRun(tx, runId))!;
}

async function insertDoctorDays(tx: Queryable, runId: string, minutes: number): Promise<void> {
  await tx.query(
    `INSERT INTO shadow_subject (run_id, scope, ordinal, subject_id, day)
     SELECT d.id, 'doctor-day', row_number() OVER (ORDER BY d.doctor_id, d.service_date) - 1, d.doctor_id, d.service_date
     FROM (SELECT r.id, l.doctor_id, l.service_date
       FROM shadow_run r JOIN invoice_line l ON l.current AND l.doctor_id IS NOT NULL
         AND l.service_date BETWEEN r.from_day AND r.to_day AND l.version_id <= r.version_watermark
       LEFT JOIN (SELECT p.clinic_item_id, max(s.minutes) AS minutes FROM price_item p
                  JOIN service s ON s.id = p.service_id GROUP BY p.clinic_item_id) m ON m.clinic_item_id = l.clinic_item_id
       WHERE r.id = $1 GROUP BY r.id, l.doctor_id, l.service_date
       HAVING sum(l.quantity::bigint * COALESCE(m.minutes, 0)) > $2) d`,
    [runId, minutes],
  );
}

export interface ShadowRange {
  readonly runId: string;
  readonly scope: 'person' | 'doctor-day';
  readonly offset: number;
  readonly length: number;
}

const JOIN = {
  person: 'l.policy_id = s.subject_id',
  'doctor-day': 'l.doctor_id = s.subject_id AND l.service_date = s.day',
} as const;

/**
 * The query of a chunk for `readLineTable`: every current line of its subjects, refused ones too, because a shadow run
 * asks what rules find while nothing has been decided yet. COPY takes no parameters: all that goes in is checked here.
 */
export function shadowLinesQuery(range: ShadowRange, versionWatermark: number): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(range.runId)) throw new Error('not a run id');
  const [from, to] = [Math.trunc(range.offset), Math.trunc(range.offset + range.length)];
  return `SELECT ${LINE_COLUMNS} FROM shadow_subject s JOIN invoice_line l ON ${JOIN[range.scope]} AND l.current
    WHERE s.run_id = '${range.runId}' AND s.scope = '${range.scope}' AND s.ordinal >= ${from} AND s.ordinal < ${to}
      AND l.version_id <= ${Math.trunc(versionWatermark)}`;
}

/** What doctors decided about lines, by line id; lines that no doctor decided are absent. */
export async function doctorKinds(db: Queryable, lineIds: readonly number[]): Promise<Map<number, DoctorKind>> {
  const rows = await db.query<{ lineId: number; kind: DoctorKind }>(
    `SELECT line_id AS "lineId", kind FROM verdict
     WHERE active AND author_kind = 'doctor' AND line_id = ANY($1::bigint[])`,
    [lineIds],
  );
  return new Map(rows.rows.map((row) => [row.lineId, row.kind]));
}

export async function isShadowChunkDone(db: Queryable, range: ShadowRange): Promise<boolean> {
  const rows = await db.query('SELECT 1 FROM shadow_chunk WHERE run_id = $1 AND scope = $2 AND "offset" = $3', [
    range.runId,
    range.scope,
    range.offset,
  ]);
  return rows.rows.length > 0;
}

/** Writes a chunk's sums and changed lines once: a second attempt writes nothing. */
export async function saveShadowChunk(
  tx: Queryable,
  range: ShadowRange,
  sums: ShadowSums,
  changed: readonly ChangedLine[],
): Promise<boolean> {
  const done = await tx.query(
    `INSERT INTO shadow_chunk (run_id, scope, "offset", length, result) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [range.runId, range.scope, range.offset, range.length, JSON.stringify(sums)],
  );
  if (done.rowCount !== 1) return false;
  await tx.query(
    `INSERT INTO shadow_line (run_id, scope, line_id, codes_added, codes_removed, risk_before_kopecks, risk_after_kopecks,
       doctor_kind)
     SELECT $1, $2, c.line, string_to_array(NULLIF(c.added, ''), ','), string_to_array(NULLIF(c.removed, ''), ','), c.before,
       c.after, c.doctor
     FROM unnest($3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[])
       AS c(line, added, removed, before, after, doctor)`,
    [
      range.runId,
      range.scope,
      changed.map((line) => line.lineId),
      changed.map((line) => line.added.map(({ code }) => code).join()),
      changed.map((line) => line.removed.map(({ code }) => code).join()),
      changed.map((line) => line.riskBefore),
      changed.map((line) => line.riskAfter),
      changed.map((line) => line.doctor),
    ],
  );
  return true;
}

export async function shadowChunkResults(db: Queryable, runId: string): Promise<ShadowSums[]> {
  const rows = await db.query<{ result: ShadowSums }>(
    'SELECT result FROM shadow_chunk WHERE run_id = $1 ORDER BY scope, "offset"',
    [runId],
  );
  return rows.rows.map((row) => row.result);
}

/** Ends a run; one that has ended stays as it is. */
export async function closeShadowRun(
  db: Queryable,
  runId: string,
  end: {
    readonly state: 'done' | 'failed' | 'cancelled';
    readonly result: ShadowSums | null;
    readonly errorCode: string | null;
  },
): Promise<void> {
  await db.query(
    `UPDATE shadow_run SET state = $2, result = $3, error_code = $4, finished_at = now()
     WHERE id = $1 AND state IN ('waiting', 'running')`,
    [runId, end.state, end.result === null ? null : JSON.stringify(end.result), end.errorCode],
  );
}

export interface ShadowLineRow {
  readonly lineId: number;
  readonly clinicCode: string;
  readonly invoiceNo: string;
  readonly lineNo: number;
  readonly serviceDate: string;
  readonly codesAdded: string[];
  readonly codesRemoved: string[];
  readonly riskBeforeKopecks: number;
  readonly riskAfterKopecks: number;
  readonly doctorKind: DoctorKind | null;
  readonly state: string;
}

/** Changed lines by id, behind `after`. */
export async function listShadowLines(
  db: Queryable,
  runId: string,
  page: { readonly after: number; readonly limit: number },
): Promise<ShadowLineRow[]> {
  const rows = await db.query<ShadowLineRow & Record<string, unknown>>(
    `SELECT s.line_id AS "lineId", c.code AS "clinicCode", i.invoice_no AS "invoiceNo", l.line_no AS "lineNo",
       l.service_date AS "serviceDate", COALESCE(s.codes_added, '{}') AS "codesAdded",
       COALESCE(s.codes_removed, '{}') AS "codesRemoved", s.risk_before_kopecks AS "riskBeforeKopecks",
       s.risk_after_kopecks AS "riskAfterKopecks", s.doctor_kind AS "doctorKind", l.state
     FROM shadow_line s JOIN invoice_line l ON l.id = s.line_id JOIN invoice i ON i.id = l.invoice_id
     JOIN clinic c ON c.id = l.clinic_id WHERE s.run_id = $1 AND s.line_id > $2 ORDER BY s.line_id, s.scope LIMIT $3`,
    [runId, page.after, page.limit],
  );
  return rows.rows;
}

import { createHash } from 'node:crypto';
import type { CheckedLine } from '../../models/sampling/estimate';
import type { AcceptedLine, SampledLine, SamplingPlan } from '../../models/sampling/inclusion';
import type { Deadline } from '../../models/calendar';
import type { RowFilter } from '../../models/access/policy';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

/** A line that rules have accepted, with what a sample weighs. */
export interface AcceptedRow extends AcceptedLine {
  readonly versionId: number;
  readonly policyId: number;
  readonly clinicId: number;
  readonly hubId: number;
  readonly fastLane: boolean;
}

/** Finished batches of the last days that no sample was drawn of yet. */
export async function unsampledBatches(db: Queryable, days: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `SELECT b.id FROM batch b WHERE b.state = 'done' AND b.done_at > now() - make_interval(days => $1)
       AND NOT EXISTS (SELECT 1 FROM sample_draw d WHERE d.batch_id = b.id)
       AND EXISTS (SELECT 1 FROM verdict v WHERE v.batch_id = b.id AND v.kind = 'accept' AND v.author_kind = 'rule')
     ORDER BY b.seq`,
    [days],
  );
  return rows.rows.map((row) => row.id);
}

/**
 * Lines that a batch's rules accepted. Risk: one for every line, three more for each finding that only raises priority,
 * two for each statistical alert about the clinic: money decides between equals.
 */
export async function acceptedLines(db: Queryable, batchId: string): Promise<AcceptedRow[]> {
  const rows = await db.query<AcceptedRow & Record<string, unknown>>(
    `SELECT l.id::text AS id, d.accepted_kopecks AS "shareKopecks", l.version_id AS "versionId", l.policy_id AS "policyId",
       l.clinic_id AS "clinicId", c.hub_id AS "hubId", COALESCE(n.state = 'fast', false) AS "fastLane",
       (1 + 3 * (SELECT count(*) FROM finding f WHERE f.line_id = l.id AND f.active) + 2 * COALESCE(a.alerts, 0))::float8 AS risk
     FROM verdict d JOIN invoice_line l ON l.id = d.line_id JOIN clinic c ON c.id = l.clinic_id
     LEFT JOIN clinic_lane n ON n.clinic_id = c.id
     LEFT JOIN (SELECT subject, count(*) AS alerts FROM stat_alert WHERE subject_kind = 'clinic'
       AND run_id = (SELECT id FROM stat_run ORDER BY created_at DESC, id DESC LIMIT 1) GROUP BY subject) a ON a.subject = c.code
     WHERE d.batch_id = $1 AND d.kind = 'accept' AND d.author_kind = 'rule' AND d.active AND l.current ORDER BY l.id`,
    [batchId],
  );
  return rows.rows;
}

export interface Draw {
  readonly batchId: string;
  readonly population: number;
  readonly plan: SamplingPlan;
  readonly seed: string;
  readonly lines: readonly (AcceptedRow & Pick<SampledLine, 'probability' | 'reason'>)[];
  readonly clock: Deadline;
}

/** Keeps a draw with its lines and puts them to doctors as tasks. False when the batch was drawn before. */
export async function saveDraw(tx: Queryable, draw: Draw): Promise<boolean> {
  const done = await tx.query(
    `INSERT INTO sample_draw (batch_id, population, drawn, plan, seed) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [draw.batchId, draw.population, draw.lines.length, JSON.stringify(draw.plan), draw.seed],
  );
  if (done.rowCount !== 1) return false;
  const { lines } = draw;
  const taskIds = lines.map((line) => sampleTaskId(line.versionId, line.policyId));
  await tx.query(
    `INSERT INTO review_task (id, version_id, policy_id, hub_id, line_count, at_risk_kopecks, codes, origin, deadline, clock)
     SELECT t.id, t.version, t.policy, t.hub, count(*)::int, sum(t.share), '{}', 'sample', $6::timestamptz, $7::jsonb
     FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::bigint[]) AS t(id, version, policy, hub, share)
     GROUP BY t.id, t.version, t.policy, t.hub ON CONFLICT (id) DO NOTHING`,
    [
      taskIds,
      lines.map((line) => line.versionId),
      lines.map((line) => line.policyId),
      lines.map((line) => line.hubId),
      lines.map((line) => line.shareKopecks),
      draw.clock.dueAt,
      JSON.stringify(draw.clock),
    ],
  );
  await tx.query(
    `INSERT INTO review_task_line (task_id, line_id) SELECT * FROM unnest($1::uuid[], $2::bigint[]) ON CONFLICT DO NOTHING`,
    [taskIds, lines.map((line) => line.id)],
  );
  await tx.query(
    `INSERT INTO accepted_sample (line_id, batch_id, clinic_id, task_id, probability, reason, share_kopecks)
     SELECT s.line, $1, s.clinic, s.task, s.probability, s.reason, s.share
     FROM unnest($2::bigint[], $3::int[], $4::uuid[], $5::float8[], $6::text[], $7::bigint[])
       AS s(line, clinic, task, probability, reason, share) ON CONFLICT (line_id) DO NOTHING`,
    [
      draw.batchId,
      lines.map((line) => line.id),
      lines.map((line) => line.clinicId),
      taskIds,
      lines.map((line) => line.probability),
      lines.map((line) => line.reason),
      lines.map((line) => line.shareKopecks),
    ],
  );
  return true;
}

function sampleTaskId(versionId: number, policyId: number): string {
  const hex = createHash('md5').update(`sample/${versionId}/${policyId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export interface SampleRow {
  readonly lineId: number;
  readonly taskId: string;
  readonly clinicCode: string;
  readonly invoiceNo: string;
  readonly versionId: string;
  readonly lineNo: number;
  readonly reason: string;
  readonly probability: number;
  readonly shareKopecks: number;
  readonly state: 'open' | 'checked';
  readonly outcome: 'right' | 'wrong' | null;
  readonly overpaidKopecks: number;
  readonly checkedByName: string | null;
}

/** Sampled lines by id, behind `after`. */
export async function listSamples(
  db: Queryable,
  query: {
    readonly filter: RowFilter;
    readonly state: string | null;
    readonly after: number;
    readonly limit: number;
  },
): Promise<SampleRow[]> {
  const params: unknown[] = [query.state, query.after, query.limit];
  const visible = filterSql(query.filter, { hubId: 'c.hub_id' }, params);
  const rows = await db.query<SampleRow & Record<string, unknown>>(
    `SELECT s.line_id AS "lineId", s.task_id AS "taskId", c.code AS "clinicCode", i.invoice_no AS "invoiceNo",
       v.public_id AS "versionId", l.line_no AS "lineNo", s.reason, s.probability, s.share_kopecks AS "shareKopecks", s.state,
       s.outcome, s.overpaid_kopecks AS "overpaidKopecks", s.checked_by_name AS "checkedByName"
     FROM accepted_sample s JOIN invoice_line l ON l.id = s.line_id JOIN invoice_version v ON v.id = l.version_id
     JOIN invoice i ON i.id = l.invoice_id JOIN clinic c ON c.id = s.clinic_id
     WHERE ($1::text IS NULL OR s.state = $1) AND s.line_id > $2 AND ${visible} ORDER BY s.line_id LIMIT $3`,
    params,
  );
  return rows.rows;
}

export interface OpenSample {
  readonly lineId: number;
  readonly taskId: string;
  readonly shareKopecks: number;
  readonly state: 'open' | 'checked';
}

/** The sampled line, locked; null when it is not there or not the caller's. */
export async function lockSample(tx: Queryable, lineId: number, filter: RowFilter): Promise<OpenSample | null> {
  const params: unknown[] = [lineId];
  const visible = filterSql(filter, { hubId: 'c.hub_id' }, params);
  const rows = await tx.query<OpenSample & Record<string, unknown>>(
    `SELECT s.line_id AS "lineId", s.task_id AS "taskId", s.share_kopecks AS "shareKopecks", s.state
     FROM accepted_sample s JOIN clinic c ON c.id = s.clinic_id WHERE s.line_id = $1 AND ${visible} FOR UPDATE OF s`,
    params,
  );
  return rows.rows[0] ?? null;
}

/** What a doctor found of a sampled line; returns how many lines of its task are still open. */
export async function checkSample(
  tx: Queryable,
  check: {
    readonly lineId: number;
    readonly taskId: string;
    readonly outcome: 'right' | 'wrong';
    readonly overpaidKopecks: number;
    readonly reasonCode: string | null;
    readonly note: string | null;
    readonly doctor: { readonly id: string; readonly name: string };
  },
): Promise<number> {
  await tx.query(
    `UPDATE accepted_sample SET state = 'checked', outcome = $2, overpaid_kopecks = $3, reason_code = $4, note = $5,
       checked_by = $6, checked_by_name = $7, checked_at = now() WHERE line_id = $1 AND state = 'open'`,
    [
      check.lineId,
      check.outcome,
      check.overpaidKopecks,
      check.reasonCode,
      check.note,
      check.doctor.id,
      check.doctor.name,
    ],
  );
  const rows = await tx.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM accepted_sample WHERE task_id = $1 AND state = 'open'`,
    [check.taskId],
  );
  return rows.rows[0]!.n;
}

/** Checked lines of draws since a day, and how many accepted lines they stand for (without those still open). */
export async function checkedSamples(
  db: Queryable,
  query: { readonly since: string; readonly clinic: string | null },
): Promise<{ readonly lines: CheckedLine[]; readonly population: number; readonly open: number }> {
  const values = [query.since, query.clinic];
  const lines = await db.query<CheckedLine & Record<string, unknown>>(
    `SELECT s.probability, s.share_kopecks AS "shareKopecks", s.outcome = 'wrong' AS wrong,
       s.overpaid_kopecks AS "overpaidKopecks"
     FROM accepted_sample s JOIN sample_draw d ON d.batch_id = s.batch_id JOIN clinic c ON c.id = s.clinic_id
     WHERE s.state = 'checked' AND d.drawn_at >= $1 AND ($2::text IS NULL OR c.code = $2)`,
    values,
  );
  const sums = await db.query<{ accepted: number; open: number }>(
    `SELECT (SELECT count(*)::int FROM verdict v JOIN sample_draw d ON d.batch_id = v.batch_id
         JOIN invoice_line l ON l.id = v.line_id JOIN clinic c ON c.id = l.clinic_id
         WHERE v.kind = 'accept' AND v.author_kind = 'rule' AND d.drawn_at >= $1 AND ($2::text IS NULL OR c.code = $2)) AS accepted,
       (SELECT count(*)::int FROM accepted_sample s JOIN sample_draw d ON d.batch_id = s.batch_id
         JOIN clinic c ON c.id = s.clinic_id
         WHERE s.state = 'open' AND d.drawn_at >= $1 AND ($2::text IS NULL OR c.code = $2)) AS open`,
    values,
  );
  const { accepted, open } = sums.rows[0]!;
  return { lines: lines.rows, population: accepted - open, open };
}

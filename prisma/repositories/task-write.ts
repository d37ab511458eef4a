import { createHash } from 'node:crypto';
import type { Deadline } from '../../models/calendar';
import type { TaskDraft } from '../../models/review-case/tasks';
import type { Queryable } from '../pool';

export interface TaskClock {
  readonly clock: Deadline;
  readonly deadline: string;
  readonly escalateAt: string | null;
}

/** The same task, however often its chunk is routed. */
export function taskId(draft: Pick<TaskDraft, 'versionId' | 'policyId'>): string {
  const hex = createHash('md5').update(`findings/${draft.versionId}/${draft.policyId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Creates tasks with their lines. Idempotent: a task that exists is left as it is. */
export async function insertTasks(tx: Queryable, tasks: readonly (TaskDraft & TaskClock)[]): Promise<void> {
  if (tasks.length === 0) return;
  const ids = tasks.map(taskId);
  await tx.query(
    `INSERT INTO review_task (id, version_id, policy_id, hub_id, line_count, at_risk_kopecks, codes, skill, deadline,
       clock, escalate_at)
     SELECT t.id, t.version_id, t.policy_id, t.hub_id, t.lines, t.at_risk, string_to_array(t.codes, ','), t.skill,
       t.deadline, t.clock, t.escalate_at
     FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::bigint[], $7::text[], $8::text[],
       $9::timestamptz[], $10::jsonb[], $11::timestamptz[])
       AS t(id, version_id, policy_id, hub_id, lines, at_risk, codes, skill, deadline, clock, escalate_at)
     ON CONFLICT (id) DO NOTHING`,
    [
      ids,
      tasks.map((task) => task.versionId),
      tasks.map((task) => task.policyId),
      tasks.map((task) => task.hubId),
      tasks.map((task) => task.lineIds.length),
      tasks.map((task) => task.atRiskKopecks),
      tasks.map((task) => task.codes.join()),
      tasks.map((task) => task.skill),
      tasks.map((task) => task.deadline),
      tasks.map((task) => JSON.stringify(task.clock)),
      tasks.map((task) => task.escalateAt),
    ],
  );
  await tx.query(
    `INSERT INTO review_task_line (task_id, line_id) SELECT * FROM unnest($1::uuid[], $2::bigint[])
     ON CONFLICT DO NOTHING`,
    [tasks.flatMap((task, index) => task.lineIds.map(() => ids[index]!)), tasks.flatMap((task) => task.lineIds)],
  );
}

/**
 * Brings open tasks up to date after a re-check: lines that were decided by rule leave their task, codes and money
 * follow the findings, a task without lines is cancelled, one without waiting lines is decided. Returns the versions concerned.
 */
export async function refreshTasks(tx: Queryable, lineIds: readonly number[]): Promise<number[]> {
  const tasks = await tx.query<{ id: string; versionId: number }>(
    `SELECT t.id, t.version_id AS "versionId" FROM review_task t
     WHERE t.state IN ('open', 'claimed', 'on-hold')
       AND t.id IN (SELECT task_id FROM review_task_line WHERE line_id = ANY($1::bigint[])) ORDER BY t.id FOR UPDATE`,
    [lineIds],
  );
  const ids = tasks.rows.map((row) => row.id);
  await tx.query(
    `DELETE FROM review_task_line r USING invoice_line l
     WHERE r.task_id = ANY($1::uuid[]) AND l.id = r.line_id AND l.state <> 'queued'
       AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.line_id = l.id AND v.task_id = r.task_id)`,
    [ids],
  );
  await tx.query(
    `UPDATE review_task t SET line_count = s.lines, at_risk_kopecks = s.at_risk, codes = s.codes, revision = revision + 1,
       state = CASE WHEN s.waiting > 0 THEN t.state WHEN s.lines > 0 THEN 'decided' ELSE 'cancelled' END,
       lease_until = CASE WHEN s.waiting = 0 THEN NULL ELSE t.lease_until END
     FROM (
       SELECT q.id, count(l.id)::int AS lines, count(l.id) FILTER (WHERE l.state = 'queued')::int AS waiting,
         COALESCE(sum(LEAST(f.at_risk, l.amount_kopecks - GREATEST(0, LEAST(l.patient_share_kopecks, l.amount_kopecks)))), 0) AS at_risk,
         COALESCE((SELECT array_agg(DISTINCT g.code ORDER BY g.code) FROM review_task_line x
                   JOIN finding g ON g.line_id = x.line_id AND g.active WHERE x.task_id = q.id), '{}') AS codes
       FROM unnest($1::uuid[]) AS q(id) LEFT JOIN review_task_line r ON r.task_id = q.id
       LEFT JOIN invoice_line l ON l.id = r.line_id
       LEFT JOIN LATERAL (SELECT max(at_risk_kopecks) AS at_risk FROM finding WHERE line_id = l.id AND active) f ON true
       GROUP BY q.id) s WHERE t.id = s.id`,
    [ids],
  );
  return [...new Set(tasks.rows.map((row) => row.versionId))];
}

import type { EmployerFeedback, EmployerReport } from '../../models/ratings/employer-report';
import type { RowFilter } from '../../models/access/policy';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

/** Employers whose report of the quarter (its first day) has not been made yet. */
export async function employersWithoutReport(db: Queryable, quarter: string): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `SELECT p.id FROM policyholder p
     WHERE NOT EXISTS (SELECT FROM employer_report r WHERE r.policyholder_id = p.id AND r.quarter = $1) ORDER BY p.id`,
    [quarter],
  );
  return rows.rows.map((row) => row.id);
}

/**
 * Answered surveys of an employer's people in a quarter, one row a survey: city by month. No diagnosis, service or
 * amount leaves the database; the comment is read for complaints and dropped.
 */
export async function readEmployerFeedback(
  db: Queryable,
  policyholderId: number,
  quarter: { readonly from: string; readonly to: string },
): Promise<(EmployerFeedback & { comment: string | null })[]> {
  const rows = await db.query<EmployerFeedback & { comment: string | null } & Record<string, unknown>>(
    `SELECT f.policy_id::text AS "personId", c.city AS row, to_char(f.visit_date, 'YYYY-MM') AS column,
       max(f.answer::int) FILTER (WHERE f.question = 'rating') AS rating,
       bool_or(f.question = 'paid-extra' AND f.answer = 'yes') AS complained,
       max(f.answer) FILTER (WHERE f.question = 'comment') AS comment
     FROM feedback_answer f JOIN clinic c ON c.id = f.clinic_id
     WHERE f.visit_date BETWEEN $2 AND $3 AND EXISTS (
       SELECT FROM enrolment e JOIN programme g ON g.id = e.programme_id JOIN contract k ON k.id = g.contract_id
       WHERE e.policy_id = f.policy_id AND k.policyholder_id = $1 AND f.visit_date BETWEEN e.enrolled_from AND e.enrolled_to)
     GROUP BY f.survey_id, f.policy_id, c.city, f.visit_date ORDER BY f.visit_date, f.survey_id`,
    [policyholderId, quarter.from, quarter.to],
  );
  return rows.rows;
}

/** Keeps a report for ever: the first one stays, so that no two versions can be subtracted from each other. */
export async function freezeReport(
  db: Queryable,
  policyholderId: number,
  quarter: string,
  content: EmployerReport,
): Promise<void> {
  await db.query(
    `INSERT INTO employer_report (policyholder_id, quarter, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [policyholderId, quarter, JSON.stringify(content)],
  );
}

export interface FrozenReport {
  readonly policyholderId: number;
  readonly quarter: string;
  readonly content: EmployerReport;
  readonly createdAt: string;
}

/** Reports that the caller may see, newest first. */
export async function listEmployerReports(db: Queryable, filter: RowFilter, limit: number): Promise<FrozenReport[]> {
  const values: unknown[] = [limit];
  const rows = await db.query<FrozenReport & Record<string, unknown>>(
    `SELECT r.policyholder_id AS "policyholderId", r.quarter, r.content, r.created_at AS "createdAt"
     FROM employer_report r WHERE ${filterSql(filter, { policyholderId: 'r.policyholder_id' }, values)}
     ORDER BY r.quarter DESC, r.policyholder_id LIMIT $1`,
    values,
  );
  return rows.rows;
}

import type { Queryable } from '../pool';

/** A billed line of a surveyed visit with what is believed of it before the answers. */
export interface VisitLineBelief {
  readonly lineId: number;
  readonly lineNo: number;
  readonly prior: number;
}

export interface SurveyAnswers {
  readonly rows: readonly {
    readonly lineNo: number | null;
    readonly question: string;
    readonly answer: string;
  }[];
  readonly lines: readonly VisitLineBelief[];
}

/** Prior of a line of which no run said anything. */
const BASE_PRIOR = 0.01;

/** Answers of one survey and the current lines of its visit, each with the last run's posterior as its prior. */
export async function readSurveyAnswers(db: Queryable, surveyId: string): Promise<SurveyAnswers> {
  const answers = await db.query<{ lineNo: number | null; question: string; answer: string }>(
    `SELECT line_no AS "lineNo", question, answer FROM feedback_answer WHERE survey_id = $1 ORDER BY id`,
    [surveyId],
  );
  const lines = await db.query<VisitLineBelief & Record<string, unknown>>(
    `SELECT l.id AS "lineId", l.line_no AS "lineNo", COALESCE(f.posterior, ${BASE_PRIOR}) AS prior
     FROM survey s JOIN invoice i ON i.clinic_id = s.clinic_id AND i.invoice_no = s.invoice_no
       JOIN invoice_version v ON v.invoice_id = i.id AND v.current
       JOIN invoice_line l ON l.version_id = v.id AND l.policy_id = s.policy_id AND l.service_date = s.visit_date
       LEFT JOIN fraud_line f ON f.line_id = l.id
     WHERE s.id = $1 ORDER BY l.line_no`,
    [surveyId],
  );
  return { rows: answers.rows, lines: lines.rows };
}

export interface EvidenceWrite {
  readonly lineId: number;
  readonly prior: number;
  readonly likelihoodRatio: number;
  readonly posterior: number;
}

export async function storeEvidence(tx: Queryable, surveyId: string, lines: readonly EvidenceWrite[]): Promise<void> {
  await tx.query(
    `INSERT INTO line_evidence (line_id, survey_id, prior, likelihood_ratio, posterior)
     SELECT line, $1, prior, ratio, posterior
     FROM unnest($2::bigint[], $3::float8[], $4::float8[], $5::float8[]) AS e(line, prior, ratio, posterior)
     ON CONFLICT (line_id, survey_id) DO UPDATE SET prior = excluded.prior,
       likelihood_ratio = excluded.likelihood_ratio, posterior = excluded.posterior`,
    [
      surveyId,
      lines.map((one) => one.lineId),
      lines.map((one) => one.prior),
      lines.map((one) => one.likelihoodRatio),
      lines.map((one) => one.posterior),
    ],
  );
}

/**
 * Raises the priority of undecided tasks that hold these lines, never lowers it. The revision stays: what the expert
 * sees of the task has not changed. Returns how many tasks moved.
 */
export async function raisePriority(
  tx: Queryable,
  lines: readonly { readonly lineId: number; readonly priority: number }[],
): Promise<number> {
  const done = await tx.query(
    `UPDATE review_task t SET priority = raised.priority
     FROM (SELECT r.task_id, max(w.priority) AS priority
           FROM unnest($1::bigint[], $2::int[]) AS w(line, priority) JOIN review_task_line r ON r.line_id = w.line
           GROUP BY 1) raised
     WHERE t.id = raised.task_id AND t.state IN ('open', 'claimed', 'on-hold') AND t.priority < raised.priority`,
    [lines.map((one) => one.lineId), lines.map((one) => one.priority)],
  );
  return done.rowCount ?? 0;
}

export interface LineEvidenceView {
  readonly surveyId: string;
  readonly prior: number;
  readonly likelihoodRatio: number;
  readonly posterior: number;
  readonly createdAt: string;
}

export async function readLineEvidence(db: Queryable, lineId: number): Promise<LineEvidenceView[]> {
  const rows = await db.query<LineEvidenceView & Record<string, unknown>>(
    `SELECT survey_id AS "surveyId", prior, likelihood_ratio AS "likelihoodRatio", posterior, created_at AS "createdAt"
     FROM line_evidence WHERE line_id = $1 ORDER BY created_at`,
    [lineId],
  );
  return rows.rows;
}

export interface AnswerView {
  readonly id: number;
  readonly surveyId: string;
  readonly clinicCode: string;
  readonly invoiceNo: string;
  readonly lineNo: number | null;
  readonly visitDate: string;
  readonly answeredAt: string;
  readonly question: string;
  readonly answer: string;
}

/** Answers, newest first; by clinic and invoice where given. Who answered stays out. */
export async function listAnswers(
  db: Queryable,
  query: {
    readonly clinicCode: string | null;
    readonly invoiceNo: string | null;
    readonly question: string | null;
    readonly before: number | null;
    readonly limit: number;
  },
): Promise<AnswerView[]> {
  const rows = await db.query<AnswerView & Record<string, unknown>>(
    `SELECT f.id, f.survey_id AS "surveyId", c.code AS "clinicCode", f.invoice_no AS "invoiceNo", f.line_no AS "lineNo",
       f.visit_date AS "visitDate", to_char(f.answered_at, 'YYYY-MM-DD"T"HH24:MI') AS "answeredAt", f.question, f.answer
     FROM feedback_answer f JOIN clinic c ON c.id = f.clinic_id
     WHERE ($1::text IS NULL OR c.code = $1) AND ($2::text IS NULL OR f.invoice_no = $2)
       AND ($3::text IS NULL OR f.question = $3) AND ($4::bigint IS NULL OR f.id < $4)
     ORDER BY f.id DESC LIMIT $5`,
    [query.clinicCode, query.invoiceNo, query.question, query.before, query.limit],
  );
  return rows.rows;
}

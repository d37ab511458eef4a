import type { AnswerRates } from '../../models/fraud/answer-rates';
import type { ScorePart } from '../../models/fraud/types';
import type { CaseLabel, ScoreCalibration } from '../../models/investigation/recalibrate';
import type { Queryable } from '../pool';

/** Plain form of `AnswerRates`: each pair is (rendered, not rendered). */
export type StoredRates = Readonly<Record<keyof AnswerRates, readonly [readonly number[], readonly number[]]>>;

export interface RunParameters {
  readonly rates: StoredRates;
  readonly calibration: ScoreCalibration;
  readonly capacity: number;
  readonly falseDiscoveryRate: number;
}

export interface FraudRun {
  readonly runId: string;
  readonly state: 'running' | 'done';
  readonly lines: number;
  readonly answers: number;
  readonly alerts: number;
  readonly opened: number;
  readonly parameters: RunParameters | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

const RUN = `id AS "runId", state, lines, answers, alerts, opened, parameters, started_at AS "startedAt",
  finished_at AS "finishedAt"`;

/** The run of this key; a second start of the same key gets the same run. */
export async function startRun(db: Queryable, runKey: string): Promise<FraudRun> {
  await db.query('INSERT INTO fraud_run (run_key) VALUES ($1) ON CONFLICT (run_key) DO NOTHING', [runKey]);
  const rows = await db.query<FraudRun & Record<string, unknown>>(`SELECT ${RUN} FROM fraud_run WHERE run_key = $1`, [
    runKey,
  ]);
  return rows.rows[0]!;
}

/** The last finished run; null before the first. */
export async function latestRun(db: Queryable): Promise<FraudRun | null> {
  const rows = await db.query<FraudRun & Record<string, unknown>>(
    `SELECT ${RUN} FROM fraud_run WHERE state = 'done' ORDER BY finished_at DESC LIMIT 1`,
  );
  return rows.rows[0] ?? null;
}

export async function finishRun(
  tx: Queryable,
  runId: string,
  done: { lines: number; answers: number; alerts: number; opened: number; parameters: RunParameters },
): Promise<void> {
  await tx.query(
    `UPDATE fraud_run SET state = 'done', lines = $2, answers = $3, alerts = $4, opened = $5, parameters = $6,
       finished_at = now() WHERE id = $1`,
    [runId, done.lines, done.answers, done.alerts, done.opened, JSON.stringify(done.parameters)],
  );
}

export interface SignalWrite {
  readonly clinicId: number;
  readonly doctorId: number | null;
  readonly scheme: string;
  readonly score: number;
  readonly expectedKopecks: number;
  readonly decision: 'open' | 'watch';
  readonly seenElsewhere: number;
  readonly parts: readonly ScorePart[];
  readonly textRu: string;
  readonly textEn: string;
}

/** Stores a run's signals in rank order; returns their ids in the same order. */
export async function insertSignals(tx: Queryable, runId: string, signals: readonly SignalWrite[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `WITH made AS (
       INSERT INTO fraud_signal (run_id, rank, clinic_id, doctor_id, scheme, score, expected_kopecks, decision,
         seen_elsewhere, parts, text_ru, text_en)
       SELECT $1, rank, clinic, doctor, scheme, score, round(expected)::bigint, decision, elsewhere, parts::jsonb, ru, en
       FROM unnest($2::int[], $3::int[], $4::text[], $5::float8[], $6::float8[], $7::text[], $8::float8[], $9::text[],
         $10::text[], $11::text[]) WITH ORDINALITY
         AS s(clinic, doctor, scheme, score, expected, decision, elsewhere, parts, ru, en, rank)
       RETURNING id, rank)
     SELECT id FROM made ORDER BY rank`,
    [
      runId,
      signals.map((one) => one.clinicId),
      signals.map((one) => one.doctorId),
      signals.map((one) => one.scheme),
      signals.map((one) => one.score),
      signals.map((one) => one.expectedKopecks),
      signals.map((one) => one.decision),
      signals.map((one) => one.seenElsewhere),
      signals.map((one) => JSON.stringify(one.parts)),
      signals.map((one) => one.textRu),
      signals.map((one) => one.textEn),
    ],
  );
  return rows.rows.map((row) => row.id);
}

const LINE_BATCH = 20_000;

export interface SuspiciousLine {
  readonly lineId: number;
  readonly posterior: number;
  readonly leadDoctorId: number | null;
}

/** Forgets the lines of earlier runs; `addSuspiciousLines` of the same transaction puts this run's in their place. */
export async function clearSuspiciousLines(tx: Queryable): Promise<void> {
  await tx.query('DELETE FROM fraud_line');
}

export async function addSuspiciousLines(
  tx: Queryable,
  runId: string,
  lines: readonly SuspiciousLine[],
): Promise<void> {
  for (let at = 0; at < lines.length; at += LINE_BATCH) {
    const part = lines.slice(at, at + LINE_BATCH);
    await tx.query(
      `INSERT INTO fraud_line (line_id, run_id, posterior, lead_doctor_id)
       SELECT line, $1, posterior, doctor FROM unnest($2::bigint[], $3::float8[], $4::int[]) AS l(line, posterior, doctor)`,
      [runId, part.map((one) => one.lineId), part.map((one) => one.posterior), part.map((one) => one.leadDoctorId)],
    );
  }
}

/** Closed cases that an alert had opened, as labels of the detector. */
export async function readCaseLabels(db: Queryable): Promise<CaseLabel[]> {
  const rows = await db.query<CaseLabel & Record<string, unknown>>(
    `SELECT s.score, c.outcome FROM fraud_case c JOIN fraud_signal s ON s.id = c.signal_id WHERE c.state = 'closed'
     ORDER BY c.closed_at, c.id`,
  );
  return rows.rows;
}

/** Units that no alert may open: under investigation now, or closed within the cool-off. */
export async function readBusyUnits(db: Queryable, coolOffDays: number): Promise<{ unit: string; open: boolean }[]> {
  const rows = await db.query<{ unit: string; open: boolean }>(
    `SELECT DISTINCT concat_ws('/', clinic_id, COALESCE(doctor_id, 0), scheme) AS unit, state <> 'closed' AS open
     FROM fraud_case WHERE state <> 'closed' OR closed_at > now() - make_interval(days => $1)`,
    [coolOffDays],
  );
  return rows.rows;
}

export interface SignalView {
  readonly signalId: string;
  readonly rank: number;
  readonly clinicCode: string;
  readonly clinicName: string;
  readonly doctorCode: string | null;
  readonly scheme: string;
  readonly score: number;
  readonly expectedKopecks: number;
  readonly decision: string;
  readonly seenElsewhere: number;
  readonly parts: readonly ScorePart[];
  readonly text: { readonly ru: string; readonly en: string };
  readonly caseId: string | null;
}

/** Signals of the last run in rank order. */
export async function listSignals(db: Queryable, after: number, limit: number): Promise<SignalView[]> {
  const rows = await db.query<SignalView & Record<string, unknown>>(
    `SELECT s.id AS "signalId", s.rank, c.code AS "clinicCode", c.name AS "clinicName", d.code AS "doctorCode", s.scheme,
       s.score, s.expected_kopecks AS "expectedKopecks", s.decision, s.seen_elsewhere AS "seenElsewhere", s.parts,
       json_build_object('ru', s.text_ru, 'en', s.text_en) AS text, k.id AS "caseId"
     FROM fraud_signal s JOIN clinic c ON c.id = s.clinic_id LEFT JOIN doctor d ON d.id = s.doctor_id
       LEFT JOIN fraud_case k ON k.signal_id = s.id
     WHERE s.run_id = (SELECT id FROM fraud_run WHERE state = 'done' ORDER BY finished_at DESC LIMIT 1) AND s.rank > $1
     ORDER BY s.rank LIMIT $2`,
    [after, limit],
  );
  return rows.rows;
}

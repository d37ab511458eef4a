import { randomUUID } from 'node:crypto';
import { chooseVisits } from '../models/feedback/survey/choose';
import { plainDate } from '../models/calendar';
import { weighAnswers } from '../activities/feedback-survey/weigh-answers';
import { loadCommentModel } from '../models/feedback/comments/store';
import { feedbackSurvey } from '../workflows/feedback-survey';
import { surveyWorkflowId } from '../workflows/survey-messages';
import type { TestCaller } from './support/api';
import { DEMO_WORLD, openFeedbackHouse } from './support/feedback-house';
import type { FeedbackHouse } from './support/feedback-house';
import { loadWorld, WORLD_PARTS } from '../activities/intake/load-world';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';

const today = plainDate(new Date().toISOString());
let house: FeedbackHouse;
let analyst: TestCaller;

beforeAll(async () => {
  house = await openFeedbackHouse();
  analyst = await house.api.as('analyst');
}, 240_000);
afterAll(() => house?.close());

test('feedback.csv is taken in bulk, and again without a change, by the world and by the API', async () => {
  const { pool } = house.api;
  const state = () => pool.query(`SELECT count(*)::int AS n, max(id)::int AS last FROM feedback_answer`);
  const before = (await state()).rows[0];
  expect(before.n).toBeGreaterThan(7_000);
  const feedback = WORLD_PARTS.filter((part) => part.name === 'feedback');
  await loadWorld({ pool }, DEMO_WORLD, undefined, feedback);
  expect((await state()).rows[0].n).toBe(before.n);
  const csv = `${await readFile(join(DEMO_WORLD, 'feedback.csv'), 'utf8')}S-new,C05,NO-SUCH,,P,2025-03-01,2025-03-02T10:00,rating,9\n`;
  const sent = await analyst.post('/v1/feedback-files').attach('file', Buffer.from(csv), 'feedback.csv');
  expect(sent.status).toBe(202);
  await house.deliver();
  const done = (await analyst.get(`/v1/feedback-files/${sent.body.fileId}`)).body;
  expect(done).toMatchObject({ state: 'taken', rowsAccepted: before.n, rowsRejected: 1 });
  expect((await state()).rows[0].n).toBe(before.n);
  const again = await analyst.post('/v1/feedback-files').attach('file', Buffer.from(csv), 'feedback.csv');
  expect(again.status).toBe(200);
  const listed = await analyst.get('/v1/feedback?clinicCode=C05&question=comment&limit=3');
  expect(listed.body.items).toHaveLength(3);
  expect(JSON.stringify(listed.body)).not.toContain('policy');
});

test('a day is asked about once: chosen with a stored probability, reminded, expired, in one workflow', async () => {
  const { api, temporal, queues } = house;
  const { pool } = api;
  await pool.query(
    `INSERT INTO survey_contact (policy_id, channel, address, locale, per_period, opted_out_at)
     SELECT id, (ARRAY['email', 'sms', 'push'])[1 + id % 3], 'a' || id, CASE WHEN id % 4 = 0 THEN 'en' ELSE 'ru' END, id % 3,
       CASE WHEN id % 10 = 0 THEN now() END FROM policy WHERE id <= 900`,
  );
  const start = {
    taskQueue: queues.flow,
    args: [{ day: today, rules: { budget: 80, oldestDays: 3000, remindAfterMs: 3_000, expireAfterMs: 6_000 } }],
  } as const;
  const workflowId = `${surveyWorkflowId(today)}/${queues.flow}`;
  const ended = await temporal.workflow.execute(feedbackSurvey, { workflowId, ...start, args: [...start.args] });
  expect(ended!.visits).toBeGreaterThan(200);
  expect(ended!.chosen).toBeGreaterThan(40);
  const surveys = await pool.query<{
    policyId: number;
    probability: number;
    state: string;
    reminded: boolean;
    questions: { text: { ru: string } }[];
  }>(`SELECT policy_id AS "policyId", probability, state, reminded_at IS NOT NULL AS reminded, questions FROM survey`);
  expect(surveys.rowCount).toBe(ended!.chosen);
  expect(surveys.rows.every((row) => row.policyId % 3 > 0 && row.policyId % 10 > 0)).toBe(true);
  expect(surveys.rows.every((row) => row.probability > 0 && row.probability <= 1)).toBe(true);
  expect(new Set(surveys.rows.map((row) => row.policyId)).size).toBe(surveys.rowCount);
  expect(surveys.rows.every((row) => row.state === 'expired' && row.reminded)).toBe(true);
  const messages = await house.messages();
  expect(messages).toHaveLength(2 * ended!.chosen);
  expect(messages.every((message) => /\/s\/[\w-]{43}\n/.test(message.text))).toBe(true);
  const wire = JSON.stringify([messages, surveys.rows.map((row) => row.questions)]);
  expect(wire).not.toMatch(/[A-Z]\d\d\.\d|диагноз/);

  // The same day again: the stored round is read, nobody is asked twice.
  const twice = await temporal.workflow.execute(feedbackSurvey, {
    workflowId: `${workflowId}/2`,
    ...start,
    args: [...start.args],
  });
  expect(twice!.roundId).toBe(ended!.roundId);
  expect(await house.messages()).toHaveLength(messages.length);
  const shown = (await analyst.get(`/v1/survey-rounds/${today}`)).body;
  expect(shown).toMatchObject({ chosen: ended!.chosen, reminded: ended!.chosen, denials: null });
}, 120_000);

test('answers raise the priority of a waiting task and are evidence; they cannot decide a line', async () => {
  const { pool } = house.api;
  const survey = await pool.query<{ id: string; lineId: number; versionId: number; policyId: number; lineNo: number }>(
    `SELECT s.id, l.id AS "lineId", l.version_id AS "versionId", l.policy_id AS "policyId", l.line_no AS "lineNo"
     FROM survey s JOIN invoice i ON i.clinic_id = s.clinic_id AND i.invoice_no = s.invoice_no
       JOIN invoice_line l ON l.invoice_id = i.id AND l.current AND l.policy_id = s.policy_id AND l.service_date = s.visit_date
     ORDER BY s.id, l.id LIMIT 1`,
  );
  const { id, lineId, versionId, policyId, lineNo } = survey.rows[0]!;
  const taskId = randomUUID();
  await pool.query(
    `INSERT INTO review_task (id, version_id, policy_id, hub_id, line_count, at_risk_kopecks, codes, deadline)
     SELECT $1, $2, $3, min(id), 1, 100, '{CLIN-01}', now() + interval '5 days' FROM hub`,
    [taskId, versionId, policyId],
  );
  await pool.query('INSERT INTO review_task_line (task_id, line_id) VALUES ($1, $2)', [taskId, lineId]);
  const before = await pool.query(
    `SELECT to_jsonb(l) AS line, (SELECT state FROM invoice_version WHERE id = version_id) AS invoice
     FROM invoice_line l WHERE id = $1`,
    [lineId],
  );
  await pool.query(
    `INSERT INTO feedback_answer (survey_id, clinic_id, invoice_no, line_no, policy_id, visit_date, answered_at, question, answer)
     SELECT s.id::text, s.clinic_id, s.invoice_no, a.line, s.policy_id, s.visit_date, now(), a.question, a.answer
     FROM survey s, (VALUES (NULL::int, 'visit-happened', 'no'), ($2::int, 'service-rendered', 'no'),
       (NULL, 'comment', 'Меня там не было, никаких анализов мне не делали')) AS a(line, question, answer)
     WHERE s.id = $1`,
    [id, lineNo],
  );
  const comments = () => loadCommentModel(join(__dirname, '../data/comments/model'));
  const weighed = await weighAnswers({ pool, comments }, id);
  expect(weighed.lines).toBeGreaterThan(0);
  expect(await weighAnswers({ pool, comments }, id)).toMatchObject({ lines: weighed.lines, raised: 0 });
  const task = await pool.query<{ priority: number; state: string; revision: number }>(
    'SELECT priority, state, revision FROM review_task WHERE id = $1',
    [taskId],
  );
  expect(task.rows[0]!.priority).toBeGreaterThanOrEqual(5);
  expect(task.rows[0]).toMatchObject({ state: 'open', revision: 1 });
  const seen = (await analyst.get(`/v1/feedback/lines/${lineId}`)).body.evidence[0];
  expect(seen.likelihoodRatio).toBeGreaterThan(1);
  expect(seen.posterior).toBeGreaterThan(seen.prior);

  // However certain the patient is: the line, its invoice, findings and verdicts are as they were.
  const after = await pool.query(
    `SELECT to_jsonb(l) AS line, (SELECT state FROM invoice_version WHERE id = version_id) AS invoice
     FROM invoice_line l WHERE id = $1`,
    [lineId],
  );
  expect(after.rows).toEqual(before.rows);
  expect((await pool.query('SELECT FROM verdict')).rowCount).toBe(0);
  expect((await pool.query('SELECT FROM finding')).rowCount).toBe(0);
  // And somebody who tries it by hand is refused by the database: patients' words are no reason of a machine.
  const byFeedback = pool.query(
    `INSERT INTO verdict (line_id, kind, ground, reason_code, billed_kopecks, accepted_kopecks, reduced_kopecks,
       refused_kopecks, patient_share_kopecks, author_kind, rule_set_version)
     VALUES ($1, 'refuse', 'administrative', 'FEED-01', 100, 0, 0, 100, 0, 'rule', 'RS-1')`,
    [lineId],
  );
  await expect(byFeedback).rejects.toMatchObject({ constraint: 'verdict_machine_reason_check' });
  const expert = await house.api.as('medical-expert');
  await expert.post(`/v1/tasks/${taskId}/claim`);
  const decided = await expert.post(`/v1/tasks/${taskId}/decisions`, {
    lines: [{ lineId, kind: 'refuse', reasonCode: 'FEED-01', clause: 'ответ пациента' }],
  });
  expect(decided.status).toBeGreaterThanOrEqual(400);
  expect((await pool.query('SELECT FROM verdict')).rowCount).toBe(0);
});

test('twenty-five thousand visits are chosen from in one pass, and their weights undo the choice', () => {
  const visits = Array.from({ length: 25_000 }, (_, at) => ({
    visitId: `v${at}`,
    personId: `p${at % 9_000}`,
    clinicId: `c${at % 40}`,
    day: 20_000,
    risk: at % 40 === 7 ? 0.3 : 0.02,
    payable: 100_000 + (at % 50) * 10_000,
    uncertainty: 0.1,
  }));
  const limits = { optedOut: false, reachable: true, perPeriod: 4, sentOn: [] };
  const rules = { budget: 1_500, auditShare: 0.3, periodDays: 365, quietDays: 30, today: 20_001, seed: 1 };
  const chosen = chooseVisits(visits, () => limits, rules);
  expect(Math.abs(chosen.length - 1_500)).toBeLessThan(150);
  const weight = chosen.reduce((sum, one) => sum + 1 / one.probability, 0);
  expect(Math.abs(weight / visits.length - 1)).toBeLessThan(0.15);
  expect(new Set(chosen.map((one) => one.clinicId)).size).toBe(40);
});

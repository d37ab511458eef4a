import { plainDate } from '../models/calendar';
import type { SurveyQuestion } from '../models/feedback/survey/questions';
import { calibrated, recalibrate } from '../models/investigation/recalibrate';
import { heldLines } from '../prisma/repositories/fraud-cases';
import { readCaseLabels } from '../prisma/repositories/fraud-signals';
import { fraudCaseWorkflowId } from '../workflows/fraud-case-messages';
import { feedbackSurvey } from '../workflows/feedback-survey';
import { fraudScoring } from '../workflows/fraud-scoring';
import { surveyWorkflowId } from '../workflows/survey-messages';
import type { TestCaller } from './support/api';
import { FEEDBACK_SECRET, openFeedbackHouse } from './support/feedback-house';
import type { FeedbackHouse } from './support/feedback-house';
import { keepHistory, replayHistories } from './support/histories';
import { readPdf } from './support/pdf-text';
import { workflowBundle } from './support/review-house';
import { until } from './support/until';

/** A business day of a case's clocks lasts this long here: the hold of 20 days is over in 12 s. */
const DAY_MS = 600;
const today = plainDate(new Date().toISOString());

let house: FeedbackHouse;
let investigator: TestCaller;
let lead: TestCaller;
let analyst: TestCaller;

beforeAll(async () => {
  house = await openFeedbackHouse({ holdDays: 20, answerDays: 5, dayMs: DAY_MS });
  investigator = await house.api.as('investigator', { fullName: 'Громов Илья Андреевич' });
  lead = await house.api.as('lead-expert', { fullName: 'Соколов Пётр Ильич' });
  analyst = await house.api.as('analyst');
}, 240_000);

afterAll(() => house?.close());

test('one case from the survey link to the closing report', async () => {
  const { api, temporal, queues } = house;
  const { pool } = api;
  const suspect = (await pool.query<{ id: number }>(`SELECT id FROM clinic WHERE code = 'C05'`)).rows[0]!.id;
  const people = await pool.query<{ policyNo: string }>(
    `SELECT DISTINCT p.policy_no AS "policyNo" FROM invoice_line l JOIN policy p ON p.id = l.policy_id
     WHERE l.clinic_id = $1 AND l.current ORDER BY 1 LIMIT 200`,
    [suspect],
  );
  const contacts = people.rows.map(({ policyNo }) => ({
    policyNo,
    channel: 'email',
    address: `${policyNo}@example.ru`,
  }));
  const kept = await analyst.put('/v1/survey-contacts', { contacts });
  expect(kept.body).toEqual({ accepted: contacts.length, unknownPolicies: [] });

  // The day's billed visits are asked about; people answer by the link they got.
  const round = await temporal.workflow.start(feedbackSurvey, {
    workflowId: `${surveyWorkflowId(today)}/${queues.flow}`,
    taskQueue: queues.flow,
    args: [{ day: today, rules: { budget: 60, oldestDays: 3000, remindAfterMs: 15_000, expireAfterMs: 60_000 } }],
  });
  await until(async () => (await pool.query(`SELECT FROM survey WHERE state = 'sent'`)).rowCount! > 20);
  const invited = (await house.messages()).filter((message) => message.kind === 'invite');
  // Only of the suspect: a dozen denials make any clinic one.
  const surveys = await pool.query<{ id: string }>(`SELECT id FROM survey WHERE clinic_id = $1`, [suspect]);
  const ofSuspect = new Set(surveys.rows.map(({ id }) => id));
  const denying = invited.filter(({ surveyId }) => ofSuspect.has(surveyId)).slice(0, 12);
  expect(denying.length).toBeGreaterThan(5);
  for (const message of denying)
    await answerBy(message.text, (question) => (question.lineNos.length > 0 ? 'no' : 'yes'));
  await house.deliver();
  const denied = await pool.query<{ lineId: number; ratio: number; prior: number; posterior: number }>(
    `SELECT line_id AS "lineId", likelihood_ratio AS ratio, prior, posterior FROM line_evidence ORDER BY posterior DESC`,
  );
  expect(denied.rowCount).toBeGreaterThan(10);
  expect(denied.rows[0]!.ratio).toBeGreaterThan(5);
  expect(denied.rows[0]!.posterior).toBeGreaterThan(denied.rows[0]!.prior);

  // The scoring reads lines and answers from the tables and opens cases.
  const scored = await temporal.workflow.execute(fraudScoring, {
    workflowId: `fraud-scoring/${queues.flow}`,
    taskQueue: queues.flow,
    args: [{ capacity: 2, scoringQueue: queues.review }],
  });
  expect(scored.lines).toBeGreaterThan(15_000);
  expect(scored.opened).toBe(2);
  await house.deliver();
  const signals = await investigator.get('/v1/fraud-signals');
  expect(signals.body.items[0]).toMatchObject({ rank: 1, clinicCode: 'C05', decision: 'open', scheme: 'phantom' });
  expect(signals.body.items[2].decision).toBe('watch');
  expect((await (await api.as('clinic', { clinicId: suspect })).get('/v1/fraud-signals')).status).toBe(403);

  // The case holds its evidence: lines, what patients said, peers, months, neighbours.
  const caseId = signals.body.items[0].caseId as string;
  const path = `/v1/fraud-cases/${caseId}`;
  await until(async () => (await investigator.get(path)).body.pack !== null);
  const opened = (await investigator.get(path)).body;
  expect(opened.pack.lines.length).toBeGreaterThan(50);
  expect(opened.pack.lines.some((line: { patientSaid: string | null }) => line.patientSaid === 'no')).toBe(true);
  const own = opened.pack.peers.find((peer: { measure: string }) => peer.measure === 'denied-share');
  expect(own.own).toBeGreaterThan(own.p75);
  const complaint = opened.pack.comments.find((one: { topics: string[] }) => one.topics.includes('not-rendered'));
  expect(complaint.phrases.length).toBeGreaterThan(0);
  expect(opened.pack.timeline.length).toBeGreaterThan(2);
  expect(opened.pack.network.length).toBeGreaterThan(0);
  const reads = await pool.query(
    `SELECT FROM audit_event WHERE kind = 'read' AND subject_type = 'fraud-case' AND $1 = ANY(subject_ids)`,
    [caseId],
  );
  expect(reads.rowCount).toBeGreaterThan(0);

  // Payment of the worst lines waits, but no longer than the stored deadline.
  const worst = opened.record.lines.slice(0, 5) as { lineId: number; payableKopecks: number }[];
  const lineIds = worst.map((line) => line.lineId);
  const held = await investigator.post(`${path}/holds`, { lineIds });
  expect(held.status).toBe(200);
  const hold = held.body.record.hold;
  expect(Date.parse(hold.dueAt) - Date.parse(hold.placedAt)).toBe(20 * DAY_MS);
  expect(await heldLines(pool, lineIds)).toHaveLength(5);
  const foreign = await investigator.post(`${path}/holds`, { lineIds: [1_000_000] });
  expect(foreign.body).toMatchObject({ code: 'fraud-case.foreign-line' });

  // A task, a letter that stays unanswered until it is overdue, and the answer after all.
  const asked = await investigator.post(`${path}/tasks`, { text: 'Запросить журнал процедурного кабинета' });
  await investigator.post(`${path}/letters`, { subject: 'Запрос документов', text: 'Просим прислать журналы' });
  const early = await investigator.post(`${path}/proposals`, { outcome: 'unfounded', reason: 'Рано', lines: [] });
  expect(early.body).toMatchObject({ code: 'fraud-case.open-task' });
  const { taskId } = asked.body.record.tasks[0];
  await investigator.post(`${path}/task-results`, { taskId, result: 'Записей о процедурах нет' });
  await until(async () => (await investigator.get(path)).body.record.letters[0].overdue === true);
  // The clinic sees the letter in its own account, and nothing of the case; another clinic sees nothing.
  const clinic = await api.as('clinic', { clinicId: suspect });
  const [inquiry] = (await clinic.get('/v1/clinic-inquiries')).body.items;
  expect(inquiry).toMatchObject({ subject: 'Запрос документов', answeredAt: null });
  const answer = { inquiryId: inquiry.inquiryId, text: 'Журнал утерян' };
  const stranger = await api.as('clinic', { clinicId: suspect + 1 });
  expect((await stranger.post('/v1/clinic-inquiries/answers', answer)).status).toBe(404);
  expect((await clinic.post('/v1/clinic-inquiries/answers', answer)).body).toEqual({ answered: true });

  // The deadline comes: the hold is released by the clock, the case goes on.
  await until(async () => (await heldLines(pool, lineIds)).length === 0);
  expect((await investigator.get(path)).body.record.hold).toMatchObject({ released: 'deadline' });
  expect((await investigator.post(`${path}/holds`, { lineIds })).body).toMatchObject({ code: 'fraud-case.hold-over' });

  // Four eyes: who proposes cannot confirm; money is bounded by the lines.
  const lines = worst.map((line) => ({
    lineId: line.lineId,
    result: 'not-rendered' as const,
    recoverKopecks: line.payableKopecks,
  }));
  const greedy = lines.map((line) => ({ ...line, recoverKopecks: line.recoverKopecks + 1 }));
  const tooMuch = await investigator.post(`${path}/proposals`, {
    outcome: 'confirmed',
    reason: 'Журналов нет',
    lines: greedy,
  });
  expect(tooMuch.body).toMatchObject({ code: 'fraud-case.too-much' });
  const proposed = await investigator.post(`${path}/proposals`, {
    outcome: 'confirmed',
    reason: 'Журналов нет',
    lines,
  });
  expect(proposed.body.record.state).toBe('proposed');
  const alone = await investigator.post(`${path}/confirmations`, {});
  expect(alone.status).toBe(409);
  expect(alone.body).toMatchObject({ code: 'fraud-case.four-eyes' });
  await expect(
    pool.query(`UPDATE fraud_case SET confirmed_by = proposed_by WHERE id = $1`, [caseId]),
  ).rejects.toMatchObject({ constraint: 'fraud_case_four_eyes_check' });
  const closed = await lead.post(`${path}/confirmations`, {});
  const recovery = worst.reduce((sum, line) => sum + line.payableKopecks, 0);
  expect(closed.body.record).toMatchObject({ state: 'closed', outcome: 'confirmed', recoveryKopecks: recovery });

  // The closing report is there, readable and tagged; nothing of the case can be edited any more.
  await until(async () => (await lead.get(`${path}/report`)).status === 200);
  const pdf = (await lead.get(`${path}/report`).buffer(true).parse(bytes)).body as Buffer;
  const report = await readPdf(pdf);
  expect(report.tagged).toBe(true);
  expect(report.text).toContain(`Заключение по делу ${opened.number}`);
  expect(report.text).toContain('Нарушение подтверждено');
  expect(report.text).toContain('Громов Илья Андреевич');
  expect(report.text).toContain('Удержание снято по сроку');
  expect((await investigator.post(`${path}/notes`, { text: 'ещё' })).body).toMatchObject({ code: 'fraud-case.closed' });
  await expect(pool.query(`DELETE FROM fraud_case_event WHERE case_id = $1`, [caseId])).rejects.toThrow(
    /never changed/,
  );
  const kinds = (await lead.get(path)).body.events.map((event: { kind: string }) => event.kind);
  expect(kinds).toEqual([
    'opened',
    'hold',
    'add-task',
    'write-letter',
    'finish-task',
    'letter-overdue',
    'clinic-answer',
    'hold-deadline',
    'propose',
    'confirm',
  ]);

  // The outcome is a label: the next scoring is calibrated on it, and the unit is left in peace for a while.
  expect(await readCaseLabels(pool)).toEqual([{ score: expect.any(Number), outcome: 'confirmed' }]);
  const again = await temporal.workflow.execute(fraudScoring, {
    workflowId: `fraud-scoring/${queues.flow}/again`,
    taskQueue: queues.flow,
    args: [{ capacity: 3, scoringQueue: queues.review }],
  });
  expect(again.opened).toBe(1);
  const open = await pool.query<{ code: string; n: number }>(
    `SELECT c.code, count(*)::int AS n FROM fraud_case k JOIN clinic c ON c.id = k.clinic_id GROUP BY 1 ORDER BY 1`,
  );
  expect(open.rows).toEqual([
    { code: 'C01', n: 1 },
    { code: 'C05', n: 1 },
    { code: 'C09', n: 1 },
  ]);
  const parameters = await pool.query<{ labels: number }>(
    `SELECT (parameters->'calibration'->>'labels')::int AS labels FROM fraud_run ORDER BY finished_at DESC LIMIT 1`,
  );
  expect(parameters.rows[0]).toEqual({ labels: 1 });

  // Nothing that patients said has decided a line: no verdict, no finding came of it.
  expect((await pool.query('SELECT FROM verdict')).rowCount).toBe(0);
  expect((await pool.query('SELECT FROM finding')).rowCount).toBe(0);
  expect((await round.result())!.closedAt).not.toBeNull();
  const states = await pool.query<{ state: string }>('SELECT DISTINCT state FROM survey ORDER BY 1');
  expect(states.rows.map((row) => row.state)).toEqual(['answered', 'expired']);
  await keepHistory(temporal, fraudCaseWorkflowId(caseId), 'feedback/fraud-investigation');
  await keepHistory(temporal, `${surveyWorkflowId(today)}/${queues.flow}`, 'feedback/feedback-survey');
  await keepHistory(temporal, `fraud-scoring/${queues.flow}`, 'feedback/fraud-scoring');
}, 240_000);

test('a case opened by hand has its author, and a unit has one open case of a scheme', async () => {
  const body = { clinicCode: 'C03', scheme: 'phantom', reason: 'Звонок пациента' };
  const made = await investigator.post('/v1/fraud-cases', body);
  expect(made.status).toBe(201);
  const twice = await lead.post('/v1/fraud-cases', body);
  expect(twice.body).toMatchObject({ code: 'fraud-case.open-already' });
  const found = (await investigator.get(`/v1/fraud-cases/${made.body.caseId}`)).body;
  expect(found).toMatchObject({ openedBy: 'hand', state: 'open', reason: 'Звонок пациента' });
  expect((await analyst.post('/v1/fraud-cases', body)).status).toBe(403);
});

test('workflows that started under an older version of the code still replay', async () => {
  const replayed = await replayHistories('feedback/', FEEDBACK_SECRET, { codePath: await workflowBundle() });
  expect(replayed).toEqual(
    ['feedback-survey', 'fraud-investigation', 'fraud-scoring'].map((name) => ({
      name: `feedback/${name}.json`,
      error: null,
    })),
  );
}, 120_000);

test('outcomes move the calibration a little at first and decide with hundreds of them', () => {
  const false9 = { score: 0.9, outcome: 'unfounded' } as const;
  const few = calibrated(0.9, recalibrate([false9, false9]));
  const many = calibrated(0.9, recalibrate(Array.from({ length: 300 }, () => false9)));
  expect(calibrated(0.9, recalibrate([]))).toBe(0.9);
  expect(few).toBeLessThan(0.9);
  expect(few).toBeGreaterThan(0.4);
  expect(many).toBeLessThan(0.1);
});

/** Opens the link of a message and sends the form as a browser does. */
async function answerBy(text: string, answerOf: (question: SurveyQuestion) => string): Promise<void> {
  const url = /https?:\S+/.exec(text)![0];
  const path = url.slice(house.api.url.length);
  const page = await house.api.anonymous().get(path);
  expect(page.status).toBe(200);
  const surveyed = await house.api.pool.query<{ questions: SurveyQuestion[] }>(
    `SELECT questions FROM survey WHERE state = 'sent' ORDER BY id`,
  );
  const shown = surveyed.rows.find((row) =>
    row.questions.every((question) => page.text.includes(escape(question.text.ru))),
  );
  const asked = shown!.questions.filter((question) => question.answer === 'yes-no-unsure');
  const form = Object.fromEntries(asked.map((question) => [question.id, answerOf(question)]));
  const sent = await house.api.anonymous().post(path).type('form').send(form);
  expect(sent.status).toBe(200);
  expect(sent.text).toContain('Спасибо');
  expect((await house.api.anonymous().post(path).type('form').send(form)).status).toBe(409);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}

/** Superagent's parser of a binary answer. */
function bytes(response: unknown, done: (error: Error | null, body: Buffer) => void): void {
  const stream = response as NodeJS.ReadableStream;
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}

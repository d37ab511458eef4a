import { statReview } from '../workflows/stat-review';
import { loadInsurer, moneyOf, openReviewHouse } from './support/review-house';
import type { ReviewHouse } from './support/review-house';
import type { TestCaller } from './support/api';

let house: ReviewHouse;
let lead: TestCaller;
let doctor: TestCaller;

interface Sample {
  readonly lineId: number;
  readonly taskId: string;
  readonly probability: number;
  readonly shareKopecks: number;
  readonly reason: string;
}

beforeAll(async () => {
  house = await openReviewHouse();
  await loadInsurer(house.pool);
  await house.review({ key: 'statistics' });
  lead = await house.api.as('lead-expert', { fullName: 'Ким Ольга Андреевна' });
  doctor = await house.api.as('medical-expert', { fullName: 'Орлова Анна Сергеевна' });
}, 240_000);
afterAll(() => house?.close());

test('a night: alerts with their peer comparison, tasks that rise, a sample of what was accepted, a step of every lane', async () => {
  await makeOneClinicUnusual();
  const before = await verdictState();
  const result = await night('1');
  expect(result.alerts).toBeGreaterThan(0);
  expect(result.samplesDrawn).toBeGreaterThan(50);
  const alerts = (await lead.get('/v1/stat-alerts?limit=200')).body.items as {
    code: string;
    subject: string;
    subjectKind: string;
    service: string | null;
    excessKopecks: number;
    explanationRu: string;
    comparison: { ownRate: number; peerMean: number; shrunkRate: number; qValue: number; peers: number };
  }[];
  const planted = alerts.find(
    (alert) => alert.code === 'STAT-01' && alert.subjectKind === 'clinic' && alert.service === PLANTED.service,
  );
  expect(planted).toMatchObject({ subject: PLANTED.clinic });
  expect(planted!.comparison.ownRate).toBeGreaterThan(planted!.comparison.peerMean * 1.5);
  expect(planted!.comparison.shrunkRate).toBeLessThanOrEqual(planted!.comparison.ownRate);
  expect(planted!.comparison.qValue).toBeLessThanOrEqual(0.05);
  expect(planted!.explanationRu).toContain('не основание для отказа');
  expect(await verdictState()).toEqual(before);
  const raised = await house.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM review_task WHERE priority > 0 AND origin = 'findings'`,
  );
  expect(raised.rows[0]!.n).toBe(result.tasksRaised);
});

test('the same night again draws and writes nothing twice', async () => {
  const runs = async () =>
    (
      await house.pool.query(
        'SELECT count(*)::int AS runs, (SELECT count(*)::int FROM accepted_sample) AS lines FROM stat_run',
      )
    ).rows[0];
  const before = await runs();
  expect((await night('2')).samplesDrawn).toBe(0);
  expect(await runs()).toEqual({ ...before, runs: (before as { runs: number }).runs + 1 });
});

test('doctors check the sample; the error rate comes with its interval and counts only what was looked at', async () => {
  const samples = (await doctor.get('/v1/quality/samples?state=open&limit=200')).body.items as Sample[];
  expect(samples.some(({ reason }) => reason === 'random')).toBe(true);
  expect(samples.some(({ reason }) => reason === 'risk')).toBe(true);
  const tasks = await house.pool.query<{ origin: string; n: number }>(
    `SELECT origin, count(*)::int AS n FROM review_task WHERE id = ANY($1::uuid[]) GROUP BY origin`,
    [samples.map(({ taskId }) => taskId)],
  );
  expect(tasks.rows.map(({ origin }) => origin)).toEqual(['sample']);
  await house.pool.query(`INSERT INTO hub (code, name) VALUES ('FAR', 'Дальний') ON CONFLICT DO NOTHING`);
  const hub = await house.pool.query<{ id: number }>(`SELECT id FROM hub WHERE code = 'FAR'`);
  const far = await house.api.as('medical-expert', { hubId: hub.rows[0]!.id });
  expect((await far.get('/v1/quality/samples').expect(200)).body.items).toEqual([]);
  await far.post(`/v1/quality/samples/${samples[0]!.lineId}/check`, { outcome: 'right' }).expect(404);
  const wrongs = samples.filter((_, i) => i % 10 === 0);
  for (const [i, sample] of samples.entries()) {
    const check =
      i % 10 === 0
        ? { outcome: 'wrong', correctKopecks: 0, reasonCode: 'CLIN-01', note: 'Показаний нет' }
        : { outcome: 'right' };
    await doctor.post(`/v1/quality/samples/${sample.lineId}/check`, check).expect(200);
  }
  const vague = await doctor.post(`/v1/quality/samples/${samples[0]!.lineId}/check`, { outcome: 'right' });
  expect(vague.status).toBe(409);
  const rate = (await lead.get('/v1/quality/auto-accept')).body;
  const weight = (rows: readonly Sample[]) => rows.reduce((sum, row) => sum + 1 / row.probability, 0);
  expect(rate).toMatchObject({ checked: samples.length, wrong: wrongs.length });
  expect(rate.rate).toBeCloseTo(weight(wrongs) / weight(samples), 10);
  expect(rate.low).toBeLessThan(rate.rate);
  expect(rate.high).toBeGreaterThan(rate.rate);
  const { lines } = await moneyOf(house.pool);
  expect(rate.population).toBeLessThan(lines);
  const open = await house.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM review_task t WHERE origin = 'sample' AND state <> 'decided' AND NOT EXISTS (
       SELECT 1 FROM accepted_sample s WHERE s.task_id = t.id AND s.state = 'open')`,
  );
  expect(open.rows[0]!.n).toBe(0);
});

test('a clinic earns the fast lane when its sample proves few errors, and loses it when the sample proves many', async () => {
  const clinic = await provenClinic();
  await night('3');
  const lane = async () =>
    ((await lead.get('/v1/quality/lanes')).body.items as { clinicCode: string; state: string; reason: string }[]).find(
      (row) => row.clinicCode === clinic.code,
    );
  expect(await lane()).toMatchObject({ state: 'fast', reason: 'error-rate-low' });
  await house.pool.query(
    `UPDATE accepted_sample SET outcome = 'wrong', overpaid_kopecks = share_kopecks WHERE clinic_id = $1`,
    [clinic.id],
  );
  await night('4');
  expect(await lane()).toMatchObject({ state: 'ordinary', reason: 'error-rate-proven' });
  const events = await house.pool.query<{ state: string }>(
    'SELECT state FROM clinic_lane_event WHERE clinic_id = $1 ORDER BY id',
    [clinic.id],
  );
  expect(events.rows.map(({ state }) => state)).toEqual(['fast', 'ordinary']);
});

const PLANTED = { clinic: '', service: '' };

function night(id: string) {
  return house.client.workflow.execute(statReview, {
    workflowId: `stat-review/${house.queues.flow}/${id}`,
    taskQueue: house.queues.flow,
    args: [{ months: 12, queues: house.queues }],
  });
}

/** Bills one more service with nearly every visit for one common diagnosis in one clinic; other clinics rarely have it. */
async function makeOneClinicUnusual(): Promise<void> {
  const { pool } = house;
  const common = await pool.query<{ clinic: number; code: string; diagnosis: string }>(
    `SELECT l.clinic_id AS clinic, c.code, left(d.code, 3) AS diagnosis FROM invoice_line l JOIN clinic c ON c.id = l.clinic_id
     JOIN diagnosis d ON d.id = l.diagnosis_id WHERE d.known GROUP BY 1, 2, 3 ORDER BY count(DISTINCT (l.policy_id, l.service_date)) DESC LIMIT 1`,
  );
  const { clinic, code, diagnosis } = common.rows[0]!;
  const item = await pool.query<{ id: number; service: string }>(
    `SELECT p.clinic_item_id AS id, s.code AS service FROM price_item p JOIN clinic_item i ON i.id = p.clinic_item_id
     JOIN service s ON s.id = p.service_id WHERE i.clinic_id = $1 AND s.kind = 'lab' AND p.valid_to IS NULL
     ORDER BY (SELECT count(*) FROM invoice_line l WHERE l.clinic_item_id = i.id) LIMIT 1`,
    [clinic],
  );
  Object.assign(PLANTED, { clinic: code, service: item.rows[0]!.service });
  await pool.query(
    `INSERT INTO invoice_line (version_id, invoice_id, clinic_id, line_no, policy_id, invoice_date, service_date, diagnosis_id,
       clinic_item_id, quantity, unit_price_kopecks, amount_kopecks, patient_share_kopecks, item_name, state)
     SELECT DISTINCT ON (l.policy_id, l.service_date) l.version_id, l.invoice_id, l.clinic_id, 900000 + l.line_no, l.policy_id,
       l.invoice_date, l.service_date, l.diagnosis_id, $2, 1, 50000, 50000, 0, 'planted', 'auto-accepted'
     FROM invoice_line l JOIN diagnosis d ON d.id = l.diagnosis_id WHERE l.clinic_id = $1 AND left(d.code, 3) = $3`,
    [clinic, item.rows[0]!.id, diagnosis],
  );
}

/** A clinic of whose random sample doctors have seen 200 lines and found every one right. */
async function provenClinic(): Promise<{ id: number; code: string }> {
  const { pool } = house;
  const found = await pool.query<{ id: number; code: string }>(
    `SELECT c.id, c.code FROM clinic c WHERE (SELECT count(*) FILTER (WHERE v.kind <> 'accept')::float8 / count(*) FROM verdict v
       JOIN invoice_line l ON l.id = v.line_id WHERE l.clinic_id = c.id AND v.active) < 0.05 ORDER BY c.id LIMIT 1`,
  );
  const clinic = found.rows[0]!;
  await pool.query(
    `INSERT INTO accepted_sample (line_id, batch_id, clinic_id, task_id, probability, reason, share_kopecks, state, outcome, checked_by, checked_by_name, checked_at)
     SELECT l.id, v.batch_id, l.clinic_id, gen_random_uuid(), 0.01, 'random', 1000, 'checked', 'right', $2, 'x', now()
     FROM invoice_line l JOIN verdict v ON v.line_id = l.id AND v.kind = 'accept' WHERE l.clinic_id = $1
       AND NOT EXISTS (SELECT 1 FROM accepted_sample s WHERE s.line_id = l.id) ORDER BY l.id LIMIT 200`,
    [clinic.id, doctor.user.id],
  );
  await pool.query(
    `UPDATE accepted_sample SET outcome = 'right', overpaid_kopecks = 0 WHERE clinic_id = $1 AND state = 'checked'`,
    [clinic.id],
  );
  return clinic;
}

async function verdictState(): Promise<unknown> {
  const rows = await house.pool.query(
    'SELECT kind, active, count(*)::int AS n, sum(accepted_kopecks)::bigint AS paid FROM verdict GROUP BY 1, 2 ORDER BY 1, 2',
  );
  return rows.rows;
}

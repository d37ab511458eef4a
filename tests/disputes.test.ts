import { loadInsurer, openReviewHouse, someInvoices } from './support/review-house';
import type { ReviewHouse } from './support/review-house';
import type { TestCaller } from './support/api';
import { until } from './support/until';

let house: ReviewHouse;
let first: TestCaller;
let second: TestCaller;
let lead: TestCaller;
let clinic: TestCaller;
let act: { actId: string; versionId: string; clinicId: number };
let cut: { lineNo: number; billed: number; share: number }[];
let disputeId: string;
/** A time machine for the API's clock. */
let shift = 0;

beforeAll(async () => {
  house = await openReviewHouse();
  Object.assign(house.api.deps, { now: () => new Date(Date.now() + shift) });
  await loadInsurer(house.pool, someInvoices(12));
  await house.review({ key: 'disputes' });
  first = await house.api.as('medical-expert', { fullName: 'Орлова Анна Сергеевна' });
  second = await house.api.as('medical-expert', { fullName: 'Соколов Пётр Ильич' });
  lead = await house.api.as('lead-expert', { fullName: 'Ким Ольга Андреевна' });
  act = await refuseAnInvoice();
  clinic = await house.api.as('clinic', { clinicId: act.clinicId });
}, 240_000);
afterAll(() => house?.close());

test('a clinic answers its act line by line, within 15 business days, with documents', async () => {
  const lines = cut
    .slice(0, 3)
    .map(({ lineNo }) => ({ lineNo, claim: `Услуга ${lineNo} показана, протокол приложен` }));
  const path = `/v1/acts/${act.actId}/disputes`;
  const stranger = await house.api.as('clinic', { clinicId: act.clinicId + 1 });
  expect((await stranger.post(path, { lines })).status).toBe(404);
  expect((await second.post(path, { lines })).status).toBe(403);
  shift = 40 * 86_400_000;
  const late = await clinic.post(path, { lines });
  expect([late.status, late.body.code]).toEqual([409, 'dispute.too-late']);
  shift = 0;

  const filed = await clinic.post(path, { lines });
  expect(filed.status).toBe(201);
  disputeId = filed.body.disputeId;
  expect(filed.body).toMatchObject({ state: 'open', openLines: 3 });
  expect(filed.body.cutKopecks).toBe(cut.slice(0, 3).reduce((sum, line) => sum + line.billed - line.share, 0));
  const days = (Date.parse(filed.body.deadline) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(14);
  const again = await clinic.post(path, { lines: lines.slice(0, 1) });
  expect([again.status, again.body.code]).toEqual([409, 'dispute.again']);
  const attached = await clinic
    .post(`/v1/disputes/${disputeId}/documents`)
    .attach('file', Buffer.from('%PDF-1.7 protocol'), { filename: 'protocol.pdf', contentType: 'application/pdf' });
  expect(attached.body.items).toMatchObject([{ fileName: 'protocol.pdf', mediaType: 'application/pdf' }]);
  const document = await second.get(`/v1/disputes/${disputeId}/documents/${attached.body.items[0].documentId}`);
  expect(Buffer.from(document.body as Buffer).toString()).toBe('%PDF-1.7 protocol');
});

test('the doctor who gave the verdict never decides, neither by API nor in the database', async () => {
  const decisions = [{ lineNo: cut[0]!.lineNo, outcome: 'uphold', note: 'Остаюсь при своём' }];
  const own = await first.post(`/v1/disputes/${disputeId}/decisions`, { decisions });
  expect(own.status).toBe(409);
  expect(own.body.code).toBe('dispute.same-doctor');
  await expect(
    house.pool.query(
      `UPDATE dispute_line SET state = 'upheld', decided_by = first_doctors[1], decided_by_name = 'x' WHERE dispute_id = $1`,
      [disputeId],
    ),
  ).rejects.toThrow('dispute_line_second_doctor_check');
  const nameless = await second.post(`/v1/disputes/${disputeId}/decisions`, {
    decisions: [{ ...decisions[0]!, note: ' ' }],
  });
  expect(nameless.status).toBeGreaterThanOrEqual(400);
});

test('a second doctor upholds, overturns or settles in part; a reversal is a new record and the act gets a supplement', async () => {
  const [kept, fallen, half] = cut as [(typeof cut)[0], (typeof cut)[0], (typeof cut)[0]];
  const part = Math.floor((half.billed - half.share) / 2);
  const path = `/v1/disputes/${disputeId}/decisions`;
  const one = await second.post(path, {
    decisions: [{ lineNo: kept.lineNo, outcome: 'uphold', note: 'Показаний нет и в протоколе' }],
  });
  expect(one.body).toMatchObject({ state: 'open', openLines: 2, returnedKopecks: 0 });
  const rest = await second.post(path, {
    decisions: [
      { lineNo: fallen.lineNo, outcome: 'overturn', note: 'Протокол подтверждает показания' },
      { lineNo: half.lineNo, outcome: 'partly', acceptedKopecks: part, note: 'Подтверждена половина объёма' },
    ],
  });
  expect(rest.body).toMatchObject({
    state: 'decided',
    openLines: 0,
    returnedKopecks: fallen.billed - fallen.share + part,
  });
  const verdicts = await house.pool.query<{
    lineNo: number;
    kind: string;
    active: boolean;
    reverses: boolean;
    name: string;
  }>(
    `SELECT l.line_no AS "lineNo", v.kind, v.active, v.reverses_id IS NOT NULL AS reverses, v.doctor_name AS name
     FROM verdict v JOIN invoice_line l ON l.id = v.line_id JOIN dispute_line d ON d.line_id = l.id
     WHERE d.dispute_id = $1 ORDER BY l.line_no, v.id`,
    [disputeId],
  );
  const of = (line: { lineNo: number }) =>
    verdicts.rows
      .filter((row) => row.lineNo === line.lineNo)
      .map(({ kind, active, reverses }) => [kind, active, reverses]);
  expect(of(kept)).toEqual([['refuse', true, false]]);
  expect(of(fallen)).toEqual([
    ['refuse', false, false],
    ['accept', true, true],
  ]);
  expect(of(half)).toEqual([
    ['refuse', false, false],
    ['reduce', true, true],
  ]);
  await until(async () => (await clinic.get(`/v1/invoices/${act.versionId}/acts`)).body.items.length === 2);
  const acts = (await clinic.get(`/v1/invoices/${act.versionId}/acts`)).body.items as {
    number: string;
    supplementNo: number;
  }[];
  expect(acts[1]).toMatchObject({ supplementNo: 1, number: `${acts[0]!.number}/1` });
  const after = await second.post(path, {
    decisions: [{ lineNo: kept.lineNo, outcome: 'overturn', note: 'передумал' }],
  });
  expect(after.status).toBe(409);
});

test('the clinic sees its dispute, the overturn rate per rule and doctor feeds the quality page', async () => {
  const seen = await clinic.get(`/v1/disputes/${disputeId}`);
  expect(seen.body.lines.map((line: { state: string }) => line.state)).toEqual(['upheld', 'overturned', 'partly']);
  expect(JSON.stringify(seen.body)).not.toContain('internalNote');
  const rules = (await lead.get('/v1/quality/rules')).body.items as {
    id: string;
    disputed: number;
    overturned: number;
    overturnRate: number;
  }[];
  expect(rules.find((row) => row.id === 'CLIN-01')).toMatchObject({ disputed: 3, overturned: 2, overturnRate: 2 / 3 });
  const doctors = (await lead.get('/v1/quality/doctors')).body.items as {
    id: string;
    name: string;
    disputed: number;
    overturned: number;
  }[];
  expect(doctors.find((row) => row.id === first.user.id)).toMatchObject({
    name: 'Орлова Анна Сергеевна',
    disputed: 3,
    overturned: 2,
  });
  expect((await clinic.get('/v1/quality/rules')).status).toBe(403);
});

/** Decides every task of one waiting invoice with at least three lines by refusal; returns its act. */
async function refuseAnInvoice(): Promise<typeof act> {
  const waiting = await house.pool.query<{ versionId: string; clinicId: number; tasks: string[] }>(
    `SELECT v.public_id AS "versionId", i.clinic_id AS "clinicId", array_agg(t.id::text) AS tasks FROM review_task t
     JOIN invoice_version v ON v.id = t.version_id JOIN invoice i ON i.id = v.invoice_id
     GROUP BY v.id, i.clinic_id HAVING sum(t.line_count) >= 3 ORDER BY count(*), v.id LIMIT 1`,
  );
  const { versionId, clinicId, tasks } = waiting.rows[0]!;
  cut = [];
  for (const taskId of tasks) {
    const claimed = await first.post(`/v1/review-tasks/${taskId}/claim`);
    const task = (await first.get(`/v1/review-tasks/${taskId}`)).body as {
      lines: { lineNo: number; amountKopecks: number; patientShareKopecks: number }[];
    };
    const decisions = task.lines.map(({ lineNo }) => ({
      lineNo,
      kind: 'refuse',
      reasonCode: 'CLIN-01',
      clause: 'п. 3.1',
    }));
    await first
      .post(`/v1/review-tasks/${taskId}/decisions`, { decisions })
      .set('If-Match', claimed.headers.etag as string)
      .expect(200);
    cut.push(
      ...task.lines.map((line) => ({
        lineNo: line.lineNo,
        billed: line.amountKopecks,
        share: line.patientShareKopecks,
      })),
    );
  }
  cut.sort((a, b) => a.lineNo - b.lineNo);
  const acts = async () => (await lead.get(`/v1/invoices/${versionId}/acts`)).body.items as { actId: string }[];
  await until(async () => (await acts()).length === 1);
  return { actId: (await acts())[0]!.actId, versionId, clinicId };
}

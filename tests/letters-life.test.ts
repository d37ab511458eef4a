import { STANDARD_TIMES } from '../activities/letters/deps';
import { verifyDetached } from '../activities/signature/cms-rsa';
import { plainDate } from '../models/calendar';
import type { TestCaller } from './support/api';
import { addDays } from './support/dates';
import { DIAGNOSIS, letterPerson, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { takeOneLine } from './support/letter-invoice';
import { reviewUntaken, startLetters } from './support/letters';
import type { LettersBench } from './support/letters';
import { readPdf } from './support/pdf-text';
import { keepHistory } from './support/histories';
import { until } from './support/until';
import { letterWorkflowId } from '../workflows/letter-messages';

/** Waits in days are those of production until the last decision: then the term of 30 days is over in three seconds. */
const times = { ...STANDARD_TIMES };
const SHORT_DAY_MS = 100;

let bench: LettersBench;
let person: LetterPerson;
let clinic: TestCaller;
let expert: TestCaller;
let second: TestCaller;
const today = plainDate(new Date().toISOString());

beforeAll(async () => {
  bench = await startLetters(times);
  person = await letterPerson(bench.api.pool, today);
  await bench.api.pool.query(
    `INSERT INTO letter_policy (contract_id, effective_from, auto_approve_kopecks, document_rules)
     VALUES ($1, '2020-01-01', 100000, $2)`,
    [person.contractId, JSON.stringify([{ service: SERVICE, kinds: ['referral'] }])],
  );
  clinic = await bench.api.as('clinic', { clinicId: person.clinicId });
  expert = await bench.api.as('medical-expert', { fullName: 'Орлова Анна Сергеевна', skills: ['imaging'] });
  second = await bench.api.as('lead-expert', { fullName: 'Соколов Пётр Ильич' });
}, 180_000);

afterAll(() => bench?.close());

test('a whole life: request, pend, documents, part of it promised, signed, used, appealed, the rest expired', async () => {
  const { api } = bench;

  // Asked for three, a document is missing: pended to documents, the clock stands.
  const asked = await clinic.post('/v1/letters', {
    policyNo: person.policyNo,
    clinicCode: person.clinicCode,
    senderRef: 'LIFE-1',
    lines: [
      { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 3, periodFrom: today, periodTo: addDays(today, 30) },
    ],
  });
  expect(asked.body).toMatchObject({ state: 'pended', pendedFor: 'documents', dueAt: null });
  const id = asked.body.id as string;
  const path = `/v1/letters/${id}`;

  // The document comes; the sum is above the ceiling, so a doctor looks.
  const attached = await clinic
    .post(`${path}/attachments`)
    .field('kind', 'referral')
    .attach('file', Buffer.from('%PDF-1.7 referral'), { filename: 'referral.pdf', contentType: 'application/pdf' });
  expect(attached.status).toBe(201);
  const answered = await clinic.post(`${path}/documents`, {
    answer: 'Направление приложено',
    attachmentIds: attached.body.attachmentIds,
  });
  expect(answered.body).toMatchObject({ state: 'pended', pendedFor: 'expert' });
  expect(Date.parse(answered.body.dueAt)).toBeGreaterThan(Date.now());

  // Nobody decides without holding the request; a stranger's clinic does not even see it.
  const part = { lineNo: 1, kind: 'approve-part', quantity: 2, reasonCode: 'FREQ-01', clause: 'КР 708, п. 2.4' };
  expect((await expert.post(`${path}/decisions`, { lines: [part] })).status).toBe(409);
  const stranger = await api.as('clinic', { clinicId: person.clinicId + 1 });
  expect((await stranger.get(path)).status).toBe(404);
  expect((await expert.post(`${path}/claim`)).status).toBe(200);
  const held = await second.post(`${path}/claim`);
  expect(held.status).toBe(409);
  expect(JSON.stringify(held.body)).toContain('Орлова');

  // The doctor asks back: same thread, the clock stops and goes on.
  const question = await expert.post(`${path}/document-requests`, { question: 'Пришлите протокол прошлого УЗИ' });
  expect(question.body).toMatchObject({ pendedFor: 'documents', dueAt: null });
  await bench.restartWorker();
  await clinic.post(`${path}/documents`, { answer: 'Прошлое УЗИ не делали' });
  await expert.post(`${path}/claim`);
  const nameless = await expert.post(`${path}/decisions`, { lines: [{ ...part, clause: ' ' }] });
  expect(nameless.status).toBeGreaterThanOrEqual(400);
  const decided = await expert.post(`${path}/decisions`, { lines: [part], note: 'Контроль после лечения' });
  expect(decided.body).toMatchObject({ state: 'partially-approved' });
  expect(decided.body.lines[0]).toMatchObject({ outcome: 'partial', approvedQuantity: 2, ground: 'medical' });

  // The letter as a file: readable, signed, its QR page shows number and status only.
  await bench.deliver();
  const pdf = (await clinic.get(`${path}/document`).buffer(true).parse(bytes)).body as Buffer;
  const signature = (await clinic.get(`${path}/signature`).buffer(true).parse(bytes)).body as Buffer;
  const document = await readPdf(pdf);
  expect(document.tagged).toBe(true);
  expect(document.text).toContain(`Гарантийное письмо № ${decided.body.number}`);
  expect(document.text).toContain('Страховщик гарантирует оплату услуг');
  expect(document.text).toContain('Орлова Анна Сергеевна');
  expect(await verifyDetached(pdf, signature)).toEqual({ valid: true, signer: 'Medex' });
  expect((await verifyDetached(Buffer.concat([pdf, Buffer.from(' ')]), signature)).valid).toBe(false);
  const detail = (await expert.get(path)).body;
  const page = await api.anonymous().get(`/check/${detail.checkCode}`);
  expect(page.text).toContain(decided.body.number);
  expect(page.text).not.toMatch(new RegExp(`${person.policyNo}|${SERVICE}|${DIAGNOSIS}`));

  // An invoice takes one of the two; the rest stays visible.
  await billOne(`${decided.body.number}/1`);
  await until(async () => (await clinic.get(path)).body.lines[0].usedQuantity === 1);

  // The cut is appealed: the doctor who made it may not decide again, another one confirms.
  const appealed = await clinic.post(`${path}/appeals`, { reason: 'Нужны три исследования', lineNos: [1] });
  expect(appealed.body).toMatchObject({ state: 'pended', pendedFor: 'expert' });
  await expert.post(`${path}/claim`);
  const again = await expert.post(`${path}/decisions`, { lines: [part] });
  expect(again.body.code ?? again.body.type).toContain('letter.appeal-same-doctor');
  await expert.post(`${path}/release`);
  await second.post(`${path}/claim`);
  times.dayMs = SHORT_DAY_MS;
  const confirmed = await second.post(`${path}/decisions`, { lines: [part] });
  expect(confirmed.body).toMatchObject({ state: 'partially-approved' });

  // The term ends: what was not used is released, what was used stays.
  await until(async () => (await clinic.get(path)).body.state === 'expired', 60_000);
  const over = (await clinic.get(path)).body;
  expect(over.lines[0]).toMatchObject({ outcome: 'expired', approvedQuantity: 2, usedQuantity: 1 });
  const held2 = await api.pool.query(`SELECT sum(reserved)::int AS reserved FROM limit_counter WHERE policy_id = $1`, [
    person.policyId,
  ]);
  expect(held2.rows[0]).toEqual({ reserved: 0 });
  expect(over.thread.map((event: { kind: string }) => event.kind)).toEqual([
    'first-answer',
    'give-documents',
    'ask-documents',
    'give-documents',
    'decide',
    'use',
    'appeal',
    'decide',
    'closed',
  ]);
  await keepHistory(bench.temporal, letterWorkflowId(id), 'guarantee-letter/whole-life');
}, 180_000);

/** A registry with one line that cites the letter, taken in and reviewed through the batch workflow. */
async function billOne(letterNo: string): Promise<void> {
  await takeOneLine(bench.api.pool, person, { serviceDate: today, letterNo });
  await reviewUntaken(bench);
}

/** Superagent's parser of a binary answer. */
function bytes(response: unknown, done: (error: Error | null, body: Buffer) => void): void {
  const stream = response as NodeJS.ReadableStream;
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}

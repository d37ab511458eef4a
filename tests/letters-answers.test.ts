import { plainDate } from '../models/calendar';
import { letterWorkflowId } from '../workflows/letter-messages';
import { addDays } from './support/dates';
import claimBundle from './fixtures/fhir/pas-claim-bundle.json';
import { keepHistory } from './support/histories';
import { DIAGNOSIS, letterRequest, newcomers, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { startLetters } from './support/letters';
import type { LettersBench } from './support/letters';

const today = plainDate(new Date().toISOString());
let bench: LettersBench;

beforeAll(async () => {
  bench = await startLetters();
}, 180_000);
afterAll(() => bench?.close());

const keep = (id: string, branch: string) =>
  keepHistory(bench.temporal, letterWorkflowId(id), `guarantee-letter/${branch}`);

/** A person of their own for each test, with the clinic that asks. */
const somebody = newcomers(() => bench.api, today);

const body = (person: LetterPerson, over: object = {}, serviceCode = SERVICE) =>
  letterRequest(person, today, { serviceCode, ...over });

describe('the first answer in the same call', () => {
  test('approved at once: number, period, sum by the price list; the limit is held; the same request is the same letter', async () => {
    const { person, clinic } = await somebody();
    const request = { ...body(person), senderRef: 'A-1' };
    const check = (await clinic.post('/v1/coverage-checks', request)).body;
    const first = await clinic.post('/v1/letters', request);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ state: 'approved', validTo: addDays(today, 20) });
    expect(first.body.lines[0]).toMatchObject({ approvedKopecks: person.priceKopecks });
    const again = await clinic.post('/v1/letters', request);
    expect(again.body.id).toBe(first.body.id);
    const after = (await clinic.post('/v1/coverage-checks', { ...body(person), senderRef: 'A-1' })).body;
    const left = (answer: typeof check) =>
      answer.lines[0].limits.find((limit: { key: string }) => limit.key === 'annual').left;
    expect(left(check) - left(after)).toBe(check.lines[0].insurerShare);
    await keep(first.body.id, 'approved-at-once');
  });

  test('refused on administrative grounds: the reason is a code, the ground is never medical', async () => {
    const { person, clinic } = await somebody();
    await clinic.post('/v1/letters', body(person));
    const twice = await clinic.post('/v1/letters', body(person));
    expect(twice.body).toMatchObject({ state: 'refused', number: null });
    expect(twice.body.lines[0]).toMatchObject({ outcome: 'refused', reasonCode: 'DUPL-01', ground: 'administrative' });
    await keep(twice.body.id, 'refused-administratively');
  });

  test.each([
    ['an unknown policy', { policyNo: 'nobody' }, 404],
    ['another clinic', { clinicCode: 'C999' }, 404],
    [
      'a period that ends before it starts',
      {
        lines: [
          { serviceCode: SERVICE, diagnosisCode: 'K29', quantity: 1, periodFrom: today, periodTo: addDays(today, -1) },
        ],
      },
      422,
    ],
    ['no lines', { lines: [] }, 422],
  ])('%s is told apart from an answer', async (_name, over, status) => {
    const { person, clinic } = await somebody();
    const answer = await clinic.post('/v1/letters', { ...body(person), ...over });
    expect([status, 400, 422]).toContain(answer.status);
    expect(answer.body).toMatchObject({ status: answer.status });
  });
});

describe('the doctor', () => {
  test('refuses on medical grounds with a name, a reason and a clause; the person sees the letter, the employer nothing', async () => {
    const { person, clinic } = await somebody();
    await bench.api.pool.query(`UPDATE letter_policy SET auto_approve_kopecks = 1`);
    const asked = await clinic.post('/v1/letters', body(person));
    await bench.api.pool.query(`UPDATE letter_policy SET auto_approve_kopecks = 5000000`);
    const expert = await bench.api.as('lead-expert', { fullName: 'Орлова Анна Сергеевна' });
    const path = `/v1/letters/${asked.body.id}`;
    await expert.post(`${path}/claim`);
    const lines = [{ lineNo: 1, kind: 'refuse', ground: 'medical', reasonCode: 'CLIN-01', clause: 'КР 708, п. 2.4' }];
    const decided = await expert.post(`${path}/decisions`, { lines });
    expect(decided.body.lines[0]).toMatchObject({ outcome: 'refused', ground: 'medical', clause: 'КР 708, п. 2.4' });
    const insured = await bench.api.as('insured', { policyId: person.policyId });
    expect((await insured.get(path)).body.lines[0].doctorName).toBe('Орлова Анна Сергеевна');
    const other = await bench.api.as('insured', { policyId: person.policyId + 1 });
    expect((await other.get(path)).status).toBe(404);
    const employer = await bench.api.as('employer');
    expect([403, 404]).toContain((await employer.get(path)).status);
    await keep(asked.body.id, 'refused-by-doctor');
  });

  test('a finding from before texts were cut for clinics names another clinic to doctors only', async () => {
    const { person, clinic } = await somebody();
    const path = `/v1/letters/${(await clinic.post('/v1/letters', body(person))).body.id as string}`;
    const finding = {
      code: 'DUPL-02',
      text: { ru: 'Выставлена клиникой C99: C99 / A-7 / 3.', en: 'Billed by clinic C99: C99 / A-7 / 3.' },
      guidelineId: null,
      clause: null,
      values: { earlierClinic: 'C99', earlierLine: 'C99 / A-7 / 3', earlierDate: today },
    };
    await bench.api.pool.query(`UPDATE letter_request_line SET findings = $2 WHERE request_id = $1`, [
      path.split('/').at(-1),
      JSON.stringify([finding]),
    ]);
    const expert = await bench.api.as('lead-expert');
    expect((await expert.get(path)).body.lines[0].findings[0].text).toEqual(finding.text);
    const shown = await clinic.get(path);
    expect(JSON.stringify(shown.body)).not.toContain('C99');
    expect(shown.body.lines[0].findings[0].text.en).toBe('Billed by clinic ***: a line of another clinic.');
  });

  test('above the contract’s sum two doctors agree, and never the same twice', async () => {
    const { person, clinic } = await somebody();
    await bench.api.pool.query(
      `INSERT INTO letter_policy (contract_id, effective_from, auto_approve_kopecks, four_eyes_kopecks, document_rules)
       VALUES ($1, '2020-01-01', 1, 1, '[]')`,
      [person.contractId],
    );
    const asked = await clinic.post('/v1/letters', body(person));
    const path = `/v1/letters/${asked.body.id}`;
    const [first, second] = [await bench.api.as('lead-expert'), await bench.api.as('lead-expert')];
    const lines = [{ lineNo: 1, kind: 'approve' }];
    await first.post(`${path}/claim`);
    const proposed = await first.post(`${path}/decisions`, { lines });
    expect(proposed.body).toMatchObject({ state: 'pended', awaitsSecondDoctor: true });
    await first.post(`${path}/claim`);
    expect((await first.post(`${path}/decisions`, { lines })).status).toBe(409);
    await first.post(`${path}/release`);
    await second.post(`${path}/claim`);
    expect((await second.post(`${path}/decisions`, { lines })).body).toMatchObject({ state: 'approved' });
    await keep(asked.body.id, 'four-eyes');
    await bench.api.pool.query(`DELETE FROM letter_policy WHERE contract_id IS NOT NULL`);
  });

  test('a letter is cancelled whole, and the limit is free again', async () => {
    const { person, clinic } = await somebody();
    const asked = await clinic.post('/v1/letters', body(person));
    expect(asked.body.state).toBe('approved');
    const cancelled = await clinic.post(`/v1/letters/${asked.body.id}/cancellations`, { reason: 'Пациент передумал' });
    expect(cancelled.body).toMatchObject({ state: 'cancelled' });
    const held = await bench.api.pool.query(
      `SELECT 1 FROM limit_reservation WHERE request_id = $1 AND state = 'held'`,
      [asked.body.id],
    );
    expect(held.rowCount).toBe(0);
    await keep(asked.body.id, 'cancelled');
  });
});

describe('FHIR', () => {
  test('Claim/$submit and $inquire give the same answer in the shape of Da Vinci PAS', async () => {
    const { person, clinic } = await somebody();
    const bundle = structuredClone(claimBundle);
    const [claim, , organization, coverage] = bundle.entry.map((entry) => entry.resource);
    Object.assign(coverage!, { subscriberId: person.policyNo });
    Object.assign(organization!, { identifier: [{ system: 'urn:medex:clinic-code', value: person.clinicCode }] });
    const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
    Object.assign(claim!, {
      diagnosis: [{ sequence: 1, diagnosisCodeableConcept: coded('urn:oid:1.2.643.5.1.13.13.11.1005', DIAGNOSIS) }],
      item: [
        {
          sequence: 1,
          diagnosisSequence: [1],
          productOrService: coded('urn:oid:1.2.643.5.1.13.13.11.1070', SERVICE),
          servicedPeriod: { start: today, end: addDays(today, 10) },
          quantity: { value: 1 },
        },
      ],
    });
    const answer = await clinic.post('/fhir/R4/Claim/$submit', bundle);
    expect(answer.status).toBe(200);
    const response = answer.body.entry[0].resource;
    expect(response).toMatchObject({ resourceType: 'ClaimResponse', outcome: 'complete', use: 'preauthorization' });
    expect(JSON.stringify(response.item[0])).toContain('"A1"');
    const inquired = await clinic.post('/fhir/R4/Claim/$inquire', bundle);
    expect(inquired.body).toEqual(answer.body);
  });
});

describe('status', () => {
  test('comes by poll, by events and by a signed webhook; the figures count it', async () => {
    const { person, clinic } = await somebody();
    const asked = await clinic.post('/v1/letters', body(person));
    const path = `/v1/letters/${asked.body.id}`;
    expect((await clinic.get(`${path}/status`)).body).toMatchObject({ state: 'approved' });
    const events = await fetch(`${bench.api.url}${path}/events`, {
      headers: { authorization: `Bearer ${clinic.token}` },
      signal: AbortSignal.timeout(10_000),
    });
    const reader = events.body!.getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toContain('"state":"approved"');
    await clinic.post(`${path}/cancellations`, { reason: 'Пациент передумал' });
    expect(await read()).toContain('"state":"cancelled"');
    await reader.cancel();
    const analyst = await bench.api.as('analyst');
    const metrics = (await analyst.get(`/v1/letter-metrics?from=${addDays(today, -1)}&to=${addDays(today, 1)}`)).body;
    const standard = metrics.byUrgency.find((row: { urgency: string }) => row.urgency === 'standard');
    expect(standard.finalAtFirst).toBeGreaterThan(0);
    expect(standard.submitted).toBeGreaterThanOrEqual(standard.finalAtFirst);
  });
});

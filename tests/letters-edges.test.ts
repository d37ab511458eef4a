import { randomUUID } from 'node:crypto';
import { plainDate } from '../models/calendar';
import type { TestCaller } from './support/api';
import { addDays } from './support/dates';
import claimBundle from './fixtures/fhir/pas-claim-bundle.json';
import eligibilityRequest from './fixtures/fhir/eligibility-request.json';
import { DIAGNOSIS, letterRequest, newcomers, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { startLetters } from './support/letters';
import type { LettersBench } from './support/letters';

/** What comes twice, at once, too large, from somebody else, or broken. */
const today = plainDate(new Date().toISOString());
let bench: LettersBench;

beforeAll(async () => {
  bench = await startLetters();
}, 180_000);
afterAll(() => bench?.close());

const somebody = newcomers(() => bench.api, today);

const body = (person: LetterPerson, over: object = {}) => letterRequest(person, today, over);

/** A request that waits for a doctor of any skill. */
async function pended(person: LetterPerson, clinic: TestCaller, over: object = {}): Promise<string> {
  await bench.api.pool.query(`UPDATE letter_policy SET auto_approve_kopecks = 1`);
  const asked = await clinic.post('/v1/letters', body(person, over));
  await bench.api.pool.query(`UPDATE letter_policy SET auto_approve_kopecks = 5000000`);
  expect(asked.body).toMatchObject({ state: 'pended', pendedFor: 'expert' });
  await bench.api.pool.query(`UPDATE letter_request SET skill = NULL WHERE id = $1`, [asked.body.id]);
  return `/v1/letters/${asked.body.id as string}`;
}

const ascending = (a: number, b: number): number => a - b;
const keyed = (caller: TestCaller, key: string, path: string, sent: object) =>
  caller.post(path, sent).set('Idempotency-Key', key);
const idsOf = async (person: LetterPerson): Promise<number> =>
  (await bench.api.pool.query(`SELECT 1 FROM letter_request WHERE policy_id = $1`, [person.policyId])).rowCount!;

describe('who may ask', () => {
  test.each(['clinic', 'curator-doctor', 'insured'] as const)('a %s asks and gets the first answer', async (role) => {
    const { person } = await somebody();
    const owner = {
      clinic: { clinicId: person.clinicId },
      'curator-doctor': {},
      insured: { policyId: person.policyId },
    };
    const caller = await bench.api.as(role, owner[role]);
    const check = await caller.post('/v1/coverage-checks', body(person));
    expect(check.body.lines[0]).toMatchObject({ covered: 'yes', unitPrice: person.priceKopecks });
    const { patientShare, insurerShare } = check.body.lines[0] as { patientShare: number; insurerShare: number };
    expect(patientShare + insurerShare).toBe(person.priceKopecks);
    const asked = await caller.post('/v1/letters', body(person));
    expect([asked.status, asked.body.state]).toEqual([201, 'approved']);
    expect((await caller.get(`/v1/letters/${asked.body.id as string}`)).body.number).toBe(asked.body.number);
  });

  test.each(['employer', 'analyst', 'medical-expert'] as const)('a %s does not', async (role) => {
    const { person } = await somebody();
    expect((await (await bench.api.as(role)).post('/v1/letters', body(person))).status).toBe(403);
  });
});

describe('the same again', () => {
  test('one key at the same moment is one letter, with one answer', async () => {
    const { person, clinic } = await somebody();
    const key = randomUUID();
    const answers = await Promise.all([1, 2, 3, 4].map(() => keyed(clinic, key, '/v1/letters', body(person))));
    const done = answers.filter((answer) => answer.status === 201);
    // Whoever comes while the first is being answered is told so, and asks again.
    expect(done.length).toBeGreaterThan(0);
    expect(new Set(answers.map((answer) => answer.status)).size).toBeLessThanOrEqual(2);
    const later = await keyed(clinic, key, '/v1/letters', body(person));
    expect(new Set([...done, later].map((answer) => answer.body.id as string)).size).toBe(1);
    expect(await idsOf(person)).toBe(1);
  });

  test('a cancellation with the same key says the same, with another key there is nothing left to cancel', async () => {
    const { person, clinic } = await somebody();
    const asked = await clinic.post('/v1/letters', body(person));
    const path = `/v1/letters/${asked.body.id as string}/cancellations`;
    const key = randomUUID();
    const reason = { reason: 'Пациент передумал' };
    const first = await keyed(clinic, key, path, reason);
    expect(first.body).toMatchObject({ state: 'cancelled' });
    // What the API remembers of the key is lost: the workflow remembers too, although it has ended.
    await bench.api.pool.query('DELETE FROM idempotency_key');
    const again = await keyed(clinic, key, path, reason);
    expect(again.body).toEqual(first.body);
    expect((await clinic.post(path, reason)).body).toMatchObject({ status: 409 });
    const { thread } = (await clinic.get(`/v1/letters/${asked.body.id as string}`)).body as {
      thread: { kind: string }[];
    };
    expect(thread.map(({ kind }) => kind)).toEqual(['first-answer', 'cancel']);
  });

  test('two cancellations at the same moment: one is done, the other is told', async () => {
    const { person, clinic } = await somebody();
    const asked = await clinic.post('/v1/letters', body(person));
    const path = `/v1/letters/${asked.body.id as string}/cancellations`;
    const answers = await Promise.all([1, 2].map(() => clinic.post(path, { reason: 'Отмена' })));
    expect(answers.map((answer) => answer.status).sort(ascending)).toEqual([200, 409]);
    const held = await bench.api.pool.query(`SELECT 1 FROM limit_counter WHERE policy_id = $1 AND reserved <> 0`, [
      person.policyId,
    ]);
    expect(held.rowCount).toBe(0);
  });

  test('while a cut is appealed its promise stands: the same service is not promised a second time', async () => {
    const { person, clinic } = await somebody();
    const path = await pended(person, clinic, { quantity: 2 });
    const doctor = await bench.api.as('lead-expert');
    await doctor.post(`${path}/claim`);
    const part = { lineNo: 1, kind: 'approve-part', quantity: 1, reasonCode: 'FREQ-01', clause: 'КР 708, п. 2.4' };
    await doctor.post(`${path}/decisions`, { lines: [part] });
    expect((await clinic.post(`${path}/appeals`, { reason: 'Нужны два', lineNos: [1] })).body.state).toBe('pended');
    const second = await clinic.post('/v1/letters', body(person));
    expect(second.body.lines[0]).toMatchObject({ outcome: 'refused', reasonCode: 'DUPL-01' });
  });
});

describe('two doctors', () => {
  test('claim at once: one wins; and only the one who holds it decides', async () => {
    const { person, clinic } = await somebody();
    const path = await pended(person, clinic);
    const doctors = await Promise.all([1, 2, 3, 4].map(() => bench.api.as('medical-expert')));
    const claims = await Promise.all(doctors.map((doctor) => doctor.post(`${path}/claim`)));
    expect(claims.map((claim) => claim.status).sort(ascending)).toEqual([200, 409, 409, 409]);
    const lines = [{ lineNo: 1, kind: 'approve' }];
    const decisions = await Promise.all(doctors.map((doctor) => doctor.post(`${path}/decisions`, { lines })));
    expect(decisions.map((decision) => decision.status).sort(ascending)).toEqual([200, 409, 409, 409]);
    expect(decisions.findIndex(({ status }) => status === 200)).toBe(claims.findIndex(({ status }) => status === 200));
  });

  test('a lease that ran out is anybody’s, and the one who had it decides no more', async () => {
    const { person, clinic } = await somebody();
    const path = await pended(person, clinic);
    const [first, second] = [await bench.api.as('medical-expert'), await bench.api.as('medical-expert')];
    await first.post(`${path}/claim`);
    await bench.api.pool.query(
      `UPDATE letter_request SET lease_until = now() - interval '1 second' WHERE holder_id = $1`,
      [first.user.id],
    );
    const lines = [{ lineNo: 1, kind: 'approve' }];
    expect((await first.post(`${path}/decisions`, { lines })).body).toMatchObject({ code: 'letter.not-held' });
    expect((await second.post(`${path}/claim`)).status).toBe(200);
    expect((await second.post(`${path}/decisions`, { lines })).body).toMatchObject({ state: 'approved' });
  });

  test('nobody hands a request over to the absent, to another hub or to somebody who is no doctor', async () => {
    const { person, clinic } = await somebody();
    const path = await pended(person, clinic);
    const holder = await bench.api.as('lead-expert');
    await holder.post(`${path}/claim`);
    const absent = await bench.api.as('medical-expert');
    const standIn = await bench.api.as('medical-expert');
    const admin = await bench.api.as('administrator');
    // Days are those of the insurer's zone: at half past ten in the evening UTC it is tomorrow in Moscow.
    const before = bench.clock.now;
    const evening = `${addDays(today, 1)}T22:30:00Z`;
    const absence = { doctorId: absent.user.id, standInId: standIn.user.id };
    const from = addDays(today, 2);
    expect((await admin.post('/v1/expert-absences', { ...absence, fromDate: from, toDate: from })).status).toBe(201);
    const hand = (doctorId: string) => holder.post(`${path}/delegations`, { doctorId });
    Object.assign(bench.clock, { now: () => new Date(evening) });
    const told = await hand(absent.user.id);
    Object.assign(bench.clock, { now: before });
    expect(told.body).toMatchObject({ code: 'letter.doctor-absent', details: { standInId: standIn.user.id } });
    const hubs = await bench.api.pool.query<{ id: number }>(
      `SELECT h.id FROM hub h WHERE h.id <> (SELECT hub_id FROM clinic WHERE id = $1) LIMIT 1`,
      [person.clinicId],
    );
    const elsewhere = await bench.api.as('medical-expert', { hubId: hubs.rows[0]!.id });
    expect((await hand(elsewhere.user.id)).status).toBe(404);
    expect((await hand((await bench.api.as('analyst')).user.id)).status).toBe(404);
    expect((await hand(absent.user.id)).status).toBe(200);
  });
});

describe('attachments', () => {
  const attach = (clinic: TestCaller, path: string, content: Buffer, contentType: string) =>
    clinic
      .post(`${path}/attachments`)
      .field('kind', 'referral')
      .attach('file', content, { filename: 'a', contentType });

  test.each([
    ['a program that says it is a PDF', Buffer.from('MZ...'), 'application/pdf', 415],
    ['a PDF that says it is a picture', Buffer.from('%PDF-1.7'), 'image/png', 415],
    ['a text', Buffer.from('текст'), 'text/plain', 415],
    ['nothing at all', Buffer.alloc(0), 'application/pdf', 415],
    ['21 megabytes', Buffer.concat([Buffer.from('%PDF-1.7'), Buffer.alloc(21 * 1024 * 1024)]), 'application/pdf', 413],
  ])('%s is not taken', async (_name, content, contentType, status) => {
    const { person, clinic } = await somebody();
    const asked = await clinic.post('/v1/letters', body(person));
    const path = `/v1/letters/${asked.body.id as string}`;
    expect((await attach(clinic, path, content, contentType)).status).toBe(status);
    expect((await clinic.get(path)).body.attachments).toEqual([]);
  });

  test('nineteen megabytes are taken once, however often they are sent', async () => {
    const { person, clinic } = await somebody();
    const asked = await clinic.post('/v1/letters', body(person));
    const path = `/v1/letters/${asked.body.id as string}`;
    const scan = Buffer.concat([Buffer.from('%PDF-1.7'), Buffer.alloc(19 * 1024 * 1024, 7)]);
    const ids = [
      await attach(clinic, path, scan, 'application/pdf'),
      await attach(clinic, path, scan, 'application/pdf'),
    ];
    expect(ids.map(({ status }) => status)).toEqual([201, 201]);
    expect(ids[1]!.body).toEqual(ids[0]!.body);
    expect((await clinic.get(path)).body.attachments.length).toBe(1);
  });
});

describe('FHIR', () => {
  function bundleFor(person: LetterPerson, reference: string, supportingInfo: object[] = []) {
    const bundle = structuredClone(claimBundle) as { entry: { resource: Record<string, unknown> }[] };
    const [claim, , organization, coverage] = bundle.entry.map((entry) => entry.resource);
    const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
    Object.assign(coverage!, { subscriberId: person.policyNo });
    Object.assign(organization!, { identifier: [{ system: 'urn:medex:clinic-code', value: person.clinicCode }] });
    Object.assign(claim!, {
      identifier: [{ system: 'urn:medex:sender-ref', value: reference }],
      supportingInfo,
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
    return bundle;
  }
  const scan = (contentType: string, content: string) => ({
    sequence: 1,
    code: { coding: [{ system: 'urn:medex:document-kind', code: 'referral' }] },
    valueAttachment: { contentType, title: 'направление.pdf', data: Buffer.from(content).toString('base64') },
  });

  test('documents come along in the Bundle; the letter is found by its number and by our id, in the same clinic only', async () => {
    const { person, clinic } = await somebody();
    const sent = bundleFor(person, 'FHIR-DOC-1', [scan('application/pdf', '%PDF-1.7 направление')]);
    const answer = await clinic.post('/fhir/R4/Claim/$submit', sent);
    expect(answer.status).toBe(200);
    const response = answer.body.entry[0].resource as { id: string; preAuthRef: string };
    const letter = (await clinic.get(`/v1/letters/${response.id}`)).body;
    expect(letter.attachments).toMatchObject([{ kind: 'referral', fileName: 'направление.pdf' }]);
    await clinic.post('/fhir/R4/Claim/$submit', sent);
    expect((await clinic.get(`/v1/letters/${response.id}`)).body.attachments.length).toBe(1);

    const claim = { resourceType: 'Claim', use: 'preauthorization' };
    const inquire = (caller: TestCaller, over: object) => {
      const resource = { ...claim, ...over };
      return caller.post('/fhir/R4/Claim/$inquire', { resourceType: 'Bundle', entry: [{ resource }] });
    };
    const colleague = await bench.api.as('clinic', { clinicId: person.clinicId });
    const byNumber = { insurance: [{ sequence: 1, focal: true, preAuthRef: [response.preAuthRef] }] };
    const byId = { identifier: [{ system: 'urn:medex:letter-request', value: response.id }] };
    for (const over of [byNumber, byId]) {
      expect((await inquire(colleague, over)).body).toEqual(answer.body);
      const stranger = await bench.api.as('clinic', { clinicId: person.clinicId + 1 });
      expect((await inquire(stranger, over)).status).toBe(404);
    }
    expect((await inquire(colleague, { identifier: [{ value: 'FHIR-DOC-1' }] })).status).toBe(404);
    expect((await inquire(colleague, {})).body).toMatchObject({ status: 422, code: 'fhir.unreadable' });
  });

  test('without Claim.identifier the Idempotency-Key makes a retry the same request; other content under it is a 422', async () => {
    const { person, clinic } = await somebody();
    const nameless = bundleFor(person, 'none');
    delete nameless.entry[0]!.resource.identifier;
    const submit = (key: string, sent: object) => keyed(clinic, key, '/fhir/R4/Claim/$submit', sent);
    const key = `fhir-${person.policyNo}`;
    const first = await submit(key, nameless).expect(200);
    const again = await submit(key, nameless).expect(200);
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([first.body, 'true']);
    const changed = structuredClone(nameless);
    Object.assign((changed.entry[0]!.resource.item as object[])[0]!, { quantity: { value: 2 } });
    expect((await submit(key, changed)).body).toMatchObject({ status: 422, code: 'idempotency-key-reused' });
    expect(await idsOf(person)).toBe(1);
    await submit(`${key}-2`, nameless).expect(200);
    expect(await idsOf(person)).toBe(2);
  });

  test('each door says in the audit trail whose data was asked for or read, like the plain routes', async () => {
    const { person, clinic } = await somebody();
    const sent = bundleFor(person, 'FHIR-AUDIT-1');
    const { id } = (await clinic.post('/fhir/R4/Claim/$submit', sent).expect(200)).body.entry[0].resource;
    await clinic.post('/fhir/R4/Claim/$inquire', sent).set('X-Access-Purpose', 'treatment').expect(200);
    const eligibility = {
      ...eligibilityRequest,
      patient: { identifier: { system: 'urn:medex:policy-no', value: person.policyNo } },
      provider: { identifier: { system: 'urn:medex:clinic-code', value: person.clinicCode } },
      servicedDate: today,
    };
    await clinic.post('/fhir/R4/CoverageEligibilityRequest/$submit', eligibility).expect(200);
    await clinic.post('/v1/coverage-checks', body(person)).expect(200);
    const trail = await bench.api.pool.query(
      `SELECT kind, action, subject_type AS type, subject_ids AS ids, purpose FROM audit_event
       WHERE actor = $1 ORDER BY at, seq`,
      [clinic.user.id],
    );
    const cover = { kind: 'read', action: 'coverage:check', type: 'coverage', ids: [String(person.policyId)] };
    expect(trail.rows).toEqual([
      { kind: 'change', action: 'letter:request', type: 'letter', ids: [id], purpose: 'letter:request' },
      { kind: 'read', action: 'letter:read', type: 'letter', ids: [id], purpose: 'treatment' },
      { ...cover, purpose: 'coverage:check' },
      { ...cover, purpose: 'coverage:check' },
    ]);
  });

  test('a document that is none refuses the whole request: nothing is taken', async () => {
    const { person, clinic } = await somebody();
    const wrong = bundleFor(person, 'FHIR-DOC-2', [scan('application/pdf', 'MZ')]);
    expect((await clinic.post('/fhir/R4/Claim/$submit', wrong)).status).toBe(415);
    expect(await idsOf(person)).toBe(0);
  });

  test.each<[string, unknown]>([
    ['no entries', { resourceType: 'Bundle' }],
    ['entries that are no list', { resourceType: 'Bundle', entry: { 0: claimBundle.entry[0] } }],
    ['an entry of nothing', { resourceType: 'Bundle', entry: [{}] }],
    [
      'a list of codes that is a text',
      {
        resourceType: 'Bundle',
        entry: [{ resource: { resourceType: 'Claim', use: 'preauthorization', item: 'MRI' } }],
      },
    ],
    ['another resource', { resourceType: 'Bundle', entry: [{ resource: { resourceType: 'Patient' } }] }],
  ])('a Bundle with %s is told by its path', async (_name, sent) => {
    const { clinic } = await somebody();
    for (const operation of ['$submit', '$inquire']) {
      const answer = await clinic.post(`/fhir/R4/Claim/${operation}`, sent as object);
      expect(answer.body).toMatchObject({ status: 422, code: 'fhir.unreadable' });
    }
  });
});

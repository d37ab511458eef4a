import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendDueWebhooks, webhookSignature } from '../activities/letters/webhook-sender';
import { plainDate } from '../models/calendar';
import { DEFAULT_LANE_RULES } from '../models/sampling/fast-lane';
import { stepLetterLanes } from '../prisma/facts/letter-lanes';
import { addUser } from './support/api';
import type { TestCaller } from './support/api';
import { addDays } from './support/dates';
import { takeOneLine } from './support/letter-invoice';
import { letterRequest, newcomers, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { reviewUntaken, startLetters } from './support/letters';
import type { LettersBench } from './support/letters';

const today = plainDate(new Date().toISOString());
let bench: LettersBench;
let admin: TestCaller;

beforeAll(async () => {
  bench = await startLetters();
  admin = await bench.api.as('administrator');
}, 180_000);
afterAll(() => bench?.close());

const somebody = newcomers(() => bench.api, today);

const body = (person: LetterPerson, over: object = {}, extra: object = {}) => ({
  ...letterRequest(person, today, over),
  ...extra,
});

/** A version of the contract's clocks and ceilings from yesterday on, until the test is over. */
async function withPolicy<T>(person: LetterPerson, policy: object, run: () => Promise<T>): Promise<T> {
  const standard = { contractId: person.contractId, effectiveFrom: addDays(today, -1) };
  const ceilings = { autoApproveKopecks: 5_000_000, fourEyesKopecks: 30_000_000 };
  const added = await admin.post('/v1/letter-policies', { ...standard, ...ceilings, ...policy });
  expect(added.status).toBe(201);
  try {
    return await run();
  } finally {
    await bench.api.pool.query('DELETE FROM letter_policy WHERE contract_id IS NOT NULL');
  }
}

const pended = async (clinic: TestCaller, person: LetterPerson): Promise<string> => {
  const asked = await withPolicy(person, { autoApproveKopecks: 1 }, () => clinic.post('/v1/letters', body(person)));
  expect(asked.body).toMatchObject({ state: 'pended', pendedFor: 'expert' });
  return `/v1/letters/${asked.body.id as string}`;
};

test('a remark about another line of the same request names it without an invoice', async () => {
  const { person, clinic } = await somebody();
  const request = body(person);
  const asked = await clinic.post('/v1/letters', { ...request, lines: [...request.lines, ...request.lines] });
  expect(asked.status).toBe(201);
  const letter = await clinic.get(`/v1/letters/${asked.body.id as string}`).expect(200);
  const [, second] = letter.body.lines as { findings: { code: string; text: { ru: string } }[] }[];
  const repeated = second!.findings.find(({ code }) => code === 'DUPL-01')!;
  expect(repeated.text.ru).toContain(`уже выставлена: ${person.clinicCode} / 1.`);
});

describe('limits', () => {
  test('a doctor cannot promise what is billed or promised already, and the answer says what is left', async () => {
    const { person, clinic } = await somebody();
    const path = await pended(clinic, person);
    await bench.api.pool.query(`UPDATE programme SET annual_limit_kopecks = 1 WHERE contract_id = $1`, [
      person.contractId,
    ]);
    const lead = await bench.api.as('lead-expert');
    await lead.post(`${path}/claim`);
    const refused = await lead.post(`${path}/decisions`, { lines: [{ lineNo: 1, kind: 'approve' }] });
    await bench.api.pool.query(`UPDATE programme SET annual_limit_kopecks = 50000000 WHERE contract_id = $1`, [
      person.contractId,
    ]);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'letter.limit' });
    const approved = await lead.post(`${path}/decisions`, { lines: [{ lineNo: 1, kind: 'approve' }] });
    expect(approved.body).toMatchObject({ state: 'approved' });
    // Beyond the cover nothing is extended.
    const late = await lead.post(`${path}/extensions`, { validTo: addDays(today, 800) });
    expect(late.body).toMatchObject({ status: 409, code: 'letter.beyond-cover' });
    expect((await lead.post(`${path}/extensions`, { validTo: addDays(today, 40) })).body.state).toBe('amended');
  });

  test('a promise ends with the cover it stands on, and says why', async () => {
    const { person, clinic } = await somebody();
    await bench.api.pool.query(`UPDATE enrolment SET enrolled_to = $2 WHERE policy_id = $1`, [
      person.policyId,
      addDays(today, 5),
    ]);
    const asked = await clinic.post('/v1/letters', body(person));
    expect(asked.body).toMatchObject({ state: 'partially-approved', validTo: addDays(today, 5) });
    expect(asked.body.lines[0]).toMatchObject({ reasonCode: 'ELIG-02', ground: 'administrative', approvedQuantity: 1 });
  });

  test('two requests for the same at the same moment are one promise and one duplicate', async () => {
    const { person, clinic } = await somebody();
    const answers = await Promise.all([1, 2, 3].map(() => clinic.post('/v1/letters', body(person))));
    expect(answers.map((answer) => answer.body.state as string).sort()).toEqual(['approved', 'refused', 'refused']);
  });

  test('what an invoice takes beyond the letter is a finding', async () => {
    const { person, clinic } = await somebody();
    const asked = await clinic.post('/v1/letters', body(person));
    const letterNo = `${asked.body.number as string}/1`;
    await takeOneLine(bench.api.pool, person, { serviceDate: today, letterNo, quantity: 2 });
    await reviewUntaken(bench);
    const found = await bench.api.pool.query<{ code: string }>(
      `SELECT f.code FROM finding f JOIN invoice_line l ON l.id = f.line_id JOIN letter_ref r ON r.id = l.letter_ref_id
       WHERE r.letter_no = $1`,
      [letterNo],
    );
    expect(found.rows.map((row) => row.code)).toContain('AUTH-04');
  });
});

describe('the request', () => {
  test('a reference that was used for another request is refused, not answered with the old answer', async () => {
    const { person, clinic } = await somebody();
    const first = await clinic.post('/v1/letters', body(person, {}, { senderRef: 'R-1' }));
    const again = await clinic.post('/v1/letters', body(person, {}, { senderRef: 'R-1' }));
    expect(again.body.id).toBe(first.body.id);
    const other = await clinic.post('/v1/letters', body(person, { quantity: 2 }, { senderRef: 'R-1' }));
    expect(other.body).toMatchObject({ status: 409, code: 'letter.reference-used' });
  });

  test.each([
    [
      'a start more than a year away',
      { periodFrom: addDays(today, 400), periodTo: addDays(today, 401) },
      'letter.period-far',
    ],
    ['a period of more than a year', { periodTo: addDays(today, 400) }, null],
    ['the year 9999', { periodFrom: '9999-12-30', periodTo: '9999-12-31' }, 'letter.period-far'],
    ['a thousand and one', { quantity: 1001 }, null],
  ])('%s is told apart from an answer', async (_name, over, code) => {
    const { person, clinic } = await somebody();
    const answer = await clinic.post('/v1/letters', body(person, over));
    expect(answer.body).toMatchObject(code === null ? { status: 400 } : { status: 422, code });
  });

  test('documents that the machine asked for are looked at by the machine first', async () => {
    const { person, clinic } = await somebody();
    const documentRules = [{ service: SERVICE, kinds: ['referral'] }];
    await withPolicy(person, { documentRules }, async () => {
      const asked = await clinic.post('/v1/letters', body(person));
      expect(asked.body).toMatchObject({ state: 'pended', pendedFor: 'documents' });
      const path = `/v1/letters/${asked.body.id as string}`;
      await clinic
        .post(`${path}/attachments`)
        .field('kind', 'referral')
        .attach('file', Buffer.from('%PDF-1.7'), { filename: 'a.pdf', contentType: 'application/pdf' });
      const answered = await clinic.post(`${path}/documents`, { answer: 'Приложено' });
      expect(answered.body).toMatchObject({ state: 'approved', pendedFor: null });
      const held = await bench.api.pool.query(`SELECT state FROM limit_reservation WHERE request_id = $1`, [
        asked.body.id,
      ]);
      expect(new Set(held.rows.map((row: { state: string }) => row.state))).toEqual(new Set(['held']));
    });
  });
});

describe('doctors', () => {
  test('the skill, a conflict and an absence decide who may take a request; it can be handed over', async () => {
    const { person, clinic } = await somebody();
    const path = await pended(clinic, person);
    await bench.api.pool.query(`UPDATE letter_request SET skill = 'oncology' WHERE id = $1`, [path.split('/')[3]]);
    const dentist = await bench.api.as('medical-expert', { skills: ['dentistry'] });
    const oncologist = await bench.api.as('medical-expert', { skills: ['oncology'], fullName: 'Лебедева Ольга' });
    expect((await dentist.post(`${path}/claim`)).body).toMatchObject({ code: 'letter.skill' });

    const interest = { doctorId: oncologist.user.id, clinicId: person.clinicId, reason: 'Совместительство' };
    expect((await admin.post('/v1/conflicts-of-interest', interest)).status).toBe(201);
    expect((await oncologist.post(`${path}/claim`)).body).toMatchObject({ code: 'letter.conflict-of-interest' });
    const { reason: _reason, ...key } = interest;
    expect((await admin.post('/v1/conflicts-of-interest/removals', key)).status).toBe(204);

    const absent = {
      doctorId: oncologist.user.id,
      standInId: dentist.user.id,
      fromDate: today,
      toDate: addDays(today, 3),
    };
    expect((await admin.post('/v1/expert-absences', absent)).status).toBe(201);
    expect((await dentist.post(`${path}/claim`)).status).toBe(200);
    const back = await dentist.post(`${path}/delegations`, { doctorId: oncologist.user.id });
    expect(back.body).toMatchObject({ status: 409, code: 'letter.doctor-absent' });
    const present = await bench.api.as('medical-expert', { skills: ['oncology'], fullName: 'Зайцева Анна' });
    const handed = await dentist.post(`${path}/delegations`, { doctorId: present.user.id });
    expect(handed.status).toBe(200);
    expect((await admin.get(path)).body).toMatchObject({ holderName: 'Зайцева Анна' });
    const stranger = await bench.api.as('medical-expert', { skills: ['oncology'] });
    expect((await stranger.post(`${path}/delegations`, { doctorId: stranger.user.id })).status).toBe(409);
  });

  test('notes, proposals and how the work is dealt out stay inside', async () => {
    const { person, clinic } = await somebody();
    const asked = await withPolicy(person, { autoApproveKopecks: 1, fourEyesKopecks: 1 }, () =>
      clinic.post('/v1/letters', body(person)),
    );
    const path = `/v1/letters/${asked.body.id as string}`;
    const [first, lead] = [
      await bench.api.as('medical-expert', { skills: ['imaging'] }),
      await bench.api.as('lead-expert'),
    ];
    const decide = async (doctor: TestCaller, note: string) => {
      await doctor.post(`${path}/claim`);
      return doctor.post(`${path}/decisions`, { lines: [{ lineNo: 1, kind: 'approve' }], note });
    };
    expect((await decide(first, 'СЕКРЕТ-1')).body).toMatchObject({ awaitsSecondDoctor: true });
    const insured = await bench.api.as('insured', { policyId: person.policyId });
    for (const reader of [clinic, insured]) {
      const seen = (await reader.get(path)).body;
      expect(seen.thread.map((entry: { kind: string }) => entry.kind)).toEqual(['first-answer']);
      expect(seen).toMatchObject({ skill: null, holderName: null, proposedBy: null });
    }
    expect((await decide(lead, 'СЕКРЕТ-2')).body).toMatchObject({ state: 'approved' });
    const seen = (await insured.get(path)).body;
    expect(seen.thread.map((entry: { kind: string }) => entry.kind)).toEqual(['first-answer', 'decide']);
    expect(JSON.stringify(seen)).not.toContain('СЕКРЕТ');
    expect(JSON.stringify((await lead.get(path)).body)).toContain('СЕКРЕТ-1');
  });
});

describe('the trusted lane', () => {
  test('is earned by the record, skips documents, is sampled, and is lost by what the samples show', async () => {
    const { pool } = bench.api;
    const { person, clinic } = await somebody();
    const rules = { ...DEFAULT_LANE_RULES, minChecked: 1, earnBelow: 1, loseAbove: 0.001 };
    const path = await pended(clinic, person);
    const lead = await bench.api.as('lead-expert');
    await lead.post(`${path}/claim`);
    await lead.post(`${path}/decisions`, { lines: [{ lineNo: 1, kind: 'approve' }] });
    expect(await stepLetterLanes(pool, { clinicId: person.clinicId, now: new Date(), rules })).toBeGreaterThan(0);
    await pool.query(`UPDATE trusted_lane SET sample_share = 1`);
    const { person: next } = await somebody();
    await pool.query(`UPDATE trusted_lane SET clinic_id = $1`, [next.clinicId]);
    const nextClinic = await bench.api.as('clinic', { clinicId: next.clinicId });
    const asked = await withPolicy(next, { documentRules: [{ service: SERVICE, kinds: ['referral'] }] }, () =>
      nextClinic.post('/v1/letters', body(next)),
    );
    expect(asked.body).toMatchObject({ state: 'approved' });
    const waiting = (await lead.get('/v1/letters?toSample=true')).body.items as { id: string }[];
    expect(waiting.map((row) => row.id)).toContain(asked.body.id);
    const look = { result: 'overturned', note: 'Показаний не было' };
    const reviewed = await lead.post(`/v1/letters/${asked.body.id as string}/sample-reviews`, look);
    expect(reviewed.status).toBe(204);
    expect((await lead.post(`/v1/letters/${asked.body.id as string}/sample-reviews`, look)).status).toBe(409);
    await stepLetterLanes(pool, { clinicId: next.clinicId, now: new Date(), rules });
    const lanes = (await admin.get('/v1/letter-lanes')).body.items as { clinicId: number; state: string }[];
    expect(lanes.filter((lane) => lane.clinicId === next.clinicId).map((lane) => lane.state)).toContain('off');
    await pool.query('DELETE FROM trusted_lane');
  });
});

describe('webhooks', () => {
  test('are signed, tried again, given up to a list, and sent again from there', async () => {
    const { pool } = bench.api;
    const { person, clinic } = await somebody();
    const received: { headers: IncomingHttpHeaders; body: string }[] = [];
    let status = 500;
    const receiver = await new Promise<Server>((resolve) => {
      const server = createServer((request, response) => {
        let text = '';
        request.on('data', (part: Buffer) => (text += part.toString()));
        request.on('end', () => {
          received.push({ headers: request.headers, body: text });
          response.writeHead(status).end();
        });
      }).listen(0, '127.0.0.1', () => resolve(server));
    });
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    // What letters of the tests before have to tell must not be told to the clinic's new address.
    await bench.deliver();
    const subscribed = await clinic.post('/v1/webhooks', { url });
    expect(subscribed.status).toBe(201);
    const asked = await clinic.post('/v1/letters', body(person));
    // The signed file is told of too, when it is there.
    await bench.deliver();
    const issued = await pool.query(`DELETE FROM webhook_delivery WHERE event = 'letter.issued' RETURNING body`);
    expect(issued.rows).toEqual([
      {
        body: expect.objectContaining({ requestId: asked.body.id, number: asked.body.number, revision: 1 }) as unknown,
      },
    ]);
    const due = () => pool.query(`UPDATE webhook_delivery SET next_at = now() WHERE state = 'pending'`);
    expect(await sendDueWebhooks(pool, 2)).toBe(1);
    expect((await clinic.get('/v1/webhook-dead-letters')).body.items).toEqual([]);
    await due();
    await sendDueWebhooks(pool, 2);
    const [dead] = (await clinic.get('/v1/webhook-dead-letters')).body.items as { id: string }[];
    expect(dead).toMatchObject({ event: 'letter.changed', attempts: 2, lastError: 'status 500' });
    const stranger = await bench.api.as('clinic', { clinicId: person.clinicId + 1 });
    expect((await stranger.post(`/v1/webhook-dead-letters/${dead!.id}/retry`)).status).toBe(404);
    status = 204;
    expect((await clinic.post(`/v1/webhook-dead-letters/${dead!.id}/retry`)).status).toBe(204);
    await sendDueWebhooks(pool, 2);
    expect(received.length).toBe(3);
    expect(new Set(received.map(({ headers }) => headers['x-medex-delivery'])).size).toBe(1);
    const { headers, body: sent } = received[2]!;
    const [, timestamp, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-medex-signature']))!;
    expect(signature).toBe(webhookSignature(subscribed.body.secret as string, Number(timestamp), sent));
    expect(JSON.parse(sent)).toMatchObject({
      event: 'letter.changed',
      data: { requestId: asked.body.id, state: 'approved' },
    });
    expect(sent).not.toMatch(new RegExp(`${person.policyNo}|${SERVICE}`));
    receiver.closeAllConnections();
    receiver.close();
  });
});

test('only the insurer’s people set clocks, absences and conflicts; a version is never edited', async () => {
  const { person, clinic } = await somebody();
  expect((await clinic.get('/v1/letter-policies')).status).toBe(403);
  await withPolicy(person, {}, async () => {
    const twin = {
      contractId: person.contractId,
      effectiveFrom: addDays(today, -1),
      autoApproveKopecks: 1,
      fourEyesKopecks: 1,
    };
    expect((await admin.post('/v1/letter-policies', twin)).status).toBe(409);
    expect((await admin.get('/v1/letter-policies')).body.items.length).toBeGreaterThanOrEqual(2);
  });
  const doctor = await addUser(bench.api.pool, 'medical-expert');
  const wrong = { doctorId: doctor.id, standInId: doctor.id, fromDate: today, toDate: today };
  expect((await admin.post('/v1/expert-absences', wrong)).status).toBe(422);
});

import { closeLetter } from '../activities/letters/act';
import { STANDARD_TIMES } from '../activities/letters/deps';
import { viewOf } from '../activities/letters/view';
import { plainDate } from '../models/calendar';
import { cutToTerm, earliestEnd, validityDaysFor, validityEnd } from '../models/letters/term';
import type { TestCaller } from './support/api';
import { addDays } from './support/dates';
import { letterRequest, newcomers } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { startLetters } from './support/letters';
import type { LettersBench } from './support/letters';
import { readLetter } from '../prisma/repositories/letters';

const today = plainDate(new Date().toISOString());
let bench: LettersBench;
let admin: TestCaller;
let lead: TestCaller;

beforeAll(async () => {
  bench = await startLetters();
  admin = await bench.api.as('administrator');
  lead = await bench.api.as('lead-expert');
}, 180_000);
afterAll(() => bench?.close());

const somebody = newcomers(() => bench.api, today);

const body = (person: LetterPerson, periodTo: string, periodFrom = today) =>
  letterRequest(person, today, { periodFrom, periodTo });

/** A version of the contract's policy for the time of one test. */
async function withPolicy<T>(person: LetterPerson, policy: object, run: () => Promise<T>): Promise<T> {
  const standard = { contractId: person.contractId, effectiveFrom: addDays(today, -1) };
  const ceilings = { autoApproveKopecks: 5_000_000, fourEyesKopecks: 30_000_000 };
  const added = await admin.post('/v1/letter-policies', { ...standard, ...ceilings, ...policy });
  expect(added.status).toBe(201);
  expect(added.body).toMatchObject(policy);
  try {
    return await run();
  } finally {
    await bench.api.pool.query('DELETE FROM letter_policy WHERE contract_id IS NOT NULL');
  }
}

describe('the term of a promise', () => {
  test.each([
    ['A04.16.001', 10],
    ['A04.20.001', 45],
    ['B01.047.001', 30],
  ])('%s stands %i days: the longest matching rule goes before the policy’s own number', (service, days) => {
    const validityRules = [
      { service: 'A04', days: 45 },
      { service: 'A04.16', days: 10 },
    ];
    expect(validityDaysFor({ validityDays: 30, validityRules }, service)).toBe(days);
  });

  test.each([
    ['from the day it was given', '2026-02-20', '2026-03-01', '2026-03-31'],
    ['from the first day of a later period', '2026-03-10', '2026-03-01', '2026-04-09'],
    ['over the leap day', '2028-02-01', '2028-02-01', '2028-03-02'],
  ])('is counted %s', (_name, periodFrom, madeOn, last) => {
    expect(validityEnd(periodFrom, madeOn, 30)).toEqual({ date: last, reasonCode: 'AUTH-03' });
  });

  test('of several ends the earliest says why, and no term cuts nothing', () => {
    const cover = { date: '2026-03-05', reasonCode: 'ELIG-02' } as const;
    expect(earliestEnd(cover, validityEnd('2026-03-01', '2026-03-01', 30))).toBe(cover);
    expect(earliestEnd(cover, validityEnd('2026-03-01', '2026-03-01', 2))?.reasonCode).toBe('AUTH-03');
    expect(earliestEnd(null, null)).toBeNull();
    const line = { outcome: 'approved', approvedQuantity: 1, approvedTo: '2026-04-01', reasonCode: null };
    expect(cutToTerm(line as Parameters<typeof cutToTerm>[0], null)).toBe(line);
    const twice = cutToTerm(
      cutToTerm(line as Parameters<typeof cutToTerm>[0], validityEnd('2026-03-01', '2026-03-01', 20)),
      cover,
    );
    expect(twice).toMatchObject({ approvedTo: '2026-03-05', reasonCode: 'ELIG-02', ground: 'administrative' });
  });

  test('the contract’s days cut the period at once, by code and in words; the letter can be extended', async () => {
    const { person, clinic } = await somebody();
    const asked = await withPolicy(person, { validityDays: 7 }, () =>
      clinic.post('/v1/letters', body(person, addDays(today, 20))),
    );
    expect(asked.body).toMatchObject({ state: 'partially-approved', validTo: addDays(today, 7) });
    expect(asked.body.lines[0]).toMatchObject({ reasonCode: 'AUTH-03', ground: 'administrative', approvedQuantity: 1 });
    const path = `/v1/letters/${asked.body.id as string}`;
    const [first] = (await clinic.get(path)).body.thread as { body: { lines: { reasons: { ru: string }[] }[] } }[];
    expect(first!.body.lines[0]!.reasons.map(({ ru }) => ru).join()).toContain('срок по условиям договора');
    const extended = await lead.post(`${path}/extensions`, { validTo: addDays(today, 20) });
    expect(extended.body).toMatchObject({ state: 'amended', validTo: addDays(today, 20) });
    // In the figures a part stays a part, whatever becomes of the letter.
    const figures = await admin.get(`/v1/letter-metrics?from=${addDays(today, -1)}&to=${addDays(today, 1)}`);
    expect(figures.body.byUrgency).toMatchObject([{ urgency: 'standard', submitted: 1, approved: 0, partial: 1 }]);
  });

  test('a service may have days of its own, and a period that starts later has them all', async () => {
    const { person, clinic } = await somebody();
    const policy = { validityDays: 90, validityRules: [{ service: 'A04', days: 5 }] };
    const later = addDays(today, 10);
    const asked = await withPolicy(person, policy, () =>
      clinic.post('/v1/letters', body(person, addDays(later, 30), later)),
    );
    expect(asked.body).toMatchObject({ state: 'partially-approved', validTo: addDays(later, 5) });
  });

  test('a doctor’s promise has the days of the policy it was asked under, unless the doctor names the period', async () => {
    const decided = async (decision: object) => {
      const { person, clinic } = await somebody();
      const asked = await withPolicy(person, { validityDays: 3, autoApproveKopecks: 1 }, () =>
        clinic.post('/v1/letters', body(person, addDays(today, 20))),
      );
      const path = `/v1/letters/${asked.body.id as string}`;
      await lead.post(`${path}/claim`);
      return (await lead.post(`${path}/decisions`, { lines: [{ lineNo: 1, ...decision }] })).body;
    };
    expect(await decided({ kind: 'approve' })).toMatchObject({
      state: 'partially-approved',
      validTo: addDays(today, 3),
    });
    const part = { kind: 'approve-part', quantity: 1, reasonCode: 'FREQ-01', clause: 'КР 708, п. 2.4' };
    expect(await decided({ ...part, periodTo: addDays(today, 15) })).toMatchObject({ validTo: addDays(today, 15) });
  });

  test('an appeal takes neither days nor money away, and an extended line keeps its last day', async () => {
    const { person, clinic } = await somebody();
    const asked = await withPolicy(person, { validityDays: 7 }, () =>
      clinic.post('/v1/letters', body(person, addDays(today, 20))),
    );
    const path = `/v1/letters/${asked.body.id as string}`;
    await lead.post(`${path}/extensions`, { validTo: addDays(today, 30) });
    await clinic.post(`${path}/appeals`, { reason: 'Нужен весь период', lineNos: [1] });
    await lead.post(`${path}/claim`);
    const part = { lineNo: 1, kind: 'approve-part', quantity: 1, reasonCode: 'FREQ-01', clause: 'КР 708, п. 2.4' };
    const decide = (over: object) => lead.post(`${path}/decisions`, { lines: [{ ...part, ...over }] });
    expect((await decide({ amount: 1 })).body).toMatchObject({ status: 409, code: 'letter.appeal-worse' });
    expect((await decide({ periodTo: today })).body).toMatchObject({ status: 409, code: 'letter.appeal-worse' });
    expect((await decide({})).body).toMatchObject({ state: 'partially-approved', validTo: addDays(today, 30) });
  });
});

describe('the last day', () => {
  test('ends at midnight in the insurer’s zone, whatever zone the server is in', async () => {
    const { person, clinic } = await somebody();
    const asked = await clinic.post('/v1/letters', body(person, addDays(today, 3)));
    const id = asked.body.id as string;
    const { record } = (await readLetter(bench.api.pool, id))!;
    const lastDay = addDays(today, 3);
    const { closesAt } = viewOf(record, STANDARD_TIMES);
    expect(closesAt).toBe(new Date(`${lastDay}T24:00:00+03:00`).toISOString());

    // The clock's step itself, an hour and a half before the border and right on it.
    const at = (instant: number) => ({
      pool: bench.api.pool,
      review: () => Promise.resolve([]),
      ruleSetVersion: () => 'test',
      times: STANDARD_TIMES,
      now: () => new Date(instant),
    });
    const border = Date.parse(closesAt!);
    expect((await closeLetter(at(border - 5_400_000), { requestId: id })).letter.state).toBe('approved');
    expect((await closeLetter(at(border), { requestId: id })).letter.state).toBe('expired');
    // Once more, as a retry of the same step: nothing is left to do.
    expect((await closeLetter(at(border), { requestId: id })).letter.state).toBe('expired');
    const { thread } = (await clinic.get(`/v1/letters/${id}`)).body as { thread: { kind: string }[] };
    expect(thread.map((entry) => entry.kind)).toEqual(['first-answer', 'closed']);
  });
});

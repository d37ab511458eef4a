import { plainDate } from '../models/calendar';
import { readLaneFacts } from '../prisma/repositories/lanes';
import { readRatingFactors } from '../prisma/repositories/ratings';
import { clinicRating } from '../workflows/clinic-rating';
import type { TestCaller } from './support/api';
import { openFeedbackHouse } from './support/feedback-house';
import type { FeedbackHouse } from './support/feedback-house';

let house: FeedbackHouse;
let administrator: TestCaller;
let today: string;

beforeAll(async () => {
  house = await openFeedbackHouse();
  administrator = await house.api.as('administrator');
  const last = await house.api.pool.query<{ day: string }>('SELECT max(visit_date) AS day FROM feedback_answer');
  today = last.rows[0]!.day;
}, 240_000);
afterAll(() => house?.close());

const rate = (key: string) =>
  house.temporal.workflow.execute(clinicRating, {
    workflowId: `clinic-rating/${house.queues.flow}/${key}`,
    taskQueue: house.queues.flow,
    args: [{ today }],
  });

test('each run is a new version of both ratings, with intervals and what is behind them', async () => {
  const first = await rate('first');
  expect(first).toMatchObject({ internalVersion: 1, peopleVersion: 1 });
  const { items } = (await administrator.get('/v1/ratings/people')).body;
  expect(items.length).toBeGreaterThan(15);
  for (const row of items) {
    expect(row.low).toBeLessThanOrEqual(row.score);
    expect(row.high).toBeGreaterThanOrEqual(row.score);
    expect(row.bestPlace).toBeLessThanOrEqual(row.place);
    expect(row.worstPlace).toBeGreaterThanOrEqual(row.place);
    expect(row.change).toBe('new');
    expect(row.components[0].evidence.length).toBeGreaterThan(0);
  }
  const inside = (await administrator.get('/v1/ratings/internal')).body.items;
  expect(inside[0].components.map((part: { name: string }) => part.name)).toEqual([
    'findings',
    'disputes',
    'answers',
    'prices',
    'fraud',
  ]);
  expect(inside[0].components[3].evidence.length).toBeGreaterThan(0);
});

test('a few new answers shuffle places, and no change is shown; a flood of bad ones is', async () => {
  const { pool } = house.api;
  const before = (await administrator.get('/v1/ratings/people')).body.items;
  const [unlucky, ruined] = [before[before.length - 2], before[0]];
  const add = (clinic: string, count: number) =>
    pool.query(
      `INSERT INTO feedback_answer (survey_id, clinic_id, invoice_no, policy_id, visit_date, answered_at, question, answer)
       SELECT 'new-' || $1 || n, c.id, 'N' || n, (SELECT min(id) FROM policy), $2::date, $2::date, 'rating', '1'
       FROM clinic c, generate_series(1, $3::int) n WHERE c.code = $1`,
      [clinic, today, count],
    );
  await add(unlucky.clinicCode, 2);
  await add(ruined.clinicCode, 200);
  expect((await rate('second')).peopleVersion).toBe(2);
  const after = (await administrator.get('/v1/ratings/people')).body.items as {
    clinicCode: string;
    change: string;
    place: number;
  }[];
  const shown = after.filter((row) => row.change !== 'same');
  expect(shown.map((row) => [row.clinicCode, row.change])).toEqual([[ruined.clinicCode, 'down']]);
  const moved = after.filter(
    (row) => row.place !== before.find((old: { clinicCode: string }) => old.clinicCode === row.clinicCode).place,
  );
  expect(moved.length).toBeGreaterThan(1);
  const old = (await administrator.get('/v1/ratings/people?version=1')).body.items;
  expect(old).toEqual(before);
});

test('a clinic sees its own rating, contests a part of it once, and is answered', async () => {
  const { api } = house;
  const clinic = await api.as('clinic', { clinicId: 5 });
  const own = (await clinic.get('/v1/ratings/internal')).body.items;
  expect(own).toHaveLength(1);
  const body = { component: 'prices', reason: 'Сравнили с другой услугой' };
  const made = await clinic.post('/v1/ratings/internal/contests', body);
  expect(made.status).toBe(201);
  expect((await clinic.post('/v1/ratings/internal/contests', body)).status).toBe(409);
  const path = `/v1/rating-contests/${made.body.contestId}/decision`;
  expect((await clinic.post(path, { state: 'upheld', answer: 'Да' })).status).toBe(403);
  expect((await administrator.post(path, { state: 'upheld', answer: 'Исправим сопоставление' })).status).toBe(200);
  expect((await administrator.post(path, { state: 'rejected', answer: 'Нет' })).status).toBe(404);
  const listed = (await clinic.get('/v1/rating-contests')).body.items;
  expect(listed).toMatchObject([{ state: 'upheld', answer: 'Исправим сопоставление', component: 'prices' }]);
  expect((await (await api.as('clinic', { clinicId: 6 })).get('/v1/rating-contests')).body.items).toEqual([]);
});

test('ratings go out for underwriting and the trusted lane with the lower ends of their intervals', async () => {
  const factors = await readRatingFactors(house.api.pool);
  const rated = factors.filter((row) => row.internalScore !== null && row.stars !== null);
  expect(rated.length).toBeGreaterThan(15);
  expect(rated.every((row) => row.internalLow! <= row.internalScore! && row.starsLow! <= row.stars!)).toBe(true);
  const csv = await administrator.get('/v1/rating-factors').buffer(true);
  expect(csv.text.split('\n')[0]).toBe('clinic_code,internal_score,internal_low,stars,stars_low');
  expect(csv.text.trim().split('\n')).toHaveLength(factors.length + 1);
  expect(plainDate(new Date().toISOString()) >= today).toBe(true);
  const read = await readLaneFacts(house.api.pool, 90);
  for (const { clinicId, ratingHigh } of read) {
    const { internalScore } = factors.find((row) => row.clinicId === clinicId)!;
    expect(ratingHigh === null).toBe(internalScore === null);
    expect(ratingHigh ?? 101).toBeGreaterThanOrEqual(internalScore ?? 0);
  }
});

import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium as playwright } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { chromium } from '../cli/runtime/parts';
import { surveyToken } from '../models/feedback/survey/link';
import { writeQuestions } from '../models/feedback/survey/questions';
import type { SurveyQuestion } from '../models/feedback/survey/questions';
import { startTestApi } from './support/api';
import type { TestApi } from './support/api';

/** Phone width: a small current phone in CSS pixels. */
const PHONE = { width: 360, height: 740 };
const SHOTS = process.env.SURVEY_SHOTS;

let api: TestApi;
let browser: Browser;
let policyId: number;

const questions: SurveyQuestion[] = writeQuestions({
  date: '2026-03-12',
  clinicName: 'Клиника на Лесной & Ко',
  lines: [
    { lineNo: 1, serviceCode: 'B01.047.001', kind: 'consultation', quantity: 1, specialty: 'терапевт', risk: 0.1 },
    { lineNo: 2, serviceCode: 'A09.05.023', kind: 'lab', quantity: 1, specialty: null, risk: 0.4 },
    { lineNo: 3, serviceCode: 'A09.05.010', kind: 'lab', quantity: 1, specialty: null, risk: 0.2 },
  ],
});

beforeAll(async () => {
  api = await startTestApi();
  browser = await playwright.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  const { pool } = api;
  await pool.query(`INSERT INTO hub (code, name) VALUES ('H', 'H') ON CONFLICT DO NOTHING`);
  await pool.query(
    `INSERT INTO clinic (code, name, city, level, payment_mode, open_sunday, billing_term_days, hub_id)
     SELECT 'C1', 'Клиника', 'Москва', 3, 'fee-for-service', false, 30, id FROM hub LIMIT 1`,
  );
  policyId = (await pool.query<{ id: number }>(`INSERT INTO policy (policy_no) VALUES ('P-1') RETURNING id`)).rows[0]!
    .id;
  await pool.query(`INSERT INTO survey_contact (policy_id, channel, address) VALUES ($1, 'sms', '+70000000000')`, [
    policyId,
  ]);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await api?.close();
});

describe.each([
  ['ru', 'ru-RU', 'Как прошёл ваш визит?', 'Спасибо!', 'Проверьте ответы'],
  ['en', 'en-GB', 'How was your visit?', 'Thank you!', 'Please check your answers'],
] as const)('the survey page in %s', (lang, locale, title, thanks, wrong) => {
  test('has nothing that axe objects to, fits a phone and needs no script', async () => {
    const { page, path } = await open(locale, lang);
    expect(await page.title()).toBe(title);
    expect(await page.locator('html').getAttribute('lang')).toBe(lang);
    expect(await faultsOf(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
    expect(await page.locator('script').count()).toBe(0);
    await shoot(page, `${lang}-form`);
    // Without an answer that is needed the form comes back and says what is missing, at the top and at the question.
    await page.getByRole('button').first().click();
    expect(await page.getByRole('alert').innerText()).toContain(wrong);
    expect(await faultsOf(page)).toEqual([]);
    await shoot(page, `${lang}-fault`);
    const policy = (await api.anonymous().get(path)).headers['content-security-policy'] as string;
    expect(policy).toContain(`script-src 'self'`);
    expect(policy).not.toContain('unsafe-inline');
    await page.context().close();
  });

  test('is answered by keyboard alone, once', async () => {
    const { page, surveyId, path } = await open(locale, lang, { javaScriptEnabled: false });
    await tabTo(page, 'q1');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await tabTo(page, 'q4');
    await page.keyboard.type('15');
    await tabTo(page, 'q7');
    await page.keyboard.type('Всё хорошо <b>');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: thanks }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await shoot(page, `${lang}-thanks`);
    const rows = await api.pool.query<{ q: string; line: number | null; answer: string }>(
      `SELECT question AS q, line_no AS line, answer FROM feedback_answer WHERE survey_id = $1 ORDER BY id`,
      [surveyId],
    );
    expect(rows.rows).toEqual([
      { q: 'visit-happened', line: null, answer: 'yes' },
      { q: 'service-rendered', line: 2, answer: 'no' },
      { q: 'service-rendered', line: 3, answer: 'no' },
      { q: 'duration-minutes', line: null, answer: '15' },
      { q: 'comment', line: null, answer: 'Всё хорошо <b>' },
    ]);
    const again = await api.anonymous().post(path).type('form').send({ q1: 'no' });
    expect(again.status).toBe(409);
    await page.context().close();
  });
});

test('the language link changes the language and keeps the survey', async () => {
  const { page } = await open('ru-RU', 'ru');
  await page.getByRole('link', { name: 'English' }).click();
  expect(await page.title()).toBe('How was your visit?');
  expect(await page.getByRole('group').first().innerText()).toContain('Were you at the clinic');
  await page.context().close();
});

test('nothing on the page or in the message names a diagnosis, a service code or a price', async () => {
  const { path } = await newSurvey();
  const { text } = await api.anonymous().get(path);
  expect(text).not.toMatch(/A09\.|B01\.|МКБ|руб/i);
  expect(text).toContain('Брали ли у вас кровь?');
  expect(text).toContain('Клиника на Лесной &amp; Ко');
});

test('a link that nobody signed opens nothing, an ended one says so, and both leave a trace in the audit', async () => {
  const { surveyId, path } = await newSurvey();
  const forged = `/s/${surveyToken('another secret', surveyId)}`;
  expect((await api.anonymous().get(forged)).status).toBe(404);
  expect((await api.anonymous().get('/s/short')).status).toBe(400);
  await api.pool.query(`UPDATE survey SET expires_at = now() - interval '1 second' WHERE id = $1`, [surveyId]);
  expect((await api.anonymous().get(path)).status).toBe(410);
  expect((await api.anonymous().post(path).type('form').send({ q1: 'yes' })).status).toBe(410);
  const trail = await api.pool.query(
    `SELECT FROM audit_event WHERE subject_type = 'survey' AND $1 = ANY(subject_ids)`,
    [surveyId],
  );
  expect(trail.rowCount).toBe(2);
  const token = await api.pool.query(`SELECT FROM audit_event WHERE subject_ids::text LIKE $1`, [`%${path.slice(3)}%`]);
  expect(token.rowCount).toBe(0);
});

test('who opts out by the page is asked nothing any more', async () => {
  const { page, path } = await open('ru-RU', 'ru');
  await page.getByText('Не хочу получать опросы').click();
  expect(await faultsOf(page)).toEqual([]);
  await shoot(page, 'ru-opt-out');
  await page.getByRole('button', { name: 'Больше не присылать' }).click();
  await page.getByRole('heading', { name: 'Опросов больше не будет' }).waitFor();
  const contact = await api.pool.query<{ out: boolean }>(
    `SELECT opted_out_at IS NOT NULL AS out FROM survey_contact WHERE policy_id = $1`,
    [policyId],
  );
  expect(contact.rows[0]).toEqual({ out: true });
  expect((await api.anonymous().post(path).type('form').send({ q1: 'yes' })).text).toContain('Опросов больше не будет');
  await page.context().close();
});

let serial = 0;
async function newSurvey(): Promise<{ surveyId: string; path: string }> {
  const { pool, deps } = api;
  serial += 1;
  const day = `2026-03-${String(serial).padStart(2, '0')}`;
  const rows = await pool.query<{ id: string }>(
    `WITH r AS (INSERT INTO survey_round (day, visits, chosen, rules, remind_at, expires_at)
       VALUES ($1, 1, 1, '{}', now(), now() + interval '1 day') RETURNING id)
     INSERT INTO survey (round_id, policy_id, clinic_id, invoice_no, visit_date, probability, reason, questions, state,
       sent_at, expires_at)
     SELECT r.id, $2, c.id, 'I-1', $1, 0.5, 'audit', $3, 'sent', now(), now() + interval '1 day' FROM r, clinic c
     RETURNING id`,
    [day, policyId, JSON.stringify(questions)],
  );
  const surveyId = rows.rows[0]!.id;
  return { surveyId, path: `/s/${surveyToken(deps.config.MEDEX_SECRET, surveyId)}` };
}

async function open(
  locale: string,
  lang: string,
  options: { javaScriptEnabled?: boolean } = {},
): Promise<{ page: Page; surveyId: string; path: string }> {
  const survey = await newSurvey();
  const context = await browser.newContext({
    viewport: PHONE,
    deviceScaleFactor: 2,
    locale,
    isMobile: true,
    ...options,
  });
  const page = await context.newPage();
  await page.goto(`${api.url}${survey.path}?lang=${lang}`);
  return { page, ...survey };
}

/** Presses Tab until the field of this name has the focus; fails when no field of the page has it. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 30; presses += 1) {
    if ((await page.locator(`:focus[name="${name}"]`).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${name}`);
}

/** What axe finds, rule by rule; contexts without scripts are looked at in a copy of the page that runs axe. */
async function faultsOf(page: Page): Promise<string[]> {
  const context = await browser.newContext({ viewport: PHONE, bypassCSP: true });
  const copy = await context.newPage();
  await copy.setContent((await page.content()).replace('<head>', `<head><base href="${api.url}">`), {
    waitUntil: 'load',
  });
  const { violations } = await new AxeBuilder({ page: copy }).analyze();
  await context.close();
  return violations.flatMap((found) => found.nodes.map((node) => `${found.id}: ${node.html}`));
}

async function shoot(page: Page, name: string): Promise<void> {
  if (SHOTS === undefined) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

import { randomUUID } from 'node:crypto';
import { publishPack } from '../prisma/repositories/rule-sets';
import { openPack, withInterval } from './support/library-desk';
import { loadInsurer, openReviewHouse, someInvoices } from './support/review-house';
import type { ReviewHouse } from './support/review-house';
import type { TestCaller } from './support/api';

let house: ReviewHouse;
let expert: TestCaller;

interface DecidedLine {
  readonly versionId: string;
  readonly lineNo: number;
  readonly codes: string[];
}

beforeAll(async () => {
  house = await openReviewHouse();
  await loadInsurer(house.pool, someInvoices(40));
  await house.review({ key: 'first' });
  expert = await house.api.as('medical-expert', { fullName: 'Орлова Анна Сергеевна' });
  await decideSome(30);
}, 240_000);
afterAll(() => house?.close());

test('before anything changes, every decided line replays to its findings', async () => {
  const lines = await decidedLines();
  expect(lines.length).toBeGreaterThan(100);
  expect(await unlike(lines)).toEqual([]);
});

test('prices, programmes, people, letters, guidelines and invoices of later days change nothing of it', async () => {
  const before = await decidedLines();
  const flagged = before.filter((line) => line.codes.length > 0);
  expect(flagged.length).toBeGreaterThan(50);
  // Later registries bring more history for the same people, and the next batch checks it with other rules.
  await loadInsurer(house.pool, someInvoices(20, 40));
  await changeEverything();
  await house.review({ key: 'second' });
  expect(await unlike(before)).toEqual([]);
  // The changes are real: the same lines under today's rules and tables would get other findings.
  const control = await house.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM recheck_notice n WHERE n.codes_were IS DISTINCT FROM n.codes_now`,
  );
  expect(control.rows[0]!.n).toBeGreaterThan(0);
});

test('a reader sees which rule set and batch it was', async () => {
  const [line] = (await decidedLines()).filter(({ codes }) => codes.length > 0);
  const replay = await expert.get(`/v1/invoices/${line!.versionId}/lines/${line!.lineNo}/replay`);
  expect(replay.body).toMatchObject({ identical: true });
  expect(replay.body.sources.map(({ scope }: { scope: string }) => scope)).toEqual(['person', 'doctor-day', 'letter']);
  expect(replay.body.sources[0].ruleSetVersion).toMatch(/^RS-/);
  expect(replay.body.stored.map(({ code }: { code: string }) => code)).toEqual(line!.codes);
});

test('a rule set and a batch cannot be rewritten afterwards', async () => {
  await expect(house.pool.query(`UPDATE rule_set SET content = '{}'`)).rejects.toThrow('never changed');
  await expect(house.pool.query(`UPDATE guideline_pack SET data = '{}' WHERE state <> 'draft'`)).rejects.toThrow(
    'never changes',
  );
});

async function decidedLines(): Promise<DecidedLine[]> {
  const rows = await house.pool.query<DecidedLine & Record<string, unknown>>(
    `SELECT v.public_id AS "versionId", l.line_no AS "lineNo",
       ARRAY(SELECT code FROM finding f WHERE f.line_id = l.id AND f.active ORDER BY code) AS codes
     FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id JOIN batch b ON b.id = v.batch_id
     WHERE b.seq = 1 AND l.state IN ('decided', 'auto-accepted') ORDER BY l.id`,
  );
  // Every flagged line, and a tenth of the clean ones.
  return rows.rows.filter((line, i) => line.codes.length > 0 || i % 10 === 0);
}

async function unlike(lines: readonly DecidedLine[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const { versionId, lineNo } of lines) {
    const replay = await expert.get(`/v1/invoices/${versionId}/lines/${lineNo}/replay`);
    const { identical, stored, replayed } = replay.body;
    if (identical !== true) wrong.push(`${lineNo}: ${JSON.stringify(stored)} is not ${JSON.stringify(replayed)}`);
  }
  return wrong;
}

async function decideSome(count: number): Promise<void> {
  const tasks = (await expert.get(`/v1/review-tasks?limit=${count}`)).body.items as { taskId: string }[];
  for (const { taskId } of tasks) {
    const claimed = await expert.post(`/v1/review-tasks/${taskId}/claim`);
    const task = (await expert.get(`/v1/review-tasks/${taskId}`)).body as { lines: { lineNo: number }[] };
    const decisions = task.lines.map(({ lineNo }, i) =>
      i % 2 === 0 ? { lineNo, kind: 'accept' } : { lineNo, kind: 'refuse', reasonCode: 'CLIN-01', clause: 'п. 1' },
    );
    const done = await expert
      .post(`/v1/review-tasks/${taskId}/decisions`, { decisions })
      .set('If-Match', claimed.headers.etag as string);
    if (done.status !== 200) throw new Error(JSON.stringify(done.body));
  }
}

/** Whatever a rule may read, made different from what it was. */
async function changeEverything(): Promise<void> {
  const { pool } = house;
  await pool.query(`UPDATE price_item SET price_kopecks = price_kopecks / 2`);
  await pool.query(`UPDATE service SET minutes = minutes * 3, name = name || ' (новое имя)' WHERE minutes IS NOT NULL`);
  await pool.query(
    `UPDATE programme SET covered_kinds = '{lab}', franchise_percent = franchise_percent + 5, annual_limit_kopecks = 1`,
  );
  await pool.query(`DELETE FROM programme_clinic WHERE clinic_id % 2 = 0`);
  await pool.query(`UPDATE insured SET sex = CASE sex WHEN 'M' THEN 'F' ELSE 'M' END, birth_date = birth_date - 9000`);
  await pool.query(`UPDATE enrolment SET enrolled_to = enrolled_from`);
  await pool.query(`UPDATE guarantee_letter SET valid_to = valid_from, quantity = 1`);
  await pool.query(`UPDATE diagnosis SET billable = NOT billable`);
  await pool.query(`UPDATE clinic SET open_sunday = NOT open_sunday, billing_term_days = 1`);
  const pack = withInterval(openPack(), { guideline: 'KR-057', from: 14, to: 300, version: `2030.${randomUUID()}` });
  const demographics = pack.demographics.slice(0, 3);
  await publishPack(pool, { name: pack.pack, version: pack.version, data: { ...pack, demographics, pairs: [] } });
}

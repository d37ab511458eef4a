import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DecisionTable } from '../models/library/decision-tables/table.schema';
import { openLibraryDesk, shadowResult } from './support/library-desk';
import type { LibraryDesk } from './support/library-desk';
import { loadInsurer, openReviewHouse, someInvoices } from './support/review-house';
import type { ReviewHouse } from './support/review-house';

const TABLES = '/v1/decision-tables';
const SHIPPED = join(__dirname, '..', 'data', 'library', 'decision-tables');

/** Lines of at least 700 roubles of the insurer's share go to a doctor; a busy day only raises priority. */
const TABLE: DecisionTable = {
  id: 'TEST-DEAR',
  version: '1',
  title: { ru: 'Дорогая консультация', en: 'Dear consultation' },
  hit_policy: 'collect',
  scope: { services: ['B01.'], diagnoses: [], kinds: ['consultation'], clinics: [] },
  inputs: ['line.insurerShareRub', 'history.linesSameDay'],
  rows: [
    {
      id: 'dear',
      when: { 'line.insurerShareRub': '>= 2200' },
      outcome: {
        effect: 'queue',
        family: 'CLIN',
        severity: 'medium',
        text: { ru: 'Дороже обычного', en: 'Dearer than usual' },
      },
    },
    {
      id: 'busy',
      when: { 'history.linesSameDay': '>= 3' },
      outcome: {
        effect: 'raise-priority',
        family: 'PLAU',
        severity: 'low',
        text: { ru: 'Много строк за день', en: 'Many lines on the day' },
      },
    },
  ],
  tests: [
    {
      name: 'дорого',
      facts: {
        'line.service': 'B01.047.001',
        'line.serviceKind': 'consultation',
        'line.insurerShareRub': 2200,
        'history.linesSameDay': 1,
      },
      expect: ['dear'],
    },
    {
      name: 'много',
      facts: {
        'line.service': 'B01.047.001',
        'line.serviceKind': 'consultation',
        'line.insurerShareRub': 10,
        'history.linesSameDay': 3,
      },
      expect: ['busy'],
    },
    {
      name: 'обычно',
      facts: {
        'line.service': 'B01.047.001',
        'line.serviceKind': 'consultation',
        'line.insurerShareRub': 2199,
        'history.linesSameDay': 2,
      },
      expect: [],
    },
  ],
};

let house: ReviewHouse;
let desk: LibraryDesk;
let path: string;

beforeAll(async () => {
  house = await openReviewHouse();
  await loadInsurer(house.pool, someInvoices(15));
  await house.review({ key: 'plain' });
  desk = await openLibraryDesk(house.api);
}, 240_000);
afterAll(() => house?.close());

test('a table whose test case fails is stored as a draft and cannot be published', async () => {
  const wrong = { ...TABLE, id: 'TEST-WRONG', tests: [{ ...TABLE.tests[0]!, expect: [] }, TABLE.tests[1]!] };
  const saved = await desk.author.post(TABLES, wrong);
  expect(saved.status).toBe(201);
  expect(saved.body.publishable).toBe(false);
  expect(saved.body.problems.map(({ rule }: { rule: string }) => rule)).toContain('test-failed');
  const own = `${TABLES}/${saved.body.version.id}`;
  expect((await desk.second.post(`${own}/review`, {})).status).toBe(200);
  const published = await desk.lead.post(`${own}/publish`, { effectiveFrom: '2025-01-01' });
  expect([published.status, published.body.code]).toEqual([422, 'library.table-invalid']);
});

test('something that is no table is refused with its JSON path, an unknown field by its name', async () => {
  const shape = await desk.author.post(TABLES, { ...TABLE, rows: [] });
  expect([shape.status, shape.body.code]).toEqual([422, 'library.table-invalid']);
  expect(shape.body.errors[0].path).toBe('rows');
  const field = await desk.author.post(TABLES, {
    ...TABLE,
    id: 'TEST-FIELD',
    inputs: [...TABLE.inputs, 'line.colour'],
  });
  expect(JSON.stringify(field.body.problems)).toContain('line.colour');
  const effect = { ...TABLE.rows[0]!, outcome: { ...TABLE.rows[0]!.outcome, effect: 'refuse' } };
  expect((await desk.author.post(TABLES, { ...TABLE, rows: [effect] })).status).toBe(422);
});

test('every shipped table may be published', async () => {
  for (const name of ['exp-big-day', 'exp-mri-repeat', 'exp-physio-long']) {
    const table = JSON.parse(readFileSync(join(SHIPPED, `${name}.json`), 'utf8')) as object;
    expect((await desk.author.post(TABLES, table)).body).toMatchObject({ publishable: true, problems: [] });
  }
});

test('a shadow run shows what a table would do, agreeing with a count in SQL, and how doctors see the rules', async () => {
  const decided = await decideSome(6);
  const saved = await desk.author.post(TABLES, TABLE);
  path = `${TABLES}/${saved.body.version.id}`;
  const result = await shadowResult(desk.author, 'decision_table', saved.body.version.id as string, 60);
  const counted = await wanted();
  expect(counted.dear).toBeGreaterThan(0);
  expect(result.codes.find(({ code }) => code === 'CLIN-TEST-DEAR')).toMatchObject({ added: counted.dear, removed: 0 });
  expect(result.codes.find(({ code }) => code === 'PLAU-0-TEST-DEAR')?.addedKopecks ?? 0).toBe(0);
  expect(result.codes.map(({ code }) => code).every((code) => code.endsWith('-TEST-DEAR'))).toBe(true);
  // Every line that a doctor has seen was flagged by the rules in force: refused ones rightly, accepted ones in vain.
  expect(decided.cut).toBeGreaterThan(0);
  expect(result.agreementBefore).toEqual({
    flaggedCut: decided.cut,
    flaggedAccepted: decided.accepted,
    cleanCut: 0,
    cleanAccepted: 0,
  });
  expect(result.agreementAfter).toEqual(result.agreementBefore);
  expect(result.rules.find(({ rule }) => rule === 'table/TEST-DEAR')!.lines).toBe(counted.consultations);
});

test('once published it speaks in its own codes: one effect queues, the other only raises priority, neither refuses', async () => {
  await desk.second.post(`${path}/review`, {}).expect(200);
  await desk.lead.post(`${path}/publish`, { effectiveFrom: '2000-01-01' }).expect(200);
  await loadInsurer(house.pool, someInvoices(15, 15));
  const batch = await house.review({ key: 'with-table' });
  const rows = await house.pool.query<{ code: string; state: string; ruleId: string; verdict: string | null }>(
    `SELECT f.code, l.state, f.rule_id AS "ruleId", v.kind AS verdict FROM finding f JOIN invoice_line l ON l.id = f.line_id
     LEFT JOIN verdict v ON v.line_id = l.id AND v.active
     WHERE f.active AND f.batch_id = $1 AND f.rule_id LIKE 'table/%' AND NOT EXISTS (
       SELECT 1 FROM finding o WHERE o.line_id = f.line_id AND o.active AND o.id <> f.id)`,
    [batch!.id],
  );
  const of = (code: string) => rows.rows.filter((row) => row.code === code);
  expect(of('CLIN-TEST-DEAR').length).toBeGreaterThan(0);
  expect(new Set(of('CLIN-TEST-DEAR').map((row) => `${row.state} ${row.ruleId}`))).toEqual(
    new Set(['queued table/TEST-DEAR/dear']),
  );
  expect(of('PLAU-0-TEST-DEAR').length).toBeGreaterThan(0);
  expect(new Set(of('PLAU-0-TEST-DEAR').map((row) => row.verdict))).toEqual(new Set(['accept']));
  const counted = await wanted(batch!.id);
  const found = await house.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM finding WHERE active AND batch_id = $1 AND code = 'CLIN-TEST-DEAR'`,
    [batch!.id],
  );
  expect(found.rows[0]!.n).toBe(counted.dear);
});

test('reverted, it takes its findings off lines that nobody has decided', async () => {
  const open = async () =>
    (
      await house.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM finding f JOIN invoice_line l ON l.id = f.line_id
         WHERE f.active AND f.rule_id LIKE 'table/%' AND l.state = 'queued'`,
      )
    ).rows[0]!.n;
  expect(await open()).toBeGreaterThan(0);
  await desk.lead.post(`${path}/revert`, { comment: 'Слишком много строк' }).expect(200);
  for (let tries = 0; (await open()) > 0 && tries < 300; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await open()).toBe(0);
});

/** A doctor refuses every other line of some tasks and accepts the rest. */
async function decideSome(count: number): Promise<{ cut: number; accepted: number }> {
  const done = { cut: 0, accepted: 0 };
  const tasks = (await desk.second.get(`/v1/review-tasks?limit=${count}`)).body.items as { taskId: string }[];
  for (const { taskId } of tasks) {
    const claimed = await desk.second.post(`/v1/review-tasks/${taskId}/claim`);
    const { lines } = (await desk.second.get(`/v1/review-tasks/${taskId}`)).body as { lines: { lineNo: number }[] };
    const decisions = lines.map(({ lineNo }, i) => {
      done[i % 2 === 0 ? 'cut' : 'accepted'] += 1;
      return i % 2 === 0
        ? { lineNo, kind: 'refuse', reasonCode: 'CLIN-01', clause: 'п. 1' }
        : { lineNo, kind: 'accept' };
    });
    const path = `/v1/review-tasks/${taskId}/decisions`;
    await desk.second
      .post(path, { decisions })
      .set('If-Match', claimed.headers.etag as string)
      .expect(200);
  }
  return done;
}

/** Counted from the rows, without the product's rules. */
async function wanted(batchId: string | null = null): Promise<{ dear: number; consultations: number }> {
  const rows = await house.pool.query<{ dear: number; consultations: number }>(
    `SELECT count(*)::int AS consultations,
       count(*) FILTER (WHERE GREATEST(0, l.amount_kopecks - l.patient_share_kopecks) >= 220000)::int AS dear
     FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id
     JOIN LATERAL (SELECT service_id FROM price_item p WHERE p.clinic_item_id = l.clinic_item_id
       AND l.service_date BETWEEN p.valid_from AND COALESCE(p.valid_to, 'infinity') ORDER BY valid_from DESC LIMIT 1) p ON true
     JOIN service s ON s.id = p.service_id
     WHERE s.kind = 'consultation' AND s.code LIKE 'B01.%' AND ($1::uuid IS NULL OR v.batch_id = $1)`,
    [batchId],
  );
  return rows.rows[0]!;
}

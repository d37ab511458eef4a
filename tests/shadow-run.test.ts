import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { createActivityDeps } from '../activities/deps';
import { startWorkers } from '../activities/worker';
import { registerShadowCommands } from '../cli/shadow';
import { enqueue } from '../prisma/repositories/outbox';
import { findRuleVersion, ruleVersionData } from '../prisma/repositories/rule-versions';
import { insertShadowRun } from '../prisma/repositories/shadow-runs';
import { shadowWorkflowId } from '../workflows/library-messages';
import { testTemporal } from './support/env';
import { until } from './support/until';
import {
  activated,
  countEarlyRepeats,
  finishedRun,
  openLibraryDesk,
  openPack,
  shadowResult,
  withInterval,
} from './support/library-desk';
import type { LibraryDesk } from './support/library-desk';
import { lineKey, readAnswers, readCsv } from './support/open-world';
import { loadInsurer, moneyOf, openReviewHouse, OPEN_WORLD, TEST_SECRET, workflowBundle } from './support/review-house';
import type { ReviewHouse } from './support/review-house';

/** Glaucoma: two of its services have a minimum interval of 14 days. */
const CHANGE = { guideline: 'KR-057', from: 14, to: 30, version: '2025.3' };
/** Myopia as well: here lines that wait for a doctor are concerned too. */
const WIDER = { guideline: 'KR-055', from: 14, to: 30, version: '2025.4' };
const PACKS = '/v1/guideline-packs';

let house: ReviewHouse;
let desk: LibraryDesk;
let path: string;
let candidateId: string;
const answers = readAnswers('truth');
const duplicates = new Set(answers.filter(({ code }) => code.startsWith('DUPL')).map(({ line }) => line));
const before = countEarlyRepeats(openPack(), duplicates);
const asked = withInterval(openPack(), CHANGE);
const published = withInterval(asked, WIDER);
const addedBy = (pack: typeof asked) =>
  [...countEarlyRepeats(pack, duplicates)].filter((line) => !before.has(line)).sort();
const added = addedBy(asked);
const activatedLines = addedBy(published);

beforeAll(async () => {
  house = await openReviewHouse();
  await loadInsurer(house.pool);
  await house.review({ key: 'shadow' });
  desk = await openLibraryDesk(house.api);
  candidateId = await importPack(asked);
}, 240_000);
afterAll(() => house?.close());

test('the count by hand knows the right answers of the open world', () => {
  expect([...before].sort()).toEqual(
    answers
      .filter(({ code }) => code === 'FREQ-02')
      .map(({ line }) => line)
      .sort(),
  );
  expect(added.length).toBeGreaterThan(0);
});

test('answers: what if the minimum interval of one guideline went from 14 to 30 days?', async () => {
  const result = await shadowResult(desk.author, 'guideline_pack', candidateId, 60);
  console.log(
    `Если интервал ${CHANGE.guideline} вырастет с 14 до 30 дней: строк ${result.lines}, изменится ${result.linesChanged}, ` +
      `новых замечаний ${result.findingsAdded}, снятых ${result.findingsRemoved}, клиник ${result.clinics.length}, ` +
      `${(result.riskAfterKopecks - result.riskBeforeKopecks) / 100} руб.; медленнее всех ${result.rules[0]?.rule}`,
  );
  const run = (await desk.author.get(`/v1/shadow-runs?candidateId=${candidateId}`)).body.items[0];
  const lines = (await desk.author.get(`/v1/shadow-runs/${run.runId}/lines?limit=500`)).body.items as {
    clinicCode: string;
    invoiceNo: string;
    lineNo: number;
    codesAdded: string[];
    codesRemoved: string[];
    riskBeforeKopecks: number;
    riskAfterKopecks: number;
  }[];
  const listed = lines
    .filter((line) => line.codesAdded.length > 0)
    .map((line) => `${line.clinicCode}|${line.invoiceNo}|${line.lineNo}`);

  expect(result.lines).toBe((await moneyOf(house.pool)).lines);
  expect(listed.sort()).toEqual(added);
  expect(result.codes.map(({ code, added: more, removed }) => [code, more, removed])).toEqual([
    ['FREQ-02', added.length, 0],
  ]);
  expect(new Set(result.clinics.map(({ clinic }) => clinic))).toEqual(new Set(added.map((line) => line.split('|')[0])));
  const risk = lines.reduce((sum, line) => sum + line.riskAfterKopecks - line.riskBeforeKopecks, 0);
  expect(result.riskAfterKopecks - result.riskBeforeKopecks).toBe(risk);
  // None of these lines has another finding: what they risk now is all that the insurer was to pay.
  const shares = new Map(
    readCsv(join(OPEN_WORLD, 'invoices.csv')).map((row) => [
      lineKey(row),
      Math.round((Number(row.amount_rub) - Number(row.patient_share_rub)) * 100),
    ]),
  );
  expect(risk).toBe(added.reduce((sum, line) => sum + shares.get(line)!, 0));
  expect(risk).toBeGreaterThan(0);
  expect(result.clinics.reduce((sum, clinic) => sum + clinic.riskKopecks, 0)).toBe(risk);
  expect(result.rules.length).toBeGreaterThan(20);
});

test('cut small, paused, and continued as a new run of the workflow, it comes to the same', async () => {
  const id = await insertRun();
  const tuning = { window: 2, chunk: { person: 150, 'doctor-day': 100, letter: 100, invoice: 100 }, maxEvents: 60 };
  await enqueue(house.pool, [{ topic: 'shadow-run', key: id, payload: { runId: id, tuning } }]);
  // The workflow may not be there yet: the first pause that is heard holds it.
  let paused = await desk.lead.post(`/v1/shadow-runs/${id}/pause`);
  for (let tries = 0; paused.status !== 200 && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    paused = await desk.lead.post(`/v1/shadow-runs/${id}/pause`);
  }
  expect(paused.body).toMatchObject({ paused: true });
  expect((await desk.lead.post(`/v1/shadow-runs/${id}/resume`)).body).toMatchObject({ paused: false });
  const small = await finishedRun(desk.lead, id);
  const chunks = await house.pool.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM shadow_chunk WHERE run_id = $1',
    [id],
  );
  expect(chunks.rows[0]!.n).toBeGreaterThan(10);
  const whole = await firstResult();
  expect({ ...small, rules: [] }).toEqual({ ...whole, rules: [] });
});

test('a worker that goes away in the middle loses nothing: the next one goes on where it was', async () => {
  const server = testTemporal();
  const queues = { flow: server.taskQueue('shadow-flow'), review: server.taskQueue('shadow-review') };
  const start = async () =>
    startWorkers({
      address: server.address,
      namespace: server.namespace,
      secret: TEST_SECRET,
      queues,
      deps: createActivityDeps(house.pool, tmpdir()),
      workflowBundle: { codePath: await workflowBundle() },
      drainMs: 1,
    });
  const chunks = async (id: string) =>
    (await house.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM shadow_chunk WHERE run_id = $1', [id]))
      .rows[0]!.n;
  const runId = await insertRun();
  const first = await start();
  const tuning = { window: 1, chunk: { person: 150, 'doctor-day': 100, letter: 100, invoice: 100 } };
  await house.client.workflow.start('shadowRun', {
    workflowId: shadowWorkflowId(runId),
    taskQueue: queues.flow,
    args: [{ runId, queues, tuning }],
  });
  await until(async () => (await chunks(runId)) >= 3, 60_000);
  await first.close();
  const reached = await chunks(runId);
  const second = await start();
  const result = await finishedRun(desk.lead, runId);
  await second.close();
  expect(await chunks(runId)).toBeGreaterThan(reached);
  expect({ ...result, rules: [] }).toEqual({ ...(await firstResult()), rules: [] });
});

test('the command line asks the same question of a file that nobody has imported', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medex-shadow-'));
  const file = join(folder, 'candidate.json');
  writeFileSync(file, JSON.stringify(asked));
  const written: string[] = [];
  const env = process.env;
  process.env = { ...env, DATABASE_URL: String(house.pool.options.connectionString) };
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    const program = new Command().exitOverride();
    registerShadowCommands(program);
    await program.parseAsync(['node', 'medex', 'shadow', 'run', '--pack', file, '--months', '60', '--json']);
  } finally {
    spy.mockRestore();
    process.env = env;
    rmSync(folder, { recursive: true });
  }
  const run = JSON.parse(written.join('')) as { state: string; result: { codes: object[] } };
  expect(run.state).toBe('done');
  expect(run.result.codes).toMatchObject([{ code: 'FREQ-02', added: added.length, removed: 0 }]);
});

test('is published only after a run of its own, by the approval of a second doctor, from a date', async () => {
  path = `${PACKS}/${await importPack(published)}`;
  const early = await desk.lead.post(`${path}/publish`, { effectiveFrom: '2025-07-01' });
  expect([early.status, early.body.code]).toEqual([409, 'library.wrong-state']);
  const own = await desk.author.post(`${path}/review`, {});
  expect([own.status, own.body.code]).toEqual([409, 'library.four-eyes']);
  expect((await desk.second.post(`${path}/review`, { comment: 'Согласна' })).body.state).toBe('reviewed');
  expect((await desk.author.post(`${path}/publish`, { effectiveFrom: '2025-07-01' })).status).toBe(403);
  const day = await middleDay();
  const unseen = await desk.lead.post(`${path}/publish`, { effectiveFrom: day });
  expect([unseen.status, unseen.body.code]).toEqual([409, 'library.no-shadow-run']);
  await shadowResult(desk.author, 'guideline_pack', path.slice(PACKS.length + 1), 60);
  const done = await desk.lead.post(`${path}/publish`, { effectiveFrom: day });
  expect(done.body).toMatchObject({ state: 'published', effectiveFrom: day });
});

test('after activation undecided lines from the date on follow it, decided ones are only listed, earlier ones stay', async () => {
  const day = (await desk.lead.get(path)).body.effectiveFrom as string;
  const { decidedLinesListed, batchId } = await activated(desk.lead, path, 'publish');
  const now = await freq02();
  const touched = activatedLines.filter((line) => dateOf.get(line)! >= day);
  const [undecided, decided] = [
    touched.filter((line) => !decidedBefore.has(line)),
    touched.filter((line) => decidedBefore.has(line)),
  ];
  expect([undecided.length > 0, decided.length > 0, touched.length < activatedLines.length]).toEqual([
    true,
    true,
    true,
  ]);
  expect(now).toEqual([...new Set([...before, ...undecided])].sort());
  expect(decidedLinesListed).toBe(decided.length);
  await house.api.pool.query(`INSERT INTO hub (code, name) VALUES ('FAR', 'Дальний') ON CONFLICT DO NOTHING`);
  const hub = await house.api.pool.query<{ id: number }>(`SELECT id FROM hub WHERE code = 'FAR'`);
  const far = await house.api.as('lead-expert', { hubId: hub.rows[0]!.id });
  expect((await far.get(`/v1/recheck-notices?batchId=${batchId}`)).body.items).toEqual([]);
  const notices = (await desk.lead.get(`/v1/recheck-notices?batchId=${batchId}`)).body.items as {
    clinicCode: string;
    invoiceNo: string;
    lineNo: number;
    codesNow: string[];
  }[];
  expect(notices.map((notice) => `${notice.clinicCode}|${notice.invoiceNo}|${notice.lineNo}`).sort()).toEqual(decided);
  expect(notices.every((notice) => notice.codesNow.includes('FREQ-02'))).toBe(true);
  expect(await verdicts()).toEqual(verdictsBefore);
  // The version in force depends on the date of the service alone.
  const inForce = async (date: string) =>
    (await desk.lead.get(`${PACKS}/in-force?date=${date}`)).body.items.map((row: { version: string }) => row.version);
  expect(await inForce(day)).toEqual(['2025.4']);
  expect(await inForce('2025-01-15')).toEqual(['2025.2']);
});

test('is reverted in one step: the earlier version is in force again on every day, and its findings are back', async () => {
  const reverted = await desk.lead.post(`${path}/revert`, { comment: 'Слишком много спорных замечаний' });
  expect(reverted.body).toMatchObject({ state: 'retired' });
  expect((await desk.lead.post(`${path}/revert`, { comment: 'ещё раз' })).status).toBe(409);
  await activated(desk.lead, path, 'revert');
  expect(await freq02()).toEqual([...before].sort());
  const listed = (await desk.lead.get(`${PACKS}?name=${encodeURIComponent('Открытый набор')}`)).body.items as {
    version: string;
    state: string;
    effectiveTo: string | null;
  }[];
  expect(listed.find((row) => row.version === '2025.2')).toMatchObject({ state: 'published', effectiveTo: null });
});

/** Asks for a run without starting it. */
async function insertRun(): Promise<string> {
  const id = randomUUID();
  const row = (await findRuleVersion(house.pool, 'guideline_pack', candidateId))!;
  const data = await ruleVersionData(house.pool, 'guideline_pack', candidateId);
  const { name, version, sha256 } = row;
  const asking = {
    id,
    kind: 'guideline_pack' as const,
    candidateId,
    name,
    version,
    sha256,
    data,
    months: 60,
    startedBy: null,
  };
  await insertShadowRun(house.pool, asking);
  return id;
}

async function firstResult(): Promise<object> {
  const run = (await desk.lead.get(`/v1/shadow-runs?candidateId=${candidateId}`)).body.items.at(-1);
  return (await desk.lead.get(`/v1/shadow-runs/${run.runId}`)).body.result;
}

async function importPack(pack: object): Promise<string> {
  const imported = await desk.author.post(PACKS, pack);
  if (imported.status !== 201) throw new Error(JSON.stringify(imported.body));
  return imported.body.version.id;
}

const dateOf = new Map<string, string>();
const decidedBefore = new Set<string>();
let verdictsBefore: string[] = [];

/** A day with new findings on both sides, and what was decided until now. */
async function middleDay(): Promise<string> {
  const rows = await house.pool.query<{ key: string; date: string; decided: boolean }>(
    `SELECT c.code || '|' || i.invoice_no || '|' || l.line_no AS key, l.service_date AS date, l.state <> 'queued' AS decided
     FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id JOIN clinic c ON c.id = l.clinic_id`,
  );
  for (const row of rows.rows) {
    dateOf.set(row.key, row.date);
    if (row.decided) decidedBefore.add(row.key);
  }
  verdictsBefore = await verdicts();
  const days = activatedLines.map((line) => dateOf.get(line)!).sort();
  return days[1]!;
}

async function freq02(): Promise<string[]> {
  const rows = await house.pool.query<{ key: string }>(
    `SELECT c.code || '|' || i.invoice_no || '|' || l.line_no AS key FROM finding f JOIN invoice_line l ON l.id = f.line_id
     JOIN invoice i ON i.id = l.invoice_id JOIN clinic c ON c.id = l.clinic_id WHERE f.active AND f.code = 'FREQ-02'`,
  );
  return rows.rows.map((row) => row.key).sort();
}

async function verdicts(): Promise<string[]> {
  const rows = await house.pool.query<{ v: string }>(
    `SELECT id || ' ' || kind || ' ' || active AS v FROM verdict ORDER BY id`,
  );
  return rows.rows.map((row) => row.v);
}

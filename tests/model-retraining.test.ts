import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { createActivityDeps } from '../activities/deps';
import { createRetrainingFlowActivities, createRetrainingMlActivities } from '../activities/model-retraining';
import { connectTemporal } from '../activities/temporal';
import type { TemporalClient } from '../activities/temporal';
import { installRuntime, startWorkers } from '../activities/worker';
import type { RunningWorkers } from '../activities/worker';
import { RETRAINING_SCHEDULE_ID } from '../workflows/model-retraining-messages';
import { startTestApi } from './support/api';
import type { TestApi, TestCaller } from './support/api';
import { testTemporal } from './support/env';
import { QUIET } from './support/letters';
import { portfolioLines, quoteBody } from './support/risk-model';
import { until } from './support/until';

const ROOT = '/v1/underwriting';
const SECRET = 'retraining-test-secret';
/** Fifty contracts cannot tell a total to 3 %: the limits that stand in this installation are wider. */
const LIMITS = { total: 0.3, segment: 0.6, influence: 0.3 };

const dataDir = mkdtempSync(join(tmpdir(), 'medex-retraining-'));
let api: TestApi;
let temporal: TemporalClient;
let workers: RunningWorkers;
let prices: Server;
let senior: TestCaller;
let other: TestCaller;
let queues: { flow: string; ml: string };

beforeAll(async () => {
  installRuntime();
  const { address, namespace, taskQueue } = testTemporal();
  queues = { flow: taskQueue('retraining'), ml: taskQueue('retraining-ml') };
  temporal = await connectTemporal({ address, namespace, secret: SECRET });
  api = await startTestApi({
    config: { GATE_LIMITS: LIMITS },
    temporal: temporal.client,
    queues: { flow: queues.flow, review: queues.flow },
    mlQueue: queues.ml,
  });
  const deps = { pool: api.pool, dataDir, gateLimits: LIMITS };
  workers = await startWorkers({
    address,
    namespace,
    secret: SECRET,
    queues,
    deps: createActivityDeps(api.pool, dataDir),
    extra: { flow: createRetrainingFlowActivities(deps), ml: createRetrainingMlActivities(deps) },
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: join(__dirname, '../workflows/index.ts'),
      logger: QUIET,
    }),
    drainMs: 500,
  });
  prices = createServer((_request, response) => response.end('year,level\n2024,1.31\n'));
  await new Promise<void>((resolve) => prices.listen(0, '127.0.0.1', resolve));
  [senior, other] = await Promise.all([api.as('senior-underwriter'), api.as('senior-underwriter')]);
}, 180_000);

afterAll(async () => {
  await temporal.client.schedule
    .getHandle(RETRAINING_SCHEDULE_ID)
    .delete()
    .catch(() => undefined);
  await workers.close();
  await temporal.close();
  await api.close();
  prices.close();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Training {
  readonly trainingId: string;
  readonly state: string;
  readonly stage: string;
  readonly version: string | null;
  readonly errorCode: string | null;
  readonly progress: { readonly stage?: string; readonly done?: number } | null;
}

const newest = async (): Promise<Training | undefined> => (await senior.get(`${ROOT}/trainings?limit=1`)).body.items[0];
/** The training after `than`, once it has ended or waits for people. */
async function settled(wanted: string, than?: string): Promise<Training> {
  let found: Training | undefined;
  await until(async () => {
    found = await newest();
    return found?.trainingId !== than && ['failed', 'refused', 'waiting'].includes(found?.state ?? '');
  }, 170_000);
  expect(found).toMatchObject({ state: wanted });
  return found!;
}
const champion = async (): Promise<string | undefined> =>
  ((await senior.get(`${ROOT}/models`)).body.items as { version: string; champion: boolean }[]).find(
    (one) => one.champion,
  )?.version;
const failedChecks = async (version: string): Promise<string[]> => {
  const { gate } = (await senior.get(`${ROOT}/models/${version}`)).body as {
    gate: { checks: { name: string; passed: boolean }[] };
  };
  return gate.checks.filter(({ passed }) => !passed).map(({ name }) => name);
};

/** Kills the training process once it has put a member by; false when it was too quick for that. */
async function killTraining(): Promise<boolean> {
  await until(async () => {
    const found = await newest();
    if (found === undefined) return false;
    return found.state !== 'running' || (found.progress?.stage === 'members' && found.progress.done! >= 1);
  }, 120_000);
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  const line = children.split('\n').find((one) => one.includes('train-child'));
  if (line === undefined) return false;
  process.kill(Number.parseInt(line, 10), 'SIGKILL');
  return true;
}

describe('retraining', () => {
  test('from the schedule to a release by two people, over a killed training process; then bad challengers are refused by the gate', async () => {
    // The portfolio, and two sources: a dropped file with one impossible value, and an HTTP port.
    const lines = portfolioLines(30);
    const taken = await senior
      .post(`${ROOT}/portfolio`)
      .set('Content-Type', 'text/csv')
      .send(`${lines.join('\n')}\nD-1,C1,2023,-5,1\n`);
    expect(taken.body).toMatchObject({ taken: lines.length - 1, rejected: 1 });
    const clinic = lines.at(-1)!.split(',')[1]!;
    mkdirSync(join(dataDir, 'factors', 'maps'), { recursive: true });
    writeFileSync(
      join(dataDir, 'factors', 'maps', 'may.csv'),
      `clinic_code;year;stars\n${clinic};2024;4,9\nC0001;2024;9,9\n`,
    );
    const source = { enabled: true };
    await senior
      .put(`${ROOT}/factor-sources/maps`, {
        ...source,
        kind: 'file-drop',
        place: 'maps',
        subject: 'clinic',
        columns: { stars: 'yandex_rating' },
      })
      .expect(200);
    const { port } = prices.address() as AddressInfo;
    await senior
      .put(`${ROOT}/factor-sources/inflation`, {
        ...source,
        kind: 'http',
        place: `http://127.0.0.1:${port}/`,
        subject: 'market',
        columns: { level: 'inflation_index' },
      })
      .expect(200);
    await senior
      .put(`${ROOT}/factor-sources/gone`, {
        ...source,
        kind: 'file-drop',
        place: 'gone',
        subject: 'clinic',
        columns: { x: 'wait_days' },
      })
      .expect(200);
    await senior
      .put(`${ROOT}/factor-sources/bad`, {
        ...source,
        kind: 'file-drop',
        place: '../../etc',
        subject: 'clinic',
        columns: { x: 'wait_days' },
      })
      .expect(400);

    // Whoever trains may make the gate of his own run stricter, not wider, by hand as by schedule.
    const wide = { limits: { deviance: 0.001, total: 1, influence: -1 } };
    for (const answer of [
      await senior.post(`${ROOT}/trainings`, wide),
      await senior.put(`${ROOT}/retraining-schedule`, { dayOfMonth: 5, hour: 3, settings: wide }),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([422, 'gate-limits-looser']);
      const errors = answer.body.errors as { path: string; fix: string }[];
      expect(errors.map(({ path }) => path.split('.').at(-1))).toEqual(['total', 'influence']);
    }

    const settings = { effort: 'quick', limits: { total: 0.29 } };
    await senior.put(`${ROOT}/retraining-schedule`, { dayOfMonth: 5, hour: 3, settings }).expect(200);
    await temporal.client.schedule.getHandle(RETRAINING_SCHEDULE_ID).trigger();
    expect(await killTraining()).toBe(true);
    const clean = await settled('waiting');
    const detail = (await senior.get(`${ROOT}/trainings/${clean.trainingId}`)).body;
    expect(detail.loads).toMatchObject([
      { sourceCode: 'gone', taken: 0, errorCode: 'factor-source-unreadable' },
      { sourceCode: 'inflation', taken: 1, rejected: 0 },
      { sourceCode: 'maps', taken: 1, rejected: 1 },
    ]);
    const applied = await api.pool.query(
      `SELECT DISTINCT factors ->> 'inflation_index' AS level, max(factors ->> 'yandex_rating') FILTER (WHERE clinic_code = $1) AS stars
       FROM portfolio_row WHERE year = 2024 GROUP BY 1`,
      [clinic],
    );
    expect(applied.rows).toEqual([{ level: '1.31', stars: '4.9' }]);
    expect(await champion()).toBeUndefined();

    // Four eyes: the same person twice is one person; a role without the right is nobody.
    const approve = `${ROOT}/trainings/${clean.trainingId}/approve`;
    await (await api.as('underwriter')).post(approve, { reason: 'x' }).expect(403);
    await senior.post(approve, { reason: 'Показатели в порядке' }).expect(200);
    expect((await senior.post(approve, { reason: 'ещё раз' })).body.code).toBe('four-eyes');
    expect(await champion()).toBeUndefined();
    await other.post(approve, { reason: 'Согласен' }).expect(200);
    await until(async () => (await newest())?.state === 'released', 30_000);
    expect(await champion()).toBe(clean.version);
    const model = (await senior.get(`${ROOT}/models/${clean.version}`)).body;
    expect(model).toMatchObject({ gatePassed: true, proposedBy: senior.user.id, releasedBy: other.user.id });
    expect(model.gate.checks).toContainEqual(expect.objectContaining({ name: 'total', limit: 0.29 }));
    expect(model.card).toContain('Model card');
    expect(model.report.drift.length).toBeGreaterThan(50);
    expect(model.report.moves.length).toBeGreaterThan(20);
    const underwriter = await api.as('underwriter');
    const quote = await underwriter.post(`${ROOT}/quotes`, quoteBody('D-000421', 2023, true)).expect(201);
    expect(quote.body.modelVersion).toBe(clean.version);

    // The target of the training years is dealt out anew; the last period, on which both are measured, stays true.
    await api.pool.query(`CREATE TABLE kept AS SELECT * FROM portfolio_row`);
    await api.pool.query(
      `WITH a AS (SELECT contract_no, year, clinic_code, row_number() OVER (ORDER BY md5(contract_no || clinic_code || year)) AS n FROM portfolio_row WHERE year < 2024),
         b AS (SELECT payout_kopecks, row_number() OVER (ORDER BY contract_no, year, clinic_code) AS n FROM portfolio_row WHERE year < 2024)
       UPDATE portfolio_row r SET payout_kopecks = b.payout_kopecks FROM a JOIN b USING (n)
       WHERE r.contract_no = a.contract_no AND r.year = a.year AND r.clinic_code = a.clinic_code`,
    );
    const start = { ...settings, refreshFromInvoices: false };
    await senior.post(`${ROOT}/trainings`, start).expect(202);
    const shuffled = await settled('refused', clean.trainingId);
    expect(shuffled.errorCode).toBe('gate');
    expect(await failedChecks(shuffled.version!)).toContain('deviance');
    expect(
      (await senior.post(`${ROOT}/trainings/${shuffled.trainingId}/approve`, { reason: 'всё равно' })).status,
    ).toBe(409);

    // One factor a thousand times too large in the training years.
    await api.pool.query(
      `UPDATE portfolio_row r SET payout_kopecks = k.payout_kopecks, factors = k.factors || CASE WHEN k.year < 2024
         THEN jsonb_build_object('clinic_price_index', (k.factors ->> 'clinic_price_index')::float8 * 1000) ELSE '{}' END
       FROM kept k WHERE (k.contract_no, k.year, k.clinic_code) = (r.contract_no, r.year, r.clinic_code)`,
    );
    await senior.post(`${ROOT}/trainings`, start).expect(202);
    const scaled = await settled('refused', shuffled.trainingId);
    expect(scaled.errorCode).toBe('gate');
    expect(await failedChecks(scaled.version!)).toContain('inputs');
    expect(await champion()).toBe(clean.version);
    await expect(
      api.pool.query(`UPDATE risk_model SET state = 'released', gate_passed = true WHERE version = $1`, [
        scaled.version,
      ]),
    ).rejects.toThrow('check');
  }, 600_000);
});

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { createActivityDeps } from '../activities/deps';
import { createSurveyActivities } from '../activities/feedback-survey';
import { createFileOutbox } from '../activities/feedback-survey/channel';
import { loadWorld, WORLD_PARTS } from '../activities/intake/load-world';
import { connectTemporal } from '../activities/temporal';
import { installRuntime, startWorkers } from '../activities/worker';
import { startEmbeddedPostgres } from '../cli/runtime/embedded-postgres';
import { startTemporalServer } from '../cli/runtime/temporal-server';
import { packageRoot } from '../prisma/files';
import { applyMigrations } from '../prisma/migrate';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { timed, machine, writeResult } from './measure';

const SECRET = 'bench-surveys-secret';
const QUEUE = 'bench-surveys';
const VISITS = 25_000;
/** Workflows of the refused design that are really run; its cost a survey is constant. */
const SINGLES = 500;
const TICKS_PER_SECOND = 100;

/**
 * A day of 25,000 billed visits: all of them asked about, and the standard budget, each as one workflow of the day;
 * beside it the refused design, one workflow a survey. Counts workflows held open, history, and processor time of
 * this process and of the Temporal server.
 */
async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'medex-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(dir, 'postgres') });
  const server = await startTemporalServer({ namespace: 'bench' });
  const pool = createPool({ connectionString: postgres.url, applicationName: 'bench', max: 16, statementTimeoutMs: 0 });
  try {
    await applyMigrations(postgres.url);
    const reference = WORLD_PARTS.filter((part) => part.name !== 'invoices' && part.name !== 'feedback');
    await loadWorld({ pool }, join(packageRoot(), 'demo', 'world'), undefined, reference);
    await fillVisits(pool);
    installRuntime();
    const connection = { address: server.address, namespace: server.namespace, secret: SECRET };
    const temporal = await connectTemporal(connection);
    const channel = createFileOutbox(join(dir, 'outbox'));
    const surveys = createSurveyActivities({ pool, channel, publicUrl: 'https://m.example', secret: SECRET });
    const write = (surveyId: string, kind: 'invite' | 'reminder') =>
      channel.send([{ surveyId, kind, channel: 'sms', address: 'a', subject: 's', text: 't' }]);
    const singles = {
      tellOne: async ({ surveyId, kind }: { surveyId: string; kind: 'invite' | 'reminder' }) => {
        await pool.query('SELECT 1');
        await write(surveyId, kind);
      },
      closeOne: async () => {
        await pool.query('SELECT 1');
      },
    };
    const workers = await startWorkers({
      ...connection,
      deps: createActivityDeps(pool, dir),
      queues: { flow: QUEUE },
      extra: { flow: { ...surveys, ...singles } },
      workflowBundle: await bundleWorkflowCode({ workflowsPath: require.resolve('./workflows/surveys') }),
      drainMs: 1000,
    });
    const { client } = temporal;
    const all = await measure(client, server.pid, 1, () => runDay(client, '2026-03-01', VISITS));
    const standard = await measure(client, server.pid, 1, () => runDay(client, '2026-03-02', 1_500));
    const one = await measure(client, server.pid, SINGLES, () => runSingles(client));
    const result = {
      machine: machine(),
      visits: VISITS,
      everyone: all,
      standard,
      perSurvey: one,
    };
    writeResult('surveys', result);
    console.log(JSON.stringify(result, null, 2));
    await workers.close();
    await temporal.close();
  } finally {
    await pool.end();
    await server.close();
    await postgres.close();
    await rm(dir, { recursive: true });
  }
}

/** Three lines a visit, one visit a person and day, for each of two days; contacts for everybody. */
async function fillVisits(pool: Pool): Promise<void> {
  await pool.query(`INSERT INTO policy (policy_no) SELECT 'B' || n FROM generate_series(1, $1::int) n`, [VISITS]);
  await pool.query(`INSERT INTO survey_contact (policy_id, channel, address) SELECT id, 'sms', 'a' FROM policy`);
  for (const day of ['2026-03-01', '2026-03-02']) {
    await pool.query(
      `WITH i AS (INSERT INTO invoice (clinic_id, invoice_no) SELECT id, $1::text FROM clinic RETURNING id, clinic_id),
       v AS (INSERT INTO invoice_version (invoice_id, version, content_hash, line_count, billed_kopecks, received_at)
         SELECT id, 1, repeat('0', 64), 1, 1, $1::date + interval '12 hours' FROM i RETURNING id, invoice_id),
       c AS (SELECT i.clinic_id, i.id AS invoice, v.id AS version, (row_number() OVER (ORDER BY i.id))::int - 1 AS at,
         (count(*) OVER ())::int AS n,
         (SELECT array_agg(x.id) FROM (SELECT ci.id FROM clinic_item ci WHERE ci.clinic_id = i.clinic_id LIMIT 30) x) AS items
         FROM i JOIN v ON v.invoice_id = i.id),
       p AS (SELECT id, row_number() OVER (ORDER BY id) AS at FROM policy WHERE policy_no LIKE 'B%')
       INSERT INTO invoice_line (version_id, invoice_id, clinic_id, line_no, policy_id, invoice_date, service_date,
         diagnosis_id, clinic_item_id, quantity, unit_price_kopecks, amount_kopecks, patient_share_kopecks, item_name)
       SELECT c.version, c.invoice, c.clinic_id, (p.at * 3 + k)::int, p.id, $1::date, $1::date, (SELECT min(id) FROM diagnosis),
         c.items[1 + (p.at + k * 7) % array_length(c.items, 1)], 1, 100000, 100000, 0, 'x'
       FROM p JOIN c ON c.at = p.at % c.n, generate_series(0, 2) k WHERE c.items IS NOT NULL`,
      [day],
    );
  }
  await pool.query('ANALYZE');
}

interface Run {
  readonly surveys: number;
  readonly workflowIds: readonly string[];
}

async function runDay(client: Client, day: string, budget: number): Promise<Run> {
  const workflowId = `feedback-survey/${day}`;
  const rules = { budget, remindAfterMs: 1_000, expireAfterMs: 2_000, quietDays: 0 };
  const view = (await client.workflow.execute('feedbackSurvey', {
    workflowId,
    taskQueue: QUEUE,
    args: [{ day, rules }],
  })) as { chosen: number };
  return { surveys: view.chosen, workflowIds: [workflowId] };
}

async function runSingles(client: Client): Promise<Run> {
  const workflowIds = Array.from({ length: SINGLES }, (_, at) => `one-survey/${at}`);
  const handles = await Promise.all(
    workflowIds.map((workflowId, at) =>
      client.workflow.start('oneSurvey', {
        workflowId,
        taskQueue: QUEUE,
        args: [{ surveyId: `s${at}`, remindMs: 1_000, expireMs: 1_000 }],
      }),
    ),
  );
  await Promise.all(handles.map((handle) => handle.result()));
  return { surveys: SINGLES, workflowIds };
}

async function measure(client: Client, serverPid: number, workflows: number, run: () => Promise<Run>) {
  const before = cpuOf(serverPid);
  const { value, ms, cpuMs } = await timed(run);
  const serverCpuMs = cpuOf(serverPid) - before;
  const last = await client.workflow.getHandle(value.workflowIds[0]!).describe();
  const { historyLength, historySize } = last;
  return {
    surveys: value.surveys,
    workflows,
    wallMs: Math.round(ms),
    workerCpuMs: Math.round(cpuMs),
    serverCpuMs,
    eventsPerWorkflow: historyLength,
    bytesPerWorkflow: historySize ?? null,
  };
}

/** User and system milliseconds of a process (Linux). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { ENGINE_VERSION } from '../activities/batch-review';
import { FAILURE_CONVERTER_PATH } from '../activities/codec/converter';
import { createActivityDeps } from '../activities/deps';
import { loadWorld } from '../activities/intake/load-world';
import { assembleLetterActivities } from '../activities/letters/assemble';
import { connectTemporal } from '../activities/temporal';
import { installRuntime, startWorkers } from '../activities/worker';
import { startEmbeddedPostgres } from '../cli/runtime/embedded-postgres';
import { startTemporalServer } from '../cli/runtime/temporal-server';
import { plainDate } from '../models/calendar';
import type { LetterRequestInput } from '../models/letters/request.schema';
import { packageRoot } from '../prisma/files';
import { applyMigrations } from '../prisma/migrate';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { letterWorkflowId, submitUpdate } from '../workflows/letter-messages';
import { machine, writeResult } from './measure';

const SECRET = 'bench-letters-secret';
const QUEUE = 'bench-letters';
const LEVELS = [
  { concurrency: 1, requests: 40 },
  { concurrency: 10, requests: 300 },
  { concurrency: 50, requests: 800 },
] as const;

/**
 * First answer of a guarantee letter beside a bare one-activity workflow, on the same server, in the same run. Both in
 * turns at each level, so that the machine's mood falls on both alike.
 */
async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'medex-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(dir, 'postgres') });
  const server = await startTemporalServer({ namespace: 'bench' });
  const pool = createPool({ connectionString: postgres.url, applicationName: 'bench', max: 16, statementTimeoutMs: 0 });
  try {
    await applyMigrations(postgres.url);
    await loadWorld({ pool }, join(packageRoot(), 'demo', 'world'));
    installRuntime();
    const connection = { address: server.address, namespace: server.namespace, secret: SECRET };
    const temporal = await connectTemporal(connection);
    const deps = createActivityDeps(pool, dir);
    const letters = assembleLetterActivities({ ...deps, engineVersion: ENGINE_VERSION });
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: require.resolve('./workflows/letters'),
      failureConverterPath: FAILURE_CONVERTER_PATH,
    });
    const workers = await startWorkers({
      ...connection,
      deps,
      queues: { flow: QUEUE },
      extra: { flow: { ...letters, answer: async (id: string) => id } },
      workflowBundle,
      drainMs: 1000,
    });
    // A share of the usual number of requests, for a quick look: `npm run bench:letters -- 0.2`.
    await measure(temporal.client, await requestsOf(pool), Number(process.argv[2] ?? 1));
    await workers.close();
    await temporal.close();
  } finally {
    await pool.end();
    await server.close();
    await postgres.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function measure(client: Client, asked: LetterRequestInput[], share: number): Promise<void> {
  let next = 0;
  const letter = async (): Promise<void> => {
    const requestId = randomUUID();
    const request = asked[next % asked.length]!;
    next += 1;
    const start = new WithStartWorkflowOperation('guaranteeLetter', {
      workflowId: letterWorkflowId(requestId),
      args: [{ requestId }],
      taskQueue: QUEUE,
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    const submission = { requester: { role: 'clinic', id: 'bench' }, request, submittedAt: new Date().toISOString() };
    await client.workflow.executeUpdateWithStart(submitUpdate, { startWorkflowOperation: start, args: [submission] });
  };
  const bare = async (): Promise<void> => {
    const workflowId = `bare/${randomUUID()}`;
    await client.workflow.execute('bareOneActivity', { workflowId, taskQueue: QUEUE, args: [workflowId] });
  };
  await load(letter, 10, 60);
  await load(bare, 10, 60);

  const rows = [];
  for (const { concurrency, requests } of LEVELS) {
    const count = Math.max(8, Math.round(requests * share));
    const times = { letter: [] as number[], bare: [] as number[] };
    const rounds = 4;
    for (let round = 0; round < rounds; round += 1) {
      times.bare.push(...(await load(bare, concurrency, count / rounds)));
      times.letter.push(...(await load(letter, concurrency, count / rounds)));
    }
    const row = {
      concurrency,
      letterP50Ms: quantile(times.letter, 0.5),
      letterP95Ms: quantile(times.letter, 0.95),
      bareP50Ms: quantile(times.bare, 0.5),
      bareP95Ms: quantile(times.bare, 0.95),
      ratioP95: quantile(times.letter, 0.95) / quantile(times.bare, 0.95),
    };
    rows.push(row);
    console.log(
      `${concurrency} at once: first answer p50 ${row.letterP50Ms.toFixed(0)} ms, p95 ${row.letterP95Ms.toFixed(0)} ms; ` +
        `bare workflow p50 ${row.bareP50Ms.toFixed(0)} ms, p95 ${row.bareP95Ms.toFixed(0)} ms; ratio p95 ${row.ratioP95.toFixed(2)}`,
    );
  }
  console.log(`written to ${writeResult('letters', { machine: machine(), rows })}`);
}

function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** Runs `count` calls with `concurrency` of them in flight; milliseconds of each. */
async function load(call: () => Promise<void>, concurrency: number, count: number): Promise<number[]> {
  const times: number[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const from = performance.now();
      await call();
      times.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return times;
}

/** Requests of different people for a priced, covered service; enrolments are made to cover the present. */
async function requestsOf(pool: Pool): Promise<LetterRequestInput[]> {
  const today = plainDate(new Date().toISOString());
  await pool.query('UPDATE enrolment SET enrolled_to = GREATEST(enrolled_to, current_date + 400)');
  const rows = await pool.query<{ policyNo: string; clinicCode: string; serviceCode: string }>(
    `SELECT DISTINCT ON (p.policy_no, s.code) p.policy_no AS "policyNo", c.code AS "clinicCode", s.code AS "serviceCode"
     FROM enrolment e JOIN policy p ON p.id = e.policy_id JOIN programme_clinic pc ON pc.programme_id = e.programme_id
       JOIN clinic c ON c.id = pc.clinic_id JOIN clinic_item i ON i.clinic_id = c.id
       JOIN price_item pr ON pr.clinic_item_id = i.id JOIN service s ON s.id = pr.service_id
     WHERE s.code IN ('A04.16.001', 'A05.10.006', 'B01.047.001') ORDER BY p.policy_no, s.code, c.code`,
  );
  return rows.rows.map(({ policyNo, clinicCode, serviceCode }) => ({
    policyNo,
    clinicCode,
    urgency: 'standard',
    documents: [],
    lines: [{ serviceCode, diagnosisCode: 'K29.3', quantity: 1, periodFrom: today, periodTo: today }],
  }));
}

void main();

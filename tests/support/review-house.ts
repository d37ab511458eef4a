import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { createActivityDeps } from '../../activities/deps';
import { FAILURE_CONVERTER_PATH } from '../../activities/codec/converter';
import { loadWorld } from '../../activities/intake/load-world';
import { startOutboxRelay } from '../../activities/outbox-relay';
import type { OutboxRelay } from '../../activities/outbox-relay';
import { connectTemporal } from '../../activities/temporal';
import { installRuntime, startWorkers } from '../../activities/worker';
import type { Pool } from '../../prisma/pool';
import { findBatchByKey } from '../../prisma/repositories/batches';
import type { BatchRow } from '../../prisma/repositories/batches';
import { batchWorkflowId } from '../../workflows/messages';
import type { BatchProgress, BatchSelection, BatchTuning, Queues } from '../../workflows/messages';
import { startTestApi } from './api';
import type { TestApi } from './api';
import { testTemporal } from './env';

export const TEST_SECRET = 'medex-development-secret';
const ROOT = join(__dirname, '..', '..');
export const OPEN_WORLD = join(ROOT, 'demo', 'world');

/** A whole product in one process: database, API, workers on queues of their own, relay. */
export interface ReviewHouse {
  readonly api: TestApi;
  readonly pool: Pool;
  readonly client: Client;
  readonly queues: Queues;
  readonly relay: OutboxRelay;
  /** Runs a batch to its end and returns it; null when there was nothing to take. */
  readonly review: (options?: {
    key?: string;
    selection?: BatchSelection;
    tuning?: Partial<BatchTuning>;
  }) => Promise<BatchRow | null>;
  readonly close: () => Promise<void>;
}

let serial = 0;
/** The SDK has one runtime per process; it ends with the last worker. */
let openHouses = 0;

export async function openReviewHouse(): Promise<ReviewHouse> {
  const server = testTemporal();
  const { address, namespace } = server;
  if (openHouses === 0) installRuntime();
  openHouses += 1;
  const queues: Queues = { flow: server.taskQueue('flow'), review: server.taskQueue('review') };
  const temporal = { address, namespace, secret: TEST_SECRET };
  const { client, close: closeClient } = await connectTemporal(temporal);
  const api = await startTestApi({ temporal: client, queues });
  const workers = await startWorkers({
    ...temporal,
    queues,
    deps: createActivityDeps(api.pool, tmpdir()),
    workflowBundle: { codePath: await workflowBundle() },
  });
  const relay = startOutboxRelay({ pool: api.pool, client, queues, idleMs: 50 });
  return {
    api,
    pool: api.pool,
    client,
    queues,
    relay,
    review: async ({ key = `test/${process.pid}/${(serial += 1)}`, selection = { kind: 'untaken' }, tuning } = {}) => {
      const businessKey = `${queues.flow}/${key}`;
      await client.workflow.execute<(input: object) => Promise<BatchProgress>>('batchReview', {
        workflowId: batchWorkflowId(businessKey),
        taskQueue: queues.flow,
        args: [{ selection, tuning, queues }],
      });
      return findBatchByKey(api.pool, businessKey);
    },
    close: async () => {
      await relay.close();
      await workers.close();
      openHouses -= 1;
      await closeClient();
      await api.close();
    },
  };
}

/** Made once per state of the sources, however many test files need it. */
export async function workflowBundle(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['workflows', 'models', 'activities/codec']) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      const path = join(ROOT, folder, file);
      if (file.endsWith('.ts')) hash.update(`${file}/${statSync(path).mtimeMs}/${statSync(path).size}\n`);
    }
  }
  const codePath = join(tmpdir(), `medex-workflows-${hash.digest('hex').slice(0, 16)}.js`);
  if (existsSync(codePath)) return codePath;
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'workflows', 'index.ts'),
    failureConverterPath: FAILURE_CONVERTER_PATH,
    logger: { trace() {}, debug() {}, info() {}, log() {}, warn() {}, error: console.error },
  });
  const draft = `${codePath}.${process.pid}`;
  writeFileSync(draft, code);
  renameSync(draft, codePath);
  return codePath;
}

const invoiceRows = (): { header: string; rows: string[] } => {
  const [header, ...rows] = readFileSync(join(OPEN_WORLD, 'invoices.csv'), 'utf8').trim().split('\n');
  return { header: header!, rows };
};

/**
 * Loads the open insurer with the invoice rows that `keep` wants (all without it), changed as a whole by `edit`. No cell
 * before the item name has quotes.
 */
export async function loadInsurer(
  pool: Pool,
  keep: (row: string) => boolean = () => true,
  edit: (rows: string[]) => string[] = (rows) => rows,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'medex-world-'));
  try {
    cpSync(OPEN_WORLD, folder, { recursive: true });
    const { header, rows } = invoiceRows();
    writeFileSync(join(folder, 'invoices.csv'), [header, ...edit(rows.filter(keep)), ''].join('\n'));
    await loadWorld({ pool }, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first invoices of the open world, in the order of its file: `count` of them from the `skip`-th on. */
export function someInvoices(count: number, skip = 0): (row: string) => boolean {
  const keys = [...new Set(invoiceRows().rows.map(keyOf))].slice(skip, skip + count);
  const wanted = new Set(keys);
  return (row) => wanted.has(keyOf(row));
}

/** clinic_code,invoice_no: the first two cells have no quotes. */
function keyOf(row: string): string {
  return row.split(',', 2).join();
}

/** Findings as `clinic,invoice,line,code` with their explanation: what has to be the same however a batch was cut. */
export async function findingsOf(pool: Pool): Promise<string[]> {
  const rows = await pool.query<{ finding: string }>(
    `SELECT concat_ws(',', c.code, i.invoice_no, l.line_no, f.code, f.at_risk_kopecks, f.explanation_ru) AS finding
     FROM finding f JOIN invoice_line l ON l.id = f.line_id AND l.current JOIN invoice i ON i.id = l.invoice_id
     JOIN clinic c ON c.id = l.clinic_id WHERE f.active ORDER BY 1`,
  );
  return rows.rows.map((row) => row.finding);
}

/** billed, and the sum of the parts of all active verdicts: equal once every line is decided. */
export async function moneyOf(pool: Pool): Promise<{ billed: number; parts: number; decided: number; lines: number }> {
  const rows = await pool.query<{ billed: number; parts: number; decided: number; lines: number }>(
    `SELECT sum(l.amount_kopecks)::bigint AS billed, count(*)::int AS lines, count(d.id)::int AS decided,
       COALESCE(sum(d.accepted_kopecks + d.reduced_kopecks + d.refused_kopecks + d.patient_share_kopecks), 0)::bigint AS parts
     FROM invoice_line l LEFT JOIN verdict d ON d.line_id = l.id AND d.active WHERE l.current`,
  );
  return rows.rows[0]!;
}

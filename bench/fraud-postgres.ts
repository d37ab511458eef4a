import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { to as copyTo } from 'pg-copy-streams';
import { createScoringActivities } from '../activities/fraud-scoring';
import { loadWorld } from '../activities/intake/load-world';
import { commentData } from '../cli/fraud';
import { claimDataDir } from '../cli/runtime/data-dir';
import { startEmbeddedPostgres } from '../cli/runtime/embedded-postgres';
import { createSupervisor } from '../cli/runtime/supervisor';
import { loadCommentModel } from '../models/feedback/comments/store';
import { applyMigrations } from '../prisma/migrate';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { copiesFor, writeFeedback, writeReference, writeRegistry } from './large-world';
import { inProcess } from './processes';

export interface PostgresResult {
  readonly lines: number;
  readonly answers: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly linesPerSecond: number;
  readonly peakMiB: number;
  /** COPY of the columns that the scoring reads, to nowhere. */
  readonly copySeconds: number;
  readonly timesCopy: number;
}

/** The scheduled scoring (`scoreBook`) over the demo world repeated to `lines` lines, in a fresh Postgres. */
export async function measurePostgres(lines: number): Promise<PostgresResult> {
  const folder = mkdtempSync(join(tmpdir(), 'medex-bench-'));
  const supervisor = createSupervisor();
  try {
    const data = await claimDataDir(join(folder, 'data'));
    const { url } = await supervisor.add({
      name: 'postgres',
      start: () => startEmbeddedPostgres({ dataDir: data.postgres, onLog: () => undefined }),
    });
    await applyMigrations(url);
    const world = join(folder, 'world');
    writeReference(world, copiesFor(lines));
    await writeRegistry(join(world, 'invoices.csv'), lines);
    writeFeedback(world, copiesFor(lines));
    const pool = createPool({ connectionString: url, applicationName: 'medex-bench', statementTimeoutMs: 0 });
    await loadWorld({ pool }, world);
    const copySeconds = await copyAlone(pool);
    const cost = await inProcess(__filename, [url]);
    const run = await pool.query<{ lines: number; answers: number }>('SELECT lines, answers FROM fraud_run');
    await pool.end();
    return {
      ...run.rows[0]!,
      seconds: cost.seconds,
      cpuSeconds: cost.cpuSeconds,
      linesPerSecond: Math.round(run.rows[0]!.lines / cost.seconds),
      peakMiB: cost.peakMiB,
      copySeconds,
      timesCopy: cost.seconds / copySeconds,
    };
  } finally {
    await supervisor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The least that any reader of the book could cost. */
async function copyAlone(pool: Pool): Promise<number> {
  const client = await pool.connect();
  const started = performance.now();
  const stream = client.query(
    copyTo(`COPY (SELECT id, clinic_id, doctor_id, policy_id, service_date, clinic_item_id, diagnosis_id, quantity,
      amount_kopecks, patient_share_kopecks, episode_no FROM invoice_line WHERE current) TO STDOUT (FORMAT binary)`),
  );
  let bytes = 0;
  for await (const chunk of stream) bytes += (chunk as Buffer).length;
  client.release();
  if (bytes === 0) throw new Error('COPY gave nothing');
  return (performance.now() - started) / 1000;
}

async function scoreStored(url: string): Promise<void> {
  const pool = createPool({ connectionString: url, applicationName: 'medex-bench' });
  const model = loadCommentModel(join(commentData(), 'model'));
  await createScoringActivities({ pool, comments: () => model }).scoreBook({ runKey: 'bench' });
  await pool.end();
}

if (require.main === module) void scoreStored(process.argv[2]!);

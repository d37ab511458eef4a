import type { CompiledReference } from '../../models/review/compile';
import type { LineTable, SubjectData } from '../../models/review/table';
import type { Pool } from '../pool';
import { findBatch } from '../repositories/batches';
import { readTraceLines } from '../repositories/chunk-lines';
import type { TextCache } from '../repositories/chunk-subjects';
import { findTracedLine } from '../repositories/invoices-read';
import type { Snapshots } from './snapshots';

export interface TraceFacts {
  readonly lineId: number;
  readonly compiled: CompiledReference;
  readonly subjects: SubjectData;
  readonly table: LineTable;
}

/** What every rule read about one line when its batch was checked; null when there is no such line or batch. */
export async function traceOfLine(
  pool: Pool,
  snapshots: Snapshots,
  texts: TextCache,
  source: { readonly versionId: number; readonly batchId: string; readonly lineNo: number },
): Promise<TraceFacts | null> {
  const batch = await findBatch(pool, source.batchId);
  const line = await findTracedLine(pool, source.versionId, source.lineNo);
  if (batch === null || line === null) return null;
  const { compiled, snapshot } = await snapshots.of(pool, batch.ruleSetVersion);
  const client = await pool.connect();
  try {
    const { table, subjects } = await readTraceLines(client, { batch, line, snapshot, texts });
    return { lineId: line.id, compiled, subjects, table };
  } finally {
    client.release();
  }
}

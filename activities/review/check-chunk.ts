import { describeFindings } from '../../models/review/findings';
import type { Finding } from '../../models/review/findings';
import { sortLineTable } from '../../models/review/line-order';
import { longestLookAhead } from '../../models/review/recheck';
import { rulesOf } from '../../models/review/registry';
import { reviewScope } from '../../models/review/scopes';
import { withTransaction } from '../../prisma/pool';
import type { Pool } from '../../prisma/pool';
import { claimChunk, findBatch, isChunkDone } from '../../prisma/repositories/batches';
import type { BatchRow } from '../../prisma/repositories/batches';
import { readChunk } from '../../prisma/repositories/chunk-lines';
import { createTextCache } from '../../prisma/repositories/chunk-subjects';
import { insertFindings, recheckFindings } from '../../prisma/repositories/findings';
import type { FindingDraft } from '../../prisma/repositories/findings';
import { versionIdsOfBatch } from '../../prisma/repositories/batch-take';
import type { ChunkRef } from '../../workflows/messages';
import type { CompiledSnapshot, Snapshots } from '../../prisma/facts/snapshots';

export interface ChunkResult {
  readonly lines: number;
  readonly findings: number;
}

export interface CheckDeps {
  readonly pool: Pool;
  readonly snapshots: Snapshots;
}

/** What a batch needs for each of its chunks, kept while its chunks follow each other. */
interface BatchContext {
  readonly batch: BatchRow;
  readonly own: ReadonlySet<number>;
  readonly reference: CompiledSnapshot;
}

const HELD_BATCHES = 4;

/**
 * Checks one chunk: reads all lines of its subjects in one go, runs the pure engine over them, and writes the findings
 * in the transaction of the chunk's own row: so a retry, or two attempts at once, write them once. What a chunk finds
 * depends on its subjects and on the batch's watermarks only, never on how or when it runs.
 */
export function createChunkCheck(deps: CheckDeps): (chunk: ChunkRef) => Promise<ChunkResult> {
  const texts = createTextCache();
  const held = new Map<string, Promise<BatchContext>>();

  const contextOf = (batchId: string): Promise<BatchContext> => {
    const known = held.get(batchId);
    if (known) return known;
    if (held.size >= HELD_BATCHES) held.delete(held.keys().next().value!);
    const context = loadContext(deps, batchId);
    held.set(batchId, context);
    context.catch(() => held.delete(batchId));
    return context;
  };

  return async (chunk) => {
    if (chunk.scope === 'invoice') throw new Error('invoices are routed, not checked');
    const range = { scope: chunk.scope, offset: chunk.offset, length: chunk.length };
    if (await isChunkDone(deps.pool, chunk)) return { lines: 0, findings: 0 };
    const { batch, own, reference } = await contextOf(chunk.batchId);
    const { compiled, snapshot } = reference;
    const client = await deps.pool.connect();
    const read = await readChunk(client, {
      batch,
      range,
      snapshot,
      own,
      lookBackDays: longestLookAhead(compiled),
      texts,
    }).finally(() => client.release());
    // Only the person scope asks for order; the others sort the few rows that they look at.
    const table = range.scope === 'person' ? sortLineTable(read.table, compiled.clinics.rank) : read.table;
    const found = describeFindings(reviewScope(range.scope, { compiled, subjects: read.subjects, table })).map(draftOf);
    const rechecked = new Set(read.rechecked);
    const fresh = found.filter((finding) => !rechecked.has(finding.lineId));
    const again = found.filter((finding) => rechecked.has(finding.lineId));
    const codes = rulesOf(range.scope, compiled.disabled).map((rule) => rule.code);
    const sums = { linesChecked: read.table.rows, findingsFound: fresh.length };
    return withTransaction(deps.pool, async (tx) => {
      if (!(await claimChunk(tx, chunk, sums))) return { lines: 0, findings: 0 };
      await insertFindings(tx, batch.id, fresh);
      await recheckFindings(tx, { batchId: batch.id, lineIds: read.rechecked, codes, findings: again });
      return { lines: read.table.rows, findings: fresh.length };
    });
  };
}

async function loadContext(deps: CheckDeps, batchId: string): Promise<BatchContext> {
  const batch = await findBatch(deps.pool, batchId);
  if (batch === null) throw new Error('no such batch');
  const own = new Set(await versionIdsOfBatch(deps.pool, batchId));
  return { batch, own, reference: await deps.snapshots.of(deps.pool, batch.ruleSetVersion) };
}

function draftOf(finding: Finding): FindingDraft {
  return {
    lineId: finding.lineId,
    code: finding.code,
    ruleId: finding.ruleId,
    ruleVersion: finding.ruleVersion,
    severity: finding.severity,
    atRiskKopecks: finding.atRisk,
    guidelineId: finding.guidelineId,
    clause: finding.clause,
    evidence: finding.evidence,
    explanationRu: finding.explanation.ru,
    explanationEn: finding.explanation.en,
  };
}

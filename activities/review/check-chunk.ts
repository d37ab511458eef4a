import type { ExpertFinding, ExpertTables } from '../../models/library/decision-tables/expert-findings';
import { createExpertTables } from '../../models/library/decision-tables/expert-findings';
import { describeFindings } from '../../models/review/findings';
import type { Finding } from '../../models/review/findings';
import { sortLineTable } from '../../models/review/line-order';
import { longestLookAhead } from '../../models/review/recheck';
import { rulesOf } from '../../models/review/registry';
import { reviewScope } from '../../models/review/scopes';
import type { ScopeResult } from '../../models/review/scopes';
import { readFactSource } from '../../prisma/facts/expert-facts';
import { loadSnapshot } from '../../prisma/facts/snapshots';
import type { CompiledSnapshot, Snapshots } from '../../prisma/facts/snapshots';
import { withTransaction } from '../../prisma/pool';
import type { Pool, PoolClient } from '../../prisma/pool';
import { claimChunk, findBatch, isChunkDone } from '../../prisma/repositories/batches';
import type { BatchRow } from '../../prisma/repositories/batches';
import { versionIdsOfBatch } from '../../prisma/repositories/batch-take';
import { readChunk } from '../../prisma/repositories/chunk-lines';
import type { ChunkRange, ChunkRead } from '../../prisma/repositories/chunk-lines';
import { createTextCache } from '../../prisma/repositories/chunk-subjects';
import { expertCodes, insertFindings, recheckFindings } from '../../prisma/repositories/findings';
import type { FindingDraft } from '../../prisma/repositories/findings';
import { changedSince, readAsOf, referenceSeen, SUBJECT_TABLES } from '../../prisma/repositories/reference-as-of';
import { tablesOf } from '../../prisma/repositories/rule-sets';
import type { ChunkRef } from '../../workflows/messages';

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
  /** What was visible when the batch was taken: all that it may read of the reference. */
  readonly seen: string;
  /** The reference as it was then, read when something has changed since. */
  turnedBack: Promise<CompiledSnapshot> | null;
  readonly tables: ExpertTables;
}

const HELD_BATCHES = 4;

/**
 * Checks one chunk: reads all lines of its subjects in one go, runs the pure engine over them, and writes the findings
 * in the transaction of the chunk's own row: so a retry, or two attempts at once, write them once. What a chunk finds
 * depends on its subjects and on what the batch saw when it was taken only, never on how or when it runs.
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

  const read = async (client: PoolClient, context: BatchContext, range: ChunkRange, reference: CompiledSnapshot) => {
    const { batch, own, tables } = context;
    const { compiled, snapshot } = reference;
    const input = { batch, range, snapshot, own, lookBackDays: longestLookAhead(compiled), texts };
    const lines = await readChunk(client, input);
    const asked = range.scope === 'person' && tables.codes.length > 0;
    const { verdictWatermark } = batch;
    const source = asked
      ? await readFactSource(client, { snapshot, subjects: lines.subjects, verdictWatermark })
      : null;
    return { lines, source, reference };
  };

  return async (chunk) => {
    if (chunk.scope === 'invoice') throw new Error('invoices are routed, not checked');
    const range = { scope: chunk.scope, offset: chunk.offset, length: chunk.length };
    if (await isChunkDone(deps.pool, chunk)) return { lines: 0, findings: 0 };
    const context = await contextOf(chunk.batchId);
    const { batch, tables } = context;
    const client = await deps.pool.connect();
    const { lines, source, reference } = await readSettled(client, context, (from) =>
      read(client, context, range, from),
    ).finally(() => client.release());
    const { compiled } = reference;
    // Only the person scope asks for order; the others sort the few rows that they look at.
    const table = range.scope === 'person' ? sortLineTable(lines.table, compiled.clinics.rank) : lines.table;
    const result = reviewScope(range.scope, { compiled, subjects: lines.subjects, table });
    const expert = source === null ? [] : await tables.review(result.review, countsOf(result), source);
    const found = [...describeFindings(result).map(draftOf), ...expert.map(expertDraft)];
    const rechecked = new Set(lines.rechecked);
    const fresh = found.filter((finding) => !rechecked.has(finding.lineId));
    const again = found.filter((finding) => rechecked.has(finding.lineId));
    const codes = rulesOf(range.scope, compiled.disabled).map((rule) => rule.code);
    const sums = { linesChecked: lines.table.rows, findingsFound: fresh.length };
    return withTransaction(deps.pool, async (tx) => {
      if (!(await claimChunk(tx, chunk, sums))) return { lines: 0, findings: 0 };
      await insertFindings(tx, batch.id, fresh);
      const own = range.scope === 'person' ? [...codes, ...(await expertCodes(tx, lines.rechecked))] : codes;
      await recheckFindings(tx, { batchId: batch.id, lineIds: lines.rechecked, codes: own, findings: again });
      return { lines: lines.table.rows, findings: fresh.length };
    });
  };
}

type Read<T> = (reference: CompiledSnapshot) => Promise<T>;

/**
 * Reads with the compiled reference at hand; if some reference table turns out to have changed since the batch was
 * taken, reads again what the batch saw.
 */
async function readSettled<T extends { readonly lines: ChunkRead }>(
  client: PoolClient,
  context: BatchContext,
  read: Read<T>,
): Promise<T> {
  const first = await read(context.reference);
  const changed = await changedSince(client, context.seen);
  if (changed.length === 0) return first;
  const { ruleSetVersion } = context.batch;
  if (changed.some((table) => !SUBJECT_TABLES.includes(table))) {
    context.turnedBack ??= readAsOf(client, context.seen, undefined, () => loadSnapshot(client, ruleSetVersion));
    context.turnedBack.catch(() => {
      context.turnedBack = null;
    });
  }
  const reference = await (context.turnedBack ?? context.reference);
  return readAsOf(client, context.seen, SUBJECT_TABLES, () => read(reference));
}

async function loadContext(deps: CheckDeps, batchId: string): Promise<BatchContext> {
  const batch = await findBatch(deps.pool, batchId);
  if (batch === null) throw new Error('no such batch');
  const own = new Set(await versionIdsOfBatch(deps.pool, batchId));
  const tables = createExpertTables(await tablesOf(deps.pool, batch.ruleSetVersion));
  const reference = await deps.snapshots.of(deps.pool, batch.ruleSetVersion);
  return { batch, own, reference, tables, turnedBack: null, seen: await referenceSeen(deps.pool, batchId) };
}

/** How many findings each row has. */
export function countsOf({ hits }: ScopeResult): (row: number) => number {
  const counts = new Map<number, number>();
  for (let hit = 0; hit < hits.count; hit += 1) counts.set(hits.row[hit]!, (counts.get(hits.row[hit]!) ?? 0) + 1);
  return (row) => counts.get(row) ?? 0;
}

export function draftOf(finding: Finding): FindingDraft {
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

export function expertDraft(finding: ExpertFinding): FindingDraft {
  const { atRisk, explanation, row: _row, ...rest } = finding;
  return {
    ...rest,
    atRiskKopecks: atRisk,
    guidelineId: null,
    clause: null,
    explanationRu: explanation.ru,
    explanationEn: explanation.en,
  };
}

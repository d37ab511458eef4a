import { createExpertTables } from '../../models/library/decision-tables/expert-findings';
import type { ExpertFinding } from '../../models/library/decision-tables/expert-findings';
import { dayOfIso } from '../../models/review/days';
import { describeFindings } from '../../models/review/findings';
import type { Finding } from '../../models/review/findings';
import { sortLineTable } from '../../models/review/line-order';
import { longestLookAhead } from '../../models/review/recheck';
import { reviewScope } from '../../models/review/scopes';
import type { Pool, PoolClient } from '../pool';
import { findBatch } from '../repositories/batches';
import type { BatchRow } from '../repositories/batches';
import { findingsOfLines } from '../repositories/findings';
import type { LineFinding } from '../repositories/findings';
import { readAsOf, referenceSeen, SUBJECT_TABLES } from '../repositories/reference-as-of';
import { findReplayedLine, laterBatches, readReplayLines } from '../repositories/replay-lines';
import type { CheckedScope, ReplayedLine, TouchingBatch } from '../repositories/replay-lines';
import { tablesOf } from '../repositories/rule-sets';
import type { TableInForce } from '../repositories/rule-sets';
import { readFactSource } from './expert-facts';
import { loadSnapshot } from './snapshots';
import type { CompiledSnapshot } from './snapshots';

export interface Replay {
  /** Which batch's rule set, reference and history each part was replayed with. */
  readonly sources: readonly {
    readonly scope: CheckedScope;
    readonly batchId: string;
    readonly ruleSetVersion: string;
  }[];
  readonly stored: readonly LineFinding[];
  readonly replayed: readonly LineFinding[];
  /** The same findings, byte for byte. */
  readonly identical: boolean;
}

const SCOPES: readonly CheckedScope[] = ['person', 'doctor-day', 'letter'];

/** Evaluates lines of the past again. Keeps what it has compiled for the batches that it was asked about last. */
export type Replayer = (versionId: number, lineNo: number) => Promise<Replay | null>;

/** A batch with its reference as it was then: the same for every line of it. */
interface PastBatch {
  readonly batch: BatchRow;
  readonly seen: string;
  readonly reference: CompiledSnapshot;
  readonly tables: readonly TableInForce[];
}

const HELD_BATCHES = 4;

/**
 * Replays with the rule set of the line's day, the reference tables as they were, and the history that its batch saw.
 * Null when no batch has checked such a line. Writes nothing.
 */
export function createReplayer(pool: Pool): Replayer {
  const held = new Map<string, Promise<PastBatch>>();
  const pastOf = (batchId: string): Promise<PastBatch> => {
    const known = held.get(batchId);
    if (known) return known;
    if (held.size >= HELD_BATCHES) held.delete(held.keys().next().value!);
    const past = loadPast(pool, batchId);
    held.set(batchId, past);
    past.catch(() => held.delete(batchId));
    return past;
  };

  return async (versionId, lineNo) => {
    const line = await findReplayedLine(pool, versionId, lineNo);
    if (line === null) return null;
    const later = await laterBatches(pool, line);
    const scopesOf = new Map<PastBatch, CheckedScope[]>();
    for (const scope of SCOPES) {
      const past = await lastLook(later, line, scope, pastOf);
      scopesOf.set(past, [...(scopesOf.get(past) ?? []), scope]);
    }
    const replayed: LineFinding[] = [];
    const client = await pool.connect();
    try {
      for (const [past, scopes] of scopesOf) {
        replayed.push(
          ...(await readAsOf(client, past.seen, SUBJECT_TABLES, () => findingsOf(client, past, line, scopes))),
        );
      }
    } finally {
      client.release();
    }
    const stored = (await findingsOfLines(pool, [line.id])).get(line.id) ?? [];
    const ordered = replayed.sort((a, b) => (a.code < b.code ? -1 : 1));
    const sources = [...scopesOf].flatMap(([{ batch }, scopes]) =>
      scopes.map((scope) => ({ scope, batchId: batch.id, ruleSetVersion: batch.ruleSetVersion })),
    );
    return { sources, stored, replayed: ordered, identical: canonical(stored) === canonical(ordered) };
  };
}

async function loadPast(pool: Pool, batchId: string): Promise<PastBatch> {
  const batch = (await findBatch(pool, batchId))!;
  const seen = await referenceSeen(pool, batchId);
  const client = await pool.connect();
  try {
    const reference = await readAsOf(client, seen, undefined, () => loadSnapshot(client, batch.ruleSetVersion));
    return { batch, seen, reference, tables: await tablesOf(client, batch.ruleSetVersion) };
  } finally {
    client.release();
  }
}

/** The last batch that looked at the line in a scope before it was decided; its own one if no later one did. */
async function lastLook(
  later: readonly TouchingBatch[],
  line: ReplayedLine,
  scope: CheckedScope,
  pastOf: (batchId: string) => Promise<PastBatch>,
): Promise<PastBatch> {
  for (const touching of later) {
    if (touching.scope !== scope) continue;
    const past = await pastOf(touching.batchId);
    const first = dayOfIso(touching.day) - longestLookAhead(past.reference.compiled);
    if (scope === 'doctor-day' || dayOfIso(line.serviceDate) >= first) return past;
  }
  return pastOf(line.ownBatchId);
}

async function findingsOf(
  client: PoolClient,
  { batch, reference, tables }: PastBatch,
  line: ReplayedLine,
  scopes: readonly CheckedScope[],
): Promise<LineFinding[]> {
  const { snapshot, compiled } = reference;
  const { table: lines, subjects } = await readReplayLines(client, { batch, line, snapshot });
  const table = sortLineTable(lines, compiled.clinics.rank);
  for (let row = 0; row < table.rows; row += 1) table.review[row] = table.lineId[row] === line.id ? 1 : 0;
  const found: LineFinding[] = [];
  for (const scope of scopes) {
    const result = reviewScope(scope, { compiled, subjects, table });
    const engine = describeFindings(result);
    found.push(...engine.map(engineFinding));
    if (scope !== 'person' || tables.length === 0) continue;
    const source = await readFactSource(client, { snapshot, subjects, verdictWatermark: batch.verdictWatermark });
    const expert = createExpertTables(tables);
    found.push(...(await expert.review(result.review, () => engine.length, source)).map(expertFinding));
    expert.dispose();
  }
  return found;
}

function engineFinding(finding: Finding): LineFinding {
  const { code, ruleId, ruleVersion, severity, guidelineId, clause, evidence, explanation } = finding;
  return {
    code,
    ruleId,
    ruleVersion,
    severity,
    atRiskKopecks: finding.atRisk,
    guidelineId,
    clause,
    evidence,
    explanationRu: explanation.ru,
    explanationEn: explanation.en,
  };
}

function expertFinding({
  code,
  ruleId,
  ruleVersion,
  severity,
  atRisk,
  evidence,
  explanation,
}: ExpertFinding): LineFinding {
  return {
    code,
    ruleId,
    ruleVersion,
    severity,
    atRiskKopecks: atRisk,
    guidelineId: null,
    clause: null,
    evidence,
    explanationRu: explanation.ru,
    explanationEn: explanation.en,
  };
}

/** One text for equal findings: stored evidence has lost the order of its keys. */
function canonical(findings: readonly LineFinding[]): string {
  return JSON.stringify(findings, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

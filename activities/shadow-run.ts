import { heartbeat } from '@temporalio/activity';
import { createExpertTables } from '../models/library/decision-tables/expert-findings';
import type { ExpertTables, ForcedTable } from '../models/library/decision-tables/expert-findings';
import type { FactSource } from '../models/library/decision-tables/line-facts';
import type { DecisionTable } from '../models/library/decision-tables/table.schema';
import { compileReference } from '../models/review/compile';
import type { CompiledReference } from '../models/review/compile';
import { dayOfIso } from '../models/review/days';
import { hitColumns } from '../models/review/findings';
import { packFromFile } from '../models/review/from-files';
import type { PackFile } from '../models/review/from-files';
import { sortLineTable } from '../models/review/line-order';
import { RULES, rulesOf } from '../models/review/registry';
import type { Review, Scope } from '../models/review/rule';
import { reviewScope } from '../models/review/scopes';
import type { LineTable, SubjectData } from '../models/review/table';
import { compareFindings, emptyAgreement } from '../models/shadow-run/compare';
import type { SideHit } from '../models/shadow-run/compare';
import { addSums, sumsOf } from '../models/shadow-run/sums';
import type { RuleTime } from '../models/shadow-run/sums';
import { readFactSource } from '../prisma/facts/expert-facts';
import { maxDoctorMinutes } from '../prisma/facts/snapshots';
import { setStatementTimeout, withTransaction } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { createTextCache } from '../prisma/repositories/chunk-subjects';
import { readLineTable } from '../prisma/repositories/line-table';
import { readReference } from '../prisma/repositories/reference-snapshot';
import type { ReferenceSnapshot } from '../prisma/repositories/reference-snapshot';
import { currentRuleSet, packsOf, tablesOf } from '../prisma/repositories/rule-sets';
import {
  closeShadowRun,
  doctorKinds,
  findShadowRun,
  isShadowChunkDone,
  prepareShadowRun,
  saveShadowChunk,
  shadowCandidate,
  shadowChunkResults,
  shadowLinesQuery,
} from '../prisma/repositories/shadow-runs';
import type { ShadowRange, ShadowRunRow } from '../prisma/repositories/shadow-runs';
import type { TakenBatch } from '../workflows/messages';
import { ENGINE_VERSION } from './batch-review';
import { countsOf } from './review/check-chunk';

interface Side {
  readonly compiled: CompiledReference;
  readonly tables: ExpertTables;
}
interface RunContext {
  readonly run: ShadowRunRow;
  readonly snapshot: ReferenceSnapshot;
  readonly before: Side;
  readonly after: Side;
}

export type ShadowFlowActivities = ReturnType<typeof createShadowFlowActivities>;
export type ShadowChunkActivities = ReturnType<typeof createShadowChunkActivities>;

/** Start and end of a shadow run: short transactions. */
export function createShadowFlowActivities({ pool }: { readonly pool: Pool }) {
  return {
    async prepareShadowRun({ runId }: { runId: string }): Promise<TakenBatch> {
      const known = await findShadowRun(pool, runId);
      if (known === null) throw new Error('no such shadow run');
      const ruleSet = known.baselineRuleSet ?? (await currentRuleSet(pool, ENGINE_VERSION));
      const context = await loadContext(pool, known, ruleSet);
      disposeContext(context);
      const minutes = [context.before, context.after].map(
        ({ compiled }) => maxDoctorMinutes(compiled.source.packs) ?? Infinity,
      );
      const doctorMinutes = minutes[0] === minutes[1] ? null : Math.min(...minutes);
      const run = await withTransaction(pool, async (tx) => {
        await setStatementTimeout(tx, 240_000);
        return prepareShadowRun(tx, runId, { ruleSet, doctorMinutes });
      });
      const subjects = { person: run.personCount, 'doctor-day': run.doctorDayCount, letter: 0, invoice: 0 };
      return { batchId: runId, lines: 0, subjects };
    },

    async finishShadowRun({ runId, cancelled }: { runId: string; cancelled: boolean }): Promise<void> {
      const result = addSums(...(await shadowChunkResults(pool, runId)));
      const state = cancelled ? ('cancelled' as const) : ('done' as const);
      await closeShadowRun(pool, runId, { state, result, errorCode: null });
    },
  };
}

/** One chunk of a shadow run: both sides over the same lines, compared, written once. */
export function createShadowChunkActivities({ pool }: { readonly pool: Pool }) {
  const texts = createTextCache();
  let held: { runId: string; context: Promise<RunContext> } | null = null;
  const contextOf = (runId: string): Promise<RunContext> => {
    if (held?.runId === runId) return held.context;
    held?.context.then(disposeContext, () => undefined);
    const context = findShadowRun(pool, runId).then((run) => loadContext(pool, run!, run!.baselineRuleSet!));
    held = { runId, context };
    context.catch(() => (held = null));
    return context;
  };
  return {
    async shadowChunk(range: ShadowRange): Promise<{ readonly lines: number }> {
      if (await isShadowChunkDone(pool, range)) return { lines: 0 };
      const { run, snapshot, before, after } = await contextOf(range.runId);
      const client = await pool.connect();
      const { read, source } = await (async () => {
        const lines = await readLineTable(client, shadowLinesQuery(range, run.versionWatermark), snapshot, texts);
        const facts = { snapshot, subjects: lines.subjects, verdictWatermark: Number.MAX_SAFE_INTEGER };
        return { read: lines, source: await readFactSource(client, facts) };
      })().finally(() => client.release());
      heartbeat();
      const table = prepared(read.table, run, range.scope, before.compiled);
      const sideBefore = await runSide(before, range.scope, table, read.subjects, source);
      const sideAfter = await runSide(after, range.scope, table, read.subjects, source);
      heartbeat();
      const reviewed = [...table.lineId].filter((_, row) => table.review[row] === 1);
      const doctors = await doctorKinds(pool, reviewed);
      const comparison = compareFindings({
        review: sideAfter.review,
        before: sideBefore.hits,
        after: sideAfter.hits,
        clinicOf: (row) => snapshot.reference.clinics[table.clinic[row]!]?.code ?? '',
        doctorOf: (lineId) => doctors.get(lineId) ?? null,
      });
      const sums = sumsOf(comparison, sideAfter.times);
      // Lines and agreement are counted once, in the scope that reads every line.
      const once =
        range.scope === 'person'
          ? sums
          : { ...sums, lines: 0, agreementBefore: emptyAgreement(), agreementAfter: emptyAgreement() };
      await withTransaction(pool, (tx) => saveShadowChunk(tx, range, once, comparison.changed));
      return { lines: comparison.lines };
    },
  };
}

async function loadContext(pool: Pool, run: ShadowRunRow, ruleSet: string): Promise<RunContext> {
  const packs = await packsOf(pool, ruleSet, (data) => packFromFile(data as PackFile));
  const tables = await tablesOf(pool, ruleSet);
  const candidate = await shadowCandidate(pool, run.id);
  const snapshot = await readReference(pool, ruleSet, packs);
  const compiled = compileReference(snapshot.reference);
  const before: Side = { compiled, tables: createExpertTables(tables) };
  if (run.kind === 'decision_table') {
    const others = tables.filter(({ table }) => table.id !== run.candidateName);
    const after: ForcedTable[] = [...others, { table: candidate as DecisionTable, from: null, to: null }];
    return { run, snapshot, before, after: { compiled, tables: createExpertTables(after) } };
  }
  // The candidate stands for the whole pack on every date: the question is what the last months would have looked like.
  const others = packs.filter((pack) => pack.name !== run.candidateName);
  const reference = {
    ...snapshot.reference,
    version: `shadow/${run.id}`,
    packs: [...others, packFromFile(candidate as PackFile)],
  };
  return {
    run,
    snapshot,
    before,
    after: { compiled: compileReference(reference), tables: createExpertTables(tables) },
  };
}

function disposeContext({ before, after }: RunContext): void {
  before.tables.dispose();
  after.tables.dispose();
}

/** Lines outside the run's dates are history only; the person scope wants them in order. */
function prepared(table: LineTable, run: ShadowRunRow, scope: Scope, compiled: CompiledReference): LineTable {
  const [from, to] = [dayOfIso(run.fromDay!), dayOfIso(run.toDay!)];
  for (let row = 0; row < table.rows; row += 1) {
    const day = table.serviceDay[row]!;
    if (day < from || day > to) table.review[row] = 0;
  }
  return scope === 'person' ? sortLineTable(table, compiled.clinics.rank) : table;
}

async function runSide(
  { compiled, tables }: Side,
  scope: ShadowRange['scope'],
  table: LineTable,
  subjects: SubjectData,
  source: FactSource,
): Promise<{ review: Review; hits: SideHit[]; times: RuleTime[] }> {
  const result = reviewScope(scope, { compiled, subjects, table });
  const columns = hitColumns(result);
  const hits = Array.from(columns.row, (row, i) => ({
    row,
    code: RULES[columns.rule[i]!]!.code,
    atRisk: columns.atRisk[i]!,
  }));
  const times = timeRules(result.review, scope, compiled);
  if (scope !== 'person') return { review: result.review, hits, times };
  const spent = tables.spent();
  const expert = await tables.review(result.review, countsOf(result), source);
  const ofTables = tables.spent().map(({ id, ms, lines }, i) => ({
    rule: `table/${id}`,
    ms: ms - spent[i]!.ms,
    lines: lines - spent[i]!.lines,
  }));
  return {
    review: result.review,
    hits: [...hits, ...expert.map(({ row, code, atRisk }) => ({ row, code, atRisk }))],
    times: [...times, ...ofTables],
  };
}

/** One more pass, rule by rule, only to see which rules are slow. */
function timeRules(review: Review, scope: Scope, compiled: CompiledReference): RuleTime[] {
  const rows = Array.from(review.table.review.keys()).filter((row) => review.table.review[row] === 1);
  return rulesOf(scope, compiled.disabled).map((rule) => {
    const started = performance.now();
    for (const row of rows) rule.check(review, row);
    return { rule: rule.code, ms: performance.now() - started, lines: rows.length };
  });
}

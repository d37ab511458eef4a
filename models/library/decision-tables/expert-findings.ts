import type { LocalizedText } from '../../errors';
import { dayOfIso } from '../../review/days';
import type { EvidenceValue, Review, Severity } from '../../review/rule';
import { insurerShare } from '../../review/rule';
import { lineFactsOf, scopeFacts } from './line-facts';
import type { FactSource } from './line-facts';
import { createPrefilter } from './prefilter';
import type { DecisionTable } from './table.schema';
import { createTableRunner } from './zen-runner';
import type { TableHit } from './zen-runner';

/** An expert table with the days on which it is in force (inclusive; null: open). */
export interface ForcedTable {
  readonly table: DecisionTable;
  readonly from: string | null;
  readonly to: string | null;
}

/** A remark of an expert rule: sends a line to a doctor, or only raises its priority. Never refuses, never reduces. */
export interface ExpertFinding {
  readonly lineId: number;
  readonly row: number;
  readonly code: string;
  readonly ruleId: string;
  readonly ruleVersion: string;
  readonly severity: Severity;
  readonly atRisk: number;
  readonly evidence: Readonly<Record<string, EvidenceValue>>;
  readonly explanation: LocalizedText;
}

export interface ExpertTables {
  /** Findings of the lines with `review` 1 of a person-scope review, in row order. */
  readonly review: (
    review: Review,
    findingsOf: (row: number) => number,
    source: FactSource,
  ) => Promise<readonly ExpertFinding[]>;
  /** Every code that these tables can give. */
  readonly codes: readonly string[];
  /** Milliseconds spent in each table so far, and lines that the index let through. */
  readonly spent: () => readonly { readonly id: string; readonly ms: number; readonly lines: number }[];
  readonly dispose: () => void;
}

/**
 * The code of a table's finding: its family and its own id, so that it is never mistaken for a code of `formats.md`.
 * `-0-` marks what only raises priority: no line waits for a doctor because of it.
 */
export function expertCode(family: string, effect: string, tableId: string): string {
  return effect === 'queue' ? `${family}-${tableId}` : `${family}-0-${tableId}`;
}

/** Compiles expert tables; a line reaches the engine only for tables whose scope it fits and that are in force. */
export function createExpertTables(forced: readonly ForcedTable[]): ExpertTables {
  const compiled = forced.map(({ table, from, to }) => ({
    table,
    from: from === null ? -Infinity : dayOfIso(from),
    to: to === null ? Infinity : dayOfIso(to),
    // One runner per table: its time is its own.
    runner: createTableRunner([table]),
    ms: 0,
    lines: 0,
  }));
  const prefilter = createPrefilter(forced.map(({ table }) => table));
  return {
    review: async (review, findingsOf, source) => {
      const found: ExpertFinding[] = [];
      if (compiled.length === 0) return found;
      for (let row = 0; row < review.table.rows; row += 1) {
        if (!review.table.review[row]) continue;
        const day = review.table.serviceDay[row]!;
        const places = prefilter
          .candidates(scopeFacts(review, row))
          .filter((place) => compiled[place]!.from <= day && day <= compiled[place]!.to);
        if (places.length === 0) continue;
        const facts = lineFactsOf(review, row, findingsOf(row), source);
        const ofLine = new Map<string, ExpertFinding>();
        for (const place of places) {
          const own = compiled[place]!;
          const started = performance.now();
          const hits = await own.runner.evaluate(facts);
          own.ms += performance.now() - started;
          own.lines += 1;
          for (const hit of hits) keepGravest(ofLine, findingOf(review, row, hit));
        }
        found.push(...ofLine.values());
      }
      return found;
    },
    codes: forced.flatMap(({ table }) => [
      ...new Set(table.rows.map(({ outcome }) => expertCode(outcome.family, outcome.effect, table.id))),
    ]),
    spent: () => compiled.map(({ table, ms, lines }) => ({ id: table.id, ms, lines })),
    dispose: () => compiled.forEach(({ runner }) => runner.dispose()),
  };
}

const GRAVITY: Readonly<Record<Severity, number>> = { high: 3, medium: 2, low: 1 };

/** A line has one finding per code: of several rows of a table the gravest speaks, the first of equals. */
function keepGravest(ofLine: Map<string, ExpertFinding>, finding: ExpertFinding): void {
  const known = ofLine.get(finding.code);
  if (known === undefined || GRAVITY[finding.severity] > GRAVITY[known.severity]) ofLine.set(finding.code, finding);
}

function findingOf(review: Review, row: number, hit: TableHit): ExpertFinding {
  const { outcome } = hit;
  return {
    lineId: review.table.lineId[row]!,
    row,
    code: expertCode(outcome.family, outcome.effect, hit.tableId),
    ruleId: `table/${hit.tableId}/${hit.rowId}`,
    ruleVersion: hit.tableVersion,
    severity: outcome.severity,
    atRisk: outcome.effect === 'queue' ? insurerShare(review, row) : 0,
    evidence: hit.values,
    explanation: outcome.text,
  };
}

import type { LocalizedText } from '../errors';
import { explain } from './catalogue/render';
import { isoOfDay } from './days';
import { RULES } from './registry';
import type { Evidence, Family, Review, Rule, Severity } from './rule';
import { insurerShare } from './rule';
import type { ScopeResult } from './scopes';

/** One rule's remark on one line, complete: everything the product stores, shows and exports. */
export interface Finding {
  lineId: number;
  code: string;
  family: Family;
  ruleId: string;
  ruleVersion: string;
  /** Version of the reference (rule set) that was applied. */
  ruleSetVersion: string;
  severity: Severity;
  ground: 'administrative' | 'medical';
  /**
   * Kopecks of the insurer's share. Findings of one line overlap, so their sum is not the line's risk: `lineAtRisk` is.
   */
  atRisk: number;
  /** Guideline, pair or demographic rule of the pack; null for cover, price and plausibility. */
  guidelineId: string | null;
  /** Source and clause of that rule. */
  clause: string | null;
  evidence: Evidence;
  explanation: LocalizedText;
}

/** Code and money of each hit in columns, without texts: enough to count, to sum and to route. */
export interface HitColumns {
  row: Int32Array;
  /** Place in RULES. */
  rule: Uint8Array;
  atRisk: Float64Array;
}

/** Every finding of a scope's result with evidence and texts, in row order. */
export function describeFindings(result: ScopeResult): Finding[] {
  return Array.from({ length: result.hits.count }, (_, i) => describeFinding(result, i));
}

/** One finding of a scope's result: `hit` is its place in `result.hits`. */
export function describeFinding({ review, hits }: ScopeResult, hit: number): Finding {
  return findingOf(review, hits.row[hit]!, RULES[hits.rule[hit]!]!);
}

/** Money at risk of every hit, without building texts. */
export function hitColumns({ review, hits }: ScopeResult): HitColumns {
  const atRisk = Float64Array.from({ length: hits.count }, (_, i) =>
    RULES[hits.rule[i]!]!.atRisk(review, hits.row[i]!),
  );
  return { row: hits.row, rule: hits.rule, atRisk };
}

/** What a line risks: the largest of its findings, never more than the insurer's share. */
export function lineAtRisk(review: Review, row: number, atRisk: readonly number[]): number {
  return Math.min(insurerShare(review, row), Math.max(0, ...atRisk));
}

export function findingOf(review: Review, row: number, rule: Rule): Finding {
  const { table, compiled, lines } = review;
  const evidence = rule.values(review, row);
  const clause = rule.clause?.(review, row) ?? null;
  const service = compiled.source.services[lines.service[row]!];
  const item = compiled.source.priceItems[table.item[row]!];
  const billed = {
    service: service ? `${service.name} (${service.code})` : item ? `${item.name} (${item.code})` : '—',
    serviceDate: isoOfDay(table.serviceDay[row]!),
    quantity: table.quantity[row]!,
    unitPriceKopecks: table.unitPrice[row]!,
    amountKopecks: table.amount[row]!,
  };
  return {
    lineId: table.lineId[row]!,
    code: rule.code,
    family: rule.family,
    ruleId: rule.id,
    ruleVersion: rule.version,
    ruleSetVersion: compiled.source.version,
    severity: rule.severity,
    ground: rule.ground,
    atRisk: rule.atRisk(review, row),
    guidelineId: clause?.ruleId ?? null,
    clause: clause ? `${clause.source}, ${clause.clause}` : null,
    evidence,
    explanation: explain(rule.code, billed, evidence, clause),
  };
}

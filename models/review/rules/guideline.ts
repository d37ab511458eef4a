import type { ClauseRef, Review } from '../rule';
import { NO_DIAGNOSIS, NO_GUIDELINE, NO_SERVICE, PASS, POLICY_UNKNOWN } from '../rule';
import { NONE } from '../table';
import { NOT_LOOKED_UP } from '../facts/guideline';

/** CLIN-01, CLIN-03 and FREQ need an applying guideline and a service; says which one is missing, or PASS. */
export function withoutGuideline(review: Review, row: number): number {
  const applying = review.guidelines.applying[row]!;
  if (applying === NOT_LOOKED_UP) return POLICY_UNKNOWN;
  if (review.lines.service[row]! < 0) return NO_SERVICE;
  if (applying !== NONE) return PASS;
  return review.table.diagnosis[row]! < 0 ? NO_DIAGNOSIS : NO_GUIDELINE;
}

/** The limit columns of a guideline's cell for the line's service. */
export function cellOf({ compiled, lines }: Review, row: number, guideline: number): number {
  const { cell, services } = compiled.medicine.guidelines;
  return cell[guideline * services + lines.service[row]!]!;
}

/** Names a guideline with the clause of one of its entries, or its own clause when `entryClause` is absent. */
export function guidelineClause({ compiled }: Review, guideline: number, entryClause?: string): ClauseRef | null {
  const source = compiled.medicine.guidelines.source[guideline];
  if (!source) return null;
  return { ruleId: source.id, title: source.title, source: source.source, clause: entryClause ?? source.clause };
}

/** Guideline ids that apply to the line, for the trace; empty when none or not looked up. */
export function applyingGuidelines({ compiled, table, cover, guidelines }: Review, row: number): string[] {
  if (guidelines.applying[row]! < 0) return [];
  const { source, from, to, ageFrom, ageTo, ofDiagnosis } = compiled.medicine.guidelines;
  const diagnosis = table.diagnosis[row]!;
  const day = table.serviceDay[row]!;
  const age = cover.age[row]!;
  return [...ofDiagnosis.items.subarray(ofDiagnosis.start[diagnosis]!, ofDiagnosis.start[diagnosis + 1]!)]
    .filter((g) => from[g]! <= day && day <= to[g]! && ageFrom[g]! <= age && age <= ageTo[g]!)
    .map((g) => source[g]!.id);
}

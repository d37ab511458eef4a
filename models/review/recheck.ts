import type { CompiledReference } from './compile';
import { PAIR_KIND } from './compile-medicine';
import type { Finding } from './findings';
import type { LineTable } from './table';

/**
 * Which lines to look at again when lines arrive late, are refused or are reinstated ("changed lines"). Findings
 * depend on other lines in both directions of time:
 *
 * - forward, without end: limits of the contract year, letters, episodes, intervals, duplicates, exclusive and
 *   required pairs, primary visits, extracted teeth and the doctor's day all read earlier lines;
 * - backward: only a bundled pair (COMB-01) reads later lines, at most its window before the changed line; the same
 *   day always counts in both directions (COMB-03 takes the day in any order, and clinic codes order the day).
 *
 * So a person's lines from `fromDay` on are checked again, against the person's WHOLE history (a table with review 1
 * from `fromDay`, 0 before). Nothing else can change: a test compares with a review of everything.
 */
export interface Recheck {
  /** Index in persons to the first day to check again. */
  persons: Map<number, number>;
  /** Index in letters to the first day to check again. */
  letters: Map<number, number>;
  /** Doctors' days, as pairs. */
  doctorDays: { doctor: number; day: number }[];
}

/** What the changed rows of a table affect. Costs one pass over `rows`; reads person, day, letter and doctor only. */
export function planRecheck(compiled: CompiledReference, table: LineTable, rows: Iterable<number>): Recheck {
  const back = longestLookAhead(compiled);
  const plan: Recheck = { persons: new Map(), letters: new Map(), doctorDays: [] };
  const days = new Set<string>();
  for (const row of rows) {
    const day = table.serviceDay[row]!;
    const letter = table.letter[row]!;
    const doctor = table.doctor[row]!;
    keepEarliest(plan.persons, table.person[row]!, day - back);
    if (letter >= 0) keepEarliest(plan.letters, letter, day);
    if (doctor >= 0 && !days.has(`${doctor} ${day}`)) {
      days.add(`${doctor} ${day}`);
      plan.doctorDays.push({ doctor, day });
    }
  }
  return plan;
}

/** Days by which a line can change the findings of lines before it: the widest bundled window. */
export function longestLookAhead({ medicine: { pairs } }: CompiledReference): number {
  return pairs.window.reduce(
    (max, days, pair) => (pairs.kind[pair] === PAIR_KIND.bundled ? Math.max(max, days) : max),
    0,
  );
}

function keepEarliest(days: Map<number, number>, key: number, day: number): void {
  days.set(key, Math.min(day, days.get(key) ?? day));
}

export interface FindingsDiff {
  added: Finding[];
  removed: Finding[];
  /** Same line and code, other values, money or clause. */
  changed: { before: Finding; after: Finding }[];
}

/** Compares the findings of the same lines before and after; both are keyed by (lineId, code). */
export function diffFindings(before: readonly Finding[], after: readonly Finding[]): FindingsDiff {
  const old = new Map(before.map((finding) => [keyOf(finding), finding]));
  const diff: FindingsDiff = { added: [], removed: [], changed: [] };
  for (const finding of after) {
    const known = old.get(keyOf(finding));
    old.delete(keyOf(finding));
    if (!known) diff.added.push(finding);
    else if (JSON.stringify(known) !== JSON.stringify(finding)) diff.changed.push({ before: known, after: finding });
  }
  diff.removed.push(...old.values());
  return diff;
}

function keyOf(finding: Finding): string {
  return `${finding.lineId} ${finding.code}`;
}

import { RULES } from './registry';
import type { Review, Rule } from './rule';
import { HIT } from './rule';

/** Hits of one scope in row order, then in rule order: places in RULES and rows of the table. */
export interface Hits {
  count: number;
  row: Int32Array;
  rule: Uint8Array;
}

/** Runs every rule over every line with `review` 1. */
export function collectHits(review: Review, rules: readonly Rule[]): Hits {
  const { rows, review: wanted } = review.table;
  const checks = rules.map((rule) => rule.check);
  const suspects = rules.map((rule) => rule.suspects?.(review) ?? null);
  const places = rules.map((rule) => RULES.indexOf(rule));
  let capacity = Math.max(256, rows >>> 2);
  let row = new Int32Array(capacity);
  let rule = new Uint8Array(capacity);
  let count = 0;
  for (let r = 0; r < rows; r += 1) {
    if (!wanted[r]) continue;
    for (let c = 0; c < checks.length; c += 1) {
      const suspect = suspects[c]!;
      if (suspect !== null && suspect[r]! < 0) continue;
      if (checks[c]!(review, r) !== HIT) continue;
      if (count === capacity) {
        capacity *= 2;
        row = grow(row, new Int32Array(capacity));
        rule = grow(rule, new Uint8Array(capacity));
      }
      row[count] = r;
      rule[count] = places[c]!;
      count += 1;
    }
  }
  return { count, row: row.subarray(0, count), rule: rule.subarray(0, count) };
}

function grow<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

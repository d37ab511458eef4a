import type { Book } from '../book';
import type { Collector } from '../chapter';
import { bucketRows, groupRows } from '../group';
import type { SchemeParts } from '../parts';
import { emptyRateCounts, rateParts } from './rate-parts';

/**
 * Services billed within the pair's window of days around the service that contains them (bundled pairs of the guideline
 * pack, same person and clinic): events among the lines of the containing service. Single ones are findings (COMB-01);
 * the rate is the scheme.
 */
export function unbundling(book: Book): Collector<SchemeParts> {
  const counts = emptyRateCounts(book);
  const partsOf = new Map<number, Map<number, number>>();
  for (const { part, whole, windowDays } of book.bundled) {
    const parts = partsOf.get(whole) ?? new Map<number, number>();
    partsOf.set(whole, parts.set(part, Math.max(windowDays, parts.get(part) ?? 0)));
  }
  return {
    add: ({ lines, structure }) => {
      if (partsOf.size === 0) return;
      const people = groupRows(lines.length, lines.clinic, lines.person, lines.person);
      const { start, rows } = bucketRows(people.id, people.count);
      for (let g = 0; g < people.count; g++) {
        for (let k = start[g]!; k < start[g + 1]!; k++) {
          const whole = rows[k]!;
          const parts = partsOf.get(lines.service[whole]!);
          if (!parts) continue;
          let found = 0;
          let roubles = 0;
          for (let j = start[g]!; j < start[g + 1]!; j++) {
            const window = parts.get(lines.service[rows[j]!]!);
            if (window === undefined || Math.abs(lines.day[rows[j]!]! - lines.day[whole]!) > window) continue;
            found = 1;
            roubles += lines.payable[rows[j]!]!;
          }
          counts.add(lines.clinic[whole]!, structure.leadUnit[whole]!, found, roubles);
        }
      }
    },
    finish: () =>
      rateParts('unbundling', counts, book, (level, i, market) => ({
        bundled: (level === 'clinic' ? counts.clinicK : counts.unitK)[i]!,
        wholes: (level === 'clinic' ? counts.clinicN : counts.unitN)[i]!,
        market,
      })),
  };
}

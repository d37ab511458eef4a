import type { Book } from '../book';
import type { Collector } from '../chapter';
import type { SchemeParts } from '../parts';
import { emptyRateCounts, rateParts } from './rate-parts';

/**
 * Services billed beside the service that contains them (bundled pairs of the guideline pack), on the same visit:
 * events among the visits that have the containing service. Single ones are findings (COMB-01); the rate is the scheme.
 */
export function unbundling(book: Book): Collector<SchemeParts> {
  const counts = emptyRateCounts(book);
  const partsOf = new Map<number, Set<number>>();
  for (const { part, whole } of book.bundled) {
    const parts = partsOf.get(whole) ?? new Set<number>();
    partsOf.set(whole, parts.add(part));
  }
  return {
    add: ({ lines, structure }) => {
      if (partsOf.size === 0) return;
      const { start, rows } = structure.visitLines;
      for (let v = 0; v < structure.visits.count; v++) {
        for (let k = start[v]!; k < start[v + 1]!; k++) {
          const parts = partsOf.get(lines.service[rows[k]!]!);
          if (!parts) continue;
          let found = 0;
          let roubles = 0;
          for (let j = start[v]!; j < start[v + 1]!; j++) {
            if (!parts.has(lines.service[rows[j]!]!)) continue;
            found = 1;
            roubles += lines.payable[rows[j]!]!;
          }
          counts.add(lines.clinic[rows[k]!]!, structure.leadUnit[rows[k]!]!, found, roubles);
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

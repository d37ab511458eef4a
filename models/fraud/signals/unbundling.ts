import type { SchemeParts } from '../parts';
import type { Structure } from '../structure';
import type { FraudInput } from '../types';
import { emptyRateCounts, rateParts } from './rate-parts';

/**
 * Services billed beside the service that contains them (bundled pairs of the guideline pack), on the same visit:
 * events among the visits that have the containing service. Single ones are findings (COMB-01); the rate is the scheme.
 */
export function unbundling(input: FraudInput, structure: Structure): SchemeParts {
  const { lines } = input;
  const counts = emptyRateCounts(input.clinics, structure.units);
  if (input.bundled.length > 0) {
    const partsOf = new Map<number, Set<number>>();
    for (const { part, whole } of input.bundled) {
      const parts = partsOf.get(whole) ?? new Set<number>();
      partsOf.set(whole, parts.add(part));
    }
    const { start, rows } = structure.visitLines;
    for (let v = 0; v < structure.visits.count; v++) {
      for (let k = start[v]!; k < start[v + 1]!; k++) {
        const parts = partsOf.get(lines.service[rows[k]!]!);
        if (!parts) continue;
        const unit = structure.leadUnit[rows[k]!]!;
        const clinic = lines.clinic[rows[k]!]!;
        let found = 0;
        let roubles = 0;
        for (let j = start[v]!; j < start[v + 1]!; j++) {
          if (!parts.has(lines.service[rows[j]!]!)) continue;
          found = 1;
          roubles += lines.payable[rows[j]!]!;
        }
        counts.clinicN[clinic]! += 1;
        counts.clinicK[clinic]! += found;
        counts.clinicRoubles[clinic]! += roubles;
        if (unit < 0) continue;
        counts.unitN[unit]! += 1;
        counts.unitK[unit]! += found;
        counts.unitRoubles[unit]! += roubles;
      }
    }
  }
  return rateParts('unbundling', counts, structure, (level, i, market) => ({
    bundled: (level === 'clinic' ? counts.clinicK : counts.unitK)[i]!,
    wholes: (level === 'clinic' ? counts.clinicN : counts.unitN)[i]!,
    market,
  }));
}

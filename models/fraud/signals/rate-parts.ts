import type { Book } from '../book';
import { explain, SHARE_GRID, updatePrior } from '../hierarchy';
import { fitConcentration, overdispersedGain } from '../overdispersion';
import type { SchemeParts } from '../parts';
import type { Scheme, ScorePart } from '../types';

/** Events of `k` in `n` occasions by clinic and unit, with the roubles behind the events. */
export interface RateCounts {
  readonly clinicK: Float64Array;
  readonly clinicN: Float64Array;
  readonly unitK: Float64Array;
  readonly unitN: Float64Array;
  readonly clinicRoubles: Float64Array;
  readonly unitRoubles: Float64Array;
  /** Counts one occasion with 0 or 1 events; unit -1 is nobody's. */
  readonly add: (clinic: number, unit: number, events: number, roubles: number) => void;
}

export function emptyRateCounts({ clinics, units }: Pick<Book, 'clinics' | 'units'>): RateCounts {
  const [clinicK, clinicN, clinicRoubles] = [0, 1, 2].map(() => new Float64Array(clinics));
  const [unitK, unitN, unitRoubles] = [0, 1, 2].map(() => new Float64Array(units.count));
  const counts = {
    clinicK: clinicK!,
    clinicN: clinicN!,
    unitK: unitK!,
    unitN: unitN!,
    clinicRoubles: clinicRoubles!,
    unitRoubles: unitRoubles!,
  };
  return {
    ...counts,
    add: (clinic, unit, events, roubles) => {
      counts.clinicN[clinic]! += 1;
      counts.clinicK[clinic]! += events;
      counts.clinicRoubles[clinic]! += roubles;
      if (unit < 0) return;
      counts.unitN[unit]! += 1;
      counts.unitK[unit]! += events;
      counts.unitRoubles[unit]! += roubles;
    },
  };
}

/** Fewer events than this are slips of the pen. */
const FEWEST_EVENTS = 4;

/**
 * Parts of a billing pattern that is an event rate: the market's own rate is the null, with as much honest spread as
 * the book shows (never less than a concentration of 250 suggests), and the same clinic-or-doctor hierarchy as answers.
 */
export function rateParts(
  scheme: Scheme,
  counts: RateCounts,
  book: Book,
  facts: (level: 'clinic' | 'unit', index: number, market: number) => Readonly<Record<string, number>>,
): SchemeParts {
  const clinics = counts.clinicK.length;
  const units = counts.unitK.length;
  const size = SHARE_GRID.length;
  const total = counts.clinicN.reduce((sum, n) => sum + n, 0);
  const events = counts.clinicK.reduce((sum, k) => sum + k, 0);
  const market = Math.min(0.5, (events + 0.5) / (total + 50));
  const ones = new Float64Array(units).fill(1);
  const concentration = Math.min(250, fitConcentration(counts.unitK, counts.unitN, ones, market));
  const unitLog = new Float64Array(units * size);
  for (let u = 0; u < units; u++) {
    const k = counts.unitK[u]!;
    const n = counts.unitN[u]!;
    for (let g = 0; g < size; g++) {
      const rate = market + (1 - market) * SHARE_GRID[g]!;
      unitLog[u * size + g] = k * Math.log(rate / market) + (n - k) * Math.log((1 - rate) / (1 - market));
    }
  }
  const gain = (k: Float64Array, n: Float64Array): Float64Array =>
    k.map((value, i) => Math.max(0, overdispersedGain(value, n[i]!, market, concentration)));
  const hierarchy = explain({
    clinics,
    unitClinic: book.units.clinic,
    clinicLog: new Float64Array(clinics * size),
    unitLog,
    unitOnlyLog: new Float64Array(units * size),
    clinicNull: gain(counts.clinicK, counts.clinicN),
    unitNull: gain(counts.unitK, counts.unitN),
    clinicPrior: updatePrior(new Float64Array(clinics), counts.clinicN, 2, 0.003, 1e6),
    unitPrior: updatePrior(new Float64Array(units), counts.unitN, 8, 0.0003, 1e6),
  });
  const part = (level: 'clinic' | 'unit', i: number): ScorePart => {
    const enough = (level === 'clinic' ? counts.clinicK : counts.unitK)[i]! >= FEWEST_EVENTS;
    const posterior = enough ? hierarchy[level][i]! : 0;
    return {
      scheme,
      posterior,
      share: (level === 'clinic' ? hierarchy.clinicShare : hierarchy.unitShare)[i]!,
      expected: posterior * (level === 'clinic' ? counts.clinicRoubles : counts.unitRoubles)[i]!,
      facts: facts(level, i, market),
    };
  };
  return {
    clinic: Array.from({ length: clinics }, (_, c) => part('clinic', c)),
    unit: Array.from({ length: units }, (_, u) => part('unit', u)),
  };
}

import type { Book } from './book';
import { clinicOfKey, unitOrClinic, type Collector } from './chapter';
import { SHARE_GRID } from './hierarchy';
import { logBeta } from './math';
import { createTally, type Tally } from './tally';

/** Primary visits among typed consultations, against what the same specialties do elsewhere. */
export interface VisitMix {
  readonly clinicPrimary: Float64Array;
  readonly clinicVisits: Float64Array;
  readonly clinicExpected: Float64Array;
  readonly unitPrimary: Float64Array;
  readonly unitVisits: Float64Array;
  readonly unitExpected: Float64Array;
  /** Concentration of honest doctors around their specialty's share. */
  readonly concentration: number;
}

/** Share of upcoders who do it through the visit type at all. */
const THROUGH_MIX = 0.3;
/** A mix of visits has honest reasons (a check-up centre sees everyone once), so alone it never makes a case. */
const MIX_CAP = 2;

function logBetaBinomial(k: number, n: number, mean: number, concentration: number): number {
  const a = mean * concentration;
  const b = (1 - mean) * concentration;
  return logBeta(k + a, n - k + b) - logBeta(a, b);
}

/** Counts primary and repeat visits by doctor (or clinic) and specialty. */
export function collectVisitMix(book: Book): Collector<VisitMix> {
  const { services } = book;
  const cells = createTally(2);
  return {
    add: ({ lines }) => {
      for (let row = 0; row < lines.length; row++) {
        const service = lines.service[row]!;
        if (service < 0 || services.kind[service] !== 0 || services.visitType[service] === 0) continue;
        const cell = cells.of(unitOrClinic(lines.unit[row]!, lines.clinic[row]!), services.specialty[service]!, 0);
        cells.add(cell, 0, 1);
        if (services.visitType[service] === 1) cells.add(cell, 1, 1);
      }
    },
    finish: () => measureVisitMix(book, cells),
  };
}

/** Expected primary visits by the specialties' own shares, and the honest spread around them. */
function measureVisitMix(book: Book, cells: Tally): VisitMix {
  const units = book.units.count;
  const market = createTally(2);
  for (let i = 0; i < cells.count(); i++) {
    const specialty = market.of(cells.key(i, 1), 0, 0);
    market.add(specialty, 0, cells.sum(i, 0));
    market.add(specialty, 1, cells.sum(i, 1));
  }
  const unitPrimary = new Float64Array(units);
  const unitVisits = new Float64Array(units);
  const unitExpected = new Float64Array(units);
  const clinicPrimary = new Float64Array(book.clinics);
  const clinicVisits = new Float64Array(book.clinics);
  const clinicExpected = new Float64Array(book.clinics);
  for (let i = 0; i < cells.count(); i++) {
    const specialty = market.of(cells.key(i, 1), 0, 0);
    const share = (market.sum(specialty, 1) + 5) / (market.sum(specialty, 0) + 10);
    const [visits, primary] = [cells.sum(i, 0), cells.sum(i, 1)];
    const clinic = clinicOfKey(book, cells.key(i, 0));
    clinicPrimary[clinic]! += primary;
    clinicVisits[clinic]! += visits;
    clinicExpected[clinic]! += visits * share;
    const unit = cells.key(i, 0);
    if (unit < 0) continue;
    unitPrimary[unit]! += primary;
    unitVisits[unit]! += visits;
    unitExpected[unit]! += visits * share;
  }
  let concentration = 20;
  let best = -Infinity;
  for (const candidate of [5, 10, 20, 40, 80, 200]) {
    let log = 0;
    for (let u = 0; u < units; u++) {
      const n = unitVisits[u]!;
      if (n >= 5) log += logBetaBinomial(unitPrimary[u]!, n, unitExpected[u]! / n, candidate);
    }
    if (log > best) {
      best = log;
      concentration = candidate;
    }
  }
  return { clinicPrimary, clinicVisits, clinicExpected, unitPrimary, unitVisits, unitExpected, concentration };
}

/** Adds the log likelihood ratio of one unit's visit mix over the share grid into `logs`. */
export function visitMixLog(mix: VisitMix, level: 'clinic' | 'unit', index: number, logs: Float64Array): void {
  const n = (level === 'clinic' ? mix.clinicVisits : mix.unitVisits)[index]!;
  if (n < 5) return;
  const k = (level === 'clinic' ? mix.clinicPrimary : mix.unitPrimary)[index]!;
  const mean = Math.min(0.97, Math.max(0.03, (level === 'clinic' ? mix.clinicExpected : mix.unitExpected)[index]! / n));
  const honest = logBetaBinomial(k, n, mean, mix.concentration);
  const size = SHARE_GRID.length;
  for (let g = 0; g < size; g++) {
    const shifted = Math.min(0.99, mean + (1 - mean) * SHARE_GRID[g]!);
    const gain = Math.exp(logBetaBinomial(k, n, shifted, mix.concentration) - honest);
    logs[index * size + g]! += Math.min(MIX_CAP, Math.log(THROUGH_MIX * gain + 1 - THROUGH_MIX));
  }
}

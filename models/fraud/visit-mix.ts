import { SHARE_GRID } from './hierarchy';
import { logBeta } from './math';
import type { Structure } from './structure';
import type { FraudInput } from './types';

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

/** Counts primary and repeat visits by clinic, unit and specialty, and fits the honest spread on the way. */
export function measureVisitMix(input: FraudInput, structure: Structure): VisitMix {
  const { lines, services } = input;
  let specialties = 1;
  for (const specialty of services.specialty) if (specialty + 2 > specialties) specialties = specialty + 2;
  const primaryBy = new Float64Array(specialties).fill(5);
  const visitsBy = new Float64Array(specialties).fill(10);
  const unitPrimary = new Float64Array(structure.units);
  const unitVisits = new Float64Array(structure.units);
  const unitExpected = new Float64Array(structure.units);
  const clinicPrimary = new Float64Array(input.clinics);
  const clinicVisits = new Float64Array(input.clinics);
  const clinicExpected = new Float64Array(input.clinics);
  const each = (take: (row: number, specialty: number, primary: number) => void): void => {
    for (let row = 0; row < lines.length; row++) {
      const service = lines.service[row]!;
      if (service < 0 || services.kind[service] !== 0 || services.visitType[service] === 0) continue;
      take(row, services.specialty[service]! + 1, services.visitType[service] === 1 ? 1 : 0);
    }
  };
  each((_row, specialty, primary) => {
    primaryBy[specialty]! += primary;
    visitsBy[specialty]! += 1;
  });
  each((row, specialty, primary) => {
    const share = primaryBy[specialty]! / visitsBy[specialty]!;
    const clinic = lines.clinic[row]!;
    clinicPrimary[clinic]! += primary;
    clinicVisits[clinic]! += 1;
    clinicExpected[clinic]! += share;
    const unit = structure.ownUnit[row]!;
    if (unit < 0) return;
    unitPrimary[unit]! += primary;
    unitVisits[unit]! += 1;
    unitExpected[unit]! += share;
  });
  let concentration = 20;
  let best = -Infinity;
  for (const candidate of [5, 10, 20, 40, 80, 200]) {
    let log = 0;
    for (let u = 0; u < structure.units; u++) {
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

import { hurriedFraction, hurriedRatio, upcodingPrior, type UpcodingModel } from './upcoding';
import type { PhantomModel } from './phantom';
import type { Structure } from './structure';
import type { FraudInput, ScorePart } from './types';
import type { VisitEvidence } from './visit-evidence';
import type { Volume } from './volume';

/** Parts of one scheme for clinics as a whole and for units (clinic x doctor). */
export interface SchemeParts {
  readonly clinic: readonly ScorePart[];
  readonly unit: readonly ScorePart[];
}

/** Phantom parts: what answers, comments and billing volume say together, and the roubles behind it. */
export function phantomParts(
  input: FraudInput,
  structure: Structure,
  evidence: VisitEvidence,
  volume: Volume,
  model: PhantomModel,
  posterior: Float32Array,
): SchemeParts {
  const { hierarchy } = model;
  const clinicRoubles = new Float64Array(input.clinics);
  const unitRoubles = new Float64Array(structure.units);
  for (let row = 0; row < input.lines.length; row++) {
    const clinic = input.lines.clinic[row]!;
    const unit = structure.leadUnit[row]!;
    const byClinic = hierarchy.clinic[clinic]! * hierarchy.clinicShare[clinic]!;
    const byUnit = unit < 0 ? 0 : hierarchy.unit[unit]! * hierarchy.unitShare[unit]!;
    const expected = posterior[row]! * input.lines.payable[row]!;
    const part = byClinic + byUnit > 0 ? byClinic / (byClinic + byUnit) : 1;
    clinicRoubles[clinic]! += expected * part;
    if (unit >= 0) unitRoubles[unit]! += expected * (1 - part);
  }
  const clinicComments = new Float64Array(input.clinics);
  const unitComments = new Float64Array(structure.units);
  for (let v = 0; v < evidence.count; v++) {
    if (evidence.commentPhantom[v] !== 2) continue;
    clinicComments[evidence.clinic[v]!]! += 1;
    if (evidence.unit[v]! >= 0) unitComments[evidence.unit[v]!]! += 1;
  }
  const market = model.rates.line[0][1]!;
  return {
    clinic: Array.from(hierarchy.clinic, (p, c) => ({
      scheme: 'phantom' as const,
      posterior: p,
      share: hierarchy.clinicShare[c]!,
      expected: clinicRoubles[c]!,
      facts: {
        denied: model.clinicDenied[c]!,
        answered: model.clinicAnswered[c]!,
        marketDenied: market,
        comments: clinicComments[c]!,
        volumeRatio: Math.exp(volume.clinic.value[c]!),
      },
    })),
    unit: Array.from(hierarchy.unit, (p, u) => ({
      scheme: 'phantom' as const,
      posterior: p,
      share: hierarchy.unitShare[u]!,
      expected: unitRoubles[u]!,
      facts: {
        denied: model.unitDenied[u]!,
        answered: model.unitAnswered[u]!,
        marketDenied: market,
        comments: unitComments[u]!,
        volumeRatio: Math.exp(volume.unit.value[u]!),
      },
    })),
  };
}

/** Upcoding parts: hurried visits by the patients' account, and the part of the price that was not earned. */
export function upcodingParts(
  input: FraudInput,
  structure: Structure,
  evidence: VisitEvidence,
  model: UpcodingModel,
): SchemeParts {
  const { hierarchy, mix } = model;
  const unearned = 1 - hurriedFraction(model.duration);
  const posterior = new Map<number, number>();
  for (let v = 0; v < evidence.count; v++) {
    const unit = evidence.consultUnit[v]!;
    if (unit < 0) continue;
    const prior = upcodingPrior(hierarchy, evidence.clinic[v]!, unit);
    const guilty = prior * hurriedRatio(model, evidence, v);
    posterior.set(evidence.visit[v]!, guilty / (guilty + 1 - prior));
  }
  const clinicRoubles = new Float64Array(input.clinics);
  const unitRoubles = new Float64Array(structure.units);
  const { lines, services } = input;
  for (let row = 0; row < lines.length; row++) {
    const service = lines.service[row]!;
    if (service < 0 || services.kind[service] !== 0) continue;
    const clinic = lines.clinic[row]!;
    const unit = structure.ownUnit[row]!;
    const prior = upcodingPrior(hierarchy, clinic, unit);
    const p = posterior.get(structure.visits.id[row]!) ?? prior;
    const amount = p * unearned * lines.payable[row]!;
    const byClinic = hierarchy.clinic[clinic]! * hierarchy.clinicShare[clinic]!;
    const byUnit = unit < 0 ? 0 : hierarchy.unit[unit]! * hierarchy.unitShare[unit]!;
    const part = byClinic + byUnit > 0 ? byClinic / (byClinic + byUnit) : 1;
    clinicRoubles[clinic]! += amount * part;
    if (unit >= 0) unitRoubles[unit]! += amount * (1 - part);
  }
  let market = 0;
  for (let b = 0; b < 4; b++) market += model.duration[0][b]!;
  return {
    clinic: Array.from(hierarchy.clinic, (p, c) => ({
      scheme: 'upcoding' as const,
      posterior: p,
      share: hierarchy.clinicShare[c]!,
      expected: clinicRoubles[c]!,
      facts: {
        short: model.clinicShort[c]!,
        timed: model.clinicTimed[c]!,
        marketShort: market,
        primary: mix.clinicPrimary[c]!,
        visits: mix.clinicVisits[c]!,
        expectedPrimary: mix.clinicExpected[c]!,
      },
    })),
    unit: Array.from(hierarchy.unit, (p, u) => ({
      scheme: 'upcoding' as const,
      posterior: p,
      share: hierarchy.unitShare[u]!,
      expected: unitRoubles[u]!,
      facts: {
        short: model.unitShort[u]!,
        timed: model.unitTimed[u]!,
        marketShort: market,
        primary: mix.unitPrimary[u]!,
        visits: mix.unitVisits[u]!,
        expectedPrimary: mix.unitExpected[u]!,
      },
    })),
  };
}

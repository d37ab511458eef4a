import type { Units } from './book';
import type { SchemeParts } from './parts';
import type { ScorePart } from './types';

/**
 * How much likelier a scheme becomes when the same doctor certainly runs it in another clinic: a person carries a
 * habit along. Stated, not estimated: a book has too few such doctors.
 */
const CARRIED_ODDS = 20;

/** Doctors who work in several clinics: units of each. */
export function unitsOfDoctors(all: Units): Map<number, number[]> {
  const byDoctor = new Map<number, number[]>();
  for (let u = 0; u < all.count; u++) {
    const doctor = all.doctor[u]!;
    const list = byDoctor.get(doctor);
    if (list) list.push(u);
    else byDoctor.set(doctor, [u]);
  }
  for (const [doctor, units] of byDoctor) if (units.length < 2) byDoctor.delete(doctor);
  return byDoctor;
}

/**
 * Raises the odds of a unit by the posterior of the same scheme at the same doctor's other units. Returns the parts
 * and, by unit, the highest such posterior.
 */
export function carryAcrossClinics(all: Units, scheme: SchemeParts): { parts: SchemeParts; seen: Float64Array } {
  const seen = new Float64Array(all.count);
  const unit: ScorePart[] = [...scheme.unit];
  for (const units of unitsOfDoctors(all).values()) {
    for (const u of units) {
      const elsewhere = Math.max(...units.filter((other) => other !== u).map((other) => scheme.unit[other]!.posterior));
      seen[u] = elsewhere;
      const part = scheme.unit[u]!;
      const odds = (part.posterior / (1 - part.posterior + 1e-12)) * (1 + (CARRIED_ODDS - 1) * elsewhere);
      const posterior = odds / (1 + odds);
      const factor = part.posterior > 0 ? posterior / part.posterior : 1;
      unit[u] = { ...part, posterior, expected: part.expected * factor };
    }
  }
  return { parts: { clinic: scheme.clinic, unit }, seen };
}

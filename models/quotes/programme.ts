import type { FactorValues, QuoteClinic } from './types';

/** Pair factors that follow from the other clinics of the programme. */
const KM = 'office_clinic_km';
const RATING = 'yandex_rating';

/**
 * Fills in the factors that a programme's clinics give each other: their number, the nearest one, the rank by distance
 * and the rating gap to the best. What the caller gave stays, unless `refresh` says that the programme has changed.
 *
 * @param known - codes of the catalogue: nothing else is added
 */
export function completeProgramme(
  clinics: readonly QuoteClinic[],
  known: ReadonlySet<string>,
  refresh = false,
): QuoteClinic[] {
  const distances = clinics.map(({ factors }) => numberOf(factors[KM]));
  const ratings = clinics.map(({ factors }) => numberOf(factors[RATING]));
  const near = minimum(distances);
  const best = ratings.some((value) => value === null) ? null : Math.max(...(ratings as number[]));
  return clinics.map((clinic, i) => {
    const distance = distances[i] ?? null;
    const derived: Record<string, number | null> = {
      clinics_in_programme: clinics.length,
      nearest_clinic_km: near,
      clinic_is_nearest: near === null || distance === null ? null : distance === near ? 1 : 0,
      rating_gap_to_best: best === null || ratings[i] === null ? null : round(best - ratings[i]!),
    };
    const rank =
      distance === null || near === null
        ? null
        : 1 + distances.filter((other) => other !== null && other < distance).length;
    const factors: Record<string, FactorValues[string]> = { ...clinic.factors };
    for (const [code, value] of Object.entries(derived)) {
      if (known.has(code) && value !== null && (refresh || isOpen(factors[code]))) factors[code] = value;
    }
    // The rank is over all clinics around the office, of which the programme is a part: only filled in, never redone.
    if (known.has('clinic_distance_rank') && rank !== null && isOpen(factors.clinic_distance_rank)) {
      factors.clinic_distance_rank = rank;
    }
    return { ...clinic, factors };
  });
}

/** Ratings of clinics by their codes, as factors. */
export type ClinicRatings = ReadonlyMap<string, FactorValues>;

/** The clinics with the insurer's newest ratings of them; what the caller gave stays. */
export function withRatings(clinics: readonly QuoteClinic[], ratings: ClinicRatings): QuoteClinic[] {
  return clinics.map((clinic) => {
    const own = Object.entries(ratings.get(clinic.clinicCode) ?? {}).filter(([code]) => isOpen(clinic.factors[code]));
    return own.length === 0 ? clinic : { ...clinic, factors: { ...clinic.factors, ...Object.fromEntries(own) } };
  });
}

function minimum(values: readonly (number | null)[]): number | null {
  return values.length === 0 || values.some((value) => value === null) ? null : Math.min(...(values as number[]));
}

function numberOf(value: FactorValues[string] | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function isOpen(value: FactorValues[string] | undefined): boolean {
  return value === undefined || value === null;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

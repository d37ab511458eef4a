import { shrinkMeans } from './shrink';

/** One answer to "rate the visit", 1-5. `surveyId` is opaque. */
export interface PatientRating {
  readonly clinicId: string;
  readonly surveyId: string;
  /** Day number of the visit. */
  readonly day: number;
  readonly rating: number;
}

export interface PeopleRating {
  readonly clinicId: string;
  /** 1-5, shrunk to the market; null when nobody rated the clinic. */
  readonly stars: number | null;
  /** 90 % interval. */
  readonly low: number;
  readonly high: number;
  readonly sd: number;
  readonly answers: number;
  /** Answers left after recency weights (Kish). */
  readonly effective: number;
  readonly evidence: readonly string[];
}

export interface PeopleRatingRules {
  readonly today: number;
  /** Days in which an answer loses half of its weight. */
  readonly halfLifeDays: number;
  /** Older answers are left out. */
  readonly maxAgeDays: number;
}

export const PEOPLE_RATING_RULES: Omit<PeopleRatingRules, 'today'> = { halfLifeDays: 180, maxAgeDays: 730 };

const clampStars = (x: number): number => Math.min(5, Math.max(1, x));

/**
 * People's rating: recency-weighted mean of the stars, shrunk towards the market by the spread between clinics, with a
 * 90 % interval. One very old or single rating moves little and says so.
 */
export function ratePeople(ratings: readonly PatientRating[], rules: PeopleRatingRules): PeopleRating[] {
  const byClinic = new Map<string, PatientRating[]>();
  for (const rating of ratings) {
    const age = rules.today - rating.day;
    if (age < 0 || age > rules.maxAgeDays) continue;
    const own = byClinic.get(rating.clinicId);
    if (own) own.push(rating);
    else byClinic.set(rating.clinicId, [rating]);
  }
  const all = [...byClinic.values()].flat();
  const mean = all.reduce((sum, { rating }) => sum + rating, 0) / Math.max(1, all.length);
  // The market's spread of single answers: a clinic with three equal answers is not certain because of it.
  const variance = all.reduce((sum, { rating }) => sum + (rating - mean) ** 2, 0) / Math.max(1, all.length - 1) || 1;
  const raw = [...byClinic].map(([clinicId, own]) => {
    const weights = own.map(({ day }) => 0.5 ** ((rules.today - day) / rules.halfLifeDays));
    const total = weights.reduce((a, b) => a + b, 0);
    const effective = total ** 2 / weights.reduce((sum, w) => sum + w * w, 0);
    const stars = own.reduce((sum, { rating }, i) => sum + weights[i]! * rating, 0) / total;
    // Weights also shrink the evidence itself: ten answers of two years ago count as fewer than ten.
    const worth = Math.min(effective, total);
    return { clinicId, own, effective: worth, estimate: { mean: stars, sd: Math.sqrt(variance / worth) } };
  });
  const { units } = shrinkMeans(raw.map(({ estimate }) => estimate));
  return raw.map(({ clinicId, own, effective }, i) => {
    const { mean: stars, sd } = units[i]!;
    return {
      clinicId,
      stars: clampStars(stars),
      low: clampStars(stars - 1.645 * sd),
      high: clampStars(stars + 1.645 * sd),
      sd,
      answers: own.length,
      effective,
      evidence: own.map(({ surveyId }) => surveyId),
    };
  });
}

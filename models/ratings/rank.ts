import { normalCdf, type Estimate } from './shrink';

export interface RankedClinic {
  readonly clinicId: string;
  /** Place by the point estimate, 1 is best. */
  readonly place: number;
  /** Places that the data do not rule out (pairwise, 90 %): published instead of a bare place. */
  readonly bestPlace: number;
  readonly worstPlace: number;
}

export interface RankChange {
  readonly clinicId: string;
  /** What may be shown as a change: the clinic's own estimate moved by more than noise and its places differ. */
  readonly change: 'up' | 'down' | 'same' | 'new';
  /** Probability that the clinic is better than in the version before. */
  readonly probabilityBetter: number;
}

/** How sure a difference has to be before anybody sees it. */
export const CERTAINTY = 0.95;

/** Probability that `a` is truly below `b` (independent normal errors). */
export function probabilityBelow(a: Estimate, b: Estimate): number {
  const sd = Math.sqrt(a.sd ** 2 + b.sd ** 2);
  if (sd === 0) return a.mean < b.mean ? 1 : a.mean > b.mean ? 0 : 0.5;
  return normalCdf((b.mean - a.mean) / sd);
}

/**
 * Places with their uncertainty. `better` says which end of the scale is good. A clinic can be no better than after all
 * that surely beat it, and no worse than before all that it surely beats.
 */
export function rankClinics(
  ratings: readonly { clinicId: string; estimate: Estimate }[],
  better: 'low' | 'high',
): RankedClinic[] {
  const sign = better === 'low' ? 1 : -1;
  const flipped = ratings.map(({ clinicId, estimate }) => ({
    clinicId,
    estimate: { mean: sign * estimate.mean, sd: estimate.sd },
  }));
  const sorted = [...flipped].sort((a, b) => a.estimate.mean - b.estimate.mean || (a.clinicId < b.clinicId ? -1 : 1));
  return sorted.map(({ clinicId, estimate }, i) => {
    const others = flipped.filter((other) => other.clinicId !== clinicId);
    const above = others.filter((other) => probabilityBelow(other.estimate, estimate) >= CERTAINTY).length;
    const below = others.filter((other) => probabilityBelow(estimate, other.estimate) >= CERTAINTY).length;
    return { clinicId, place: i + 1, bestPlace: above + 1, worstPlace: sorted.length - below };
  });
}

/**
 * Changes between two versions of a rating. A change is shown only when the clinic's own estimate moved with
 * `CERTAINTY` and the place moved the same way; everything else is "same", however the places shuffled.
 */
export function rankChanges(
  before: readonly { clinicId: string; estimate: Estimate }[],
  after: readonly { clinicId: string; estimate: Estimate }[],
  better: 'low' | 'high',
): RankChange[] {
  const old = new Map(before.map((one) => [one.clinicId, one.estimate]));
  const oldPlace = new Map(rankClinics(before, better).map((one) => [one.clinicId, one.place]));
  const newPlace = new Map(rankClinics(after, better).map((one) => [one.clinicId, one.place]));
  return after.map(({ clinicId, estimate }) => {
    const previous = old.get(clinicId);
    if (!previous) return { clinicId, change: 'new', probabilityBetter: 0.5 };
    const lower = probabilityBelow(estimate, previous);
    const probabilityBetter = better === 'low' ? lower : 1 - lower;
    const moved = oldPlace.get(clinicId)! - newPlace.get(clinicId)!;
    let change: RankChange['change'] = 'same';
    if (probabilityBetter >= CERTAINTY && moved > 0) change = 'up';
    if (probabilityBetter <= 1 - CERTAINTY && moved < 0) change = 'down';
    return { clinicId, change, probabilityBetter };
  });
}

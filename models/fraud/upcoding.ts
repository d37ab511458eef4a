import { likelihoodRatio } from './answer-rates';
import type { Book } from './book';
import { explain, forLearning, SHARE_GRID, updatePrior, type Hierarchy } from './hierarchy';
import { fitConcentration, overdispersedGain } from './overdispersion';
import { DURATION_BINS, type AnsweredVisits } from './visit-evidence';
import { visitMixLog, type VisitMix } from './visit-mix';

const ROUNDS = 10;
/** Bins whose minutes are under about half of what was billed. */
export const SHORT_BINS = 4;

type Pair = readonly [Float64Array, Float64Array];

export interface UpcodingModel {
  readonly hierarchy: Hierarchy;
  /** Answered minutes over nomenclature minutes, by bin: [as billed, hurried]. */
  readonly duration: Pair;
  readonly comment: Pair;
  readonly rating: Pair;
  readonly paidExtra: Pair;
  readonly mix: VisitMix;
  readonly unitPrior: Float64Array;
  readonly clinicPrior: Float64Array;
  readonly clinicShort: Float64Array;
  readonly clinicTimed: Float64Array;
  readonly unitShort: Float64Array;
  readonly unitTimed: Float64Array;
}

const PRIOR = {
  duration: [
    [0.3, 0.4, 0.8, 1.2, 1.8, 4, 8, 14, 7, 2.5],
    [5, 6, 4, 2, 1, 0.6, 0.5, 0.5, 0.3, 0.1],
  ],
  comment: [
    [40, 0.5],
    [4, 3],
  ],
  rating: [
    [36, 4],
    [8, 3],
  ],
  paidExtra: [
    [39, 1],
    [12, 2],
  ],
} as const;

function start(rows: readonly [readonly number[], readonly number[]]): [Float64Array, Float64Array] {
  return [Float64Array.from(rows[0]), Float64Array.from(rows[1])];
}

function share(pair: Pair): Pair {
  const one = (values: Float64Array): Float64Array => {
    let sum = 0;
    for (const value of values) sum += value;
    return values.map((value) => value / sum);
  };
  return [one(pair[0]), one(pair[1])];
}

interface Channels {
  duration: Pair;
  comment: Pair;
  rating: Pair;
  paidExtra: Pair;
}

function freshCounts(): Channels {
  return {
    duration: start(PRIOR.duration),
    comment: start(PRIOR.comment),
    rating: start(PRIOR.rating),
    paidExtra: start(PRIOR.paidExtra),
  };
}

/** Likelihood ratio of everything that a patient said about one visit: hurried against as billed. */
export function hurriedRatio(channels: Channels, visits: AnsweredVisits, v: number): number {
  return (
    likelihoodRatio(channels.duration, visits.duration[v]!) *
    likelihoodRatio(channels.comment, visits.commentUpcoding[v]!) *
    likelihoodRatio(channels.rating, visits.lowRating[v]!) *
    likelihoodRatio(channels.paidExtra, visits.paidExtra[v]!)
  );
}

/**
 * Simple visits billed as full ones. A two-component mixture over answered minutes relative to the nomenclature's,
 * with comments, ratings and extra payments as further channels (all rates by EM), nested in clinics and doctors by
 * `explain`. The mix of primary and repeat visits against the specialty enters as a second, weaker witness: only
 * some upcoding is done by billing primary visits. Yields after each round.
 */
export function* fitUpcoding(book: Book, visits: AnsweredVisits, mix: VisitMix): Generator<undefined, UpcodingModel> {
  const units = book.units.count;
  const unitClinic = book.units.clinic;
  const size = SHARE_GRID.length;
  const counts = countShort(book, visits);
  let channels: Channels = freshCounts();
  channels = mapChannels(channels);
  let clinicPrior = updatePrior(new Float64Array(book.clinics), mix.clinicVisits, 2, 0.015, 30);
  let unitPrior = updatePrior(new Float64Array(units), mix.unitVisits, 8, 0.0015, 1500);
  let concentration = 60;
  let hierarchy: Hierarchy | undefined;
  const clinicLog = new Float64Array(book.clinics * size);
  for (let i = 0; i < book.clinics; i++) visitMixLog(mix, 'clinic', i, clinicLog);
  const unitOnlyLog = new Float64Array(units * size);
  for (let i = 0; i < units; i++) visitMixLog(mix, 'unit', i, unitOnlyLog);
  for (let round = 0; round < ROUNDS; round++) {
    const unitLog = new Float64Array(units * size);
    for (let v = 0; v < visits.count; v++) {
      const unit = visits.consultUnit[v]!;
      if (unit < 0) continue;
      const ratio = hurriedRatio(channels, visits, v);
      if (ratio === 1) continue;
      for (let g = 0; g < size; g++) {
        unitLog[unit * size + g]! += Math.log(1 - SHARE_GRID[g]! + SHARE_GRID[g]! * ratio);
      }
    }
    const rate = shortRate(channels.duration[0]);
    const gain = (k: Float64Array, n: Float64Array): Float64Array =>
      k.map((value, i) => Math.max(0, overdispersedGain(value, n[i]!, rate, concentration)));
    hierarchy = explain({
      clinics: book.clinics,
      unitClinic,
      clinicLog,
      unitLog,
      unitOnlyLog,
      clinicNull: gain(counts.clinicShort, counts.clinicTimed),
      unitNull: gain(counts.unitShort, counts.unitTimed),
      clinicPrior,
      unitPrior,
    });
    const taught = forLearning(hierarchy);
    const next = freshCounts();
    for (let v = 0; v < visits.count; v++) {
      const unit = visits.consultUnit[v]!;
      if (unit < 0) continue;
      const guilty = visitUpcoded(taught, channels, visits, v);
      add(next.duration, visits.duration[v]!, guilty);
      add(next.comment, visits.commentUpcoding[v]!, guilty);
      add(next.rating, visits.lowRating[v]!, guilty);
      add(next.paidExtra, visits.paidExtra[v]!, guilty);
    }
    channels = mapChannels(next);
    const honest = hierarchy.unit.map((p, u) => (1 - p) * (1 - hierarchy!.clinic[unitClinic[u]!]!));
    concentration = fitConcentration(counts.unitShort, counts.unitTimed, honest, shortRate(channels.duration[0]));
    clinicPrior = updatePrior(hierarchy.clinic, mix.clinicVisits, 2, 0.015, 30);
    unitPrior = updatePrior(hierarchy.unit, mix.unitVisits, 8, 0.0015, 1500);
    yield;
  }
  return { hierarchy: hierarchy!, ...channels, mix, unitPrior, clinicPrior, ...counts };
}

function mapChannels(channels: Channels): Channels {
  return {
    duration: share(channels.duration),
    comment: share(channels.comment),
    rating: share(channels.rating),
    paidExtra: share(channels.paidExtra),
  };
}

function shortRate(bins: Float64Array): number {
  let rate = 0;
  for (let b = 0; b < SHORT_BINS; b++) rate += bins[b]!;
  return Math.min(0.5, Math.max(1e-4, rate));
}

/** Prior that a consultation of this clinic and unit was hurried. */
export function upcodingPrior(hierarchy: Hierarchy, clinic: number, unit: number): number {
  const own = unit < 0 ? 0 : hierarchy.unit[unit]! * hierarchy.unitShare[unit]!;
  return Math.min(0.97, hierarchy.clinic[clinic]! * hierarchy.clinicShare[clinic]! + own);
}

function visitUpcoded(hierarchy: Hierarchy, channels: Channels, visits: AnsweredVisits, v: number): number {
  const prior = upcodingPrior(hierarchy, visits.clinic[v]!, visits.consultUnit[v]!);
  const guilty = prior * hurriedRatio(channels, visits, v);
  return guilty / (guilty + 1 - prior);
}

function add(pair: Pair, seen: number, guilty: number): void {
  if (seen === 0) return;
  pair[1][seen - 1]! += guilty;
  pair[0][seen - 1]! += 1 - guilty;
}

function countShort(book: Book, visits: AnsweredVisits) {
  const clinicShort = new Float64Array(book.clinics);
  const clinicTimed = new Float64Array(book.clinics);
  const unitShort = new Float64Array(book.units.count);
  const unitTimed = new Float64Array(book.units.count);
  for (let v = 0; v < visits.count; v++) {
    const bin = visits.duration[v]!;
    const unit = visits.consultUnit[v]!;
    if (bin === 0 || unit < 0) continue;
    const short = bin <= SHORT_BINS ? 1 : 0;
    clinicShort[visits.clinic[v]!]! += short;
    clinicTimed[visits.clinic[v]!]! += 1;
    unitShort[unit]! += short;
    unitTimed[unit]! += 1;
  }
  return { clinicShort, clinicTimed, unitShort, unitTimed };
}

/** Mean answered share of the billed minutes in hurried visits: what is left is the recoverable part of the price. */
export function hurriedFraction(duration: Pair): number {
  const middle = [0.1, 0.2, 0.3, 0.4, 0.5, 0.62, 0.78, 0.95, 1, 1];
  let mean = 0;
  for (let b = 0; b < DURATION_BINS; b++) mean += middle[b]! * duration[1][b]!;
  return mean;
}

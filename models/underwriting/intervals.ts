import type { Noise } from './noise';
import { quantileOf, sortedFinite } from './quantiles';

/** One forecast total with what came of it: what the intervals are calibrated on. */
export interface CalibrationCase {
  readonly renewal: boolean;
  readonly forecast: number;
  readonly paid: number;
  /** Period of the total, where there are periods. */
  readonly time?: number;
}

/**
 * Bounds of the standardised error (paid / forecast - 1) / sd(forecast) by cohort and size of forecast: conformal on
 * whole groups (Mondrian: new business and renewals, and size bands, each on their own).
 */
export interface IntervalTable {
  readonly level: number;
  /** Level at which the bands were calibrated: see {@link levelForNext}. */
  readonly calibratedAt?: number;
  readonly noise: Noise;
  readonly newBusiness: readonly IntervalBand[];
  readonly renewal: readonly IntervalBand[];
  /** The same for single rows, by size of the row's forecast. */
  readonly rows: readonly IntervalBand[];
}

export interface IntervalBand {
  /** Forecasts up to here (Infinity is stored as 1e300). */
  readonly upTo: number;
  readonly low: number;
  readonly high: number;
  readonly cases: number;
}

const BAND_CASES = 120;
const MAX_BANDS = 6;
const LEVEL_STEP = 0.005;
const MOST_LEVEL_STEPS = 8;
const ENOUGH_CASES = 200;

/** Calibrates on cases that the model has not seen; a cohort with too few cases borrows the other's bands. */
export function calibrateIntervals(
  groups: readonly CalibrationCase[],
  rows: readonly CalibrationCase[],
  noise: Noise,
  level = 0.9,
): IntervalTable {
  const calibratedAt = levelForNext(groups, noise, level);
  return {
    level,
    calibratedAt,
    ...cohortBands(groups, noise, calibratedAt),
    noise,
    rows: calibrateBands(rows, noise, calibratedAt),
  };
}

/**
 * The level at which intervals of the earlier periods cover the newest one as asked. A market moves between periods, which
 * cases of one period do not tell: intervals calibrated at 90 % cover less of the next year.
 */
function levelForNext(cases: readonly CalibrationCase[], noise: Noise, level: number): number {
  const newest = cases.reduce((latest, { time }) => Math.max(latest, time ?? -Infinity), -Infinity);
  const earlier = cases.filter(({ time }) => time !== undefined && time < newest);
  const last = cases.filter(({ time }) => time === newest);
  if (earlier.length < ENOUGH_CASES || last.length < ENOUGH_CASES) return level;
  for (let step = 0; step < MOST_LEVEL_STEPS; step++) {
    const tried = level + step * LEVEL_STEP;
    const bands = cohortBands(earlier, noise, tried);
    const covered = last.filter(({ renewal, forecast, paid }) => {
      const [low, high] = boundsIn(renewal ? bands.renewal : bands.newBusiness, noise, forecast);
      return paid >= low && paid <= high;
    });
    if (covered.length >= level * last.length) return tried;
  }
  return level + MOST_LEVEL_STEPS * LEVEL_STEP;
}

function cohortBands(
  groups: readonly CalibrationCase[],
  noise: Noise,
  level: number,
): Pick<IntervalTable, 'newBusiness' | 'renewal'> {
  const fresh = groups.filter(({ renewal }) => !renewal);
  const renewals = groups.filter(({ renewal }) => renewal);
  const newBusiness = calibrateBands(fresh.length >= 40 ? fresh : groups, noise, level);
  return { newBusiness, renewal: renewals.length >= 40 ? calibrateBands(renewals, noise, level) : newBusiness };
}

/** Interval of a total. */
export function intervalOf(
  table: IntervalTable,
  kind: 'newBusiness' | 'renewal' | 'rows',
  forecast: number,
): [number, number] {
  return boundsIn(table[kind], table.noise, forecast);
}

function boundsIn(bands: readonly IntervalBand[], noise: Noise, forecast: number): [number, number] {
  const sd = spreadOf(noise, forecast);
  const band = bands.find(({ upTo }) => forecast <= upTo) ?? bands[bands.length - 1];
  if (band === undefined) return [0, forecast * (1 + 3 * sd)];
  return [Math.max(0, forecast * (1 + band.low * sd)), Math.max(forecast * (1 + band.high * sd), 0)];
}

/** Relative standard deviation that the noise law gives a forecast: brings sizes to one scale before the bands. */
function spreadOf({ phi, tau2 }: Noise, forecast: number): number {
  return Math.sqrt(phi / Math.max(forecast, 1e-9) + Math.max(tau2, 0.01));
}

function calibrateBands(cases: readonly CalibrationCase[], noise: Noise, level: number): IntervalBand[] {
  const sorted = cases.filter(({ forecast }) => forecast > 0).sort((a, b) => a.forecast - b.forecast);
  const count = Math.max(1, Math.min(MAX_BANDS, Math.floor(sorted.length / BAND_CASES)));
  return Array.from({ length: count }, (_, k) => {
    const from = Math.floor((k * sorted.length) / count);
    const to = Math.floor(((k + 1) * sorted.length) / count);
    const part = sorted.slice(from, to);
    const scores = sortedFinite(part.map(({ paid, forecast }) => (paid / forecast - 1) / spreadOf(noise, forecast)));
    // Finite-sample ranks (n + 1): the next case falls outside with the asked probability.
    const tail = (1 - level) / 2;
    const n = scores.length;
    const rank = (share: number): number => (share * (n + 1) - 1) / Math.max(n - 1, 1);
    return {
      upTo: k === count - 1 ? 1e300 : (sorted[to - 1]!.forecast + sorted[to]!.forecast) / 2,
      low: n === 0 ? -1.645 : quantileOf(scores, rank(tail)),
      high: n === 0 ? 1.645 : quantileOf(scores, rank(1 - tail)),
      cases: n,
    };
  });
}

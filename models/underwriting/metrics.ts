import { meanDeviance } from './deviance';
import { quantileOf } from './quantiles';
import { createRandom } from './random';

/** A group's total in a period with each model's forecast. */
export interface GroupCase {
  readonly paid: number;
  readonly exposure: number;
  readonly renewal: boolean;
  readonly forecasts: Readonly<Record<string, number>>;
  readonly lower: number;
  readonly upper: number;
}

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Sum of |paid - forecast| over sum of paid. */
export function totalError(cases: readonly GroupCase[], model: string): number {
  let error = 0;
  let paid = 0;
  for (const one of cases) {
    error += Math.abs(one.paid - one.forecasts[model]!);
    paid += one.paid;
  }
  return paid > 0 ? error / paid : 0;
}

/** Forecast over paid. */
export function totalRatio(cases: readonly GroupCase[], model: string): number {
  let forecast = 0;
  let paid = 0;
  for (const one of cases) {
    forecast += one.forecasts[model]!;
    paid += one.paid;
  }
  return paid > 0 ? forecast / paid : 0;
}

/** A statistic with its 95 % bootstrap over groups (seeded). */
export function bootstrap(
  cases: readonly GroupCase[],
  statistic: (sample: readonly GroupCase[]) => number,
  draws = 300,
): Estimate {
  const values = Float64Array.from(bootstrapDraws(cases, statistic, draws)).sort();
  return { value: statistic(cases), low: quantileOf(values, 0.025), high: quantileOf(values, 0.975) };
}

/** A statistic of each of some samples of the groups, drawn with replacement (seeded). */
export function bootstrapDraws<T>(
  cases: readonly GroupCase[],
  statistic: (sample: readonly GroupCase[]) => T,
  draws: number,
): T[] {
  const random = createRandom(20_240_607);
  return Array.from({ length: draws }, () =>
    statistic(Array.from({ length: cases.length }, () => cases[Math.floor(random() * cases.length)]!)),
  );
}

/** Share of groups whose paid total lies in the interval. */
export function coverage(cases: readonly GroupCase[]): number {
  const inside = cases.filter(({ paid, lower, upper }) => paid >= lower && paid <= upper).length;
  return cases.length === 0 ? 0 : inside / cases.length;
}

/** Paid over forecast in ten bands of forecast rate of equal exposure. */
export function decileRatios(cases: readonly GroupCase[], model: string): number[] {
  const sorted = [...cases].sort((a, b) => a.forecasts[model]! / a.exposure - b.forecasts[model]! / b.exposure);
  const exposure = sorted.reduce((sum, one) => sum + one.exposure, 0);
  const sums = Array.from({ length: 10 }, () => ({ paid: 0, forecast: 0 }));
  let seen = 0;
  for (const one of sorted) {
    const band = sums[Math.min(9, Math.floor((10 * (seen + one.exposure / 2)) / exposure))]!;
    band.paid += one.paid;
    band.forecast += one.forecasts[model]!;
    seen += one.exposure;
  }
  return sums.map(({ paid, forecast }) => (forecast > 0 ? paid / forecast : Number.NaN));
}

/** Weighted root mean square error of the rate. */
export function rateRmse(cases: readonly GroupCase[], model: string): number {
  let sum = 0;
  let weight = 0;
  for (const one of cases) {
    sum += one.exposure * ((one.paid - one.forecasts[model]!) / one.exposure) ** 2;
    weight += one.exposure;
  }
  return weight > 0 ? Math.sqrt(sum / weight) : 0;
}

/** Normalised Gini: how well the forecast orders the paid rates (1: as well as the paid rates themselves). */
export function normalisedGini(cases: readonly GroupCase[], model: string): number {
  const own = lorenz(cases, (one) => one.forecasts[model]! / one.exposure);
  const best = lorenz(cases, (one) => one.paid / one.exposure);
  return best === 0 ? 0 : own / best;
}

/** Mean Tweedie deviance of totals with exposure weights. */
export function groupDeviance(cases: readonly GroupCase[], model: string, power: number): number {
  return meanDeviance(
    cases.map(({ paid }) => paid),
    cases.map(({ forecasts }) => forecasts[model]!),
    cases.map(({ exposure }) => exposure),
    power,
  );
}

function lorenz(cases: readonly GroupCase[], key: (one: GroupCase) => number): number {
  const sorted = [...cases].sort((a, b) => key(a) - key(b));
  const exposure = sorted.reduce((sum, one) => sum + one.exposure, 0);
  const paid = sorted.reduce((sum, one) => sum + one.paid, 0);
  let area = 0;
  let share = 0;
  for (const one of sorted) {
    const next = share + one.paid / paid;
    area += ((share + next) / 2) * (one.exposure / exposure);
    share = next;
  }
  return 1 - 2 * area;
}

import type { Factor } from './catalogue';
import type { Glm } from './glm';
import { fitGlm, glmTotals } from './glm';
import { firstRows, setTotals } from './groups';
import type { HistoryRoles } from './history-columns';
import type { ModelRows } from './rows';
import { shortestGap } from './sets';
import { numbersOf } from './table';
import type { ManualTariff } from './tariff';
import { fitTariff, tariffTotals } from './tariff';
import { unitDeviance } from './deviance';

/** The models to beat, fitted on the same rows. */
export interface Champions {
  readonly tariff: ManualTariff;
  readonly experience: ExperienceRating;
  readonly glm: Glm;
}

/** Buehlmann: tariff x (Z x last year's paid / tariff + 1 - Z), Z = E / (E + K), E the tariff's last year. */
export interface ExperienceRating {
  readonly k: number;
  /** Last period's total and tariff by “group|period” of the training. */
  readonly past: Readonly<Record<string, readonly [number, number]>>;
  readonly periods: readonly number[];
}

export interface ChampionForecasts {
  readonly tariff: Float64Array;
  readonly experience: Float64Array;
  readonly glm: Float64Array;
}

export function fitChampions(
  rows: ModelRows,
  factors: readonly Factor[],
  power: number,
  roles: HistoryRoles | null,
): Champions {
  const tariff = fitTariff(rows, factors);
  const book = tariffTotals(tariff, rows);
  const past: Record<string, readonly [number, number]> = {};
  const paid = setTotals(rows, rows.total);
  const expected = setTotals(rows, book);
  const { groupOf, groups, time } = rows.keyed;
  firstRows(rows).forEach((row, set) => {
    if (groupOf[row]! >= 0) past[`${groups[groupOf[row]!]}|${time[row]}`] = [paid[set]!, expected[set]!];
  });
  const periods = [...new Set(time)].sort((a, b) => a - b);
  const draft: ExperienceRating = { k: 1, past, periods };
  const ratios = lastRatios(draft, rows, book, roles);
  const typical = expected.reduce((a, b) => a + b, 0) / Math.max(expected.length, 1);
  const choices = [0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 20, 1000].map((share) => share * typical);
  const best = choices
    .map((k) => ({ k, loss: experienceLoss(k, ratios, paid, expected) }))
    .reduce((a, b) => (b.loss < a.loss ? b : a));
  return { tariff, experience: { k: best.k, past, periods }, glm: fitGlm(rows, factors, power) };
}

export function championForecasts(
  champions: Champions,
  rows: ModelRows,
  roles: HistoryRoles | null,
): ChampionForecasts {
  const tariff = tariffTotals(champions.tariff, rows);
  const ratios = lastRatios(champions.experience, rows, tariff, roles);
  const experience = tariff.map(
    (value, row) => value * ratingFactor(champions.experience.k, ratios[rows.keyed.sets.of[row]!]),
  );
  return { tariff, experience, glm: glmTotals(champions.glm, rows) };
}

interface LastRatio {
  readonly paid: number;
  readonly expected: number;
}

function ratingFactor(k: number, ratio: LastRatio | undefined): number {
  if (ratio === undefined || !(ratio.expected > 0)) return 1;
  const z = ratio.expected / (ratio.expected + k);
  return z * (ratio.paid / ratio.expected) + 1 - z;
}

/**
 * Last period's paid and tariff of each set: from the rows seen in training, or from the history columns where those tell
 * of a period that training has not seen.
 */
function lastRatios(
  { past, periods }: ExperienceRating,
  rows: ModelRows,
  tariff: Float64Array,
  roles: HistoryRoles | null,
): (LastRatio | undefined)[] {
  const { groupOf, groups, time, sets } = rows.keyed;
  const rate = roles?.groupRate === undefined ? null : numbersOf(rows.table, roles.groupRate.code);
  const unit = roles?.exposure === undefined ? null : numbersOf(rows.table, roles.exposure);
  const step = shortestGap(periods);
  return Array.from(firstRows(rows), (row, set) => {
    const before = periods.filter((period) => period < time[row]!).pop();
    const kept = groupOf[row]! < 0 || before === undefined ? undefined : past[`${groups[groupOf[row]!]}|${before}`];
    const seen = kept === undefined ? undefined : { paid: kept[0], expected: kept[1] };
    const told = roles?.groupRate !== undefined && rate !== null && rate[row]! >= 0;
    if (!told || (seen !== undefined && before! > time[row]! - 1.5 * step)) return seen;
    const own = sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!);
    const sum = (values: Float64Array): number => own.reduce((total, at) => total + values[at]!, 0);
    const expected = sum(tariff);
    const now = roles.exposureIsSum === true ? sum(rows.exposure) : rows.exposure[row]!;
    const exposure = unit === null ? now : unit[row]!;
    return {
      paid: rate[row]! * exposure * roles.groupRate!.scale,
      expected: (expected * exposure) / now / roles.growth,
    };
  });
}

function experienceLoss(
  k: number,
  ratios: readonly (LastRatio | undefined)[],
  paid: Float64Array,
  expected: Float64Array,
): number {
  let loss = 0;
  ratios.forEach((ratio, set) => {
    if (ratio === undefined || !(expected[set]! > 0)) return;
    const mu = Math.max((expected[set]! * ratingFactor(k, ratio)) / expected[set]!, 1e-6);
    loss += expected[set]! * unitDeviance(paid[set]! / expected[set]!, mu, 1.5);
  });
  return loss;
}

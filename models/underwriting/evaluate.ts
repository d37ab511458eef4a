import { AppError } from '../errors';
import { championForecasts } from './champions';
import { meanDeviance } from './deviance';
import { firstRows, setExposures, setTotals } from './groups';
import type { Estimate, GroupCase } from './metrics';
import {
  bootstrap,
  bootstrapDraws,
  coverage,
  decileRatios,
  groupDeviance,
  normalisedGini,
  rateRmse,
  totalError,
  totalRatio,
} from './metrics';
import type { UnderwritingModel } from './model';
import { quantileOf, sortedFinite } from './quantiles';
import type { Scored } from './score';
import { levelsOf, numbersOf } from './table';

export const MODEL_NAMES = ['model', 'experience', 'glm', 'tariff', 'constant'] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

export interface ModelFigures {
  readonly error: Estimate;
  readonly ratio: number;
  readonly rmse: number;
  readonly gini: number;
  readonly deviance: number;
}

export interface SegmentFigures {
  readonly segment: string;
  readonly groups: number;
  readonly exposure: number;
  readonly paid: number;
  readonly figures: Readonly<Record<ModelName, ModelFigures>>;
  readonly coverage: number;
}

export interface CutFigures {
  readonly factor: string;
  readonly cut: string;
  readonly groups: number;
  readonly error: number;
  readonly tariffError: number;
  /** Upper bound of (tariff error - model error) below zero: worse beyond noise. */
  readonly worse: boolean;
}

export interface Evaluation {
  readonly version: string;
  readonly rows: number;
  readonly segments: readonly SegmentFigures[];
  /** Row-level mean deviance by model (power of the model's family) and its null model. */
  readonly rowDeviance: Readonly<Record<ModelName, number>>;
  readonly rowPower: number;
  /** Paid / forecast in ten bands of forecast, with the 95 % bootstrap over groups. */
  readonly deciles: readonly Estimate[];
  readonly bands: readonly SegmentFigures[];
  readonly cuts: readonly CutFigures[];
}

const MIN_CUT = 50;

/**
 * Measures a scored table that has its totals: groups' totals first, rows' deviance beside, champions with both.
 *
 * @throws AppError UNDERWRITING_COLUMNS when no row has a total
 */
export function evaluateScored(model: UnderwritingModel, all: Scored): Evaluation {
  if (all.rows.total.every((total) => Number.isNaN(total))) throw noTotals(model.columns.target);
  const scored = knownRows(all);
  const { rows } = scored;
  const champions = championForecasts(model.champions, rows, model.history);
  const byModel: Record<ModelName, Float64Array> = {
    model: scored.prediction,
    ...champions,
    constant: rows.base.map((base) => base * model.meanRate),
  };
  const cases = casesOf(scored, byModel, model.shape.compete);
  const weights = rows.exposure;
  const rowDeviance = Object.fromEntries(
    MODEL_NAMES.map((name) => [name, meanDeviance(rows.total, byModel[name], weights, model.power)]),
  ) as Record<ModelName, number>;
  const measured = cases.map(({ one }) => one);
  const cohorts: [string, GroupCase[]][] = [
    ['all', measured],
    ['renewal', measured.filter(({ renewal }) => renewal)],
    ['new business', measured.filter(({ renewal }) => !renewal)],
  ];
  return {
    version: model.version,
    rows: rows.table.rows,
    segments: cohorts
      .filter(([name, own]) => own.length > 0 && (name === 'all' || own.length < measured.length))
      .map(([name, own]) => segmentOf(name, own, model.power)),
    rowDeviance,
    rowPower: model.power,
    deciles: decilesOf(measured),
    bands: sizeBands(measured).map(([name, own]) => segmentOf(name, own, model.power, 0)),
    cuts: cutsOf(model, scored, cases),
  };
}

/**
 * What can be measured: a row without a total leaves its group's totals and bounds, a total below zero counts as none
 * (as in training).
 */
function knownRows(scored: Scored): Scored {
  const { rows } = scored;
  const known = (value: number, row: number): number => (Number.isNaN(rows.total[row]!) ? 0 : value);
  const lower = scored.lower.map(known);
  const upper = scored.upper.map(known);
  return {
    ...scored,
    rows: {
      ...rows,
      total: rows.total.map((total) => Math.max(Number.isNaN(total) ? 0 : total, 0)),
      exposure: rows.exposure.map(known),
      base: rows.base.map(known),
    },
    prediction: scored.prediction.map(known),
    lower,
    upper,
    setPrediction: setTotals(rows, scored.prediction.map(known)),
    setLower: setTotals(rows, lower),
    setUpper: setTotals(rows, upper),
  };
}

interface PlacedCase {
  readonly one: GroupCase;
  readonly row: number;
}

function casesOf(scored: Scored, byModel: Readonly<Record<ModelName, Float64Array>>, compete: boolean): PlacedCase[] {
  const { rows } = scored;
  const paid = setTotals(rows, rows.total);
  const exposures = setExposures(rows, compete);
  const sums = MODEL_NAMES.map((name) => setTotals(rows, byModel[name]));
  return Array.from(firstRows(rows)).flatMap((row, set) => {
    if (!(exposures[set]! > 0)) return [];
    const one: GroupCase = {
      paid: paid[set]!,
      exposure: exposures[set]!,
      renewal: scored.experience.renewal[row] === 1,
      forecasts: Object.fromEntries(MODEL_NAMES.map((name, k) => [name, sums[k]![set]!])),
      lower: scored.setLower[set]!,
      upper: scored.setUpper[set]!,
    };
    return [{ one, row }];
  });
}

function segmentOf(segment: string, cases: readonly GroupCase[], power: number, draws = 300): SegmentFigures {
  const figures = Object.fromEntries(
    MODEL_NAMES.map((name) => [
      name,
      {
        error:
          draws > 0 && cases.length <= 20_000
            ? bootstrap(cases, (sample) => totalError(sample, name), draws)
            : plain(totalError(cases, name)),
        ratio: totalRatio(cases, name),
        rmse: rateRmse(cases, name),
        gini: normalisedGini(cases, name),
        deviance: groupDeviance(cases, name, power),
      },
    ]),
  ) as Record<ModelName, ModelFigures>;
  return {
    segment,
    groups: cases.length,
    exposure: cases.reduce((sum, one) => sum + one.exposure, 0),
    paid: cases.reduce((sum, one) => sum + one.paid, 0),
    figures,
    coverage: coverage(cases),
  };
}

function decilesOf(cases: readonly GroupCase[]): Estimate[] {
  const ratios = decileRatios(cases, 'model');
  if (cases.length > 20_000) return ratios.map(plain);
  const draws = bootstrapDraws(cases, (sample) => decileRatios(sample, 'model'), 200);
  return ratios.map((value, band) => {
    const sorted = sortedFinite(draws.map((draw) => draw[band]!));
    return { value, low: quantileOf(sorted, 0.025), high: quantileOf(sorted, 0.975) };
  });
}

function plain(value: number): Estimate {
  return { value, low: Number.NaN, high: Number.NaN };
}

function sizeBands(cases: readonly GroupCase[]): [string, GroupCase[]][] {
  const sorted = sortedFinite(cases.map(({ exposure }) => exposure));
  const cuts = [...new Set([0.2, 0.4, 0.6, 0.8].map((share) => quantileOf(sorted, share)))];
  const named = cuts.map(
    (cut, k) => [`exposure ${k === 0 ? 'up to' : `${fixed(cuts[k - 1]!)} –`} ${fixed(cut)}`, k] as const,
  );
  const bands: [string, GroupCase[]][] = [
    ...named.map(([name]): [string, GroupCase[]] => [name, []]),
    [`exposure over ${fixed(cuts[cuts.length - 1] ?? 0)}`, []],
  ];
  for (const one of cases) {
    const band = cuts.findIndex((cut) => one.exposure <= cut);
    bands[band < 0 ? bands.length - 1 : band]![1].push(one);
  }
  return bands.filter(([, own]) => own.length > 0);
}

/** Error of the model and of the tariff in every cut of every factor that has 50 groups or more. */
function cutsOf(model: UnderwritingModel, { rows }: Scored, cases: readonly PlacedCase[]): CutFigures[] {
  if (cases.length > 20_000) return [];
  return model.factors.flatMap((factor) => {
    if (!rows.table.columns.includes(factor.code)) return [];
    const labels =
      factor.kind === 'category'
        ? levelLabels(rows.table, factor.code)
        : bandLabels(numbersOf(rows.table, factor.code));
    const groups = new Map<string, GroupCase[]>();
    for (const { one, row } of cases) {
      const label = labels(row);
      if (label === null) continue;
      const own = groups.get(label);
      if (own === undefined) groups.set(label, [one]);
      else own.push(one);
    }
    return [...groups]
      .filter(([, own]) => own.length >= MIN_CUT)
      .map(([cut, own]) => {
        const gain = bootstrap(own, (sample) => totalError(sample, 'tariff') - totalError(sample, 'model'), 100);
        return {
          factor: factor.code,
          cut,
          groups: own.length,
          error: totalError(own, 'model'),
          tariffError: totalError(own, 'tariff'),
          worse: gain.high < 0,
        };
      });
  });
}

function levelLabels(table: Scored['rows']['table'], code: string): (row: number) => string | null {
  const { codes, levels } = levelsOf(table, code);
  return (row) => (codes[row]! < 0 ? null : `= ${levels[codes[row]!]}`);
}

function bandLabels(values: Float64Array): (row: number) => string | null {
  const sorted = sortedFinite(values);
  const distinct = [...new Set(sorted)];
  const edges =
    distinct.length <= 6 ? distinct : [...new Set([0.25, 0.5, 0.75, 1].map((share) => quantileOf(sorted, share)))];
  return (row) => {
    const value = values[row]!;
    if (Number.isNaN(value)) return null;
    const band = edges.findIndex((edge) => value <= edge);
    return distinct.length <= 6 ? `= ${value}` : `≤ ${fixed(edges[band < 0 ? edges.length - 1 : band]!)}`;
  };
}

function fixed(value: number): string {
  return Number(value.toPrecision(4)).toString();
}

function noTotals(target: string): AppError {
  return new AppError(
    'UNDERWRITING_COLUMNS',
    {
      ru: `Нечего измерять: в столбце «${target}» нет ни одного числа. Исправление: дайте строки с известными суммами`,
      en: `Nothing to measure: the column “${target}” holds no number. Fix: give rows with known totals`,
    },
    { details: { field: target, rule: 'at least one row with a total', fix: 'give rows with known totals' } },
  );
}

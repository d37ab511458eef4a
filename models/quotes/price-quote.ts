import type { UnderwritingModel } from '../underwriting/model';
import { NOISE_CODES } from '../underwriting/noise-factor';
import { quote } from '../underwriting/quote';
import type { Contribution as ModelContribution, Quote, QuoteRequest as ModelRequest } from '../underwriting/quote';
import { domainWarnings } from './domain-check';
import { itemName } from './item-names';
import { roundToSum, toKopecks } from './kopecks';
import type { PricingParameters } from './parameters.schema';
import { priceProgramme } from './price';
import { completeProgramme, withRatings } from './programme';
import type { ClinicRatings } from './programme';
import type { ClinicForecast, Contribution, ForecastFigures, QuoteRequest, QuoteResult } from './types';

export interface VersionedParameters {
  readonly version: number;
  readonly data: PricingParameters;
}

/** The request as the model reads it: key columns by the names that the model was trained with. */
export function modelRequest({ columns }: Pick<UnderwritingModel, 'columns'>, request: QuoteRequest): ModelRequest {
  const { group, entity, time, exposure } = columns;
  return {
    contract: {
      ...(group === undefined ? {} : { [group]: request.contractNo ?? '(new)' }),
      ...(time === undefined ? {} : { [time]: request.year }),
      ...(exposure === undefined ? {} : { [exposure]: request.personYears }),
      ...request.contract,
    },
    clinics: request.clinics.map(({ clinicCode, factors }) => ({
      ...(entity === undefined ? {} : { [entity]: clinicCode }),
      ...factors,
    })),
  };
}

/** The request as it is priced and stored: the clinics' newest ratings and the programme's own factors filled in. */
export function completeRequest(
  request: QuoteRequest,
  known: ReadonlySet<string>,
  ratings: ClinicRatings,
): QuoteRequest {
  return { ...request, clinics: completeProgramme(withRatings(request.clinics, ratings), known) };
}

/**
 * Prices a programme: forecast per clinic and in total with interval and contributions, the rivals beside it, warnings,
 * comparables and the price build-up. Pure and in plain loops, so that the same model, inputs and parameters give the
 * same bytes on every machine and TensorFlow backend. Whole kopecks: clinics add up to the total, contributions and start
 * to each forecast, parts to the price. The total's interval is the contract's own, not the sum of the clinics' intervals.
 */
export function priceQuote(
  model: UnderwritingModel,
  request: QuoteRequest,
  parameters: VersionedParameters,
): QuoteResult {
  const priced = quote(model, modelRequest(model, request));
  const built = priceProgramme(priced.clinics, toKopecks(priced.upper), request, parameters.data);
  const clinics = priced.clinics.map((one, i): ClinicForecast => {
    const { forecastKopecks, largeLossKopecks, priceKopecks } = built.clinics[i]!;
    const start = one.prediction - one.contributions.reduce((sum, { rub }) => sum + rub, 0);
    return {
      clinicCode: request.clinics[i]!.clinicCode,
      peopleShare: model.choice === null ? null : roundShare(one.peopleShare),
      forecastKopecks,
      lowerKopecks: toKopecks(one.lower),
      upperKopecks: toKopecks(one.upper),
      largeLossKopecks,
      tariffKopecks: toKopecks(one.tariff),
      glmKopecks: toKopecks(one.glm),
      credibilityWeight: roundShare(one.credibility),
      ...waterfall(model, start, one.contributions, forecastKopecks),
      priceKopecks,
    };
  });
  return {
    modelVersion: model.version,
    parametersVersion: parameters.version,
    renewal: priced.renewal,
    intervalLevel: model.intervals.level,
    total: { ...sumForecasts(clinics, priced), experienceRatedKopecks: toKopecks(priced.experienceRated) },
    clinics,
    price: built.price,
    warnings: domainWarnings(model, request, priced.warnings),
    comparables: priced.comparables.map((one) => ({
      contractNo: one.name,
      year: one.time,
      distance: Math.round(one.distance * 1e4) / 1e4,
      personYears: one.exposure,
      paidKopecks: toKopecks(one.paid),
      forecastKopecks: toKopecks(one.expected),
      alike: one.alike,
      different: one.different.map(({ code, gap }) => ({ factor: code, gap: Math.round(gap * 100) / 100 })),
    })),
  };
}

/** Start and parts in whole kopecks, adding up to the forecast; what stands for noise goes into the portfolio's item. */
function waterfall(
  model: UnderwritingModel,
  start: number,
  parts: readonly ModelContribution[],
  forecastKopecks: number,
): Pick<ForecastFigures, 'startKopecks' | 'contributions'> {
  const items = new Map<string, { rub: number; spread: number; belowNoise: boolean }>();
  for (const { code, rub, spread, belowNoise } of parts) {
    const noise = NOISE_CODES.includes(code);
    const item = noise ? 'portfolio' : code;
    const before = items.get(item) ?? { rub: 0, spread: 0, belowNoise: false };
    items.set(item, {
      rub: before.rub + rub,
      spread: before.spread + (noise ? 0 : spread),
      belowNoise: before.belowNoise || (belowNoise && !noise),
    });
  }
  const startKopecks = toKopecks(start);
  const codes = [...items.keys()].sort();
  const kopecks = roundToSum(
    codes.map((code) => items.get(code)!.rub * 100),
    forecastKopecks - startKopecks,
  );
  const contributions = codes.map((code, i): Contribution => ({
    code,
    name: itemName(code, model.factors),
    kopecks: kopecks[i]!,
    spreadKopecks: toKopecks(items.get(code)!.spread),
    belowNoise: items.get(code)!.belowNoise,
  }));
  return { startKopecks, contributions: strongestFirst(contributions) };
}

function sumForecasts(clinics: readonly ClinicForecast[], priced: Quote): ForecastFigures {
  const sum = (read: (one: ClinicForecast) => number): number => clinics.reduce((all, one) => all + read(one), 0);
  const byCode = new Map<string, Contribution>();
  for (const one of clinics.flatMap(({ contributions }) => contributions)) {
    const before = byCode.get(one.code);
    byCode.set(one.code, {
      ...one,
      kopecks: (before?.kopecks ?? 0) + one.kopecks,
      spreadKopecks: (before?.spreadKopecks ?? 0) + one.spreadKopecks,
    });
  }
  return {
    forecastKopecks: sum((one) => one.forecastKopecks),
    lowerKopecks: toKopecks(priced.lower),
    upperKopecks: toKopecks(priced.upper),
    largeLossKopecks: sum((one) => one.largeLossKopecks),
    tariffKopecks: sum((one) => one.tariffKopecks),
    glmKopecks: sum((one) => one.glmKopecks),
    credibilityWeight: roundShare(priced.credibility),
    startKopecks: sum((one) => one.startKopecks),
    contributions: strongestFirst([...byCode.values()]),
  };
}

function strongestFirst(parts: readonly Contribution[]): Contribution[] {
  return [...parts].sort((a, b) => Math.abs(b.kopecks) - Math.abs(a.kopecks) || (a.code < b.code ? -1 : 1));
}

function roundShare(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

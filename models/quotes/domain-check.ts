import type { DomainWarning as ValueWarning } from '../underwriting/domain-check';
import type { UnderwritingModel } from '../underwriting/model';
import type { DomainWarning, QuoteRequest } from './types';

type Domain = Pick<UnderwritingModel, 'profiles' | 'factors' | 'trainedOn' | 'columns'>;

/** A factor that training nearly always knew. */
const SELDOM_MISSING = 0.02;

/**
 * Warnings of a request: values that training has not seen (once per contract where they are the contract's), gaps where
 * training had none, a year far from the training. The price level is divided out before the model sees anything, so a
 * new year's level is no extrapolation.
 */
export function domainWarnings(model: Domain, request: QuoteRequest, values: readonly ValueWarning[]): DomainWarning[] {
  const seen = new Set<string>();
  const found = values.flatMap(({ row, factor, kind, text }): DomainWarning[] => {
    const ofContract = factor in request.contract && !(factor in request.clinics[row]!.factors);
    if (factor === model.columns.index || (ofContract && seen.has(factor))) return [];
    seen.add(factor);
    return [{ code: kind, factor, clinicCode: ofContract ? null : request.clinics[row]!.clinicCode, text }];
  });
  return [...yearWarning(model, request.year), ...found, ...gapWarnings(model, request)];
}

function gapWarnings({ profiles, factors, columns }: Domain, { contract, clinics }: QuoteRequest): DomainWarning[] {
  return profiles.flatMap(({ code, missing }) => {
    if (missing > SELDOM_MISSING || code === columns.index) return [];
    const given = [contract[code], ...clinics.map((one) => one.factors[code])];
    if (given.some((value) => value !== null && value !== undefined)) return [];
    const name = factors.find((factor) => factor.code === code)?.nameRu ?? code;
    const text = {
      ru: `${name}: не указан, при обучении был известен`,
      en: `${code} is not given; training knew it`,
    };
    return [{ code: 'unusual-gap' as const, factor: code, clinicCode: null, text }];
  });
}

/** The price level is carried forward by the inflation factor; two years beyond the training it is a guess. */
function yearWarning({ trainedOn, columns }: Domain, year: number): DomainWarning[] {
  if (columns.time === undefined || (year >= trainedOn.from && year <= trainedOn.to + 2)) return [];
  const text = {
    ru: `Год ${year} далеко от обучения (${trainedOn.from} – ${trainedOn.to})`,
    en: `The year ${year} is far from the training (${trainedOn.from} – ${trainedOn.to})`,
  };
  return [{ code: 'unseen-year', factor: columns.time, clinicCode: null, text }];
}

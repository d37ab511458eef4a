import { AppError } from '../errors';
import { completeProgramme } from './programme';
import type { FactorValues, QuoteClinic, QuoteRequest, QuoteResult } from './types';

export interface QuoteChange {
  readonly name?: string | undefined;
  readonly year?: number | undefined;
  readonly personYears?: number | undefined;
  readonly discountPercent?: number | undefined;
  readonly contract?: FactorValues | undefined;
  readonly addClinics?: readonly QuoteClinic[] | undefined;
  readonly changeClinics?: readonly QuoteClinic[] | undefined;
  readonly removeClinics?: readonly string[] | undefined;
}

/**
 * The request with a change applied. Factors that clinics give each other are worked out anew when clinics come or go,
 * so that the split of people follows.
 *
 * @throws AppError quote-change when a clinic to change or remove is not there, or one to add already is
 */
export function applyChange(request: QuoteRequest, change: QuoteChange, known: ReadonlySet<string>): QuoteRequest {
  const codes = new Set(request.clinics.map((one) => one.clinicCode));
  for (const code of [...(change.removeClinics ?? []), ...(change.changeClinics ?? []).map((one) => one.clinicCode)]) {
    if (!codes.has(code)) throw unfitChange(code, 'нет в программе', 'is not in the programme');
  }
  for (const { clinicCode } of change.addClinics ?? []) {
    if (codes.has(clinicCode)) throw unfitChange(clinicCode, 'уже в программе', 'is in the programme already');
  }
  const removed = new Set(change.removeClinics ?? []);
  const changes = new Map((change.changeClinics ?? []).map((one) => [one.clinicCode, one.factors]));
  const kept = request.clinics
    .filter((one) => !removed.has(one.clinicCode))
    .map((one) => ({ ...one, factors: { ...one.factors, ...changes.get(one.clinicCode) } }));
  const clinics = [...kept, ...(change.addClinics ?? [])];
  if (clinics.length === 0)
    throw unfitChange([...removed].join(', '), 'последняя в программе', 'is the last of the programme');
  const refresh = removed.size > 0 || (change.addClinics ?? []).length > 0;
  return {
    ...request,
    name: change.name ?? request.name,
    year: change.year ?? request.year,
    personYears: change.personYears ?? request.personYears,
    discountPercent: change.discountPercent ?? request.discountPercent,
    contract: { ...request.contract, ...change.contract },
    clinics: completeProgramme(clinics, known, refresh),
  };
}

export interface QuoteDifference {
  readonly forecastKopecks: number;
  readonly priceKopecks: number;
  readonly pricePercent: number;
  /** By clinic: forecast and share of people before and after; null where the clinic is not there. */
  readonly clinics: readonly {
    readonly clinicCode: string;
    readonly forecastBefore: number | null;
    readonly forecastAfter: number | null;
    readonly shareBefore: number | null;
    readonly shareAfter: number | null;
  }[];
  /** Parts of the forecast that moved, the largest first. */
  readonly contributions: readonly { readonly code: string; readonly kopecks: number }[];
}

/** What a change does: after less before. */
export function compareQuotes(before: QuoteResult, after: QuoteResult): QuoteDifference {
  const codes = [...new Set([...before.clinics, ...after.clinics].map((one) => one.clinicCode))];
  const moved = new Map<string, number>();
  for (const part of after.total.contributions) moved.set(part.code, part.kopecks);
  for (const part of before.total.contributions) moved.set(part.code, (moved.get(part.code) ?? 0) - part.kopecks);
  moved.set('portfolio_start', after.total.startKopecks - before.total.startKopecks);
  const difference = after.price.priceKopecks - before.price.priceKopecks;
  return {
    forecastKopecks: after.total.forecastKopecks - before.total.forecastKopecks,
    priceKopecks: difference,
    pricePercent:
      before.price.priceKopecks === 0 ? 0 : Math.round((difference / before.price.priceKopecks) * 1e6) / 1e4,
    clinics: codes.map((clinicCode) => {
      const old = before.clinics.find((one) => one.clinicCode === clinicCode);
      const fresh = after.clinics.find((one) => one.clinicCode === clinicCode);
      return {
        clinicCode,
        forecastBefore: old?.forecastKopecks ?? null,
        forecastAfter: fresh?.forecastKopecks ?? null,
        shareBefore: old?.peopleShare ?? null,
        shareAfter: fresh?.peopleShare ?? null,
      };
    }),
    contributions: [...moved]
      .map(([code, kopecks]) => ({ code, kopecks }))
      .filter(({ kopecks }) => kopecks !== 0)
      .sort((a, b) => Math.abs(b.kopecks) - Math.abs(a.kopecks)),
  };
}

function unfitChange(clinicCode: string, ru: string, en: string): AppError {
  return new AppError(
    'quote-change',
    { ru: `Клиника ${clinicCode} ${ru}`, en: `Clinic ${clinicCode} ${en}` },
    { httpStatus: 422, details: { clinicCode } },
  );
}

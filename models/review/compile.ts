import type { CompiledMedicine } from './compile-medicine';
import { compileMedicine } from './compile-medicine';
import type { CompiledCover } from './compile-cover';
import { compileCover } from './compile-cover';
import { rankTexts } from './code-order';
import { indexCodes } from './prefixes';
import type { PaymentMode, ReviewReference } from './reference';
import type { ServiceKind } from '../service-kinds';
import { SERVICE_KINDS } from '../service-kinds';
import { OPEN_END } from './table';

export const UNKNOWN_KIND = -1;
export const KIND = Object.fromEntries(SERVICE_KINDS.map((kind, i) => [kind, i])) as Record<ServiceKind, number>;

/** Payment modes as small integers; 0 = unknown clinic. */
export const PAYMENT_MODE: Record<PaymentMode, number> = { 'fee-for-service': 1, 'per-case': 2, capitation: 3 };

/** The extraction of a tooth, by which PLAU-03 knows that it is gone (`formats.md`). */
export const EXTRACTION_PREFIX = 'A16.07.001';

/**
 * The indexed form of a reference: prefixes are resolved per service and diagnosis, validity periods are day numbers,
 * and no text is left for the hot loop. Immutable once built; share it between chunks of the same rule-set version.
 */
export interface CompiledReference {
  source: ReviewReference;
  disabled: ReadonlySet<string>;
  clinics: CompiledClinics;
  services: CompiledServices;
  prices: CompiledPrices;
  /** Per diagnosis: 1 = known and billable. */
  diagnosisBillable: Uint8Array;
  cover: CompiledCover;
  medicine: CompiledMedicine;
}

interface CompiledClinics {
  count: number;
  rank: Int32Array;
  known: Uint8Array;
  paymentMode: Uint8Array;
  openSunday: Uint8Array;
  /** -1 = not known. */
  billingTermDays: Int32Array;
}

interface CompiledServices {
  count: number;
  kind: Int8Array;
  /** Interned; -1 = none. */
  specialty: Int32Array;
  specialties: number;
  /** 0 = none. */
  minutes: Float64Array;
  /** 1 = the name has the word «зуба», so a dental line must name the tooth. */
  namesTooth: Uint8Array;
  extraction: Uint8Array;
}

/** Price periods of item i: start[i] .. start[i + 1] - 1, latest first, so the first that covers a day is in force. */
interface CompiledPrices {
  start: Int32Array;
  from: Int32Array;
  to: Int32Array;
  service: Int32Array;
  price: Float64Array;
}

export function compileReference(source: ReviewReference): CompiledReference {
  const services = compileServices(source);
  const serviceIndex = indexCodes(source.services.map((service) => service.code));
  const diagnosisIndex = indexCodes(source.diagnoses.map((diagnosis) => diagnosis.code));
  return {
    source,
    disabled: new Set(source.disabled),
    clinics: compileClinics(source),
    services,
    prices: compilePrices(source),
    diagnosisBillable: Uint8Array.from(source.diagnoses, (d) => (d.known && d.billable ? 1 : 0)),
    cover: compileCover(source, serviceIndex, diagnosisIndex),
    medicine: compileMedicine(source, serviceIndex, diagnosisIndex),
  };
}

function compileClinics({ clinics }: ReviewReference): CompiledClinics {
  return {
    count: clinics.length,
    rank: rankTexts(clinics.map((clinic) => clinic.code)),
    known: Uint8Array.from(clinics, (clinic) => (clinic.known ? 1 : 0)),
    paymentMode: Uint8Array.from(clinics, (clinic) => (clinic.paymentMode ? PAYMENT_MODE[clinic.paymentMode] : 0)),
    openSunday: Uint8Array.from(clinics, (clinic) => (clinic.openSunday ? 1 : 0)),
    billingTermDays: Int32Array.from(clinics, (clinic) => clinic.billingTermDays ?? -1),
  };
}

function compileServices({ services }: ReviewReference): CompiledServices {
  const specialties = new Map<string, number>();
  const specialtyOf = (name: string | null): number => {
    if (!name) return -1;
    if (!specialties.has(name)) specialties.set(name, specialties.size);
    return specialties.get(name)!;
  };
  const specialty = Int32Array.from(services, (service) => specialtyOf(service.specialty));
  return {
    count: services.length,
    kind: Int8Array.from(services, (service) => (service.kind ? KIND[service.kind] : UNKNOWN_KIND)),
    specialty,
    specialties: specialties.size,
    minutes: Float64Array.from(services, (service) => service.minutes ?? 0),
    namesTooth: Uint8Array.from(services, (service) => (hasWordTooth(service.name) ? 1 : 0)),
    extraction: Uint8Array.from(services, (service) => (service.code.startsWith(EXTRACTION_PREFIX) ? 1 : 0)),
  };
}

/** «зуба» as a whole word: «зубами» or «межзубабельный» do not count, «зуба-антагониста» and «зуба,» do. */
export function hasWordTooth(name: string): boolean {
  return /(?<![\p{L}\p{N}_])зуба(?![\p{L}\p{N}_])/iu.test(name);
}

function compilePrices({ priceItems }: ReviewReference): CompiledPrices {
  const count = priceItems.reduce((sum, item) => sum + item.periods.length, 0);
  const prices: CompiledPrices = {
    start: new Int32Array(priceItems.length + 1),
    from: new Int32Array(count),
    to: new Int32Array(count),
    service: new Int32Array(count),
    price: new Float64Array(count),
  };
  let at = 0;
  priceItems.forEach((item, i) => {
    const latestFirst = item.periods.length > 1 ? item.periods.toSorted((a, b) => b.from - a.from) : item.periods;
    for (const period of latestFirst) {
      prices.from[at] = period.from;
      prices.to[at] = period.to ?? OPEN_END;
      prices.service[at] = period.service;
      prices.price[at] = period.price;
      at += 1;
    }
    prices.start[i + 1] = at;
  });
  return prices;
}

import type { ServiceKind } from '../service-kinds';
import type { DayNumber } from './table';

/**
 * The review reference: everything that rules read besides the lines and their people. Plain, serialisable data;
 * `compileReference` (compile.ts) turns it into the indexed form once per rule-set version.
 * Indexes are positions in the arrays below. Unknown codes that occur in lines get a row with `known: false`.
 */
export interface ReviewReference {
  /** Rule-set version: stamped on every finding, part of what a replay needs. */
  version: string;
  clinics: ReviewClinic[];
  services: ReviewService[];
  diagnoses: ReviewDiagnosis[];
  priceItems: ReviewPriceItem[];
  contracts: ReviewContract[];
  programmes: ReviewProgramme[];
  packs: GuidelinePack[];
  /** Finding codes that are switched off, for partial rule sets (shadow runs, benchmarks). */
  disabled?: string[];
}

export type PaymentMode = 'fee-for-service' | 'per-case' | 'capitation';

export interface ReviewClinic {
  code: string;
  name: string;
  known: boolean;
  paymentMode: PaymentMode | null;
  openSunday: boolean;
  billingTermDays: number | null;
}

export interface ReviewService {
  code: string;
  name: string;
  /** null = a mapped code that the nomenclature lacks: prefix rules work, kind rules are not evaluated. */
  kind: ServiceKind | null;
  specialty: string | null;
  minutes: number | null;
}

export interface ReviewDiagnosis {
  code: string;
  name: string;
  known: boolean;
  billable: boolean;
}

/** One item code of one clinic with all its price periods. */
export interface ReviewPriceItem {
  clinic: number;
  code: string;
  name: string;
  periods: PricePeriod[];
}

export interface PricePeriod {
  /** Index in services, or -1 while the item is not mapped. */
  service: number;
  /** Kopecks. */
  price: number;
  from: DayNumber;
  /** Inclusive; null = open. */
  to: DayNumber | null;
}

export interface ReviewContract {
  no: string;
  start: DayNumber;
  end: DayNumber | null;
}

export interface ReviewProgramme {
  code: string;
  name: string;
  contract: number;
  /** Indexes in clinics. */
  clinics: number[];
  coveredKinds: ServiceKind[];
  excludedServices: string[];
  excludedDiagnoses: string[];
  waitingDays: number;
  /** Percent, decimals allowed; exact as written in decimal. */
  franchisePercent: number | string;
  /** Kopecks; null = no limit. */
  annualLimit: number | null;
  serviceLimits: { service: string; maxQuantity: number }[];
  letterRequired: string[];
}

/** A guideline pack in the exchange format, camel-cased; dates ISO. `effective*` bounds the whole pack version. */
export interface GuidelinePack {
  name: string;
  version: string;
  effectiveFrom?: string | null;
  /** Inclusive. */
  effectiveTo?: string | null;
  guidelines: Guideline[];
  pairs: ServicePair[];
  demographics: DemographicRule[];
  visits: { primarySuffix: string; repeatSuffix: string; primaryWindowDays: number } | null;
  day: { maxDoctorMinutes: number } | null;
}

export interface Guideline {
  id: string;
  title: string;
  source: string;
  clause: string;
  validFrom: string;
  /** Inclusive. */
  validTo: string | null;
  diagnoses: string[];
  /** Inclusive, whole years on the service date. */
  ageFrom: number | null;
  ageTo: number | null;
  services: GuidelineService[];
  contraindicated: { service: string; clause: string }[];
}

export interface GuidelineService {
  service: string;
  frequency: number;
  multiplicity: number;
  maxPerEpisode: number | null;
  minIntervalDays: number | null;
  clause: string;
}

export type PairKind = 'bundled' | 'exclusive' | 'requires';

export interface ServicePair {
  id: string;
  kind: PairKind;
  service: string;
  with: string;
  windowDays: number;
  source: string;
  clause: string;
}

export interface DemographicRule {
  id: string;
  target: 'service' | 'diagnosis';
  prefix: string;
  sex: 'M' | 'F' | null;
  ageFrom: number | null;
  ageTo: number | null;
  source: string;
  clause: string;
}

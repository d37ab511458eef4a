import type { LocalizedText } from '../errors';

export type FactorValue = number | string | boolean | null;
export type FactorValues = Readonly<Record<string, FactorValue>>;

/** One clinic of the programme that is asked about, with the factors of the clinic and of the pair office - clinic. */
export interface QuoteClinic {
  readonly clinicCode: string;
  readonly factors: FactorValues;
}

/** What an underwriter asks a price for. */
export interface QuoteRequest {
  readonly name?: string | undefined;
  readonly policyholder?: string | undefined;
  /** A contract that the model may know: its past then counts. */
  readonly contractNo?: string | undefined;
  readonly year: number;
  readonly personYears: number;
  readonly discountPercent: number;
  /** Factors of company, people, cover and history. */
  readonly contract: FactorValues;
  readonly clinics: readonly QuoteClinic[];
}

/** A part of the price in kopecks: the parts and the start add up to the forecast exactly. */
export interface Contribution {
  /** Factor code, or portfolio | experience | entity_experience | competition. */
  readonly code: string;
  readonly name: LocalizedText;
  readonly kopecks: number;
  /** Standard deviation of the part over the members of the ensemble. */
  readonly spreadKopecks: number;
  /** No more than pure noise brings: not to be argued with. */
  readonly belowNoise: boolean;
}

export interface ForecastFigures {
  readonly forecastKopecks: number;
  readonly lowerKopecks: number;
  readonly upperKopecks: number;
  /** Of the forecast: what single very large cases bring. */
  readonly largeLossKopecks: number;
  readonly tariffKopecks: number;
  readonly glmKopecks: number;
  /** 0: the forecast rests on factors alone; 1: on the contract's own past alone. */
  readonly credibilityWeight: number;
  /** Where the waterfall starts: the portfolio's mean price of this exposure. */
  readonly startKopecks: number;
  readonly contributions: readonly Contribution[];
}

export interface TotalForecast extends ForecastFigures {
  /** The tariff with the contract's own last year by Buehlmann's credibility. */
  readonly experienceRatedKopecks: number;
}

export interface ClinicForecast extends ForecastFigures {
  readonly clinicCode: string;
  /** Share of the people who are expected to choose the clinic; null where the model has no choice part. */
  readonly peopleShare: number | null;
  /** The clinic's part of the price, in proportion to its forecast. */
  readonly priceKopecks: number;
}

export interface DomainWarning {
  readonly code: 'outside-declared' | 'outside-training' | 'unknown-level' | 'unusual-gap' | 'unseen-year';
  readonly factor: string;
  readonly clinicCode: string | null;
  readonly text: LocalizedText;
}

export interface ComparableContract {
  readonly contractNo: string;
  readonly year: number;
  readonly distance: number;
  readonly personYears: number;
  readonly paidKopecks: number;
  readonly forecastKopecks: number;
  readonly alike: readonly string[];
  readonly different: readonly { readonly factor: string; readonly gap: number }[];
}

export interface PriceBuildUp {
  /** Expectation without the large cases. */
  readonly riskKopecks: number;
  readonly largeLossKopecks: number;
  readonly uncertaintyKopecks: number;
  readonly expensesKopecks: number;
  readonly commissionKopecks: number;
  readonly marginKopecks: number;
  /** What the smallest price adds; mostly 0. */
  readonly minimumKopecks: number;
  readonly discountKopecks: number;
  /** The sum of the parts above less the discount. */
  readonly priceKopecks: number;
  readonly pricePerPersonYearKopecks: number;
}

export interface ReferralReason {
  readonly code: 'price' | 'discount' | 'insured' | 'interval' | 'domain';
  readonly value: number;
  readonly limit: number;
  readonly text: LocalizedText;
}

/** All that a quote answers; plain data, the same bytes for the same inputs, model and parameters. */
export interface QuoteResult {
  readonly modelVersion: string;
  readonly parametersVersion: number;
  readonly renewal: boolean;
  readonly intervalLevel: number;
  readonly total: TotalForecast;
  readonly clinics: readonly ClinicForecast[];
  readonly price: PriceBuildUp;
  readonly warnings: readonly DomainWarning[];
  readonly comparables: readonly ComparableContract[];
}

import type { CsvCell } from '../exchange/csv-writer';
import { championForecasts } from '../underwriting/champions';
import { peopleShares } from '../underwriting/clinic-choice';
import { checkDomain } from '../underwriting/domain-check';
import type { UnderwritingModel } from '../underwriting/model';
import { quoteTable } from '../underwriting/quote';
import { scoreTable } from '../underwriting/score';
import { authorityFacts, referralReasons } from './authority';
import type { BatchRow, RowFault } from './batch-rows';
import { domainWarnings } from './domain-check';
import { toKopecks } from './kopecks';
import type { PricingParameters } from './parameters.schema';
import { priceProgramme } from './price';
import { completeRequest, modelRequest } from './price-quote';
import type { ClinicRatings } from './programme';
import type { DomainWarning, FactorValue, QuoteRequest } from './types';

export const BATCH_COLUMNS: readonly string[] = [
  'row_no', 'contract_no', 'clinic_code', 'year', 'status', 'forecast_rub', 'lower_rub', 'upper_rub', 'large_loss_rub', 'tariff_rub',
  'experience_rated_rub', 'glm_rub', 'credibility_weight', 'people_share', 'price_rub', 'model_version', 'field', 'value', 'rule', 'reason_ru', 'reason_en',
  'warnings', 'referral',
]; // prettier-ignore

/** Positions of codes in BATCH_COLUMNS: they keep their exact form. */
export const BATCH_CODES: ReadonlySet<number> = new Set([1, 2]);

export interface BatchTerms {
  readonly parameters: PricingParameters;
  /** Whose limits of authority decide on a referral. */
  readonly role: string;
  /** Factor codes of the contract; the others belong to a clinic. */
  readonly contractCodes: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
  readonly ratings: ClinicRatings;
}

/**
 * Prices one programme and gives one answer line per row: the same figures to the kopeck as a quote of the same contract,
 * with its warnings (`code:factor`, those of the contract in each row) and the limits that it is above of.
 *
 * @param rows - all rows of one contract and year
 */
export function scoreProgramme(model: UnderwritingModel, terms: BatchTerms, rows: readonly BatchRow[]): CsvCell[][] {
  const request = completeRequest(requestOf(rows, terms.contractCodes), terms.known, terms.ratings);
  const table = quoteTable(withExposure(model, request, rows));
  const scored = scoreTable(null, model, table);
  const rivals = championForecasts(model.champions, scored.rows, model.history);
  const shares = model.choice === null ? null : peopleShares(model.choice, scored.rows, model.encoding);
  const [lower, upper] = [scored.lower, scored.upper].map((bounds) => toKopecks(bounds.reduce((a, b) => a + b, 0)));
  const clinics = rows.map((_, i) => ({ prediction: scored.prediction[i]!, largeLoss: scored.largeLoss[i]! }));
  const priced = priceProgramme(clinics, upper!, request, terms.parameters);
  const warnings = domainWarnings(model, request, checkDomain(model.factors, model.profiles, table));
  const total = { forecastKopecks: priced.forecastKopecks, lowerKopecks: lower!, upperKopecks: upper! };
  const facts = authorityFacts({ total, price: priced.price, warnings }, request);
  const referral = referralReasons(facts, terms.role, terms.parameters).map(({ code }) => code);
  const money = (roubles: number): number => toKopecks(roubles) / 100;
  return rows.map((row, i) => [
    row.rowNo,
    row.contractNo,
    row.clinicCode,
    row.year,
    'ok',
    priced.clinics[i]!.forecastKopecks / 100,
    money(scored.lower[i]!),
    money(scored.upper[i]!),
    priced.clinics[i]!.largeLossKopecks / 100,
    money(rivals.tariff[i]!),
    money(rivals.experience[i]!),
    money(rivals.glm[i]!),
    Math.round(scored.experience.weight[i]! * 1e6) / 1e6,
    shares === null ? null : Math.round(shares[i]! * 1e6) / 1e6,
    priced.clinics[i]!.priceKopecks / 100,
    model.version,
    ...Array.from({ length: 5 }, () => null),
    warningsOf(warnings, row.clinicCode),
    joined(referral),
  ]);
}

export function faultLine({ rowNo, field, value, rule, reason }: RowFault): CsvCell[] {
  const empty = Array.from({ length: 11 }, () => null);
  return [rowNo, null, null, null, 'rejected', ...empty, field, value, rule, reason.ru, reason.en, null, null];
}

/** The rows as the quote of their contract; a row that says otherwise than the first keeps its own value. */
function requestOf(rows: readonly BatchRow[], contractCodes: ReadonlySet<string>): QuoteRequest {
  const [first] = rows as [BatchRow];
  const contract = Object.fromEntries(Object.entries(first.factors).filter(([code]) => contractCodes.has(code)));
  return {
    contractNo: first.contractNo,
    year: first.year,
    personYears: Math.max(...rows.map(({ personYears }) => personYears)),
    discountPercent: 0,
    contract,
    clinics: rows.map(({ clinicCode, factors }) => {
      const own: Record<string, FactorValue> = {};
      for (const code of Object.keys(contract)) if (factors[code] === undefined) own[code] = null;
      for (const [code, value] of Object.entries(factors)) if (value !== contract[code]) own[code] = value;
      return { clinicCode, factors: own };
    }),
  };
}

/** Clinics of one contract may have different exposure, as those of several programmes have. */
function withExposure(model: UnderwritingModel, request: QuoteRequest, rows: readonly BatchRow[]) {
  const asked = modelRequest(model, request);
  const { exposure } = model.columns;
  if (exposure === undefined || rows.every(({ personYears }) => personYears === request.personYears)) return asked;
  const clinics = asked.clinics.map((one, i) => ({ ...one, [exposure]: rows[i]!.personYears }));
  return { ...asked, clinics };
}

function warningsOf(warnings: readonly DomainWarning[], clinic: string): string | null {
  const own = warnings.filter(({ clinicCode }) => clinicCode === null || clinicCode === clinic);
  return joined(own.map(({ code, factor }) => `${code}:${factor}`));
}

function joined(words: readonly string[]): string | null {
  return words.length === 0 ? null : words.join('|');
}

import { basisPoints, roundToSum, toKopecks } from './kopecks';
import type { PricingParameters } from './parameters.schema';
import type { PriceBuildUp } from './types';

export interface PriceInput {
  readonly forecastKopecks: number;
  readonly largeLossKopecks: number;
  readonly upperKopecks: number;
  readonly personYears: number;
  readonly discountPercent: number;
}

/**
 * Builds the price up from the forecast: risk without large cases, large cases with their load, a load for what is not
 * known (share of the interval's upper half), then expenses, commission and margin as shares of the price before
 * discount, the smallest price, and the discount. Whole kopecks; the parts add up to the price exactly.
 */
export function buildPrice(input: PriceInput, parameters: PricingParameters): PriceBuildUp {
  const risk = input.forecastKopecks - input.largeLossKopecks;
  const large = basisPoints(input.largeLossKopecks, parameters.largeLossFactorBp);
  const unsure = basisPoints(Math.max(0, input.upperKopecks - input.forecastKopecks), parameters.uncertaintyLoadBp);
  const net = risk + large + unsure;
  const { expensesBp, commissionBp, marginBp } = parameters;
  const shares = [expensesBp, commissionBp, marginBp];
  const loads = shares.reduce((a, b) => a + b, 0);
  const full = Math.round((net * 10_000) / (10_000 - loads));
  const [expenses, commission, margin] = roundToSum(
    shares.map((share) => (loads === 0 ? 0 : ((full - net) * share) / loads)),
    full - net,
  ) as [number, number, number];
  const minimum = Math.max(0, parameters.minimumPriceKopecks - full);
  const before = full + minimum;
  const discount = Math.round((before * input.discountPercent) / 100);
  const price = before - discount;
  return {
    riskKopecks: risk,
    largeLossKopecks: large,
    uncertaintyKopecks: unsure,
    expensesKopecks: expenses,
    commissionKopecks: commission,
    marginKopecks: margin,
    minimumKopecks: minimum,
    discountKopecks: discount,
    priceKopecks: price,
    pricePerPersonYearKopecks: Math.round(price / input.personYears),
  };
}

/** What the price of a programme needs to know of each clinic, in roubles. */
export interface ClinicRisk {
  readonly prediction: number;
  readonly largeLoss: number;
}

/** Forecasts in whole kopecks that add up to the programme's, its price, and each clinic's part of it. */
export interface PricedProgramme {
  readonly clinics: readonly {
    readonly forecastKopecks: number;
    readonly largeLossKopecks: number;
    /** The clinic's part of the price, in proportion to its forecast. */
    readonly priceKopecks: number;
  }[];
  readonly forecastKopecks: number;
  readonly price: PriceBuildUp;
}

/** Prices the clinics of one programme together: the same for a single quote and for a row of a portfolio. */
export function priceProgramme(
  clinics: readonly ClinicRisk[],
  upperKopecks: number,
  { personYears, discountPercent }: Pick<PriceInput, 'personYears' | 'discountPercent'>,
  parameters: PricingParameters,
): PricedProgramme {
  const forecasts = clinics.map(({ prediction }) => toKopecks(prediction));
  const large = clinics.map(({ largeLoss }, i) => Math.min(forecasts[i]!, toKopecks(largeLoss)));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const forecastKopecks = sum(forecasts);
  const price = buildPrice(
    { forecastKopecks, largeLossKopecks: sum(large), upperKopecks, personYears, discountPercent },
    parameters,
  );
  const parts = roundToSum(
    forecasts.map((one) =>
      forecastKopecks > 0 ? (price.priceKopecks * one) / forecastKopecks : price.priceKopecks / clinics.length,
    ),
    price.priceKopecks,
  );
  return {
    clinics: forecasts.map((one, i) => ({
      forecastKopecks: one,
      largeLossKopecks: large[i]!,
      priceKopecks: parts[i]!,
    })),
    forecastKopecks,
    price,
  };
}

/** The price before any discount: what an override's discount is measured from. */
export function priceBeforeDiscount(price: PriceBuildUp): number {
  return price.priceKopecks + price.discountKopecks;
}

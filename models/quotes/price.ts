import { basisPoints, roundToSum } from './kopecks';
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

/** The price before any discount: what an override's discount is measured from. */
export function priceBeforeDiscount(price: PriceBuildUp): number {
  return price.priceKopecks + price.discountKopecks;
}

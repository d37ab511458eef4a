import fc from 'fast-check';
import { referralReasons } from '../models/quotes/authority';
import { roundToSum } from '../models/quotes/kopecks';
import { nearestName } from '../models/quotes/nearest-name';
import type { PricingParameters } from '../models/quotes/parameters.schema';
import { buildPrice } from '../models/quotes/price';
import { FACTORS } from './support/risk-model';

const parameters: PricingParameters = {
  largeLossFactorBp: 11_000,
  uncertaintyLoadBp: 200,
  expensesBp: 1_200,
  commissionBp: 500,
  marginBp: 500,
  minimumPriceKopecks: 5_000_000,
  authority: {
    underwriter: {
      maxPriceKopecks: 1_000_000_000,
      maxDiscountBp: 500,
      maxInsured: 500,
      maxIntervalWidthBp: 12_000,
      maxDomainWarnings: 3,
    },
    'senior-underwriter': {
      maxPriceKopecks: 10_000_000_000,
      maxDiscountBp: 2_000,
      maxInsured: 5_000,
      maxIntervalWidthBp: 30_000,
      maxDomainWarnings: 20,
    },
  },
};

describe('the arithmetic of a price', () => {
  it('rounds parts to a whole to the kopeck, each by less than one kopeck when they add up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 90 }),
        (parts) => {
          const whole = Math.round(parts.reduce((a, b) => a + b, 0));
          const rounded = roundToSum(parts, whole);
          return (
            rounded.reduce((a, b) => a + b, 0) === whole &&
            rounded.every((part, i) => Math.abs(part - parts[i]!) <= 1.001)
          );
        },
      ),
    );
  });

  it('builds a price whose parts less the discount are the price, for any forecast and loads', () => {
    const amounts = fc.record({
      forecastKopecks: fc.integer({ min: 0, max: 10_000_000_000 }),
      large: fc.double({ min: 0, max: 1, noNaN: true }),
      over: fc.integer({ min: 0, max: 1_000_000_000 }),
      personYears: fc.double({ min: 0.1, max: 10_000, noNaN: true }),
      discountPercent: fc.double({ min: 0, max: 90, noNaN: true }),
      loads: fc.tuple(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 0, max: 3000 }),
      ),
    });
    fc.assert(
      fc.property(amounts, ({ forecastKopecks, large, over, loads: [expensesBp, commissionBp, marginBp], ...rest }) => {
        const input = { ...rest, forecastKopecks, largeLossKopecks: Math.floor(forecastKopecks * large), upperKopecks: forecastKopecks + over };
        const price = buildPrice(input, { ...parameters, expensesBp, commissionBp, marginBp });
        const sum =
          price.riskKopecks + price.largeLossKopecks + price.uncertaintyKopecks + price.expensesKopecks +
          price.commissionKopecks + price.marginKopecks + price.minimumKopecks - price.discountKopecks;
        return sum === price.priceKopecks && Object.values(price).every((value) => Number.isInteger(value));
      }),
    ); // prettier-ignore
  });

  it.each([
    ['price', { priceKopecks: 1_000_000_001 }],
    ['discount', { discountBp: 501 }],
    ['insured', { insured: 501 }],
    ['interval', { intervalWidthBp: 12_001 }],
    ['domain', { domainWarnings: 4 }],
  ])('refers a quote one step above the limit of %s, and not at the limit', (code, above) => {
    const atLimit = {
      priceKopecks: 1_000_000_000,
      discountBp: 500,
      insured: 500,
      intervalWidthBp: 12_000,
      domainWarnings: 3,
    };
    expect(referralReasons(atLimit, 'underwriter', parameters)).toEqual([]);
    expect(referralReasons({ ...atLimit, ...above }, 'underwriter', parameters)).toMatchObject([{ code }]);
    expect(referralReasons({ ...atLimit, ...above }, 'senior-underwriter', parameters)).toEqual([]);
    expect(referralReasons(atLimit, 'clinic', parameters)).toHaveLength(5);
  });

  it.each([
    ['age_maen', 'age_mean'],
    ['clinic_levl', 'clinic_level'],
    ['yandexrating', 'yandex_rating'],
    ['zzzzzzzz', null],
  ])('names what %s was meant to be: %s', (typed, meant) => {
    expect(
      nearestName(
        typed,
        FACTORS.map(({ code }) => code),
      ),
    ).toBe(meant);
  });
});

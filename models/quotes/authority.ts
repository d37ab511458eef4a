import type { LocalizedText } from '../errors';
import type { AuthorityLimits, PricingParameters } from './parameters.schema';
import { priceBeforeDiscount } from './price';
import type { QuoteRequest, QuoteResult, ReferralReason, TotalForecast } from './types';

export type UnderwritingRole = keyof PricingParameters['authority'];

/** Facts of a quote that limits of authority look at. */
export interface AuthorityFacts {
  readonly priceKopecks: number;
  readonly discountBp: number;
  readonly insured: number;
  readonly intervalWidthBp: number;
  readonly domainWarnings: number;
}

/** What of a result the limits are held against. */
export type JudgedResult = Pick<QuoteResult, 'price' | 'warnings'> & {
  readonly total: Pick<TotalForecast, 'forecastKopecks' | 'lowerKopecks' | 'upperKopecks'>;
};

export function authorityFacts(
  { total, price, warnings }: JudgedResult,
  { personYears, contract }: Pick<QuoteRequest, 'personYears' | 'contract'>,
): AuthorityFacts {
  const insured = contract.insured_count ?? contract.programme_insured_count;
  const before = priceBeforeDiscount(price);
  return {
    priceKopecks: price.priceKopecks,
    discountBp: before > 0 ? Math.ceil((price.discountKopecks * 10_000) / before) : 0,
    insured: typeof insured === 'number' ? insured : Math.ceil(personYears),
    intervalWidthBp:
      total.forecastKopecks > 0
        ? Math.round(((total.upperKopecks - total.lowerKopecks) * 10_000) / total.forecastKopecks)
        : 0,
    domainWarnings: warnings.length,
  };
}

const CHECKS: readonly {
  readonly code: ReferralReason['code'];
  readonly value: keyof AuthorityFacts;
  readonly limit: keyof AuthorityLimits;
  readonly text: LocalizedText;
}[] = [
  {
    code: 'price',
    value: 'priceKopecks',
    limit: 'maxPriceKopecks',
    text: { ru: 'Цена выше полномочий', en: 'The price is above the authority' },
  },
  {
    code: 'discount',
    value: 'discountBp',
    limit: 'maxDiscountBp',
    text: { ru: 'Скидка выше полномочий', en: 'The discount is above the authority' },
  },
  {
    code: 'insured',
    value: 'insured',
    limit: 'maxInsured',
    text: { ru: 'Застрахованных больше, чем позволяют полномочия', en: 'More insured than the authority allows' },
  },
  {
    code: 'interval',
    value: 'intervalWidthBp',
    limit: 'maxIntervalWidthBp',
    text: { ru: 'Прогноз слишком неточен для полномочий', en: 'The forecast is too uncertain for the authority' },
  },
  {
    code: 'domain',
    value: 'domainWarnings',
    limit: 'maxDomainWarnings',
    text: { ru: 'Слишком много факторов вне области обучения', en: 'Too many factors outside the training domain' },
  },
];

/** Why the quote is above the role's authority; empty: it is within. A role without limits may price nothing. */
export function referralReasons(
  facts: AuthorityFacts,
  role: string,
  { authority }: Pick<PricingParameters, 'authority'>,
): ReferralReason[] {
  const limits = Object.hasOwn(authority, role) ? authority[role as UnderwritingRole] : null;
  return CHECKS.flatMap(({ code, value, limit, text }) => {
    const allowed = limits?.[limit] ?? -1;
    return facts[value] > allowed ? [{ code, value: facts[value], limit: allowed, text }] : [];
  });
}

/** Discount in basis points of a price that a senior puts in the place of the computed one. */
export function overrideDiscountBp(result: QuoteResult, priceKopecks: number): number {
  const before = priceBeforeDiscount(result.price);
  return before > 0 ? Math.max(0, Math.ceil(((before - priceKopecks) * 10_000) / before)) : 0;
}

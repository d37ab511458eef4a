import { z } from 'zod';

const points = (max = 10_000) => z.int().min(0).max(max);
const limits = z.strictObject({
  maxPriceKopecks: z.int().min(0).max(1_000_000_000_000),
  maxDiscountBp: points(),
  maxInsured: z.int().min(0).max(10_000_000),
  /** Width of the interval over the forecast. */
  maxIntervalWidthBp: z.int().min(0).max(1_000_000),
  maxDomainWarnings: z.int().min(0).max(10_000),
});

/**
 * Loads and limits of authority, as versioned data. Shares in basis points: expenses, commission and margin of the price
 * before discount, the uncertainty load of the interval's upper half.
 */
export const pricingParametersSchema = z
  .strictObject({
    /** On the large-loss part of the forecast; 10000 = as it is. */
    largeLossFactorBp: z.int().min(10_000).max(100_000),
    uncertaintyLoadBp: points(),
    expensesBp: points(9_000),
    commissionBp: points(9_000),
    marginBp: points(9_000),
    minimumPriceKopecks: z.int().min(0).max(1_000_000_000_000),
    authority: z.strictObject({ underwriter: limits, 'senior-underwriter': limits }),
  })
  .refine(({ expensesBp, commissionBp, marginBp }) => expensesBp + commissionBp + marginBp <= 9_000, {
    params: {
      rule: 'loads-sum',
      message: {
        ru: 'Расходы, комиссия и маржа вместе не могут быть больше 90 % цены',
        en: 'Expenses, commission and margin together cannot be above 90 % of the price',
      },
      fix: { ru: 'Уменьшите доли', en: 'Lower the shares' },
    },
  });

export type PricingParameters = z.output<typeof pricingParametersSchema>;
export type AuthorityLimits = z.output<typeof limits>;

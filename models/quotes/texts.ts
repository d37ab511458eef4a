import type { PriceBuildUp } from './types';

/** Names of the parts of the price, in the order in which they build it up; the discount is subtracted. */
export const PRICE_PARTS: readonly { readonly key: keyof PriceBuildUp; readonly ru: string; readonly en: string }[] = [
  { key: 'riskKopecks', ru: 'Риск без крупных случаев', en: 'Risk without large cases' },
  { key: 'largeLossKopecks', ru: 'Крупные случаи с нагрузкой', en: 'Large cases with their load' },
  { key: 'uncertaintyKopecks', ru: 'Нагрузка за неточность прогноза', en: 'Load for uncertainty' },
  { key: 'expensesKopecks', ru: 'Расходы', en: 'Expenses' },
  { key: 'commissionKopecks', ru: 'Комиссия', en: 'Commission' },
  { key: 'marginKopecks', ru: 'Маржа', en: 'Margin' },
  { key: 'minimumKopecks', ru: 'Доведение до минимальной цены', en: 'Up to the smallest price' },
  { key: 'discountKopecks', ru: 'Скидка', en: 'Discount' },
];

export const STATE_NAMES: Readonly<Record<string, string>> = {
  priced: 'в пределах полномочий',
  referred: 'передан старшему андеррайтеру',
  approved: 'согласован',
  declined: 'отклонён',
};

import type { LocalizedText } from '../errors';
import type { Factor } from '../underwriting/catalogue';

/** Items of the waterfall that are no factors. */
const ITEMS: Readonly<Record<string, LocalizedText>> = {
  portfolio: { ru: 'Уровень портфеля', en: 'Level of the portfolio' },
  experience: { ru: 'Собственная история договора', en: "The contract's own history" },
  entity_experience: { ru: 'История клиники', en: "The clinic's history" },
  competition: { ru: 'Число клиник в программе', en: 'Number of clinics in the programme' },
  portfolio_start: { ru: 'Среднее портфеля', en: 'Mean of the portfolio' },
};

export function itemName(code: string, factors: readonly Factor[]): LocalizedText {
  const item = Object.hasOwn(ITEMS, code) ? ITEMS[code] : undefined;
  if (item !== undefined) return item;
  const factor = factors.find((one) => one.code === code);
  return factor === undefined ? { ru: code, en: code } : { ru: factor.nameRu, en: factor.description };
}

import type { LocalizedText } from '../errors';

/** Every sentence that a letter's first answer can give, Russian first. */
export const answerTexts = {
  duplicateLetter: (numbers: readonly string[]): LocalizedText => ({
    ru: `На эту услугу и период уже есть действующее гарантийное письмо: ${numbers.join(', ')}`,
    en: `A letter for this service and period is already in force: ${numbers.join(', ')}`,
  }),
  limitUsedUp: (key: string): LocalizedText => ({
    ru: `Лимит программы исчерпан: ${limitName(key).ru}`,
    en: `The programme's limit is used up: ${limitName(key).en}`,
  }),
  limitLeaves: (quantity: number, key: string): LocalizedText => ({
    ru: `Согласовано количество ${quantity}: больше не оставляет ${limitName(key).ru}`,
    en: `Quantity ${quantity} is approved: ${limitName(key).en} leaves no more`,
  }),
  documentsMissing: (kinds: readonly string[]): LocalizedText => ({
    ru: `Нужны документы: ${kinds.map((kind) => documentNames[kind]?.ru ?? kind).join(', ')}`,
    en: `Documents are needed: ${kinds.map((kind) => documentNames[kind]?.en ?? kind).join(', ')}`,
  }),
  noPrice: (): LocalizedText => ({
    ru: 'В прейскуранте клиники нет цены на эту услугу: цену согласует врач-эксперт',
    en: "The clinic's price list has no price for this service: an expert agrees the price",
  }),
  unknownDiagnosis: (code: string): LocalizedText => ({
    ru: `Диагноза ${code} нет в МКБ-10: уточните код`,
    en: `Diagnosis ${code} is not in ICD-10: correct the code`,
  }),
  coverEnds: (date: string): LocalizedText => ({
    ru: `Срок согласован по ${date}: дальше покрытие или год лимитов кончается`,
    en: `The term is agreed until ${date}: cover or the year of the limits ends there`,
  }),
  validityEnds: (date: string, days: number): LocalizedText => ({
    ru: `Письмо действует по ${date}: срок по условиям договора в днях – ${days}; его можно продлить`,
    en: `The letter stands until ${date}: the contract gives it ${days} days; it can be extended`,
  }),
  overCeiling: (): LocalizedText => ({
    ru: 'Сумма запроса выше предела автоматического согласования: решает врач-эксперт',
    en: 'The sum is above the ceiling of automatic approval: an expert decides',
  }),
};

/** Kinds of documents that a policy may ask for. */
export const documentNames: Readonly<Record<string, LocalizedText>> = {
  referral: { ru: 'направление лечащего врача', en: "the treating doctor's referral" },
  'surgeon-opinion': { ru: 'заключение хирурга', en: "the surgeon's opinion" },
  'imaging-report': { ru: 'протокол исследования', en: 'the imaging report' },
  discharge: { ru: 'выписной эпикриз', en: 'the discharge summary' },
  'treatment-plan': { ru: 'план лечения', en: 'the treatment plan' },
};

function limitName(key: string): LocalizedText {
  return key === 'annual'
    ? { ru: 'годовой лимит на человека', en: 'the yearly limit per person' }
    : { ru: `лимит услуг ${key}`, en: `the limit of services ${key}` };
}

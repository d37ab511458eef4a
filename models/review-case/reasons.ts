import type { LocalizedText } from '../errors';
import { groundOf } from '../routing/families';
import type { Ground } from '../routing/families';

/**
 * Reasons that a reduction or refusal may name: the finding codes of the exchange format. Statistical (STAT) and
 * patients' (FEED) findings are absent on purpose: they raise priority, they never cut a line by themselves.
 */
export const REASONS: Readonly<Record<string, LocalizedText>> = {
  'ELIG-01': { ru: 'Полис не найден', en: 'Unknown policy' },
  'ELIG-02': { ru: 'Нет прикрепления на дату услуги', en: 'No enrolment on the service date' },
  'ELIG-03': { ru: 'Клиника не входит в программу', en: 'Clinic is not in the programme' },
  'ELIG-04': { ru: 'Услуга не входит в программу', en: 'Service is not covered' },
  'ELIG-05': { ru: 'Диагноз исключён программой', en: 'Diagnosis is excluded' },
  'ELIG-06': { ru: 'Период ожидания не прошёл', en: 'Waiting period has not passed' },
  'AUTH-01': { ru: 'Нет гарантийного письма', en: 'No guarantee letter' },
  'AUTH-02': { ru: 'Письмо выдано на другое лицо, клинику или услугу', en: 'Letter is for somebody or something else' },
  'AUTH-03': { ru: 'Услуга вне срока письма', en: 'Outside the period of the letter' },
  'AUTH-04': { ru: 'Превышен объём письма', en: 'Letter is exceeded' },
  'PRIC-01': { ru: 'Позиции нет в прейскуранте', en: 'Not in the price list' },
  'PRIC-02': { ru: 'Цена выше договорной', en: 'Price above the contract' },
  'PRIC-03': { ru: 'Сумма не равна цене, умноженной на количество', en: 'Amount is not quantity times price' },
  'PRIC-04': { ru: 'Услуга оплачена авансовой программой', en: 'Paid by capitation' },
  'LIMI-01': { ru: 'Превышен лимит количества', en: 'Quantity limit exceeded' },
  'LIMI-02': { ru: 'Превышен годовой лимит суммы', en: 'Annual limit exceeded' },
  'LIMI-03': { ru: 'Франшиза рассчитана неверно', en: 'Franchise is wrong' },
  'DUPL-01': { ru: 'Повтор строки', en: 'Duplicate line' },
  'DUPL-02': {
    ru: 'Та же услуга в тот же день в другой клинике',
    en: 'Same service on the same day in another clinic',
  },
  'FREQ-01': { ru: 'Превышена кратность за случай', en: 'Too many in the episode' },
  'FREQ-02': { ru: 'Повтор раньше допустимого интервала', en: 'Repeated too early' },
  'DEMO-01': { ru: 'Услуга не соответствует полу', en: 'Service conflicts with sex' },
  'DEMO-02': { ru: 'Услуга не соответствует возрасту', en: 'Service conflicts with age' },
  'DEMO-03': { ru: 'Диагноз не соответствует полу или возрасту', en: 'Diagnosis conflicts with sex or age' },
  'CLIN-01': { ru: 'Услуга не показана при диагнозе', en: 'Service is not indicated for the diagnosis' },
  'CLIN-02': { ru: 'Код диагноза неизвестен или не оплачивается', en: 'Diagnosis unknown or not billable' },
  'CLIN-03': { ru: 'Услуга противопоказана', en: 'Service is contraindicated' },
  'COMB-01': { ru: 'Услуга входит в состав другой', en: 'Service is part of another' },
  'COMB-02': { ru: 'Услуги исключают друг друга', en: 'Services exclude each other' },
  'COMB-03': { ru: 'Нет обязательной сопутствующей услуги', en: 'Required service is missing' },
  'COMB-04': { ru: 'Повторный приём выставлен как первичный', en: 'Repeat visit billed as primary' },
  'PLAU-01': { ru: 'Невозможная дата услуги', en: 'Impossible service date' },
  'PLAU-02': { ru: 'Превышено рабочее время врача за день', en: "More than a doctor's day" },
  'PLAU-03': { ru: 'Ошибка в номере зуба', en: 'Wrong tooth' },
  'PLAU-04': { ru: 'Счёт выставлен после срока', en: 'Billed too late' },
};

export function isReason(code: string): boolean {
  return Object.hasOwn(REASONS, code);
}

export function reasonText(code: string): LocalizedText {
  return REASONS[code] ?? { ru: code, en: code };
}

/** Codes of one ground, in the order of the exchange format: what a form offers. */
export function reasonsOf(ground: Ground): string[] {
  return Object.keys(REASONS).filter((code) => groundOf(code) === ground);
}

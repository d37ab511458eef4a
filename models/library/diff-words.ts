import type { LocalizedText } from '../errors';

/** A value as people read it. */
export type PlainValue = LocalizedText;

export const plain = (text: string): PlainValue => ({ ru: text, en: text });

const UNLIMITED = { ru: 'без ограничения', en: 'no limit' };

const UNITS = {
  days: { ru: ['день', 'дня', 'дней'], en: ['day', 'days'] },
  minutes: { ru: ['минута', 'минуты', 'минут'], en: ['minute', 'minutes'] },
} as const;

export const PAIR_WORDS: Readonly<Record<'bundled' | 'exclusive' | 'requires', LocalizedText>> = {
  bundled: { ru: 'входит в', en: 'is part of' },
  exclusive: { ru: 'не вместе с', en: 'not together with' },
  requires: { ru: 'только после', en: 'only after' },
};

/** «14 дней», "14 days", or "no limit" for null. */
export function number(value: number | null, unit?: keyof typeof UNITS): PlainValue {
  if (value === null) return UNLIMITED;
  if (unit === undefined) return plain(String(value));
  const { ru, en } = UNITS[unit];
  return { ru: `${value} ${ru[russianForm(value)]!}`, en: `${value} ${en[value === 1 ? 0 : 1]}` };
}

export function ages(from: number | null, to: number | null): PlainValue {
  if (from === null && to === null) return { ru: 'любой', en: 'any' };
  if (to === null) return { ru: `от ${from}`, en: `from ${from}` };
  if (from === null) return { ru: `до ${to} включительно`, en: `up to ${to}` };
  return { ru: `${from}–${to}`, en: `${from} to ${to}` };
}

export function dates(from: string, to: string | null): PlainValue {
  return to === null ? { ru: `с ${from}`, en: `from ${from}` } : { ru: `${from} – ${to}`, en: `${from} to ${to}` };
}

const NOUNS = {
  guideline: { ru: 'рекомендация', en: 'guideline' },
  service: { ru: 'услуга', en: 'service' },
  contraindication: { ru: 'противопоказание', en: 'contraindication' },
  pair: { ru: 'пара услуг', en: 'pair of services' },
  demographic: { ru: 'ограничение по полу или возрасту', en: 'limit by sex or age' },
} as const;

export const diffText = {
  added: (section: keyof typeof NOUNS, subject: LocalizedText): LocalizedText => ({
    ru: `добавлено: ${NOUNS[section].ru} ${subject.ru}`,
    en: `added: ${NOUNS[section].en} ${subject.en}`,
  }),
  removed: (section: keyof typeof NOUNS, subject: LocalizedText): LocalizedText => ({
    ru: `убрано: ${NOUNS[section].ru} ${subject.ru}`,
    en: `removed: ${NOUNS[section].en} ${subject.en}`,
  }),
  changed: (field: LocalizedText, subject: LocalizedText, before: PlainValue, after: PlainValue): LocalizedText => ({
    ru: `${field.ru}: ${subject.ru}: ${before.ru} → ${after.ru}`,
    en: `${field.en}: ${subject.en}: ${before.en} → ${after.en}`,
  }),
};

/** 0 for «день», 1 for «дня», 2 for «дней». */
function russianForm(value: number): 0 | 1 | 2 {
  const [tens, ones] = [Math.abs(value) % 100, Math.abs(value) % 10];
  if (!Number.isInteger(value)) return 1;
  if (tens >= 11 && tens <= 14) return 2;
  if (ones === 1) return 0;
  return ones >= 2 && ones <= 4 ? 1 : 2;
}

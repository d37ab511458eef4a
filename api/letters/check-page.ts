import type { LetterState } from '../../models/letters/types';

const STATES: Readonly<Record<LetterState, { readonly ru: string; readonly en: string }>> = {
  draft: { ru: 'черновик', en: 'draft' },
  submitted: { ru: 'на рассмотрении', en: 'under review' },
  pended: { ru: 'на рассмотрении', en: 'under review' },
  approved: { ru: 'действует', en: 'in force' },
  'partially-approved': { ru: 'действует', en: 'in force' },
  amended: { ru: 'действует с изменениями', en: 'in force, amended' },
  refused: { ru: 'отказано', en: 'refused' },
  used: { ru: 'использовано', en: 'used' },
  expired: { ru: 'срок истёк', en: 'expired' },
  cancelled: { ru: 'отменено', en: 'cancelled' },
};

const TEXTS = {
  ru: { title: 'Проверка гарантийного письма', number: 'Номер', state: 'Состояние', none: 'Письма с таким кодом нет' },
  en: { title: 'Guarantee letter check', number: 'Number', state: 'State', none: 'No letter has this code' },
} as const;

/** The public page behind the QR code. Nothing personal, nothing medical, no script. */
export function checkPage(letter: { number: string; state: LetterState } | null, locale: 'ru' | 'en'): string {
  const texts = TEXTS[locale];
  const body =
    letter === null
      ? `<p>${texts.none}</p>`
      : `<dl><dt>${texts.number}</dt><dd>${letter.number}</dd><dt>${texts.state}</dt><dd>${STATES[letter.state][locale]}</dd></dl>`;
  return `<!doctype html><html lang="${locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${texts.title}</title></head><body><main><h1>${texts.title}</h1>${body}</main></body></html>`;
}

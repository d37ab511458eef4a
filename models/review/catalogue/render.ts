import type { LocalizedText } from '../../errors';
import type { ClauseRef, Evidence, EvidenceValue } from '../rule';
import { FINDINGS_EN } from './findings-en';
import { FINDINGS_RU } from './findings-ru';
import type { FindingText } from './finding-text';
import { KIND_NAMES, SEX_NAMES } from './words';

export type Language = keyof LocalizedText;

const TEXTS = { ru: FINDINGS_RU, en: FINDINGS_EN };
const LABELS = {
  ru: { billed: 'Выставлено', expected: 'Ожидается', basis: 'Основание', change: 'Что изменит решение' },
  en: { billed: 'Billed', expected: 'Expected', basis: 'Basis', change: 'What would change it' },
};

/** What was billed, for the first sentence of every explanation. */
export interface Billed {
  service: string;
  serviceDate: string;
  quantity: number;
  unitPriceKopecks: number;
  amountKopecks: number;
}

/** Short name of a finding, e.g. for lists; the code itself when it is not in the catalogue. */
export function findingTitle(code: string, evidence: Evidence, language: Language): string {
  return findText(code, evidence, language)?.title ?? code;
}

/** The full explanation: what was billed, what is wrong, what is expected, where it is written, what would change it. */
export function explain(code: string, billed: Billed, evidence: Evidence, clause: ClauseRef | null): LocalizedText {
  return {
    ru: explainIn('ru', code, billed, evidence, clause),
    en: explainIn('en', code, billed, evidence, clause),
  };
}

function explainIn(
  language: Language,
  code: string,
  billed: Billed,
  evidence: Evidence,
  clause: ClauseRef | null,
): string {
  const text = findText(code, evidence, language);
  if (!text) return code;
  const label = LABELS[language];
  const say = (template: string): string => fill(template, evidence, language);
  const money = (kopecks: number): string => formatMoney(kopecks, language);
  const basis = clause ? `${clause.source}, ${clause.clause} (${clause.ruleId})` : say(text.basis ?? code);
  return [
    `${label.billed}: ${billed.service}, ${formatDate(billed.serviceDate, language)}, ` +
      `${billed.quantity} × ${money(billed.unitPriceKopecks)} = ${money(billed.amountKopecks)}.`,
    say(text.problem),
    `${label.expected}: ${lowerFirst(say(text.expects))}`,
    `${label.basis}: ${basis}.`,
    `${label.change}: ${lowerFirst(say(text.change))}`,
  ].join(' ');
}

function findText(code: string, evidence: Evidence, language: Language): FindingText | undefined {
  const texts = TEXTS[language];
  const exact = texts[`${code}/${String(evidence.variant)}`] ?? texts[code];
  // A rule that passed has no variant: any text of its code names the rule.
  return exact ?? Object.entries(texts).find(([key]) => key.startsWith(`${code}/`))?.[1];
}

function fill(template: string, evidence: Evidence, language: Language): string {
  return template.replaceAll(/\{(\w+)(?::(\w+))?\}/g, (_, name: string, as: string | undefined) =>
    as === 'range' ? ageRange(evidence, language) : word(name, as, evidence[name] ?? null, language),
  );
}

function word(name: string, as: string | undefined, value: EvidenceValue, language: Language): string {
  if (as === 'sex') return SEX_NAMES[value === 'M' || value === 'F' ? value : 'any'][language];
  if (value === null) return '—';
  if (as === 'kind') return KIND_NAMES[value as keyof typeof KIND_NAMES]?.[language] ?? String(value);
  if (as === 'days' || as === 'units') return counted(Number(value), as, language);
  if (name.endsWith('Kopecks')) return formatMoney(Number(value), language);
  if (name.endsWith('Date')) return formatDate(String(value), language);
  return typeof value === 'number' && language === 'ru' ? String(value).replace('.', ',') : String(value);
}

/** Russian abbreviations need no plural forms. */
function counted(count: number, of: 'days' | 'units', language: Language): string {
  if (language === 'ru') return `${count} ${of === 'days' ? 'дн.' : 'ед.'}`;
  return `${count} ${count === 1 ? of.slice(0, -1) : of}`;
}

function ageRange({ ruleAgeFrom: from, ruleAgeTo: to }: Evidence, language: Language): string {
  if (from == null && to == null) return SEX_NAMES.any[language];
  if (language === 'ru')
    return [from == null ? '' : `от ${from}`, to == null ? '' : `до ${to} включительно`].join(' ').trim();
  return [from == null ? '' : `from ${from}`, to == null ? '' : `to ${to} inclusive`].join(' ').trim();
}

/** Own formatting, not Intl: texts of a replay must be byte-identical whatever ICU the host has. */
export function formatMoney(kopecks: number, language: Language): string {
  const sign = kopecks < 0 ? '-' : '';
  const whole = Math.floor(Math.abs(kopecks) / 100);
  const rest = String(Math.abs(kopecks) % 100).padStart(2, '0');
  const gap = language === 'ru' ? '\u00a0' : ',';
  const grouped = String(whole).replaceAll(/\B(?=(\d{3})+$)/g, gap);
  return language === 'ru' ? `${sign}${grouped},${rest}\u00a0₽` : `RUB ${sign}${grouped}.${rest}`;
}

export function formatDate(iso: string, language: Language): string {
  return language === 'ru' ? iso.split('-').toReversed().join('.') : iso;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

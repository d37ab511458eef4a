import type { FraudAlert, ScorePart, Scheme } from './types';

export type Language = 'ru' | 'en';

export const SCHEME_NAMES: Readonly<Record<Scheme, Readonly<Record<Language, string>>>> = {
  phantom: { ru: 'приписки', en: 'phantom billing' },
  upcoding: { ru: 'завышение', en: 'upcoding' },
  unbundling: { ru: 'дробление', en: 'unbundling' },
  'impossible-days': { ru: 'невозможные дни', en: 'impossible days' },
  network: { ru: 'общие пациенты', en: 'shared patients' },
  'sudden-change': { ru: 'резкое изменение', en: 'sudden change' },
};

const percent = (value: number): string => {
  const hundred = value * 100;
  return `${hundred < 10 && hundred > 0 ? hundred.toFixed(1) : Math.round(hundred)}%`;
};
const times = (value: number): string => value.toFixed(2);

type Writer = (part: ScorePart, f: Readonly<Record<string, number>>) => string[];

const RU: Readonly<Record<Scheme, Writer>> = {
  phantom: (part, f) => [
    f['answered']! > 0
      ? `пациенты отрицают ${f['denied']} из ${f['answered']} подтверждаемых фактов (${percent(f['denied']! / f['answered']!)}; у добросовестных ${percent(f['marketDenied']!)})`
      : 'ответов пациентов нет',
    ...(f['comments']! > 0 ? [`жалоб «не было» в комментариях: ${f['comments']}`] : []),
    `строк в случае к ожиданию по диагнозу и специальности: x${times(f['volumeRatio']!)}`,
    `оценка доли неоказанного: ${percent(part.share ?? 0)}`,
  ],
  upcoding: (part, f) => [
    f['timed']! > 0
      ? `по словам пациентов ${f['short']} из ${f['timed']} приёмов короче примерно половины нормы (у прочих ${percent(f['marketShort']!)})`
      : 'ответов о длительности нет',
    ...(f['visits']! > 0
      ? [`первичных приёмов ${f['primary']} из ${f['visits']}, ожидалось ${f['expectedPrimary']!.toFixed(1)}`]
      : []),
    `оценка доли завышенных приёмов: ${percent(part.share ?? 0)}`,
  ],
  unbundling: (_part, f) => [
    `строк, входящих в состав другой услуги тех же дней: ${f['bundled']} из ${f['wholes']} случаев (у прочих ${percent(f['market']!)})`,
  ],
  'impossible-days': (_part, f) => [
    `дней сверх предела рабочего времени: ${f['days']} из ${f['worked']}; наибольший день ${Math.round(f['minutes']!)} мин`,
  ],
  network: (_part, f) => [
    `с другим врачом общих пациентов ${f['shared']} из ${f['patients']} при ожидании ${f['expectedShared']!.toFixed(1)}`,
  ],
  'sudden-change': (_part, f) => [
    `строк за месяц ${f['after']} при ожидании ${f['before']!.toFixed(1)} по прочим месяцам`,
  ],
};

const EN: Readonly<Record<Scheme, Writer>> = {
  phantom: (part, f) => [
    f['answered']! > 0
      ? `patients deny ${f['denied']} of ${f['answered']} facts asked (${percent(f['denied']! / f['answered']!)}; honest ones ${percent(f['marketDenied']!)})`
      : 'no answers of patients',
    ...(f['comments']! > 0 ? [`comments that say "was not done": ${f['comments']}`] : []),
    `lines an episode against what diagnosis and specialty suggest: x${times(f['volumeRatio']!)}`,
    `estimated share not rendered: ${percent(part.share ?? 0)}`,
  ],
  upcoding: (part, f) => [
    f['timed']! > 0
      ? `by the patients' account ${f['short']} of ${f['timed']} visits took less than about half of the norm (others ${percent(f['marketShort']!)})`
      : 'no answers about duration',
    ...(f['visits']! > 0
      ? [`primary visits ${f['primary']} of ${f['visits']}, expected ${f['expectedPrimary']!.toFixed(1)}`]
      : []),
    `estimated share of upcoded visits: ${percent(part.share ?? 0)}`,
  ],
  unbundling: (_part, f) => [
    `lines that are part of another service of those days: ${f['bundled']} of ${f['wholes']} occasions (others ${percent(f['market']!)})`,
  ],
  'impossible-days': (_part, f) => [
    `days over the limit of working time: ${f['days']} of ${f['worked']}; longest day ${Math.round(f['minutes']!)} min`,
  ],
  network: (_part, f) => [
    `shares ${f['shared']} of ${f['patients']} patients with one other doctor, expected ${f['expectedShared']!.toFixed(1)}`,
  ],
  'sudden-change': (_part, f) => [
    `${f['after']} lines in a month, ${f['before']!.toFixed(1)} expected from the other months`,
  ],
};

/** Facts of one part, in words. */
export function partText(part: ScorePart, language: Language): string {
  return (language === 'ru' ? RU : EN)[part.scheme](part, part.facts).join('; ');
}

/** Evidence of an alert: its scheme's facts, then the other parts that are more likely than not to add something. */
export function alertText(alert: FraudAlert, language: Language): string {
  const main = alert.parts.find((part) => part.scheme === alert.scheme)!;
  const others = alert.parts.filter((part) => part !== main && part.posterior >= 0.2);
  const seen = alert.seenElsewhere > 0.5 ? [language === 'ru' ? SAME_ELSEWHERE.ru : SAME_ELSEWHERE.en] : [];
  const also = others.map((part) => `${SCHEME_NAMES[part.scheme][language]}: ${partText(part, language)}`);
  return [partText(main, language), ...seen, ...also].join('. ');
}

const SAME_ELSEWHERE = {
  ru: 'та же картина у этого врача в другой клинике',
  en: 'the same doctor shows the same pattern in another clinic',
};

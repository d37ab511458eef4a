import type { LocalizedText } from '../errors';
import type { CodeDictionary } from './dictionary';
import { nameOfPrefix } from './dictionary';
import type { DemographicEntry, GuidelineEntry, PackDocument, PairEntry } from './pack.schema';
import type { PlainValue } from './diff-words';
import { ages, dates, diffText, number, plain, PAIR_WORDS } from './diff-words';

/** One change between two versions of a pack, in medical terms. */
export interface PackChange {
  readonly section: 'guideline' | 'service' | 'contraindication' | 'pair' | 'demographic' | 'settings';
  readonly kind: 'added' | 'removed' | 'changed';
  /** Id of the guideline, pair or rule; `visits` or `day` for settings. */
  readonly id: string;
  /** Service prefix inside a guideline. */
  readonly service: string | null;
  readonly field: string | null;
  readonly before: PlainValue;
  readonly after: PlainValue;
  readonly text: LocalizedText;
}

/**
 * What changed from `before` to `after`, in the words of doctors and in the order of the sections. Entries are
 * matched by id, services by prefix; provenance notes are not a medical change and are left out.
 */
export function diffPacks(before: PackDocument, after: PackDocument, dictionary: CodeDictionary): PackChange[] {
  return [
    ...diffEntries(before.guidelines, after.guidelines, 'guideline', guidelineTitle, (a, b) =>
      diffGuideline(a, b, dictionary),
    ),
    ...diffEntries(
      before.pairs,
      after.pairs,
      'pair',
      (pair) => pairTitle(pair, dictionary),
      (a, b) => diffFields(a, b, 'pair', a.id, null, pairTitle(b, dictionary), PAIR_FIELDS),
    ),
    ...diffEntries(
      before.demographics,
      after.demographics,
      'demographic',
      (rule) => demographicTitle(rule, dictionary),
      (a, b) => diffFields(a, b, 'demographic', a.id, null, demographicTitle(b, dictionary), DEMOGRAPHIC_FIELDS),
    ),
    ...diffFields(before.visits, after.visits, 'settings', 'visits', null, VISITS, VISIT_FIELDS),
    ...diffFields(before.day, after.day, 'settings', 'day', null, DAY, DAY_FIELDS),
  ];
}

type Fields<T> = readonly (readonly [field: string, read: (entry: T) => PlainValue, words: LocalizedText])[];

const VISITS = { ru: 'Повторные приемы', en: 'Repeat visits' };
const DAY = { ru: 'День врача', en: "Doctor's day" };

const SERVICE_FIELDS: Fields<GuidelineEntry['services'][number]> = [
  [
    'min_interval_days',
    (s) => number(s.min_interval_days, 'days'),
    { ru: 'минимальный интервал', en: 'minimum interval' },
  ],
  ['max_per_episode', (s) => number(s.max_per_episode), { ru: 'предел на случай', en: 'maximum per episode' }],
  ['frequency', (s) => plain(`${Math.round(s.frequency * 1000) / 10} %`), { ru: 'частота', en: 'frequency' }],
  ['multiplicity', (s) => number(s.multiplicity), { ru: 'кратность', en: 'multiplicity' }],
  ['clause', (s) => plain(s.clause), { ru: 'пункт', en: 'clause' }],
];
const GUIDELINE_FIELDS: Fields<GuidelineEntry> = [
  ['title', (g) => plain(g.title), { ru: 'название', en: 'title' }],
  ['source', (g) => plain(`${g.source}, ${g.clause}`), { ru: 'источник', en: 'source' }],
  ['diagnoses', (g) => plain(g.diagnoses.join(', ')), { ru: 'диагнозы', en: 'diagnoses' }],
  ['age', (g) => ages(g.age_from, g.age_to), { ru: 'возраст', en: 'age' }],
  ['validity', (g) => dates(g.valid_from, g.valid_to), { ru: 'срок действия', en: 'validity' }],
];
const PAIR_FIELDS: Fields<PairEntry> = [
  ['kind', (p) => PAIR_WORDS[p.kind], { ru: 'вид пары', en: 'kind of pair' }],
  ['service', (p) => plain(p.service), { ru: 'услуга', en: 'service' }],
  ['with', (p) => plain(p.with), { ru: 'вторая услуга', en: 'other service' }],
  ['window_days', (p) => number(p.window_days, 'days'), { ru: 'окно', en: 'window' }],
  ['source', (p) => plain(`${p.source}, ${p.clause}`), { ru: 'источник', en: 'source' }],
];
const DEMOGRAPHIC_FIELDS: Fields<DemographicEntry> = [
  ['prefix', (d) => plain(d.prefix), { ru: 'код', en: 'code' }],
  ['sex', (d) => SEX[d.sex ?? 'any'], { ru: 'пол', en: 'sex' }],
  ['age', (d) => ages(d.age_from, d.age_to), { ru: 'возраст', en: 'age' }],
  ['source', (d) => plain(`${d.source}, ${d.clause}`), { ru: 'источник', en: 'source' }],
];
const SEX: Readonly<Record<'M' | 'F' | 'any', LocalizedText>> = {
  M: { ru: 'мужской', en: 'male' },
  F: { ru: 'женский', en: 'female' },
  any: { ru: 'любой', en: 'any' },
};
const VISIT_FIELDS: Fields<PackDocument['visits']> = [
  [
    'primary_window_days',
    (v) => number(v.primary_window_days, 'days'),
    { ru: 'окно повторного приема', en: 'repeat-visit window' },
  ],
  ['primary_suffix', (v) => plain(v.primary_suffix), { ru: 'окончание первичного', en: 'first-visit suffix' }],
  ['repeat_suffix', (v) => plain(v.repeat_suffix), { ru: 'окончание повторного', en: 'repeat-visit suffix' }],
];
const DAY_FIELDS: Fields<PackDocument['day']> = [
  [
    'max_doctor_minutes',
    (d) => number(d.max_doctor_minutes, 'minutes'),
    { ru: 'минут врача в день', en: 'minutes a day' },
  ],
];

function diffGuideline(a: GuidelineEntry, b: GuidelineEntry, dictionary: CodeDictionary): PackChange[] {
  const at = { ru: ` при «${b.title}»`, en: ` for "${b.title}"` };
  const named = (service: string): LocalizedText => {
    const name = nameOfPrefix(dictionary.services, service);
    return { ru: `«${name}» (${service})${at.ru}`, en: `"${name}" (${service})${at.en}` };
  };
  const listOf = <T extends { service: string }>(items: readonly T[]) =>
    new Map(items.map((item) => [item.service, item]));
  const [oldServices, newServices] = [listOf(a.services), listOf(b.services)];
  const [oldBans, newBans] = [listOf(a.contraindicated), listOf(b.contraindicated)];
  const changes = diffFields(a, b, 'guideline', b.id, null, guidelineTitle(b), GUIDELINE_FIELDS);
  for (const service of union(oldServices, newServices)) {
    const [old, now] = [oldServices.get(service), newServices.get(service)];
    if (old && now) changes.push(...diffFields(old, now, 'service', b.id, service, named(service), SERVICE_FIELDS));
    else changes.push(presence('service', now ? 'added' : 'removed', b.id, service, named(service)));
  }
  for (const service of union(oldBans, newBans)) {
    if (oldBans.has(service) && newBans.has(service)) continue;
    changes.push(
      presence('contraindication', newBans.has(service) ? 'added' : 'removed', b.id, service, named(service)),
    );
  }
  return changes;
}

function diffEntries<T extends { id: string }>(
  before: readonly T[],
  after: readonly T[],
  section: 'guideline' | 'pair' | 'demographic',
  title: (entry: T) => LocalizedText,
  diff: (a: T, b: T) => PackChange[],
): PackChange[] {
  const [old, now] = [new Map(before.map((e) => [e.id, e])), new Map(after.map((e) => [e.id, e]))];
  return [...union(old, now)].flatMap((id) => {
    const [a, b] = [old.get(id), now.get(id)];
    if (a && b) return diff(a, b);
    return [presence(section, b ? 'added' : 'removed', id, null, title((b ?? a)!))];
  });
}

function diffFields<T>(
  a: T,
  b: T,
  section: PackChange['section'],
  id: string,
  service: string | null,
  subject: LocalizedText,
  fields: Fields<T>,
): PackChange[] {
  return fields.flatMap(([field, read, words]) => {
    const [before, after] = [read(a), read(b)];
    if (before.ru === after.ru) return [];
    return [
      {
        section,
        kind: 'changed' as const,
        id,
        service,
        field,
        before,
        after,
        text: diffText.changed(words, subject, before, after),
      },
    ];
  });
}

function presence(
  section: 'guideline' | 'service' | 'contraindication' | 'pair' | 'demographic',
  kind: 'added' | 'removed',
  id: string,
  service: string | null,
  subject: LocalizedText,
): PackChange {
  const none = plain('');
  return { section, kind, id, service, field: null, before: none, after: none, text: diffText[kind](section, subject) };
}

function union<K>(a: ReadonlyMap<K, unknown>, b: ReadonlyMap<K, unknown>): Set<K> {
  return new Set([...a.keys(), ...b.keys()]);
}

const guidelineTitle = (g: GuidelineEntry): LocalizedText => ({ ru: `«${g.title}»`, en: `"${g.title}"` });

function pairTitle(pair: PairEntry, { services }: CodeDictionary): LocalizedText {
  const [left, right] = [nameOfPrefix(services, pair.service), nameOfPrefix(services, pair.with)];
  const words = PAIR_WORDS[pair.kind];
  return { ru: `«${left}» – ${words.ru} – «${right}»`, en: `"${left}" – ${words.en} – "${right}"` };
}

function demographicTitle(rule: DemographicEntry, dictionary: CodeDictionary): LocalizedText {
  const list = rule.target === 'service' ? dictionary.services : dictionary.diagnoses;
  const name = nameOfPrefix(list, rule.prefix);
  return { ru: `«${name}» (${rule.prefix})`, en: `"${name}" (${rule.prefix})` };
}

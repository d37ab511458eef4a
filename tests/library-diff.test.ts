import path from 'node:path';
import { checkPack } from '../models/library/check-pack';
import { diffPacks } from '../models/library/diff-pack';
import type { PackDocument } from '../models/library/pack.schema';
import { loadShippedLibrary } from '../models/library/shipped';

const library = loadShippedLibrary(path.join(__dirname, '..', 'data'));
const before = checkPack(library.pack, library.dictionary).pack!;

function changed(edit: (pack: PackDocument) => void) {
  const after = structuredClone(before);
  edit(after);
  return diffPacks(before, after, library.dictionary);
}
const hypothyroidism = (pack: PackDocument) => pack.guidelines.find(({ id }) => id === 'KR-019')!;

test('the same pack has no changes', () => {
  expect(diffPacks(before, structuredClone(before), library.dictionary)).toEqual([]);
});

test('a longer interval reads as a doctor would say it', () => {
  const item = (pack: PackDocument) => hypothyroidism(pack).services.find(({ service }) => service === 'A09.05.065')!;
  const changes = changed((pack) => (item(pack).min_interval_days = 30));
  expect(changes).toHaveLength(1);
  expect(changes[0]).toMatchObject({ section: 'service', kind: 'changed', id: 'KR-019', service: 'A09.05.065' });
  expect(changes[0]!.text).toEqual({
    ru: 'минимальный интервал: «Исследование уровня тиреотропного гормона (ТТГ) в крови» (A09.05.065) при «Гипотиреоз»: 28 дней → 30 дней',
    en: 'minimum interval: "Исследование уровня тиреотропного гормона (ТТГ) в крови" (A09.05.065) for "Гипотиреоз": 28 days → 30 days',
  });
});

test.each<[name: string, edit: (pack: PackDocument) => void, ru: RegExp, en: RegExp]>([
  [
    'no limit any more',
    (p) => (hypothyroidism(p).services[0]!.max_per_episode = null),
    /→ без ограничения/,
    /→ no limit/,
  ],
  ['a service taken out', (p) => hypothyroidism(p).services.pop(), /^убрано: услуга/, /^removed: service/],
  [
    'a contraindication added',
    (p) => hypothyroidism(p).contraindicated.push({ service: 'A21.03.006', clause: 'п' }),
    /^добавлено: противопоказание «Мануальная терапия/,
    /^added: contraindication/,
  ],
  ['other ages', (p) => (hypothyroidism(p).age_to = 75), /^возраст: «Гипотиреоз»: от 18 → 18–75/, /from 18 → 18 to 75/],
  ['other diagnoses', (p) => hypothyroidism(p).diagnoses.push('E02'), /^диагнозы/, /^diagnoses/],
  ['a pair taken out', (p) => p.pairs.pop(), /^убрано: пара услуг .* – только после – /, /only after/],
  ['a wider window', (p) => (p.pairs[0]!.window_days = 21), /^окно: .* → 21 день/, /→ 21 days/],
  ['a demographic rule', (p) => (p.demographics[0]!.age_from = 12), /^возраст: .*любой → от 12/, /any → from 12/],
  [
    'settings',
    (p) => (p.visits.primary_window_days = 14),
    /^окно повторного приема: .*30 дней → 14 дней/,
    /30 days → 14 days/,
  ],
  ['a whole guideline', (p) => p.guidelines.splice(0, 1), /^убрано: рекомендация/, /^removed: guideline/],
])('%s is one change', (_name, edit, ru, en) => {
  const changes = changed(edit);
  expect(changes).toHaveLength(1);
  expect(changes[0]!.text.ru).toMatch(ru);
  expect(changes[0]!.text.en).toMatch(en);
});

test('a reviewed provenance is not a medical change', () => {
  expect(changed((pack) => (pack.guidelines[0]!.provenance = 'reviewed'))).toEqual([]);
});

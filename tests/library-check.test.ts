import { checkPack } from '../models/library/check-pack';
import { codeList } from '../models/library/dictionary';
import type { PackDocument } from '../models/library/pack.schema';

const dictionary = {
  services: codeList([
    { code: 'B01.047.001', name: 'Прием терапевта первичный' },
    { code: 'B01.047.002', name: 'Прием терапевта повторный' },
    { code: 'A09.05.065', name: 'ТТГ' },
    { code: 'A09.05.063', name: 'СТ4' },
    { code: 'B03.016.002', name: 'Общий анализ крови' },
  ]),
  diagnoses: codeList([
    { code: 'E03', name: 'Гипотиреоз' },
    { code: 'E03.9', name: 'Гипотиреоз неуточненный' },
    { code: 'J06.9', name: 'ОРВИ' },
  ]),
};
const provenance = { provenance: 'default-awaiting-review' as const };

/** A sound pack; `change` spoils a copy of it. */
function spoiled(change: (pack: PackDocument) => void): unknown {
  const pack: PackDocument = {
    pack: 'Проба',
    version: '1',
    guidelines: [
      {
        id: 'G1',
        title: 'Гипотиреоз',
        source: 'Клинические рекомендации',
        clause: 'п. 1',
        valid_from: '2024-01-01',
        valid_to: null,
        diagnoses: ['E03'],
        age_from: 18,
        age_to: null,
        services: [
          {
            service: 'A09.05.065',
            frequency: 0.9,
            multiplicity: 1,
            max_per_episode: 2,
            min_interval_days: 28,
            clause: 'п. 2',
          },
        ],
        contraindicated: [],
        ...provenance,
      },
    ],
    pairs: [
      {
        id: 'P1',
        kind: 'bundled',
        service: 'A09.05.063',
        with: 'B03',
        window_days: 0,
        source: 'с',
        clause: 'п',
        ...provenance,
      },
    ],
    demographics: [
      {
        id: 'D1',
        target: 'diagnosis',
        prefix: 'E03',
        sex: 'F',
        age_from: null,
        age_to: null,
        source: 'с',
        clause: 'п',
        ...provenance,
      },
    ],
    visits: { primary_suffix: '.001', repeat_suffix: '.002', primary_window_days: 30 },
    day: { max_doctor_minutes: 720 },
  };
  change(pack);
  return pack;
}

test('a sound pack has no problems', () => {
  expect(
    checkPack(
      spoiled(() => undefined),
      dictionary,
    ),
  ).toMatchObject({ pack: { pack: 'Проба' }, problems: [] });
});

test.each<[rule: string, path: string, change: (pack: PackDocument) => void]>([
  [
    'unknown-service',
    'guidelines[0].services[0].service',
    (p) => (p.guidelines[0]!.services[0]!.service = 'A09.05.655'),
  ],
  ['unknown-diagnosis', 'guidelines[0].diagnoses[0]', (p) => (p.guidelines[0]!.diagnoses = ['E99'])],
  ['empty-prefix', 'guidelines[0].diagnoses[0]', (p) => (p.guidelines[0]!.diagnoses = [''])],
  ['empty-prefix', 'pairs[0].with', (p) => (p.pairs[0]!.with = ' ')],
  ['frequency-range', 'guidelines[0].services[0].frequency', (p) => (p.guidelines[0]!.services[0]!.frequency = 30)],
  ['age-order', 'guidelines[0].age_from', (p) => Object.assign(p.guidelines[0]!, { age_from: 18, age_to: 17 })],
  ['age-order', 'demographics[0].age_from', (p) => Object.assign(p.demographics[0]!, { age_from: 60, age_to: 1 })],
  ['validity-order', 'guidelines[0].valid_to', (p) => (p.guidelines[0]!.valid_to = '2023-12-31')],
  ['bad-date', 'guidelines[0].valid_from', (p) => (p.guidelines[0]!.valid_from = '2024-02-30')],
  ['bad-date', 'guidelines[0].valid_from', (p) => (p.guidelines[0]!.valid_from = '1.2.2024')],
  ['overlapping-validity', 'guidelines[1].valid_from', (p) => p.guidelines.push({ ...p.guidelines[0]!, id: 'G2' })],
  ['duplicate-id', 'pairs[0].id', (p) => (p.pairs[0]!.id = 'G1')],
  [
    'duplicate-service',
    'guidelines[0].services[1].service',
    (p) => p.guidelines[0]!.services.push(p.guidelines[0]!.services[0]!),
  ],
  ['duplicate-rule', 'pairs[1]', (p) => p.pairs.push({ ...p.pairs[0]!, id: 'P2' })],
  [
    'allowed-and-contraindicated',
    'guidelines[0].contraindicated[0].service',
    (p) => p.guidelines[0]!.contraindicated.push({ service: 'A09.05', clause: 'п' }),
  ],
  ['requires-itself', 'pairs[0].with', (p) => Object.assign(p.pairs[0]!, { kind: 'requires', with: 'A09' })],
  ['empty-rule', 'demographics[0]', (p) => (p.demographics[0]!.sex = null)],
  ['shape', 'day.max_doctor_minutes', (p) => (p.day.max_doctor_minutes = 0)],
])('%s is named with its path %s and stops the import', (rule, path, change) => {
  const { pack, problems } = checkPack(spoiled(change), dictionary);
  expect(problems).toContainEqual(expect.objectContaining({ rule, path, severity: 'error' }));
  expect(pack).toBeNull();
  for (const { text, fix } of problems) {
    expect([text.ru, fix.ru].every((words) => /[а-я]/.test(words))).toBe(true);
    expect([text.en, fix.en].every((words) => /[a-z]/.test(words))).toBe(true);
  }
});

test('an unknown code comes with the nearest codes in both languages', () => {
  const { problems } = checkPack(
    spoiled((pack) => (pack.guidelines[0]!.services[0]!.service = 'A09.05.066')),
    dictionary,
  );
  expect(problems[0]).toMatchObject({
    text: { ru: 'Услуг с кодом на «A09.05.066» нет в номенклатуре', en: 'No service code starts with "A09.05.066"' },
    fix: { ru: expect.stringContaining('A09.05.065'), en: expect.stringContaining('A09.05.065') },
  });
});

test('a pair that may match itself and an entry without provenance are warnings, not errors', () => {
  const { pack, problems } = checkPack(
    spoiled((pack) => {
      pack.pairs[0] = { ...pack.pairs[0]!, service: 'B01.047', with: 'B01.047.001' };
      delete pack.guidelines[0]!.provenance;
    }),
    dictionary,
  );
  expect(problems.map(({ rule, severity }) => [rule, severity])).toEqual([
    ['no-provenance', 'warning'],
    ['pair-of-itself', 'warning'],
  ]);
  expect(pack).not.toBeNull();
});

test('what is not a pack at all is refused with the missing fields', () => {
  const { pack, problems } = checkPack({ pack: 'x' }, dictionary);
  expect(pack).toBeNull();
  expect(problems.map(({ path }) => path)).toContain('guidelines');
});

import type { Case } from './support/review-case';
import { codesOfLastLine, lab, visit } from './support/review-case';

const entry = (max: number | null, days: number | null) => ({
  service: 'A09',
  frequency: 1,
  multiplicity: 1,
  max_per_episode: max,
  min_interval_days: days,
  clause: '1',
});
const guide = (id: string, services: ReturnType<typeof entry>[], over: object = {}) => ({
  id,
  title: id,
  source: 's',
  clause: 'c',
  valid_from: '2025-01-01',
  valid_to: null,
  diagnoses: ['P07'],
  age_from: null,
  age_to: null,
  services,
  contraindicated: [],
  ...over,
});
const pair = (kind: 'bundled' | 'exclusive' | 'requires', window_days: number) => ({
  pairs: [{ id: 'p', kind, service: 'A09', with: 'B03', window_days, source: 's', clause: 'c' }],
});
const panel = { service: 'B03.016.001' };

const MEDICAL: Case[] = [
  [
    'no applying guideline: nothing is evaluated',
    [lab],
    { pack: { guidelines: [guide('g', [], { diagnoses: ['J'] })] } },
    [],
  ],
  ['one applies and lists nothing', [lab], { pack: { guidelines: [guide('g', [])] } }, ['CLIN-01']],
  ['consultations are exempt', [visit], { pack: { guidelines: [guide('g', [])] } }, []],
  [
    'another that applies lists it',
    [lab],
    { pack: { guidelines: [guide('g', []), guide('h', [entry(1, null)])] } },
    [],
  ],
  [
    'one that ended the day before does not apply',
    [lab],
    { pack: { guidelines: [guide('g', [], { valid_to: '2025-03-11' })] } },
    [],
  ],
  [
    'one that ends that day does',
    [lab],
    { pack: { guidelines: [guide('g', [], { valid_to: '2025-03-12' })] } },
    ['CLIN-01'],
  ],
  ['ages are inclusive', [lab], { pack: { guidelines: [guide('g', [], { age_from: 35, age_to: 35 })] } }, ['CLIN-01']],
  [
    'a contraindication counts even if another guideline lists the service',
    [lab],
    {
      pack: {
        guidelines: [
          guide('g', [entry(null, null)]),
          guide('h', [], { contraindicated: [{ service: 'A09', clause: 'x' }] }),
        ],
      },
    },
    ['CLIN-03'],
  ],
  [
    'units of an episode are quantities',
    [{ ...lab, episode_no: 'E', quantity: '3' }],
    { pack: { guidelines: [guide('g', [entry(2, null)])] } },
    ['FREQ-01'],
  ],
  [
    'the largest maximum holds',
    [{ ...lab, episode_no: 'E', quantity: '3' }],
    { pack: { guidelines: [guide('g', [entry(2, null)]), guide('h', [entry(3, null)])] } },
    [],
  ],
  [
    'no maximum is the most permissive',
    [{ ...lab, episode_no: 'E', quantity: '9' }],
    { pack: { guidelines: [guide('g', [entry(2, null)]), guide('h', [entry(null, null)])] } },
    [],
  ],
  [
    'the same episode number in another clinic is another episode',
    [
      { ...lab, episode_no: 'E', quantity: '2', clinic_code: 'C10', service_date: '2025-03-01' },
      { ...lab, episode_no: 'E' },
    ],
    { pack: { guidelines: [guide('g', [entry(2, null)])] } },
    [],
  ],
  [
    'on the day of the minimum interval a repeat is in order',
    [{ ...lab, service_date: '2025-03-09' }, lab],
    { pack: { guidelines: [guide('g', [entry(null, 3)])] } },
    [],
  ],
  [
    'a day sooner it is not, in whatever clinic',
    [{ ...lab, service_date: '2025-03-10', clinic_code: 'C10' }, lab],
    { pack: { guidelines: [guide('g', [entry(null, 3)])] } },
    ['FREQ-02'],
  ],
  [
    'the smallest interval holds',
    [{ ...lab, service_date: '2025-03-10' }, lab],
    { pack: { guidelines: [guide('g', [entry(null, 3)]), guide('h', [entry(null, 2)])] } },
    [],
  ],
  [
    'a same-day repeat is nought days',
    [lab, { ...lab, doctor_id: 'D' }],
    { pack: { guidelines: [guide('g', [entry(null, 1)])] } },
    ['FREQ-02'],
  ],
  [
    'a duplicate gets no interval finding',
    [lab, lab],
    { pack: { guidelines: [guide('g', [entry(null, 1)])] } },
    ['DUPL-01'],
  ],
  ['bundled looks back', [{ ...panel, service_date: '2025-03-10' }, lab], { pack: pair('bundled', 2) }, ['COMB-01']],
  ['and ahead', [{ ...panel, service_date: '2025-03-14' }, lab], { pack: pair('bundled', 2) }, ['COMB-01']],
  ['not beyond its window', [{ ...panel, service_date: '2025-03-09' }, lab], { pack: pair('bundled', 2) }, []],
  ['nor into another clinic', [{ ...panel, clinic_code: 'C10' }, lab], { pack: pair('bundled', 2) }, []],
  [
    'exclusive flags the later line on either side',
    [{ ...lab, service_date: '2025-03-10', clinic_code: 'Ж1' }, panel],
    { pack: pair('exclusive', 2) },
    ['COMB-02'],
  ],
  ['and leaves the earlier one', [{ ...lab, service_date: '2025-03-13' }, panel], { pack: pair('exclusive', 2) }, []],
  [
    'a required line may stand later on the same day',
    [{ ...panel, clinic_code: 'Ж1' }, lab],
    { pack: pair('requires', 0) },
    [],
  ],
  [
    'but not on the day after',
    [{ ...panel, service_date: '2025-03-13' }, lab],
    { pack: pair('requires', 5) },
    ['COMB-03'],
  ],
];

test.each(MEDICAL)('guidelines and pairs: %s', (_, lines, given, codes) => {
  expect(codesOfLastLine(lines, given)).toEqual(codes);
});

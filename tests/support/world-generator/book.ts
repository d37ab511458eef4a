import type { WorldRows } from '../../../models/review/from-rows';

type Row = Record<string, string>;

const service = (service_code: string, name: string, kind: string, specialty = '', minutes = ''): Row => ({
  service_code,
  name,
  kind,
  specialty,
  minutes,
});

/** A small, dense insurer's book: few codes with nested prefixes, so that random lines meet every rule often. */
export const SERVICES: Row[] = [
  service('B01.001.001', 'Прием гинеколога первичный', 'consultation', 'гинекология', '60'),
  service('B01.001.002', 'Прием гинеколога повторный', 'consultation', 'гинекология', '45'),
  service('B01.047.001', 'Прием терапевта первичный', 'consultation', 'терапия', '90'),
  service('B01.047.002', 'Прием терапевта повторный', 'consultation', 'терапия', '60'),
  service('B01.047.003', 'Осмотр терапевтом перед операцией', 'consultation', 'терапия', '120'),
  service('A09.05.001', 'Анализ один', 'lab'),
  service('A09.05.001.001', 'Анализ один расширенный', 'lab'),
  service('A09.05.002', 'Анализ два', 'lab', '', '5'),
  service('B03.016.001', 'Комплекс анализов', 'lab'),
  service('A04.10.001', 'УЗИ', 'imaging', '', '20'),
  service('A04.10.002', 'УЗИ второе', 'imaging', '', '30'),
  service('A11.01.001', 'Процедура', 'procedure', '', '15'),
  service('A16.01.001', 'Операция', 'surgery', '', '200'),
  service('A16.07.001', 'Удаление зуба', 'dental', '', '40'),
  service('A16.07.001.002', 'Удаление постоянного зуба, сложное', 'dental', '', '60'),
  service('A16.07.001.003', 'Удаление в стационаре', 'surgery', '', '60'),
  service('A16.07.002', 'Восстановление зуба-антагониста', 'dental', '', '60'),
  service('A16.07.051', 'Гигиена полости рта, снятие налета с зубами', 'dental', '', '50'),
  service('A17.01.001', 'Электрофорез', 'physio'),
  service('A21.01.001', 'Массаж', 'physio', '', '20'),
  service('B02.001', 'Койко-день', 'inpatient'),
  service('B04.014.004', 'Вакцинация', 'vaccination'),
  service('Z99.001', 'Прочее', 'other'),
];

const diagnosis = (diagnosis_code: string, billable: string): Row => ({
  diagnosis_code,
  name: diagnosis_code,
  billable,
});

export const DIAGNOSES: Row[] = [
  ...['J00', 'J01.0', 'J01.1', 'K02.1', 'K02.8', 'N70.0', 'N40', 'C50.1', 'Z00.0', 'P07.1'].map((code) =>
    diagnosis(code, '1'),
  ),
  diagnosis('J01', '0'),
  diagnosis('K00-K14', '0'),
];
/** Codes for lines: the list above and some that it lacks, two of them with prefixes that rules know. */
export const LINE_DIAGNOSES = [...DIAGNOSES.map((row) => row.diagnosis_code!), 'J01.99', 'C50.99', 'Q99.99'];

/** Codes whose order differs between code points and UTF-16 units (U+FF21 is below U+1D400), and between number and text. */
export const CLINIC_CODES = ['C10', 'C2', 'Ж1', '\uFF211', '\u{1D400}1'];
const MODES = ['fee-for-service', 'capitation', 'per-case', 'fee-for-service', 'fee-for-service'];

export const CLINICS: Row[] = CLINIC_CODES.map((clinic_code, i) => ({
  clinic_code,
  name: `Клиника ${i}`,
  city: 'Москва',
  level: '1',
  latitude: '0',
  longitude: '0',
  payment_mode: MODES[i]!,
  open_sunday: String(i % 2),
  billing_term_days: String(10 + 5 * i),
}));

/** Contract years that turn inside the generated dates, one of them on 29 February. */
export const CONTRACTS: Row[] = [
  { contract_no: 'K1', policyholder: 'A', start_date: '2024-02-29', end_date: '2026-02-27' },
  { contract_no: 'K2', policyholder: 'B', start_date: '2023-03-05', end_date: '2026-03-04' },
];

const KINDS = ['consultation', 'lab', 'imaging', 'procedure', 'surgery', 'dental', 'physio', 'inpatient', 'other'];

export const PROGRAMMES: WorldRows['programmes'] = [
  {
    programme_code: 'P1',
    contract_no: 'K1',
    name: 'Первая',
    clinics: ['C10', 'C2', 'Ж1', '\uFF211'],
    covered_kinds: [...KINDS, 'vaccination'],
    excluded_services: ['A21', 'A09.05.001.'],
    excluded_diagnoses: ['C', 'N7'],
    waiting_days: 3,
    franchise_percent: 12.5,
    annual_limit_rub: 4000,
    service_limits: [
      { service: 'A09', max_quantity: 5 },
      { service: 'A09.05.001', max_quantity: 3 },
      { service: 'A04', max_quantity: 4 },
    ],
    letter_required: ['A04.10.002', 'A16.01'],
  },
  {
    programme_code: 'P2',
    contract_no: 'K1',
    name: 'Вторая',
    clinics: CLINIC_CODES,
    covered_kinds: KINDS,
    excluded_services: [],
    excluded_diagnoses: ['Z'],
    waiting_days: 0,
    franchise_percent: 7.125,
    annual_limit_rub: 5000.5,
    service_limits: [
      { service: 'A09', max_quantity: 8 },
      { service: 'B01', max_quantity: 6 },
    ],
    letter_required: ['A16'],
  },
  {
    programme_code: 'P3',
    contract_no: 'K2',
    name: 'Третья',
    clinics: ['C2', '\u{1D400}1', 'Ж1'],
    covered_kinds: KINDS.slice(0, 6),
    excluded_services: ['B01.001'],
    excluded_diagnoses: [],
    waiting_days: 10,
    franchise_percent: 0,
    annual_limit_rub: null,
    service_limits: [{ service: 'A', max_quantity: 9 }],
    letter_required: [],
  },
];

const listed = (prefix: string, max: number | null, interval: number | null) => ({
  service: prefix,
  frequency: 0.5,
  multiplicity: 1,
  max_per_episode: max,
  min_interval_days: interval,
  clause: `п. ${prefix}`,
});

const guideline = (
  id: string,
  diagnoses: string[],
  ages: [number | null, number | null],
  dates: [string, string | null],
  services: ReturnType<typeof listed>[],
  contraindicated: string[] = [],
) => ({
  id,
  title: id,
  source: 'Проверочный набор',
  clause: 'п. 1',
  valid_from: dates[0],
  valid_to: dates[1],
  diagnoses,
  age_from: ages[0],
  age_to: ages[1],
  services,
  contraindicated: contraindicated.map((prefix) => ({ service: prefix, clause: 'п. 9' })),
});

/** Guidelines that overlap in diagnosis, age and time, so that "most permissive" and "in force" matter. */
export const PACK: WorldRows['guidelines'][number] = {
  pack: 'Проверочный',
  version: '1',
  guidelines: [
    guideline(
      'G1',
      ['J0'],
      [18, null],
      ['2024-01-01', '2025-03-01'],
      [listed('B01.047', 2, 3), listed('A09.05', 2, 5), listed('A09.05.001', 4, 2), listed('A11', 1, null)],
      ['A21'],
    ),
    guideline(
      'G2',
      ['J01', 'K'],
      [null, null],
      ['2024-03-01', null],
      [listed('A09.05.001', null, 4), listed('A04.10.001', 1, 7), listed('A16.07', 3, 1), listed('B01', 3, null)],
      ['A17.01'],
    ),
    guideline(
      'G3',
      ['J01.1', 'N'],
      [1, 24],
      ['2020-01-01', null],
      [listed('A21', 2, 2), listed('B03', 1, 10)],
      ['A09.05.002'],
    ),
    guideline('G4', ['K02.1'], [25, 40], ['2025-02-25', '2025-03-03'], [listed('A16.07.002', 1, 6)], ['A16.07.051']),
  ],
  pairs: [
    pair('P1', 'bundled', 'A09.05.001', 'B03', 0),
    pair('P2', 'bundled', 'A11', 'A16.01', 2),
    pair('P3', 'bundled', 'A09', 'A09.05.00', 1),
    pair('P4', 'exclusive', 'A04.10.001', 'A04.10.002', 3),
    pair('P5', 'exclusive', 'A17', 'A', 0),
    pair('P6', 'requires', 'A21', 'B01', 5),
    pair('P7', 'requires', 'A16.01', 'A09', 3),
    pair('P8', 'requires', 'A16.07.002', 'A16.07', 0),
  ],
  demographics: [
    demographic('D1', 'service', 'B01.001', 'F', null, null),
    demographic('D2', 'service', 'A16.07', null, 1, 24),
    demographic('D3', 'service', 'A04.10.002', 'M', 18, null),
    demographic('D4', 'diagnosis', 'N4', 'M', null, null),
    demographic('D5', 'diagnosis', 'P', null, null, 0),
    demographic('D6', 'diagnosis', 'N7', 'F', 12, 40),
  ],
  visits: { primary_suffix: '.001', repeat_suffix: '.002', primary_window_days: 4 },
  day: { max_doctor_minutes: 240 },
};

function pair(id: string, kind: 'bundled' | 'exclusive' | 'requires', of: string, other: string, window_days: number) {
  return { id, kind, service: of, with: other, window_days, source: 'Проверочный набор', clause: 'п. 2' };
}

function demographic(
  id: string,
  target: 'service' | 'diagnosis',
  prefix: string,
  sex: 'M' | 'F' | null,
  age_from: number | null,
  age_to: number | null,
) {
  return { id, target, prefix, sex, age_from, age_to, source: 'Проверочный набор', clause: 'п. 3' };
}

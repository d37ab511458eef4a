import type { Case } from './support/review-case';
import { LETTER, PERSON, codesOfLastLine, lab, visit } from './support/review-case';

const CASES: Case[] = [
  ['a clean line has no findings', [{}], {}, []],
  [
    'the first day of an enrolment is covered',
    [{ service_date: '2025-03-12' }],
    { enrolments: [{ ...PERSON, programme_code: 'P3', enrolled_from: '2025-03-12' }] },
    [],
  ],
  [
    'the last day of an enrolment is covered',
    [{}],
    { enrolments: [{ ...PERSON, programme_code: 'P3', enrolled_from: '2025-01-01', enrolled_to: '2025-03-12' }] },
    [],
  ],
  [
    'the day after is not',
    [{}],
    { enrolments: [{ ...PERSON, programme_code: 'P3', enrolled_from: '2025-01-01', enrolled_to: '2025-03-11' }] },
    ['ELIG-02'],
  ],
  [
    'of two enrolments the one with the latest enrolled_from governs, wherever it stands in the file',
    [{}],
    {
      enrolments: [
        { ...PERSON, programme_code: 'NARROW', enrolled_from: '2025-03-01' },
        { ...PERSON, programme_code: 'P3', enrolled_from: '2025-01-01' },
      ],
    },
    ['ELIG-03', 'ELIG-04'],
  ],
  ['on the day enrolled_from + waiting_days the wait is over', [{}], { programme: { waiting_days: 70 } }, []],
  ['a day earlier it is not', [{}], { programme: { waiting_days: 71 } }, ['ELIG-06']],
  [
    'an unknown diagnosis is still matched by an excluded prefix',
    [{ diagnosis_code: 'P07.99' }],
    { programme: { excluded_diagnoses: ['P07'] } },
    ['CLIN-02', 'ELIG-05'],
  ],
  [
    'a line without a service is held against person, clinic and dates, not against kinds',
    [{ item_code: 'none', unit_price_rub: '9.00' }],
    { programme: { covered_kinds: [], letter_required: [''] } },
    ['PRIC-01'],
  ],
  [
    'an unknown policy gets no rule that needs a person',
    [{ policy_no: '?', patient_share_rub: '5.00' }],
    { programme: { covered_kinds: [] } },
    ['ELIG-01'],
  ],
  ['an unknown letter counts as none', [{ letter_no: 'X' }], { programme: { letter_required: ['Z99'] } }, ['AUTH-01']],
  ['the last day of a letter counts', [{ letter_no: 'L' }], { letters: [LETTER] }, []],
  ['the day after does not', [{ letter_no: 'L', service_date: '2025-03-13' }], { letters: [LETTER] }, ['AUTH-03']],
  [
    'a letter is used up by lines of other people too',
    [
      { letter_no: 'L', policy_no: '?' },
      { letter_no: 'L', quantity: '2' },
    ],
    { letters: [LETTER] },
    ['AUTH-04'],
  ],
  [
    'a letter is used up in the order of dates, not of lines',
    [
      { letter_no: 'L', quantity: '2' },
      { letter_no: 'L', service_date: '2025-03-10' },
    ],
    { letters: [LETTER] },
    [],
  ],
  [
    'a limit keeps earlier units and takes the line that crosses it',
    [{ quantity: '2', doctor_id: 'D' }, { quantity: '2' }],
    { programme: { service_limits: [{ service: 'Z', max_quantity: 3 }] } },
    ['LIMI-01'],
  ],
  [
    'units over the limit still count',
    [{ quantity: '4', clinic_code: 'C10' }, {}],
    { programme: { service_limits: [{ service: 'Z', max_quantity: 3 }] } },
    ['LIMI-01'],
  ],
  [
    'a contract year begins anew on the anniversary',
    [
      { quantity: '3', service_date: '2025-03-04' },
      { quantity: '3', service_date: '2025-03-05' },
    ],
    { programme: { service_limits: [{ service: 'Z', max_quantity: 3 }] } },
    [],
  ],
  [
    'the annual limit may be reached',
    [{ unit_price_rub: '60.00', doctor_id: 'D' }, { unit_price_rub: '40.00' }],
    { programme: { annual_limit_rub: 100 } },
    [],
  ],
  [
    'but not passed by a kopeck',
    [{ unit_price_rub: '60.00', doctor_id: 'D' }, { unit_price_rub: '40.01' }],
    { programme: { annual_limit_rub: 100 } },
    ['LIMI-02'],
  ],
  [
    'the franchise is rounded half up',
    [{ unit_price_rub: '0.10', patient_share_rub: '0.01' }],
    { programme: { franchise_percent: 5 } },
    [],
  ],
  [
    'line numbers order as numbers: 10 comes after 9',
    [
      { ...lab, line_no: '10' },
      { ...lab, line_no: '9' },
    ],
    {},
    [],
  ],
  ['empty doctors and empty teeth are equal', [lab, lab], {}, ['DUPL-01']],
  ['another doctor makes another service', [lab, { ...lab, doctor_id: 'D' }], {}, []],
  [
    'in another clinic doctors and teeth do not matter, and the later clinic code gets it',
    [
      { ...lab, clinic_code: 'C10' },
      { ...lab, doctor_id: 'D' },
    ],
    {},
    ['DUPL-02'],
  ],
  [
    'a procedure may be repeated in another clinic',
    [{ service: 'A11.01.001', clinic_code: 'C10' }, { service: 'A11.01.001' }],
    {},
    [],
  ],
  ['a primary visit on the same day is not a repeated one', [{ ...visit, doctor_id: 'D' }, visit], {}, []],
  ['a day later it is', [{ ...visit, service_date: '2025-03-11' }, visit], {}, ['COMB-04']],
  ['at the end of the window it still is', [{ ...visit, service_date: '2025-03-08' }, visit], {}, ['COMB-04']],
  ['after the window it is not', [{ ...visit, service_date: '2025-03-07' }, visit], {}, []],
  [
    'the doctor may work exactly the maximum',
    [
      { ...visit, doctor_id: 'D', quantity: '2' },
      { service: 'B01.047.002', doctor_id: 'D' },
    ],
    {},
    [],
  ],
  [
    'minutes of another clinic and person count',
    [
      { ...visit, doctor_id: 'D', clinic_code: 'C10', policy_no: '?' },
      { ...visit, doctor_id: 'D', quantity: '2' },
    ],
    {},
    ['PLAU-02'],
  ],
  [
    'a tooth may be extracted and treated on one day',
    [
      { service: 'A16.07.001', tooth: '11' },
      { service: 'A16.07.002', tooth: '11' },
    ],
    {},
    [],
  ],
  [
    'but not treated later',
    [
      { service: 'A16.07.001', tooth: '11', service_date: '2025-03-11', clinic_code: 'C10' },
      { service: 'A16.07.002', tooth: '11' },
    ],
    {},
    ['PLAU-03'],
  ],
  ['a tooth on a line that is not dental has to be a tooth all the same', [{ tooth: '19' }], {}, ['PLAU-03']],
  ['an invoice on the last day of the term is in time', [{ invoice_date: '2025-04-11' }], {}, []],
  ['a day later it is late', [{ invoice_date: '2025-04-12' }], {}, ['PLAU-04']],
];

test.each(CASES)('%s', (_, lines, given, codes) => {
  expect(codesOfLastLine(lines, given)).toEqual(codes);
});

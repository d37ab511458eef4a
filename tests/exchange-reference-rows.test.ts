import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCsvSplitter } from '../models/exchange/csv-splitter';
import { readInsured, readLetter } from '../models/exchange/cover-rows';
import { readFeedback } from '../models/exchange/feedback-rows';
import {
  CLINICS,
  CONTRACTS,
  DIAGNOSES,
  FEEDBACK,
  INSURED,
  INVOICES,
  LETTERS,
  NOMENCLATURE,
  PRICE_ITEMS,
} from '../models/exchange/formats';
import { readInvoiceLine } from '../models/exchange/invoice-rows';
import { programmeSchema } from '../models/exchange/programmes.schema';
import { readClinic, readContract, readDiagnosis, readPriceItem, readService } from '../models/exchange/reference-rows';
import { createRowReader } from '../models/exchange/row-reader';
import { headerOf, read } from './support/exchange-rows';

const DEMO = join(__dirname, '..', 'demo', 'world');

describe('reference rows', () => {
  test.each([
    ['nomenclature.csv', NOMENCLATURE, readService],
    ['diagnoses.csv', DIAGNOSES, readDiagnosis],
    ['clinics.csv', CLINICS, readClinic],
    ['price-items.csv', PRICE_ITEMS, readPriceItem],
    ['contracts.csv', CONTRACTS, readContract],
    ['insured.csv', INSURED, readInsured],
    ['letters.csv', LETTERS, readLetter],
    ['invoices.csv', INVOICES, readInvoiceLine],
    ['feedback.csv', FEEDBACK, readFeedback],
  ] as const)('every row of the demo insurer’s %s is readable', (name, format, parser) => {
    const splitter = createCsvSplitter(',');
    const text = readFileSync(join(DEMO, name), 'utf8');
    const rows = [...splitter.push(text).rows, ...splitter.end().rows];
    const reader = createRowReader(headerOf(format, rows[0]!));
    const bad = rows.slice(1).filter((cells) => {
      reader.load(cells);
      parser(reader);
      return reader.problems.length > 0 || reader.rawForms() !== null;
    });
    expect(bad).toEqual([]);
    expect(rows.length).toBeGreaterThan(5);
  });

  test('every programme of the demo insurer fits', () => {
    const programmes = JSON.parse(readFileSync(join(DEMO, 'programmes.json'), 'utf8')) as unknown[];
    expect(programmes.map((one) => programmeSchema.safeParse(one).error)).toEqual(programmes.map(() => undefined));
  });

  test('a franchise percent keeps its decimals and a limit becomes kopecks', () => {
    const parsed = programmeSchema.parse({
      programme_code: 'P',
      contract_no: 'K',
      name: 'N',
      clinics: ['C01'],
      covered_kinds: ['lab'],
      excluded_services: ['а16'],
      franchise_percent: 12.125,
      annual_limit_rub: 150000.5,
    });
    expect(parsed).toMatchObject({
      franchise_percent: '12.125',
      annual_limit_rub: 15_000_050,
      excluded_services: ['A16'],
    });
  });

  const clinic = {
    clinic_code: 'C1',
    name: 'N',
    city: 'Москва',
    level: '3',
    latitude: '',
    longitude: '',
    payment_mode: 'capitation',
    open_sunday: '1',
    billing_term_days: '30',
  };
  test.each([
    ['level', '6', 'number'],
    ['payment_mode', 'cash', 'one-of'],
    ['open_sunday', 'maybe', 'one-of'],
    ['latitude', '91', 'number'],
  ])('a clinic with %s %s is rejected by the rule %s', (field, value, rule) => {
    expect(read(CLINICS, readClinic, { ...clinic, [field]: value }).problems).toMatchObject([{ field, rule }]);
  });

  test('a clinic belongs to the hub of its city unless the file names one', () => {
    expect(read(CLINICS, readClinic, clinic).value.hub).toBe('Москва');
    expect(read(CLINICS, readClinic, { ...clinic, hub: 'Урал' }).value.hub).toBe('Урал');
  });

  test('a price of an unmapped position has no service, an open one no end', () => {
    const item = {
      clinic_code: 'C1',
      item_code: '7',
      item_name: 'N',
      service_code: '',
      price_rub: '5',
      valid_from: '2025-01-01',
      valid_to: '',
    };
    expect(read(PRICE_ITEMS, readPriceItem, item).value).toMatchObject({
      serviceCode: '',
      priceKopecks: 500,
      validTo: null,
    });
  });

  const person = {
    policy_no: '1',
    programme_code: 'P',
    sex: 'F',
    birth_date: '1980-02-29',
    enrolled_from: '2025-01-01',
    enrolled_to: '2025-12-31',
  };
  test.each([
    ['F', 'F'],
    ['ж', 'F'],
    ['М', 'M'],
    ['male', 'M'],
  ])('sex %s is %s', (text, sex) => {
    const { value, problems } = read(INSURED, readInsured, { ...person, sex: text });
    expect([value.sex, problems]).toEqual([sex, []]);
  });

  test('a period that covers no day is odd but readable, except that of a contract', () => {
    const upsideDown = { ...person, enrolled_from: '2025-12-31', enrolled_to: '2025-01-01' };
    expect(read(INSURED, readInsured, upsideDown).problems).toEqual([]);
    const contract = { contract_no: 'K', policyholder: 'N', start_date: '2025-12-31', end_date: '2025-01-01' };
    expect(read(CONTRACTS, readContract, contract).problems).toMatchObject([
      { field: 'end_date', rule: 'period-order' },
    ]);
  });

  test('a programme may leave out what it does not limit', () => {
    const parsed = programmeSchema.parse({
      programme_code: 'P',
      contract_no: 'K',
      name: 'N',
      clinics: [],
      covered_kinds: [],
      franchise_percent: null,
    });
    expect(parsed).toMatchObject({
      franchise_percent: '0',
      waiting_days: 0,
      annual_limit_rub: null,
      service_limits: [],
      letter_required: [],
    });
  });

  test.each([
    ['franchise_percent', 101],
    ['franchise_percent', '5%'],
    ['annual_limit_rub', -1],
    ['waiting_days', 1.5],
    ['service_limits', [{ service: 'A', max_quantity: -1 }]],
    ['name', ''],
  ])('a programme with %s %j does not fit', (field, value) => {
    const programme = { programme_code: 'P', contract_no: 'K', name: 'N', clinics: [], covered_kinds: [] };
    expect(programmeSchema.safeParse({ ...programme, [field]: value }).error?.issues[0]?.path[0]).toBe(field);
  });

  test('an unknown sex is rejected', () => {
    expect(read(INSURED, readInsured, { ...person, sex: 'X' }).problems).toMatchObject([
      { field: 'sex', rule: 'one-of' },
    ]);
  });

  const answer = {
    survey_id: 'S',
    clinic_code: 'C',
    invoice_no: 'I',
    line_no: '',
    policy_no: '1',
    visit_date: '2025-01-01',
    answered_at: '2025-01-02T10:20',
    question: 'rating',
    answer: '5',
  };
  test.each([
    [{}, []],
    [{ answer: '6' }, ['answer']],
    [{ question: 'visit-happened', answer: 'perhaps' }, ['answer']],
    [{ question: 'comment', answer: '' }, []],
    [{ answered_at: '2025-01-02' }, ['answered_at']],
    [{ answered_at: '2025-01-02T25:00' }, ['answered_at']],
    [{ line_no: '5' }, []],
  ])('feedback with %j has problems in %j', (changes, fields) => {
    const { problems } = read(FEEDBACK, readFeedback, { ...answer, ...changes });
    expect(problems.map((one) => one.field)).toEqual(fields);
  });
});

import fc from 'fast-check';
import { addLine, contentHashText, emptyContentHash } from '../models/exchange/content-hash';
import { isoOfDay } from '../models/exchange/dates';
import { INVOICES } from '../models/exchange/formats';
import { mapHeader } from '../models/exchange/header';
import { readInvoiceLine } from '../models/exchange/invoice-rows';
import type { InvoiceRow } from '../models/exchange/invoice-rows';
import { createRowReader } from '../models/exchange/row-reader';
import { headerOf, read } from './support/exchange-rows';

const LINE = {
  clinic_code: 'C01',
  invoice_no: '2509A-2',
  invoice_date: '2025-09-21',
  line_no: '1',
  policy_no: '50105763',
  service_date: '2025-09-01',
  diagnosis_code: 'Z00.0',
  item_code: 'В-823',
  item_name: 'УЗИ органов',
  quantity: '1',
  unit_price_rub: '3700.00',
  amount_rub: '3700.00',
  patient_share_rub: '0.00',
  doctor_id: 'D0074',
  tooth: '',
  letter_no: '',
  episode_no: 'E00655',
};

const readLine = (changes: Partial<typeof LINE>) => read(INVOICES, readInvoiceLine, { ...LINE, ...changes });

describe('an invoice line', () => {
  test('is read into kopecks, day numbers and codes', () => {
    const { value, problems, raw } = readLine({});
    expect(problems).toEqual([]);
    expect(raw).toBeNull();
    expect({ ...value, invoiceDay: isoOfDay(value.invoiceDay), serviceDay: isoOfDay(value.serviceDay) }).toEqual({
      clinicCode: 'C01',
      invoiceNo: '2509A-2',
      invoiceDay: '2025-09-21',
      lineNo: 1,
      policyNo: '50105763',
      serviceDay: '2025-09-01',
      diagnosisCode: 'Z00.0',
      itemCode: 'В-823',
      itemName: 'УЗИ органов',
      quantity: 1,
      unitPriceKopecks: 370_000,
      amountKopecks: 370_000,
      patientShareKopecks: 0,
      doctorId: 'D0074',
      tooth: '',
      letterNo: '',
      episodeNo: 'E00655',
    });
  });

  test.each([
    ['invoice_no', ''],
    ['policy_no', ' '],
    ['diagnosis_code', '\u00A0'],
    ['item_code', ''],
    ['patient_share_rub', ''],
  ] as const)('without %s is rejected as incomplete', (field, value) => {
    expect(readLine({ [field]: value }).problems).toMatchObject([{ field, rule: 'required' }]);
  });

  test.each([
    ['line_no', 'x', 'number'],
    ['line_no', '3000000000', 'number'],
    ['quantity', '0', 'positive-whole'],
    ['quantity', '-2', 'positive-whole'],
    ['quantity', '1.5', 'positive-whole'],
    ['service_date', '2025-02-31', 'date'],
    ['service_date', '0000-00-00', 'date'],
    ['invoice_date', 'завтра', 'date'],
    ['unit_price_rub', '1e15', 'money'],
    ['amount_rub', 'NaN', 'money'],
    ['amount_rub', '-5.00', 'money'],
    ['amount_rub', '5.001', 'money'],
    ['policy_no', 'x'.repeat(65), 'too-long'],
    ['item_name', 'x'.repeat(1001), 'too-long'],
    ['item_name', 'a\u0000b', 'control-characters'],
    ['item_name', 'a\uD800b', 'control-characters'],
    ['invoice_no', 'a\u0000', 'control-characters'],
    ['invoice_no', '=cmd|x', 'formula-like'],
    ['doctor_id', '+HYPERLINK("x")', 'formula-like'],
  ] as const)('with %s %j is rejected by the rule %s, with value, reason and fix', (field, value, rule) => {
    const { problems } = readLine({ [field]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ field, rule });
    expect(value.startsWith(problems[0]!.value.slice(0, 200))).toBe(true);
    for (const text of [problems[0]!.reason, problems[0]!.fix]) {
      expect(text.ru).toMatch(/[а-я]/);
      expect(text.en).toMatch(/^[ -~…]+$/);
    }
  });

  test('names every problem of a row, not only the first', () => {
    const { problems } = readLine({ quantity: '0', amount_rub: 'x', service_date: '' });
    expect(problems.map((one) => one.field)).toEqual(['service_date', 'quantity', 'amount_rub']);
  });

  test('keeps the form that was sent where the normal form differs', () => {
    const { value, raw } = readLine({
      diagnosis_code: 'к29.3',
      line_no: '007',
      amount_rub: '3 700,00',
      service_date: '01.09.2025',
    });
    expect(value).toMatchObject({ diagnosisCode: 'K29.3', lineNo: 7, amountKopecks: 370_000 });
    expect(raw).toEqual({
      diagnosis_code: 'к29.3',
      line_no: '007',
      amount_rub: '3 700,00',
      service_date: '01.09.2025',
    });
  });

  test('leaves the clinic’s own codes and numbers as they are, Cyrillic and case included', () => {
    const { value } = readLine({ item_code: 'в-139ж', invoice_no: 'Счёт-1', letter_no: 'ГП-5', doctor_id: 'д7' });
    expect(value).toMatchObject({ itemCode: 'в-139ж', invoiceNo: 'Счёт-1', letterNo: 'ГП-5', doctorId: 'д7' });
  });

  test('takes the guard against formulas off again', () => {
    expect(readLine({ item_name: "'=1+1", invoice_no: "'-15/А" }).value).toMatchObject({
      itemName: '=1+1',
      invoiceNo: '-15/А',
    });
  });

  test('with more cells than the header is rejected, since its columns have shifted', () => {
    const reader = createRowReader(headerOf(INVOICES, Object.keys(LINE)));
    reader.load([...Object.values(LINE), 'extra']);
    readInvoiceLine(reader);
    expect(reader.problems).toMatchObject([{ rule: 'extra-cells' }]);
  });

  test('with empty trailing cells left out is taken', () => {
    const reader = createRowReader(headerOf(INVOICES, Object.keys(LINE)));
    reader.load(Object.values(LINE).slice(0, 13));
    expect(readInvoiceLine(reader).episodeNo).toBe('');
    expect(reader.problems).toEqual([]);
  });

  test('of any content never makes the parser throw', () => {
    const reader = createRowReader(headerOf(INVOICES, Object.keys(LINE)));
    const junk = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(
        '\u0000',
        '\uD800',
        '3e9',
        '1e15',
        'NaN',
        '0000-01-01',
        '2025-02-31',
        '+275760-09-13',
        '__proto__',
      ),
      fc.constantFrom(...Object.values(LINE)),
    );
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 20 }), (cells) => {
        reader.load(cells);
        const row = readInvoiceLine(reader);
        if (reader.problems.length > 0) return;
        expect(Number.isSafeInteger(row.amountKopecks)).toBe(true);
        expect(Number.isSafeInteger(row.serviceDay)).toBe(true);
        expect(JSON.stringify(row)).not.toMatch(/\\u0000|\\ud8/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('headers', () => {
  test('Russian headings are understood in any case and order', () => {
    const cells = [
      '№ п/п',
      'Код клиники',
      '№ Счёта',
      'Дата счёта',
      'Номер полиса',
      'Дата оказания услуги',
      'МКБ-10',
      'Код по прейскуранту',
      'Кол-во',
      'Цена, руб',
      'Сумма, руб',
      'Доля пациента',
      'Лишнее',
    ];
    const header = headerOf(INVOICES, cells);
    expect(header.indexOf).toMatchObject({
      line_no: 0,
      clinic_code: 1,
      invoice_no: 2,
      invoice_date: 3,
      policy_no: 4,
      service_date: 5,
      diagnosis_code: 6,
      item_code: 7,
      quantity: 8,
      unit_price_rub: 9,
      amount_rub: 10,
      patient_share_rub: 11,
    });
    expect(header.indexOf.tooth).toBeUndefined();
  });

  test('missing required columns are named', () => {
    expect(mapHeader(INVOICES, ['clinic_code', 'invoice_no'])).toMatchObject({
      missing: expect.arrayContaining(['line_no', 'amount_rub']) as unknown,
    });
  });
});

describe('the content hash of an invoice', () => {
  const row = readLine({}).value;
  const hashOf = (rows: InvoiceRow[]): string => {
    const hash = emptyContentHash();
    for (const one of rows) addLine(hash, one);
    return contentHashText(hash);
  };

  test('does not depend on the order of lines', () => {
    const rows = [1, 2, 3, 4].map((lineNo) => ({ ...row, lineNo, amountKopecks: lineNo * 100 }));
    expect(hashOf(rows.toReversed())).toBe(hashOf(rows));
  });

  test.each(Object.keys(row).filter((key) => key !== 'clinicCode' && key !== 'invoiceNo') as (keyof InvoiceRow)[])(
    'changes with %s',
    (key) => {
      const value = row[key];
      const changed = { ...row, [key]: typeof value === 'number' ? value + 1 : `${value}x` };
      expect(hashOf([changed])).not.toBe(hashOf([row]));
    },
  );

  test('tells a line moved from one number to another', () => {
    const one = { ...row, lineNo: 1 };
    const two = { ...row, lineNo: 2, quantity: 2 };
    expect(hashOf([one, two])).not.toBe(
      hashOf([
        { ...one, lineNo: 2 },
        { ...two, lineNo: 1 },
      ]),
    );
  });

  test('differs for a repeated line', () => {
    expect(hashOf([row, row])).not.toBe(hashOf([row]));
  });
});

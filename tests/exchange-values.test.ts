import fc from 'fast-check';
import { dayOf, isoOfDay, parseDay } from '../models/exchange/dates';
import { foldLookAlikes, normaliseDiagnosisCode, normaliseServiceCode } from '../models/exchange/codes';
import { parseDecimal, parseMoney, parseWhole, roublesOfKopecks } from '../models/exchange/numbers';

describe('money', () => {
  test.each([
    ['3700.00', 370_000],
    ['3700', 370_000],
    ['3700.5', 370_050],
    ['0.07', 7],
    ['0', 0],
    ['3700,50', 370_050],
    ['1 234,50', 123_450],
    ['1\u00A0234,50', 123_450],
    ['1\u202F234.50', 123_450],
    ['1,234.50', 123_450],
    ['1.234,50', 123_450],
    ['1234.5000', 123_450],
    ['1234,50 руб.', 123_450],
    ['1234.50 ₽', 123_450],
    ["1'234.50", 123_450],
    ['99999999999.99', 9_999_999_999_999],
  ])('%s is %i kopecks', (text, kopecks) => {
    expect(parseMoney(text)).toBe(kopecks);
  });

  test.each([
    '',
    '-1',
    '-0.01',
    '1.234',
    '1e3',
    'NaN',
    'Infinity',
    '1.2.3',
    '.5',
    '1..2',
    'сто',
    '١٢',
    '1,2,3',
    '3e9',
    '0x10',
    '1e15',
    '9'.repeat(40),
  ])('%s is no money', (text) => {
    expect(parseMoney(text)).toBeNaN();
  });

  test('every sum comes back from its own text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999_999_999 }), (kopecks) => {
        const text = roublesOfKopecks(kopecks);
        expect(parseMoney(text)).toBe(kopecks);
        expect(parseMoney(text.replace('.', ','))).toBe(kopecks);
      }),
    );
  });
});

describe('dates', () => {
  test.each([
    ['2025-09-01', '2025-09-01'],
    ['01.09.2025', '2025-09-01'],
    ['1.9.2025', '2025-09-01'],
    ['01/09/2025', '2025-09-01'],
    ['2025-09-01T00:00:00', '2025-09-01'],
    ['2025-09-01 10:20', '2025-09-01'],
    ['01.09.2025 10:20:30', '2025-09-01'],
    ['45901', '2025-09-01'],
    ['45901.75', '2025-09-01'],
    ['2024-02-29', '2024-02-29'],
    ['2000-02-29', '2000-02-29'],
    ['1961-04-12', '1961-04-12'],
  ])('%s is %s', (text, iso) => {
    expect(isoOfDay(parseDay(text))).toBe(iso);
  });

  test.each([
    '',
    '0000-01-01',
    '2025-02-31',
    '2025-02-29',
    '1900-02-29',
    '2025-13-01',
    '2025-00-10',
    '2025-01-00',
    '+275760-09-13',
    '31.02.2025',
    '2025-9',
    'вчера',
    '12',
    '999999',
    '20250901',
    '2300-01-01',
    '2025-09-01x',
  ])('%s is no date', (text) => {
    expect(parseDay(text)).toBeNaN();
  });

  test('day numbers agree with the platform calendar', () => {
    fc.assert(
      fc.property(fc.integer({ min: -43_829, max: 84_000 }), (day) => {
        const iso = new Date(day * 86_400_000).toISOString().slice(0, 10);
        const [year, month, date] = iso.split('-').map(Number);
        expect(dayOf(year!, month!, date!)).toBe(day);
        expect(isoOfDay(day)).toBe(iso);
        expect(parseDay(iso)).toBe(day);
      }),
    );
  });
});

describe('numbers', () => {
  test.each([
    ['7', 7],
    ['007', 7],
    ['2.0', 2],
    ['1 200', 1200],
  ])('%s is the whole number %i', (text, value) => {
    expect(parseWhole(text, 1, 2_147_483_647)).toBe(value);
  });

  test.each(['', '0', '-1', '2.5', '1e3', '3000000000', 'два', '99999999999999999999999999'])(
    '%s is no positive whole number that fits',
    (text) => {
      expect(parseWhole(text, 1, 2_147_483_647)).toBeNaN();
    },
  );

  test.each([
    ['55.75', 55.75],
    ['55,75', 55.75],
    ['-12.5', -12.5],
  ])('%s is the decimal %d', (text, value) => {
    expect(parseDecimal(text, -90, 90)).toBe(value);
  });

  test('a decimal out of bounds is refused', () => {
    expect(parseDecimal('91', -90, 90)).toBeNaN();
  });
});

describe('codes', () => {
  test.each([
    ['В01.047.001', 'B01.047.001'],
    [' b01.047.001 ', 'B01.047.001'],
    ['А16. 07.001', 'A16.07.001'],
    ['B01.047.001', 'B01.047.001'],
  ])('service code %s becomes %s', (text, code) => {
    expect(normaliseServiceCode(text)).toBe(code);
  });

  test.each([
    ['о80.1', 'O80.1'],
    ['К29.3', 'K29.3'],
    ['Ј06.9', 'J06.9'],
    ['е11', 'E11'],
    ['М54.5', 'M54.5'],
    ['Н10', 'H10'],
    ['С50', 'C50'],
    ['I10\u00A0', 'I10'],
  ])('diagnosis code %s becomes %s', (text, code) => {
    expect(normaliseDiagnosisCode(text)).toBe(code);
  });

  test('letters without a Latin twin stay Cyrillic', () => {
    expect(normaliseDiagnosisCode('Щ10')).toBe('Щ10');
    expect(foldLookAlikes('ГП-1')).toBe('ГП-1');
  });

  test('a normal code is its own normal form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = normaliseDiagnosisCode(text);
        expect(normaliseDiagnosisCode(once)).toBe(once);
      }),
    );
  });
});

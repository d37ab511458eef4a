import fc from 'fast-check';
import { hasWordTooth } from '../models/review/compile';
import { compareCodePoints, rankTexts } from '../models/review/code-order';
import { dayOfIso, isSunday, isoOfDay, wholeYears, ymdOfDay } from '../models/review/days';
import { hitColumns, lineAtRisk } from '../models/review/findings';
import { kopecks } from '../models/review/from-rows';
import { partOf, percentRate, shareOf } from '../models/review/money';
import { codesWithPrefix, indexCodes } from '../models/review/prefixes';
import { RULES } from '../models/review/registry';
import { HIT, insurerShare } from '../models/review/rule';
import { reviewForTrace, reviewScope } from '../models/review/scopes';
import { isFdiTooth } from '../models/review/table';
import { SCOPES, prepareWorld } from './support/review-world';
import { generateWorld } from './support/world-generator/generate';

const day = fc.integer({ min: -40_000, max: 60_000 });

describe('dates', () => {
  test('a day number survives the way to text and back, and agrees with the calendar', () => {
    fc.assert(
      fc.property(day, (d) => {
        const date = new Date(d * 86_400_000);
        const ymd = date.getUTCFullYear() * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
        expect(ymdOfDay(d)).toBe(ymd);
        expect(isSunday(d)).toBe(date.getUTCDay() === 0);
        expect(dayOfIso(isoOfDay(d))).toBe(d);
      }),
    );
  });

  test.each([
    ['2000-02-29', '2025-02-28', 24],
    ['2000-02-29', '2025-03-01', 25],
    ['2000-02-29', '2024-02-28', 23],
    ['2000-02-29', '2024-02-29', 24],
    ['2007-11-30', '2025-11-29', 17],
    ['2007-11-30', '2025-11-30', 18],
    ['2025-05-01', '2025-04-30', -1],
  ])('born %s, on %s: %i whole years', (birth, date, years) => {
    expect(wholeYears(ymdOfDay(dayOfIso(birth)), ymdOfDay(dayOfIso(date)))).toBe(years);
  });

  test.each(['2025-02-29', '2025-13-01', '25-01-01', '', '2025-1-1'])('"%s" is not a date', (text) => {
    expect(() => dayOfIso(text)).toThrow(expect.objectContaining({ code: 'BAD_DATE' }));
  });
});

describe('money', () => {
  test('the franchise is exact for every amount and every decimal percent, half up', () => {
    const percent = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 9999 }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 13 }), percent, (amount, [whole, decimals]) => {
        const text = `${whole}.${String(decimals).padStart(4, '0')}`;
        const { numerator, denominator } = percentRate(text);
        const exact = BigInt(amount) * BigInt(whole * 10_000 + decimals);
        expect(shareOf(amount, numerator, denominator)).toBe(Number((2n * exact + 1_000_000n) / 2_000_000n));
      }),
    );
  });

  test.each([
    [1, 50, 1],
    [1, 49.99, 0],
    [33333, 12.5, 4167],
    [20, 7.5, 2],
    [19, 7.5, 1],
    [100, 0, 0],
    [100, 100, 100],
  ])('%i kopecks at %f percent are %i', (amount, percent, share) => {
    const { numerator, denominator } = percentRate(percent);
    expect(shareOf(amount, numerator, denominator)).toBe(share);
  });

  test('a percent that is not a decimal number is refused', () => {
    expect(() => percentRate('1e-7')).toThrow(expect.objectContaining({ code: 'BAD_PERCENT' }));
  });

  test.each([
    ['0.07', 7],
    ['1234.50', 123_450],
    ['8', 800],
    ['-0.50', -50],
  ])('%s roubles are %i kopecks', (text, value) => {
    expect(kopecks(text)).toBe(value);
  });

  test('a part of a sum is never more than the sum', () => {
    const amount = fc.integer({ min: 0, max: 10 ** 12 });
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 500 }), (sum, units, of) => {
        expect(partOf(sum, units, of)).toBeLessThanOrEqual(sum);
      }),
    );
  });
});

describe('codes', () => {
  test('order is by code point, also above the basic plane', () => {
    const unit = fc.string({ unit: 'binary', maxLength: 6 });
    fc.assert(
      fc.property(unit, unit, (a, b) => {
        const utf8 = Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
        expect(Math.sign(compareCodePoints(a, b))).toBe(utf8);
      }),
    );
  });

  test('ranks keep the order and are equal for equal texts', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 }), { minLength: 2, maxLength: 30 }), (texts) => {
        const ranks = rankTexts(texts);
        texts.forEach((text, i) => {
          expect(Math.sign(ranks[0]! - ranks[i]!)).toBe(Math.sign(compareCodePoints(texts[0]!, text)));
        });
      }),
    );
  });

  test('a prefix matches exactly the codes that start with it', () => {
    const code = fc.string({ unit: fc.constantFrom('A', 'B', '0', '1', '.'), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(code, { maxLength: 40 }), code, (codes, prefix) => {
        const found = [...codesWithPrefix(indexCodes(codes), prefix)].sort((a, b) => a - b);
        expect(found).toEqual(codes.flatMap((text, i) => (text.startsWith(prefix) ? [i] : [])));
      }),
    );
  });

  test('FDI numbers are 32 permanent and 20 deciduous teeth', () => {
    const all = Array.from({ length: 200 }, (_, i) => String(i)).filter(isFdiTooth);
    expect(all).toHaveLength(52);
    expect(['19', '49', '56', '86', '0', '8', '011', ' 11', '1a'].filter(isFdiTooth)).toEqual([]);
  });

  test.each([
    ['Удаление зуба', true],
    ['Зуба лечение', true],
    ['Восстановление зуба-антагониста', true],
    ['Трепанация зуба, искусственной коронки', true],
    ['Снятие зубных отложений', false],
    ['Протезирование зубами', false],
    ['Обработка межзуба', false],
  ])('"%s" names a tooth: %s', (name, expected) => {
    expect(hasWordTooth(name)).toBe(expected);
  });
});

describe('findings of generated worlds', () => {
  test.each([41, 42, 43])('money at risk is whole kopecks between nothing and the insurer share (seed %i)', (seed) => {
    const input = prepareWorld(generateWorld(seed, 30));
    for (const scope of SCOPES) {
      const result = reviewScope(scope, input);
      const { row, atRisk } = hitColumns(result);
      const shares = Array.from(row, (at) => insurerShare(result.review, at));
      expect(
        Array.from(atRisk).filter((money, i) => !(Number.isInteger(money) && money >= 0 && money <= shares[i]!)),
      ).toEqual([]);
      // Findings of one line overlap: together they never risk more than its share.
      const sums = new Map<number, number[]>();
      row.forEach((at, i) => sums.set(at, [...(sums.get(at) ?? []), atRisk[i]!]));
      for (const [at, money] of sums) {
        const risk = lineAtRisk(result.review, at, money);
        expect(risk).toBe(Math.max(...money));
        expect(risk).toBeLessThanOrEqual(insurerShare(result.review, at));
      }
    }
  });

  test('the shortcut of the hot loop never hides a hit', () => {
    const review = reviewForTrace(prepareWorld(generateWorld(44, 60)));
    const hidden = RULES.flatMap((rule) => {
      const suspects = rule.suspects?.(review);
      if (!suspects) return [];
      return Array.from(suspects).flatMap((suspect, row) =>
        suspect < 0 && rule.check(review, row) === HIT ? [`${rule.code} ${row}`] : [],
      );
    });
    expect(RULES.filter((rule) => rule.suspects).length).toBeGreaterThan(15);
    expect(hidden).toEqual([]);
  });
});

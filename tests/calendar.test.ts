import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import {
  addBusinessDays,
  businessDaysBetween,
  calendarStamp,
  dayNumber,
  endOfDay,
  escalationAt,
  isBroken,
  isBusinessDay,
  isoDate,
  pauseDeadline,
  plainDate,
  remainingOf,
  resumeDeadline,
  RU_CALENDAR,
  startDeadline,
} from '../models/calendar';

const dataDir = path.join(__dirname, '..', 'data', 'calendar');
const dates = fc.integer({ min: dayNumber('2015-01-01'), max: dayNumber('2028-12-31') }).map(isoDate);

describe('the shipped calendar', () => {
  // Working days of the production calendar for a five-day week, as published for each year.
  test.each([
    [2015, 247],
    [2016, 247],
    [2017, 247],
    [2018, 247],
    [2019, 247],
    [2020, 248],
    [2021, 247],
    [2022, 247],
    [2023, 247],
    [2024, 248],
    [2025, 247],
    [2026, 247],
  ])('%i has %i working days', (year, days) => {
    expect(businessDaysBetween(`${year - 1}-12-31`, `${year}-12-31`)).toBe(days);
  });

  test('takes every year from the source as it is, except the years that are wrong there', () => {
    const source = JSON.parse(readFileSync(path.join(dataDir, 'source.json'), 'utf8')) as Record<string, string[]>;
    const corrected = Object.keys(
      (JSON.parse(readFileSync(path.join(dataDir, 'corrections.json'), 'utf8')) as { years: object }).years,
    );
    for (const year of Object.keys(RU_CALENDAR.years)) {
      if (corrected.includes(year)) continue;
      const off = new Set(source[year]);
      for (let day = dayNumber(`${year}-01-01`); day <= dayNumber(`${year}-12-31`); day += 1) {
        expect([isoDate(day), isBusinessDay(isoDate(day))]).toEqual([isoDate(day), !off.has(isoDate(day))]);
      }
    }
    expect(corrected).toEqual(['2020', '2024']);
  });
});

describe('business days', () => {
  test.each([
    ['over New Year 2026', '2025-12-29', 10, '2026-01-22'],
    ['over New Year 2025 with its two bridge days', '2024-12-27', 1, '2024-12-28'],
    ['into January 2025', '2024-12-28', 1, '2025-01-09'],
    ['over the May holidays of 2026', '2026-04-30', 5, '2026-05-08'],
    ['over the ninth of May 2026, moved to Monday', '2026-05-08', 1, '2026-05-12'],
    ['over the May holidays of 2025', '2025-04-30', 4, '2025-05-12'],
    ['on to a worked Saturday', '2025-10-31', 1, '2025-11-01'],
    ['past a worked Saturday', '2025-10-31', 2, '2025-11-05'],
    ['on to a worked Saturday of April 2024', '2024-04-26', 1, '2024-04-27'],
    ['zero days from a day off', '2026-01-03', 0, '2026-01-12'],
    ['zero days from a business day', '2026-01-12', 0, '2026-01-12'],
    ['backwards over New Year', '2026-01-12', -1, '2025-12-30'],
    ['ten days in a plain month', '2026-03-11', 10, '2026-03-25'],
  ])('%s: %s %i -> %s', (_name, from, n, expected) => {
    expect(addBusinessDays(from, n)).toEqual({ date: expected, calendarVersion: 'ru-production-2026.1' });
  });

  test('a year outside the calendar is counted by weekends and statutory holidays and says so', () => {
    expect(addBusinessDays('2026-12-30', 1)).toEqual({
      date: '2027-01-11',
      calendarVersion: 'ru-production-2026.1+rule:2027',
    });
    // 1 and 9 May 2027 fall on a weekend, so the next working days are off.
    expect(['2027-05-03', '2027-05-10', '2027-05-04', '2027-02-23'].map((date) => isBusinessDay(date))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(calendarStamp('2013-01-01', '2016-01-01')).toBe('ru-production-2026.1+rule:2013,2014');
  });

  test.each(['2026-02-30', '2026-1-1', 'yesterday', ''])('"%s" is refused as a date', (date) => {
    expect(() => addBusinessDays(date, 1)).toThrow(expect.objectContaining({ code: 'calendar.bad-date' }));
  });

  test('a term that is not a whole number is refused', () => {
    expect(() => addBusinessDays('2026-03-11', 1.5)).toThrow(expect.objectContaining({ code: 'calendar.bad-term' }));
  });

  test('adding and counting are inverse, and every result is a business day', () => {
    fc.assert(
      fc.property(dates, fc.integer({ min: -60, max: 60 }), (from, n) => {
        const { date } = addBusinessDays(from, n);
        expect(isBusinessDay(date)).toBe(true);
        expect(n === 0 || businessDaysBetween(from, date) === n).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('counts over adjoining spans add up', () => {
    fc.assert(
      fc.property(dates, dates, dates, (a, b, c) => {
        const [x, y, z] = [a, b, c].sort() as [string, string, string];
        expect(businessDaysBetween(x, y) + businessDaysBetween(y, z)).toBe(businessDaysBetween(x, z));
      }),
      { numRuns: 50 },
    );
  });
});

describe('time zone', () => {
  test.each([
    ['2026-03-10T20:59:59Z', 'Europe/Moscow', '2026-03-10'],
    ['2026-03-10T21:00:00Z', 'Europe/Moscow', '2026-03-11'],
    ['2026-03-10T20:00:00Z', 'Asia/Vladivostok', '2026-03-11'],
    ['2026-03-10T22:30:00+00:00', 'Europe/Kaliningrad', '2026-03-11'],
  ])('%s in %s is %s', (instant, zone, expected) => expect(plainDate(instant, zone)).toBe(expected));

  test.each([
    ['2026-03-10', 'Europe/Moscow', '2026-03-10T21:00:00.000Z'],
    ['2026-03-10', 'Asia/Kamchatka', '2026-03-10T12:00:00.000Z'],
    ['2026-12-31', 'Europe/Kaliningrad', '2026-12-31T22:00:00.000Z'],
  ])('%s ends in %s at %s', (date, zone, expected) => expect(endOfDay(date, zone)).toBe(expected));
});

describe('deadlines', () => {
  const review = { unit: 'business-days', amount: 10 } as const;

  test('an invoice received on 29 December is due after the holidays', () => {
    const deadline = startDeadline('2025-12-29T09:00:00+03:00', review);
    expect(deadline).toMatchObject({ dueDate: '2026-01-22', dueAt: '2026-01-22T21:00:00.000Z', remaining: null });
    expect(isBroken(deadline, '2026-01-22T20:59:59Z')).toBe(false);
    expect(isBroken(deadline, '2026-01-22T21:00:00Z')).toBe(true);
    expect(escalationAt(deadline, 1)).toBe('2026-01-21T21:00:00.000Z');
  });

  test('the start is read in the zone: half past midnight in Moscow is the next day', () => {
    expect(startDeadline('2026-03-10T21:30:00Z', review).dueDate).toBe('2026-03-25');
    expect(startDeadline('2026-03-10T20:30:00Z', review).dueDate).toBe('2026-03-24');
  });

  test('it stands while the clinic owes documents and goes on with what was left', () => {
    const running = startDeadline('2026-04-20T10:00:00+03:00', review);
    const stopped = pauseDeadline(running, '2026-04-23T10:00:00+03:00');
    expect(running.dueDate).toBe('2026-05-05');
    expect(stopped).toMatchObject({ dueDate: null, dueAt: null, remaining: 7 });
    expect(escalationAt(stopped, 1)).toBeNull();
    expect(isBroken(stopped, '2027-01-01T00:00:00Z')).toBe(false);
    expect(resumeDeadline(stopped, '2026-05-06T10:00:00+03:00')).toMatchObject({
      dueDate: '2026-05-18',
      pausedAt: null,
      remaining: null,
    });
  });

  test('hours run through nights and days off', () => {
    const emergency = startDeadline('2026-01-01T02:00:00+03:00', { unit: 'hours', amount: 1 });
    expect(emergency.dueAt).toBe('2026-01-01T00:00:00.000Z');
    const stopped = pauseDeadline(emergency, '2026-01-01T02:40:00+03:00');
    expect(remainingOf(stopped, '2026-01-05T00:00:00Z')).toBe(20 * 60_000);
    expect(resumeDeadline(stopped, '2026-01-02T00:00:00Z').dueAt).toBe('2026-01-02T00:20:00.000Z');
  });

  test('stopping a broken deadline does not heal it', () => {
    const stopped = pauseDeadline(startDeadline('2026-03-10T10:00:00Z', review), '2026-04-10T10:00:00Z');
    expect(isBroken(stopped, '2026-04-10T10:00:00Z')).toBe(true);
    expect(isBroken(resumeDeadline(stopped, '2026-04-13T10:00:00Z'), '2026-04-13T10:00:00Z')).toBe(true);
  });

  test('a stop and a start on the same day change nothing, and a longer stop never makes it earlier', () => {
    fc.assert(
      fc.property(dates, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 40 }), (start, wait, stop) => {
        const at = (offset: number) => `${isoDate(dayNumber(start) + offset)}T12:00:00Z`;
        const running = startDeadline(at(0), review);
        const stopped = pauseDeadline(running, at(wait));
        const resumed = resumeDeadline(stopped, at(wait + stop));
        const sameDay = stop === 0 && !isBroken(running, at(wait));
        expect(sameDay ? resumed : running).toEqual(running);
        expect(resumed.dueDate! >= running.dueDate!).toBe(true);
      }),
      { numRuns: 200, examples: [['2028-12-18', 14, 0]] },
    );
  });
});

import shipped from '../data/calendar/ru.json';
import { AppError } from './errors';

/** Days off and worked weekends of one year, as 'MM-DD'. */
export interface CalendarYear {
  readonly daysOff: readonly string[];
  readonly workingWeekends: readonly string[];
}

export interface BusinessCalendar {
  readonly version: string;
  /** IANA zone in which the insurer's plain dates are read. */
  readonly timeZone: string;
  readonly years: Readonly<Record<string, CalendarYear>>;
}

/** A plain date counted on the calendar; `calendarVersion` ends with `+rule:2027` where a year was not in it. */
export interface CountedDate {
  readonly date: string;
  readonly calendarVersion: string;
}

export type Term = { readonly unit: 'business-days' | 'hours'; readonly amount: number };

/**
 * A deadline that is computed once and stored. While `pausedAt` is set the clock stands (the clinic owes
 * documents): `dueAt` is then null and `remaining` holds what is left (business days, or milliseconds for hours).
 * Negative `remaining` means that it was already broken when it was stopped.
 */
export interface Deadline {
  readonly term: Term;
  readonly startedAt: string;
  readonly dueDate: string | null;
  readonly dueAt: string | null;
  readonly pausedAt: string | null;
  readonly remaining: number | null;
  readonly calendarVersion: string;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MAX_STEPS = 20_000;

/** Holidays of article 112 of the Labour Code, for years that no decree has fixed yet. */
const STATUTORY = ['01-01', '01-02', '01-03', '01-04', '01-05', '01-06', '01-07', '01-08'].concat(
  ['02-23', '03-08', '05-01', '05-09'],
  ['06-12', '11-04'],
);

/** The calendar in data/calendar/ru.json: 2015-2026, Europe/Moscow. */
export const RU_CALENDAR: BusinessCalendar = shipped;

/** @returns days since 1970-01-01 of 'YYYY-MM-DD'; throws `calendar.bad-date` for anything else. */
export function dayNumber(date: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time) || isoDate(time / DAY_MS) !== date) {
    throw new AppError('calendar.bad-date', {
      ru: `Дата «${date}» не читается: нужна дата вида 2026-05-01`,
      en: `"${date}" is not a date: write it as 2026-05-01`,
    });
  }
  return time / DAY_MS;
}

/** Inverse of dayNumber. */
export function isoDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function isBusinessDay(date: string, calendar: BusinessCalendar = RU_CALENDAR): boolean {
  return isBusinessDayNumber(dayNumber(date), calendar);
}

/** Version of the calendar with a mark for each year of the span that is counted by rule, not by decree. */
export function calendarStamp(from: string, to: string, calendar: BusinessCalendar = RU_CALENDAR): string {
  const [first, last] = [from, to].map((date) => Number(date.slice(0, 4))).sort((a, b) => a - b) as [number, number];
  const ruled: number[] = [];
  for (let year = first; year <= last; year += 1) if (!calendar.years[year]) ruled.push(year);
  return ruled.length === 0 ? calendar.version : `${calendar.version}+rule:${ruled.join(',')}`;
}

/**
 * The n-th business day after `date` (before it for negative n). With n = 0 the date itself, or the next
 * business day when it is a day off: a term that ends on a day off ends on the next business day
 * (article 193 of the Civil Code).
 */
export function addBusinessDays(date: string, n: number, calendar: BusinessCalendar = RU_CALENDAR): CountedDate {
  if (!Number.isInteger(n) || Math.abs(n) > MAX_STEPS) {
    throw new AppError('calendar.bad-term', {
      ru: `Срок «${n}» не подходит: нужно целое число рабочих дней до ${MAX_STEPS}`,
      en: `"${n}" is not a term: give a whole number of business days up to ${MAX_STEPS}`,
    });
  }
  const step = n < 0 ? -1 : 1;
  let day = dayNumber(date);
  if (n === 0) while (!isBusinessDayNumber(day, calendar)) day += 1;
  for (let left = Math.abs(n); left > 0;) {
    day += step;
    if (isBusinessDayNumber(day, calendar)) left -= 1;
  }
  return { date: isoDate(day), calendarVersion: calendarStamp(date, isoDate(day), calendar) };
}

/** Business days in (from, to]; negative when `to` is earlier. addBusinessDays(from, result) is `to` if `to` is worked. */
export function businessDaysBetween(from: string, to: string, calendar: BusinessCalendar = RU_CALENDAR): number {
  const [start, end] = [dayNumber(from), dayNumber(to)];
  if (end < start) return -countBusinessDays(end, start - 1, calendar);
  return countBusinessDays(start + 1, end, calendar);
}

/** Plain date of an instant (ISO with offset or Z) in a zone. */
export function plainDate(instant: string, timeZone: string = RU_CALENDAR.timeZone): string {
  return formatterOf(timeZone).format(new Date(millis(instant)));
}

/** The instant at which the plain date ends in the zone: midnight of the next local day. */
export function endOfDay(date: string, timeZone: string = RU_CALENDAR.timeZone): string {
  const utcMidnight = (dayNumber(date) + 1) * DAY_MS;
  // Offsets run from -12 to +14 h: search the first quarter of an hour that is already the next local day.
  const formatter = formatterOf(timeZone);
  for (let t = utcMidnight - 14 * HOUR_MS; ; t += HOUR_MS / 4) {
    if (formatter.format(new Date(t)) > date) return new Date(t).toISOString();
  }
}

/**
 * Starts a clock. Business days are counted from the local date of the start (that day is not counted) and the
 * deadline breaks at the end of the due date; hours run through nights and days off.
 */
export function startDeadline(startedAt: string, term: Term, calendar: BusinessCalendar = RU_CALENDAR): Deadline {
  const started = new Date(millis(startedAt)).toISOString();
  const base = { term, startedAt: started, pausedAt: null, remaining: null };
  if (term.unit === 'hours') return { ...base, ...dueByMillis(started, term.amount * HOUR_MS, calendar) };
  return { ...base, ...dueByDays(plainDate(started, calendar.timeZone), term.amount, calendar) };
}

/** Stops the clock at `at`; a stopped deadline stays as it is. */
export function pauseDeadline(deadline: Deadline, at: string, calendar: BusinessCalendar = RU_CALENDAR): Deadline {
  if (deadline.dueAt === null || deadline.dueDate === null) return deadline;
  const remaining =
    deadline.term.unit === 'hours'
      ? millis(deadline.dueAt) - millis(at)
      : businessDaysBetween(plainDate(at, calendar.timeZone), deadline.dueDate, calendar);
  return { ...deadline, dueDate: null, dueAt: null, pausedAt: new Date(millis(at)).toISOString(), remaining };
}

/** Starts a stopped clock again with what was left of it; a running deadline stays as it is. */
export function resumeDeadline(deadline: Deadline, at: string, calendar: BusinessCalendar = RU_CALENDAR): Deadline {
  if (deadline.remaining === null || deadline.pausedAt === null) return deadline;
  const due =
    deadline.term.unit === 'hours'
      ? dueByMillis(new Date(millis(at)).toISOString(), deadline.remaining, calendar)
      : dueByDays(plainDate(at, calendar.timeZone), deadline.remaining, calendar);
  if (deadline.term.unit === 'hours') return { ...deadline, ...due, pausedAt: null, remaining: null };
  // The whole term is stamped, not only its last part: days before the stop were counted by some calendar too.
  const calendarVersion = calendarStamp(plainDate(deadline.startedAt, calendar.timeZone), due.dueDate, calendar);
  return { ...deadline, ...due, calendarVersion, pausedAt: null, remaining: null };
}

/** What is left at `at`: business days (the due date itself counts as 0) or milliseconds; negative when broken. */
export function remainingOf(deadline: Deadline, at: string, calendar: BusinessCalendar = RU_CALENDAR): number {
  return deadline.remaining ?? pauseDeadline(deadline, at, calendar).remaining ?? 0;
}

/** Broken means that the due instant has passed on a running clock; a stopped one breaks only if it already had. */
export function isBroken(deadline: Deadline, at: string): boolean {
  if (deadline.dueAt === null) return (deadline.remaining ?? 0) < 0;
  return millis(at) >= millis(deadline.dueAt);
}

/**
 * When to warn the lead expert: `lead` business days (or hours) before the end, never before the start;
 * null while the clock stands.
 */
export function escalationAt(
  deadline: Deadline,
  lead: number,
  calendar: BusinessCalendar = RU_CALENDAR,
): string | null {
  if (deadline.dueAt === null || deadline.dueDate === null) return null;
  const early =
    deadline.term.unit === 'hours'
      ? new Date(millis(deadline.dueAt) - lead * HOUR_MS).toISOString()
      : endOfDay(addBusinessDays(deadline.dueDate, -lead, calendar).date, calendar.timeZone);
  return early < deadline.startedAt ? deadline.startedAt : early;
}

function dueByDays(from: string, days: number, calendar: BusinessCalendar) {
  const { date, calendarVersion } = addBusinessDays(from, days, calendar);
  return { dueDate: date, dueAt: endOfDay(date, calendar.timeZone), calendarVersion };
}

function dueByMillis(from: string, left: number, calendar: BusinessCalendar) {
  const dueAt = new Date(millis(from) + left).toISOString();
  return { dueDate: plainDate(dueAt, calendar.timeZone), dueAt, calendarVersion: calendar.version };
}

function countBusinessDays(first: number, last: number, calendar: BusinessCalendar): number {
  let count = 0;
  for (let day = first; day <= last; day += 1) if (isBusinessDayNumber(day, calendar)) count += 1;
  return count;
}

function isBusinessDayNumber(day: number, calendar: BusinessCalendar): boolean {
  const date = isoDate(day);
  const [year, monthDay] = [date.slice(0, 4), date.slice(5)];
  // 1970-01-01 was a Thursday, so day 2 is the first Saturday.
  const weekend = (((day - 2) % 7) + 7) % 7 < 2;
  const table = calendar.years[year];
  if (table) return weekend ? table.workingWeekends.includes(monthDay) : !table.daysOff.includes(monthDay);
  return !weekend && !statutoryDaysOff(Number(year)).has(monthDay);
}

/** Statutory holidays of a year; one outside January that falls on a weekend moves to the next working day. */
function statutoryDaysOff(year: number): ReadonlySet<string> {
  const off = new Set(STATUTORY);
  for (const monthDay of STATUTORY.slice(8)) {
    let day = Date.parse(`${year}-${monthDay}T00:00:00Z`) / DAY_MS;
    if ((((day - 2) % 7) + 7) % 7 >= 2) continue;
    while ((((day - 2) % 7) + 7) % 7 < 2 || off.has(isoDate(day).slice(5))) day += 1;
    off.add(isoDate(day).slice(5));
  }
  return off;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The Swedish locale writes dates as YYYY-MM-DD. One per zone: each holds much memory that the heap does not show. */
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}

function millis(instant: string): number {
  const time = /T.*(Z|[+-]\d{2}:\d{2})$/.test(instant) ? Date.parse(instant) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new AppError('calendar.bad-instant', {
      ru: `Момент «${instant}» не читается: нужен вид 2026-05-01T09:00:00+03:00`,
      en: `"${instant}" is not an instant: write it as 2026-05-01T09:00:00+03:00`,
    });
  }
  return time;
}

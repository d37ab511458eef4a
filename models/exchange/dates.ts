/** A date as whole days since 1970-01-01: cheap to compare, to add to and to store in typed arrays. */
export type DayNumber = number;

const FIRST_YEAR = 1850;
const LAST_YEAR = 2199;
/** Serial numbers of spreadsheets: 1900-03-01 (before it Excel counts a day that never was) to 2199-12-31. */
const FIRST_SERIAL = 61;
const LAST_SERIAL = 109_574;
const SERIAL_OF_1970 = 25_569;
const LOOSE_ISO = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ][\d:.]+Z?)?$/;
const RUSSIAN = /^(\d{1,2})[./](\d{1,2})[./](\d{4})(?: [\d:]+)?$/;
const SERIAL = /^\d{2,6}(?:\.\d+)?$/;

/**
 * Reads a date: YYYY-MM-DD (the form of the exchange formats), DD.MM.YYYY, DD/MM/YYYY, each with an ignored time of day,
 * or a spreadsheet serial number.
 *
 * @returns days since 1970-01-01, NaN when the text is no date of the years 1850 to 2199
 */
export function parseDay(text: string): DayNumber {
  if (isPlainIsoDay(text)) {
    return dayOf(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10));
  }
  const iso = LOOSE_ISO.exec(text);
  if (iso) return dayOf(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const russian = RUSSIAN.exec(text);
  if (russian) return dayOf(Number(russian[3]), Number(russian[2]), Number(russian[1]));
  if (SERIAL.test(text)) return dayOfSerial(Number(text));
  return Number.NaN;
}

/** True for ten characters of the shape YYYY-MM-DD; the date itself may still not exist. */
export function isPlainIsoDay(text: string): boolean {
  if (text.length !== 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false;
  for (let at = 0; at < 10; at++) {
    if (at === 4 || at === 7) continue;
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

/** Day of a spreadsheet serial number in the 1900 system, NaN out of range; a fraction (time of day) is dropped. */
export function dayOfSerial(serial: number): DayNumber {
  if (!(serial >= FIRST_SERIAL && serial < LAST_SERIAL)) return Number.NaN;
  return Math.floor(serial) - SERIAL_OF_1970;
}

/** Day number of a calendar date (proleptic Gregorian), NaN when there is no such date in the years 1850 to 2199. */
export function dayOf(year: number, month: number, day: number): DayNumber {
  if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    return Number.NaN;
  }
  // Days from civil: March-based years make the leap day the last of its year (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
  const shifted = month <= 2 ? year - 1 : year;
  const century = Math.floor(shifted / 100);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return 365 * shifted + Math.floor(shifted / 4) - century + Math.floor(century / 4) + dayOfYear - 719_468;
}

/** YYYY-MM-DD of a day number. */
export function isoOfDay(day: DayNumber): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + text.charCodeAt(at) - 48;
  return value;
}

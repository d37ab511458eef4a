import { AppError } from '../errors';
import type { DayNumber } from './table';

const DAY_MS = 86_400_000;
const ISO_DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Day number of a plain date 'YYYY-MM-DD'; throws BAD_DATE for anything else, 30 February included. */
export function dayOfIso(iso: string): DayNumber {
  const match = ISO_DATE.exec(iso);
  const time = match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) : Number.NaN;
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== iso) {
    throw new AppError('BAD_DATE', {
      ru: `Дата «${iso}» не читается: нужен вид ГГГГ-ММ-ДД.`,
      en: `Date "${iso}" cannot be read: expected YYYY-MM-DD.`,
    });
  }
  return time / DAY_MS;
}

/** 'YYYY-MM-DD' of a day number. */
export function isoOfDay(day: DayNumber): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/**
 * A date as the number yyyymmdd. Differences of two such numbers divided by 10000 and floored are whole years:
 * a birth (or a contract start) on 29 February completes its year on 1 March of common years, because 0228 < 0229 < 0301.
 * Civil-from-days after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */
export function ymdOfDay(day: DayNumber): number {
  const z = day + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const d = doy - Math.floor((153 * mp + 2) / 5) + 1;
  const m = mp < 10 ? mp + 3 : mp - 9;
  const y = yoe + era * 400 + (m <= 2 ? 1 : 0);
  return y * 10_000 + m * 100 + d;
}

/** Whole years between two yyyymmdd numbers; negative before the first. */
export function wholeYears(fromYmd: number, toYmd: number): number {
  return Math.floor((toYmd - fromYmd) / 10_000);
}

/** True on Sundays (1970-01-01 was a Thursday). */
export function isSunday(day: DayNumber): boolean {
  return (((day + 4) % 7) + 7) % 7 === 0;
}

export interface YmdTable {
  firstDay: DayNumber;
  ymd: Int32Array;
}

/** yyyymmdd of every day between the earliest and the latest of `days`, so that the hot loop only looks up. */
export function tabulateYmd(days: Int32Array): YmdTable {
  if (days.length === 0) return { firstDay: 0, ymd: new Int32Array(0) };
  let first = days[0]!;
  let last = first;
  for (const day of days) {
    if (day < first) first = day;
    if (day > last) last = day;
  }
  return { firstDay: first, ymd: Int32Array.from({ length: last - first + 1 }, (_, i) => ymdOfDay(first + i)) };
}

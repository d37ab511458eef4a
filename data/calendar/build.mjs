/**
 * Builds ru.json, the compact production calendar, from source.json and corrections.json:
 *   node data/calendar/build.mjs
 * Kept per year: weekdays that are days off and weekend days that are worked. A source year is taken only if
 * its weekends are where weekends are; marks with asterisks (paid non-working days of presidential decrees,
 * which do not move contract terms) are left out.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));
const weekday = (iso) => new Date(`${iso}T00:00:00Z`).getUTCDay();
const isWeekend = (iso) => weekday(iso) === 0 || weekday(iso) === 6;

const daysOfYear = (year) => {
  const days = [];
  for (let t = Date.UTC(year, 0, 1); t < Date.UTC(year + 1, 0, 1); t += 86_400_000) {
    days.push(new Date(t).toISOString().slice(0, 10));
  }
  return days;
};

const fromSource = (year, marks) => {
  const off = new Set(marks.filter((mark) => /^\d{4}-\d{2}-\d{2}$/.test(mark)));
  const days = daysOfYear(year);
  const table = {
    daysOff: days.filter((day) => off.has(day) && !isWeekend(day)).map((day) => day.slice(5)),
    workingWeekends: days.filter((day) => !off.has(day) && isWeekend(day)).map((day) => day.slice(5)),
  };
  if (table.workingWeekends.length > 6) throw new Error(`${year}: the source is wrong, enter it in corrections.json`);
  return table;
};

const source = read('source.json');
const corrections = read('corrections.json').years;
const years = {};
for (const year of Object.keys(source).filter((key) => /^\d{4}$/.test(key)).sort()) {
  const fixed = corrections[year];
  years[year] = fixed
    ? { daysOff: fixed.daysOff, workingWeekends: fixed.workingWeekends }
    : fromSource(Number(year), source[year]);
}

const lines = Object.entries(years).map(([year, table]) => `    "${year}": ${JSON.stringify(table)}`);
writeFileSync(
  new URL('ru.json', import.meta.url),
  `{\n  "version": "ru-production-2026.1",\n  "timeZone": "Europe/Moscow",\n  "years": {\n${lines.join(',\n')}\n  }\n}\n`,
);

import type { Book, DoctorMinutes } from '../book';
import { bucketRows, groupRows } from '../group';
import type { SchemeParts } from '../parts';
import { emptyRateCounts, rateParts } from './rate-parts';

/**
 * Days on which a doctor's minutes, over all clinics, exceed what a day holds. One such day is a finding (PLAU-02);
 * a habit of them is a scheme. Recoverable: the part of the day's money beyond the limit.
 * Yields after each part of the doctors.
 */
export function* impossibleDays(book: Book): Generator<undefined, SchemeParts> {
  const counts = emptyRateCounts(book);
  const longest = { clinic: new Float64Array(book.clinics), unit: new Float64Array(book.units.count) };
  for (let p = 0; p < book.doctorParts; p++) {
    const lines = book.doctorPart(p);
    const doctor = Int32Array.from(lines.unit, (unit) => book.units.doctor[unit]!);
    const days = groupRows(lines.length, doctor, lines.day, lines.day);
    const { start, rows } = bucketRows(days.id, days.count);
    for (let d = 0; d < days.count; d++) addDay(book, lines, rows.subarray(start[d]!, start[d + 1]!), counts, longest);
    yield;
  }
  return rateParts('impossible-days', counts, book, (level, i) => ({
    days: (level === 'clinic' ? counts.clinicK : counts.unitK)[i]!,
    worked: (level === 'clinic' ? counts.clinicN : counts.unitN)[i]!,
    minutes: longest[level][i]!,
  }));
}

/** One day of one doctor: an occasion in each clinic that billed it. */
function addDay(
  book: Book,
  lines: DoctorMinutes,
  rows: Int32Array,
  counts: ReturnType<typeof emptyRateCounts>,
  longest: { clinic: Float64Array; unit: Float64Array },
): void {
  let minutes = 0;
  for (const row of rows) minutes += lines.minutes[row]!;
  const over = minutes > book.maxDoctorMinutes;
  const beyond = over ? 1 - book.maxDoctorMinutes / minutes : 0;
  const roubles = new Map<number, number>();
  for (const row of rows) {
    const unit = lines.unit[row]!;
    roubles.set(unit, (roubles.get(unit) ?? 0) + beyond * lines.payable[row]!);
  }
  for (const [unit, amount] of roubles) {
    const clinic = book.units.clinic[unit]!;
    counts.add(clinic, unit, over ? 1 : 0, amount);
    longest.unit[unit] = Math.max(longest.unit[unit]!, minutes);
    longest.clinic[clinic] = Math.max(longest.clinic[clinic]!, minutes);
  }
}

import { bucketRows, groupRows } from '../group';
import type { SchemeParts } from '../parts';
import type { Structure } from '../structure';
import type { FraudInput } from '../types';
import { emptyRateCounts, rateParts } from './rate-parts';

/**
 * Days on which a doctor's minutes, over all clinics, exceed what a day holds. One such day is a finding (PLAU-02);
 * a habit of them is a scheme. Recoverable: the part of the day's money beyond the limit.
 */
export function impossibleDays(input: FraudInput, structure: Structure): SchemeParts {
  const { lines, services } = input;
  const minutesOf = (row: number): number => {
    const service = lines.service[row]!;
    return service < 0 ? 0 : services.minutes[service]! * lines.quantity[row]!;
  };
  const days = groupRows(
    lines.length,
    lines.doctor,
    lines.day,
    lines.day,
    (row) => lines.doctor[row]! < 0 || minutesOf(row) === 0,
  );
  const rows = bucketRows(days.id, days.count);
  const counts = emptyRateCounts(input.clinics, structure.units);
  const longest = new Float64Array(structure.units);
  const clinicLongest = new Float64Array(input.clinics);
  const seen = new Set<number>();
  for (let d = 0; d < days.count; d++) {
    let minutes = 0;
    for (let k = rows.start[d]!; k < rows.start[d + 1]!; k++) minutes += minutesOf(rows.rows[k]!);
    const over = minutes > input.maxDoctorMinutes;
    const beyond = over ? 1 - input.maxDoctorMinutes / minutes : 0;
    seen.clear();
    for (let k = rows.start[d]!; k < rows.start[d + 1]!; k++) {
      const row = rows.rows[k]!;
      const unit = structure.ownUnit[row]!;
      const clinic = lines.clinic[row]!;
      if (over) {
        counts.unitRoubles[unit]! += beyond * lines.payable[row]!;
        counts.clinicRoubles[clinic]! += beyond * lines.payable[row]!;
      }
      if (seen.has(unit)) continue;
      seen.add(unit);
      counts.unitN[unit]! += 1;
      counts.clinicN[clinic]! += 1;
      counts.unitK[unit]! += over ? 1 : 0;
      counts.clinicK[clinic]! += over ? 1 : 0;
      longest[unit] = Math.max(longest[unit]!, minutes);
      clinicLongest[clinic] = Math.max(clinicLongest[clinic]!, minutes);
    }
  }
  return rateParts('impossible-days', counts, structure, (level, i) => ({
    days: (level === 'clinic' ? counts.clinicK : counts.unitK)[i]!,
    worked: (level === 'clinic' ? counts.clinicN : counts.unitN)[i]!,
    minutes: (level === 'clinic' ? clinicLongest : longest)[i]!,
  }));
}

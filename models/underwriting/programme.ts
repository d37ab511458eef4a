import type { Table } from './table';
import { numbersOf, withColumn } from './table';

/**
 * Factors of a clinic that depend on the rest of its programme, computed anew after clinics came or went: number of
 * clinics, rank by distance, nearest one and its distance, gap to the best rating. Absent columns stay absent.
 *
 * @param table - the rows of one programme
 */
export function refreshProgramme(table: Table): Table {
  const distances = numbersOf(table, 'office_clinic_km');
  const ratings = numbersOf(table, 'yandex_rating');
  const finite = distances.filter((value) => !Number.isNaN(value));
  const nearest = finite.length === 0 ? Number.NaN : Math.min(...finite);
  const known = ratings.filter((value) => !Number.isNaN(value));
  const best = known.length === 0 ? Number.NaN : Math.max(...known);
  const order = Array.from(distances, (_, row) => row).sort((a, b) => distances[a]! - distances[b]!);
  const rank = new Float64Array(table.rows);
  order.forEach((row, place) => (rank[row] = place + 1));
  const fresh: Readonly<Record<string, Float64Array>> = {
    clinics_in_programme: new Float64Array(table.rows).fill(table.rows),
    clinic_distance_rank: rank,
    clinic_is_nearest: distances.map((value) => (value === nearest ? 1 : 0)),
    nearest_clinic_km: new Float64Array(table.rows).fill(nearest),
    rating_gap_to_best: ratings.map((value) => Math.round((best - value) * 100) / 100),
  };
  return Object.entries(fresh).reduce(
    (changed, [code, values]) =>
      table.columns.includes(code) && !values.every(Number.isNaN)
        ? withColumn(changed, code, { kind: 'number', values })
        : changed,
    table,
  );
}

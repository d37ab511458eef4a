import type { ModelRows } from './rows';

/** Totals of one set (a contract's period) out of its rows. */
export function setTotals(rows: Pick<ModelRows, 'keyed'>, values: ArrayLike<number>): Float64Array {
  const { sets } = rows.keyed;
  const totals = new Float64Array(sets.count);
  for (let row = 0; row < sets.of.length; row++) totals[sets.of[row]!]! += values[row]!;
  return totals;
}

/** First row of each set. */
export function firstRows(rows: Pick<ModelRows, 'keyed'>): Int32Array {
  const { sets } = rows.keyed;
  return Int32Array.from({ length: sets.count }, (_, set) => sets.rows[sets.start[set]!]!);
}

/** Exposure of each set: its people once where its rows compete for them, else the sum of its rows' own. */
export function setExposures(rows: Pick<ModelRows, 'keyed' | 'exposure'>, compete: boolean): Float64Array {
  if (!compete) return setTotals(rows, rows.exposure);
  const { sets } = rows.keyed;
  const most = new Float64Array(sets.count);
  rows.exposure.forEach((value, row) => (most[sets.of[row]!] = Math.max(most[sets.of[row]!]!, value)));
  return most;
}

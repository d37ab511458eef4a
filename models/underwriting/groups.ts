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

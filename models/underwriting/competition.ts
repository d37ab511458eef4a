import type { ModelRows } from './rows';
import type { ModelColumns } from './spec';

/** Share of the sets (or rows) in which a condition has to hold: books have some dirt. */
const NEARLY_ALL = 0.98;
const MOST = 0.8;

/**
 * Whether the rows of a set split one and the same people over entities, so that one entity's gain is the others' loss:
 * each entity stands once in a set, and the rows of a set repeat its exposure. Rows with people of their own (members,
 * plans, policies) do not compete, whatever crosses their groups.
 */
export function competes({ keyed, exposure }: ModelRows, columns: ModelColumns): boolean {
  const { sets, entityOf } = keyed;
  if (columns.entity === undefined || columns.exposure === undefined) return false;
  if (sets.count * 2 > sets.of.length) return false;
  const cells = new Set(Array.from(sets.of, (set, row) => `${set}|${entityOf[row]}`));
  if (cells.size < NEARLY_ALL * sets.of.length) return false;
  let several = 0;
  let shared = 0;
  const sizes = new Set<number>();
  for (let set = 0; set < sets.count; set++) {
    const own = sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!);
    sizes.add(exposure[own[0]!]!);
    if (own.length < 2) continue;
    several++;
    if (own.every((row) => exposure[row] === exposure[own[0]!])) shared++;
  }
  // One exposure for all (a policy a row) is not that of a set.
  return sizes.size > 1 && shared >= MOST * several;
}

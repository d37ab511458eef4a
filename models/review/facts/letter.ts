import type { CompiledReference } from '../compile';
import { earlierOrder } from '../line-order';
import type { LineTable } from '../table';
import { NONE } from '../table';

export interface LetterFacts {
  /** Units and kopecks of all lines that cite the letter, up to and with this line. */
  units: Float64Array;
  amount: Float64Array;
}

/** Running use of each known letter in "earlier" order, whoever's line cites it. */
export function letterFacts(compiled: CompiledReference, table: LineTable): LetterFacts {
  const facts: LetterFacts = { units: new Float64Array(table.rows), amount: new Float64Array(table.rows) };
  let before = NONE;
  for (const row of earlierOrder(table, compiled.clinics.rank, table.letter)) {
    const same = before !== NONE && table.letter[before] === table.letter[row];
    facts.units[row] = table.quantity[row]! + (same ? facts.units[before]! : 0);
    facts.amount[row] = table.amount[row]! + (same ? facts.amount[before]! : 0);
    before = row;
  }
  return facts;
}

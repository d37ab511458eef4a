import type { CompiledReference } from '../compile';
import { earlierOrder } from '../line-order';
import type { LineTable } from '../table';
import { NONE } from '../table';
import type { LineFacts } from './line';

export interface DoctorFacts {
  /** Minutes of the doctor's day up to and with this line; 0 = the line has no doctor or no minutes. */
  minutes: Float64Array;
}

/** Running minutes of each doctor's day in "earlier" order over all people and clinics (quantity counts). */
export function doctorFacts(compiled: CompiledReference, table: LineTable, lines: LineFacts): DoctorFacts {
  const { rows, doctor, serviceDay, quantity } = table;
  const perUnit = compiled.services.minutes;
  const key = new Int32Array(rows).fill(NONE);
  for (let row = 0; row < rows; row += 1) {
    const service = lines.service[row]!;
    if (service >= 0 && perUnit[service]! > 0) key[row] = doctor[row]!;
  }
  const minutes = new Float64Array(rows);
  let before = NONE;
  for (const row of earlierOrder(table, compiled.clinics.rank, key)) {
    const own = perUnit[lines.service[row]!]! * quantity[row]!;
    const sameDay = before !== NONE && doctor[before] === doctor[row] && serviceDay[before] === serviceDay[row];
    minutes[row] = own + (sameDay ? minutes[before]! : 0);
    before = row;
  }
  return { minutes };
}

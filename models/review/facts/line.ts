import type { CompiledReference } from '../compile';
import { UNKNOWN_KIND } from '../compile';
import type { LineTable } from '../table';
import { NONE } from '../table';

/** What each line is, by the price list in force on its service date. Columns have one value per row. */
export interface LineFacts {
  /** Place in compiled.prices of the price period in force; NONE = PRIC-01. */
  period: Int32Array;
  /** NONE = no price item in force, or not mapped yet. */
  service: Int32Array;
  /** Index in SERVICE_KINDS; UNKNOWN_KIND without a service. */
  kind: Int8Array;
}

/** Resolves the price period and the service of every line. */
export function lineFacts(compiled: CompiledReference, table: LineTable): LineFacts {
  const { rows, item, serviceDay } = table;
  const { start, from, to, service: serviceOfPeriod } = compiled.prices;
  const { kind: kindOfService } = compiled.services;
  const period = new Int32Array(rows);
  const service = new Int32Array(rows);
  const kind = new Int8Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const at = item[row]!;
    const day = serviceDay[row]!;
    let found = NONE;
    if (at >= 0) {
      // Periods are sorted latest first: the first that covers the day is the one in force.
      for (let p = start[at]!, end = start[at + 1]!; p < end; p += 1) {
        if (from[p]! <= day && day <= to[p]!) {
          found = p;
          break;
        }
      }
    }
    const s = found === NONE ? NONE : serviceOfPeriod[found]!;
    period[row] = found;
    service[row] = s;
    kind[row] = s < 0 ? UNKNOWN_KIND : kindOfService[s]!;
  }
  return { period, service, kind };
}

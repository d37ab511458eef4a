import type { CompiledReference } from '../compile';
import { tabulateYmd, wholeYears, ymdOfDay } from '../days';
import { hasBit } from '../prefixes';
import type { LineTable, SubjectData } from '../table';
import { NONE } from '../table';
import type { LineFacts } from './line';

/** Age of people whom the insurer does not know. */
export const AGE_UNKNOWN = -0x80000000;

/** The person's cover on the service date, and the running totals of the contract year. */
export interface CoverFacts {
  /** Whole years on the service date, or AGE_UNKNOWN. */
  age: Int32Array;
  /** Row of subjects.enrolments that governs; NONE = ELIG-02, or an unknown policy. */
  enrolment: Int32Array;
  programme: Int32Array;
  /** The limit slot that is crossed furthest or has least left; NONE = the programme does not limit the service. */
  limitSlot: Int32Array;
  /** Units of that slot in the contract year up to and with this line. */
  limitUnits: Float64Array;
  /** Insurer's share of the person's lines in the contract year up to and with this line, kopecks. */
  shareTotal: Float64Array;
}

/**
 * One pass over lines sorted by person and date. Running totals hold every line with an enrolment, over the limit or
 * not. Contract years need no map: dates grow within a person, so a new year of a contract never goes back.
 */
export function coverFacts(
  compiled: CompiledReference,
  subjects: SubjectData,
  table: LineTable,
  lines: LineFacts,
): CoverFacts {
  const { rows, person, serviceDay, quantity, amount, patientShare } = table;
  const { known, birthDay, enrolmentStart } = subjects.persons;
  const { cover } = compiled;
  const { limits } = cover;
  const years = tabulateYmd(serviceDay);
  const facts: CoverFacts = {
    age: new Int32Array(rows).fill(AGE_UNKNOWN),
    enrolment: new Int32Array(rows).fill(NONE),
    programme: new Int32Array(rows).fill(NONE),
    limitSlot: new Int32Array(rows).fill(NONE),
    limitUnits: new Float64Array(rows),
    shareTotal: new Float64Array(rows),
  };
  // Totals of the current person; a contract's totals are valid while its stamp and year are the current ones.
  const units = new Float64Array(limits.count);
  const share = new Float64Array(cover.contracts);
  const stamp = new Int32Array(cover.contracts).fill(-1);
  const yearOf = new Int32Array(cover.contracts);
  let start = 0;
  let birthYmd = 0;
  for (let row = 0; row < rows; row += 1) {
    const who = person[row]!;
    if (row === 0 || person[row - 1] !== who) {
      start = row;
      birthYmd = known[who] ? ymdOfDay(birthDay[who]!) : 0;
    }
    if (!known[who]) continue;
    const day = serviceDay[row]!;
    const ymd = years.ymd[day - years.firstDay]!;
    facts.age[row] = wholeYears(birthYmd, ymd);
    const enrolment = governing(subjects, enrolmentStart[who]!, enrolmentStart[who + 1]!, day);
    if (enrolment === NONE) continue;
    const programme = subjects.enrolments.programme[enrolment]!;
    const contract = cover.contract[programme]!;
    facts.enrolment[row] = enrolment;
    facts.programme[row] = programme;
    const firstSlot = limits.ofContract.start[contract]!;
    const endSlot = limits.ofContract.start[contract + 1]!;
    const year = wholeYears(cover.contractStartYmd[contract]!, ymd);
    if (stamp[contract] !== start || yearOf[contract] !== year) {
      stamp[contract] = start;
      yearOf[contract] = year;
      share[contract] = 0;
      for (let s = firstSlot; s < endSlot; s += 1) units[limits.ofContract.items[s]!] = 0;
    }
    share[contract]! += amount[row]! - patientShare[row]!;
    facts.shareTotal[row] = share[contract]!;
    const service = lines.service[row]!;
    if (service < 0) continue;
    let least = Infinity;
    for (let s = firstSlot; s < endSlot; s += 1) {
      const slot = limits.ofContract.items[s]!;
      if (!hasBit(limits.services, slot, service)) continue;
      units[slot]! += quantity[row]!;
      const left = limits.max[programme * limits.count + slot]! - units[slot]!;
      if (left < least) {
        least = left;
        facts.limitSlot[row] = slot;
        facts.limitUnits[row] = units[slot]!;
      }
    }
  }
  return facts;
}

/** The enrolment that covers the day; where several do, the one with the latest enrolled_from. */
function governing({ enrolments }: SubjectData, first: number, end: number, day: number): number {
  let best = NONE;
  for (let e = first; e < end; e += 1) {
    if (enrolments.fromDay[e]! > day || day > enrolments.toDay[e]!) continue;
    if (best === NONE || enrolments.fromDay[e]! > enrolments.fromDay[best]!) best = e;
  }
  return best;
}

import type { CompiledReference } from '../compile';
import type { CompiledPairs } from '../compile-medicine';
import { PAIR_KIND } from '../compile-medicine';
import type { LineTable } from '../table';
import { NONE } from '../table';
import type { LineFacts } from './line';

/** What pairs of services say about each line: places in compiled.medicine.pairs and rows of the same table. */
export interface PairFacts {
  /** COMB-01: the pair by which this line is part of another one, and that line. */
  bundledPair: Int32Array;
  bundledWith: Int32Array;
  /** COMB-02: the pair that excludes this line, and the earlier line. */
  exclusivePair: Int32Array;
  exclusiveWith: Int32Array;
  /** COMB-03: the pair whose required line is missing. */
  missingPair: Int32Array;
  /** 1 = some pair of that kind (bit = PAIR_KIND) is about the service, for the trace. */
  asked: Uint8Array;
}

/**
 * COMB-01 to -03 in time linear in lines x pairs of their services: instead of looking around each line, the sweep
 * remembers for each pair the last line on either side. The finding takes the pair version in force on the day of the
 * line that gets it. A line that matches both sides of a bundled or exclusive pair is not its own partner ("another
 * line"); for a required pair it is, since then the person does have a line of `with` on that day.
 */
export function pairFacts(compiled: CompiledReference, table: LineTable, lines: LineFacts): PairFacts {
  const { rows } = table;
  const column = (): Int32Array => new Int32Array(rows).fill(NONE);
  const facts: PairFacts = {
    bundledPair: column(),
    bundledWith: column(),
    exclusivePair: column(),
    exclusiveWith: column(),
    missingPair: column(),
    asked: new Uint8Array(rows),
  };
  if (compiled.medicine.pairs.source.length === 0) return facts;
  sweepForward(compiled, table, lines, facts);
  sweepBackward(compiled, table, lines, facts);
  return facts;
}

function sweepForward(compiled: CompiledReference, table: LineTable, lines: LineFacts, facts: PairFacts): void {
  const { pairs } = compiled.medicine;
  const { rows, person, clinic, serviceDay } = table;
  const { asService, asWith } = pairs;
  const clinics = compiled.clinics.count;
  const lastService = new Int32Array(pairs.source.length).fill(NONE);
  const lastWith = new Int32Array(pairs.source.length).fill(NONE);
  const lastWithHere = new Int32Array(pairs.source.length * clinics).fill(NONE);
  let start = 0;
  for (let row = 0; row < rows; row += 1) {
    const day = serviceDay[row]!;
    const newPerson = row === 0 || person[row - 1] !== person[row];
    if (newPerson) start = row;
    if (newPerson || serviceDay[row - 1] !== day) markRequired(pairs, table, lines, row, lastWith);
    const service = lines.service[row]!;
    if (service < 0) continue;
    const here = clinic[row]!;
    for (let i = asService.start[service]!, end = asService.start[service + 1]!; i < end; i += 1) {
      const pair = asService.items[i]!;
      if (!inForce(pairs, pair, day)) continue;
      const kind = pairs.kind[pair]!;
      const partner = kind === PAIR_KIND.bundled ? lastWithHere[pair * clinics + here]! : lastWith[pair]!;
      const near = partner >= start && day - serviceDay[partner]! <= pairs.window[pair]!;
      facts.asked[row]! |= 1 << kind;
      if (kind === PAIR_KIND.requires) {
        if (!near && facts.missingPair[row] === NONE) facts.missingPair[row] = pair;
      } else if (near && kind === PAIR_KIND.bundled && facts.bundledPair[row] === NONE) {
        facts.bundledPair[row] = pair;
        facts.bundledWith[row] = partner;
      } else if (near && kind === PAIR_KIND.exclusive && facts.exclusivePair[row] === NONE) {
        facts.exclusivePair[row] = pair;
        facts.exclusiveWith[row] = partner;
      }
    }
    for (let i = asWith.start[service]!, end = asWith.start[service + 1]!; i < end; i += 1) {
      const pair = asWith.items[i]!;
      const kind = pairs.kind[pair]!;
      if (kind === PAIR_KIND.bundled) lastWithHere[pair * clinics + here] = row;
      if (kind !== PAIR_KIND.exclusive) continue;
      const partner = lastService[pair]!;
      lastWith[pair] = row;
      if (!inForce(pairs, pair, day)) continue;
      facts.asked[row]! |= 1 << kind;
      if (facts.exclusivePair[row] !== NONE) continue;
      if (partner >= start && day - serviceDay[partner]! <= pairs.window[pair]!) {
        facts.exclusivePair[row] = pair;
        facts.exclusiveWith[row] = partner;
      }
    }
    for (let i = asService.start[service]!, end = asService.start[service + 1]!; i < end; i += 1) {
      lastService[asService.items[i]!] = row;
    }
  }
}

/** A required line may come later on the same day, so the whole day is marked before its first line is looked at. */
function markRequired(pairs: CompiledPairs, table: LineTable, lines: LineFacts, first: number, last: Int32Array): void {
  const { rows, person, serviceDay } = table;
  const { start, items } = pairs.asWith;
  for (let row = first; row < rows; row += 1) {
    if (serviceDay[row] !== serviceDay[first] || person[row] !== person[first]) return;
    const service = lines.service[row]!;
    if (service < 0) continue;
    for (let i = start[service]!, end = start[service + 1]!; i < end; i += 1) {
      if (pairs.kind[items[i]!] === PAIR_KIND.requires) last[items[i]!] = row;
    }
  }
}

/** COMB-01 also looks ahead: the comprehensive line may come after its part. */
function sweepBackward(compiled: CompiledReference, table: LineTable, lines: LineFacts, facts: PairFacts): void {
  const { pairs } = compiled.medicine;
  const { rows, person, clinic, serviceDay } = table;
  const { asService, asWith } = pairs;
  const clinics = compiled.clinics.count;
  const nextWithHere = new Int32Array(pairs.source.length * clinics).fill(rows);
  let end = rows;
  for (let row = rows - 1; row >= 0; row -= 1) {
    if (row === rows - 1 || person[row + 1] !== person[row]) end = row + 1;
    const service = lines.service[row]!;
    if (service < 0) continue;
    const day = serviceDay[row]!;
    const here = clinic[row]!;
    for (let i = asService.start[service]!, stop = asService.start[service + 1]!; i < stop; i += 1) {
      const pair = asService.items[i]!;
      if (pairs.kind[pair] !== PAIR_KIND.bundled || facts.bundledPair[row] !== NONE) continue;
      const partner = nextWithHere[pair * clinics + here]!;
      if (partner >= end || !inForce(pairs, pair, day)) continue;
      if (serviceDay[partner]! - day <= pairs.window[pair]!) {
        facts.bundledPair[row] = pair;
        facts.bundledWith[row] = partner;
      }
    }
    for (let i = asWith.start[service]!, stop = asWith.start[service + 1]!; i < stop; i += 1) {
      const pair = asWith.items[i]!;
      if (pairs.kind[pair] === PAIR_KIND.bundled) nextWithHere[pair * clinics + here] = row;
    }
  }
}

function inForce(pairs: CompiledPairs, pair: number, day: number): boolean {
  return pairs.from[pair]! <= day && day <= pairs.to[pair]!;
}

import type { Book } from '../book';
import type { Chapter, Collector } from '../chapter';
import { bucketRows, groupRows, hashTriple } from '../group';
import { lgamma, logSumExp } from '../math';
import type { SchemeParts } from '../parts';
import type { ScorePart } from '../types';

/** Expected guilty pairs in a book, whatever its size: the prior of one pair is this over the pairs compared. */
const GUILTY_PAIRS = 0.02;
/** Honest sharing (couples, offices next door) is uneven like a gamma of one of these shapes; the book says which. */
const SHAPES = [1.5, 3, 6, 12, 25];
/** Pairs from which a shape is learnt at all; below, the most uneven one is taken. */
const FEWEST_PAIRS = 30;
/** Share of the most suspicious pairs that the fit leaves out, so that guilt does not pass as unevenness. */
const TRIMMED = 0.03;
const FEWEST_SHARED = 5;
/** People seen by more doctors than this say nothing about any pair. */
const MOST_UNITS = 12;

/** Counters of the sieve, a byte each. */
const SIEVE = 1 << 22;

/** What the first reading of a book leaves for the second. */
export interface PatientSieve {
  /** Patients of each unit and clinic. */
  readonly patients: Float64Array;
  readonly clinicPatients: Float64Array;
  /** Insurer's share of the lines that a unit leads, kopecks. */
  readonly billed: Float64Array;
  /** People seen in both clinics of a pair, by `a * clinics + b`. */
  readonly traffic: ReadonlyMap<number, number>;
  /** Pairs of doctors who share at least one patient. */
  readonly pairs: number;
  /** True where a pair may share enough patients; never false where it does. */
  readonly mayShare: (a: number, b: number) => boolean;
}

/**
 * First reading: pairs of doctors are as many as people, so they are counted in a sieve of fixed size, which pairs may
 * share with others; few can pass it, and those are counted exactly in a second reading.
 */
export function collectPatients(book: Book): Collector<PatientSieve> {
  const patients = new Float64Array(book.units.count);
  const clinicPatients = new Float64Array(book.clinics);
  const billed = new Float64Array(book.units.count);
  const traffic = new Map<number, number>();
  const sieve = new Uint8Array(SIEVE);
  let used = 0;
  const slot = (a: number, b: number): number => hashTriple(a, b, 0) & (SIEVE - 1);
  return {
    add: (chapter) => {
      const { lines, structure } = chapter;
      for (let row = 0; row < lines.length; row++) {
        const unit = structure.leadUnit[row]!;
        if (unit >= 0) billed[unit]! += lines.payable[row]!;
      }
      eachPerson(chapter, (units) => {
        const clinics = [...new Set(Array.from(units, (unit) => book.units.clinic[unit]!))].sort((a, b) => a - b);
        for (const unit of units) patients[unit]! += 1;
        for (const clinic of clinics) clinicPatients[clinic]! += 1;
        if (clinics.length < 2 || units.length > MOST_UNITS) return;
        for (let i = 0; i < clinics.length; i++) {
          for (let j = i + 1; j < clinics.length; j++) bump(traffic, clinics[i]! * book.clinics + clinics[j]!);
        }
        eachPair(book, units, (a, b) => {
          const at = slot(a, b);
          if (sieve[at] === 0) used++;
          if (sieve[at]! < 255) sieve[at]! += 1;
        });
      });
    },
    finish: () => ({
      patients,
      clinicPatients,
      billed,
      traffic,
      // Linear counting (Whang et al. 1990): as many keys as would leave the other counters empty.
      pairs: Math.round(-SIEVE * Math.log(Math.max(1, SIEVE - used) / SIEVE)),
      mayShare: (a, b) => sieve[slot(a, b)]! >= FEWEST_SHARED,
    }),
  };
}

/**
 * Doctors of different clinics who share more patients than the traffic between their clinics explains: patients
 * passed around to be billed twice. Null: negative binomial around the expected count given both doctors' and both
 * clinics' patients; alternative: a share of the smaller practice is common.
 */
export function sharedPatients(book: Book, sieve: PatientSieve): Collector<SchemeParts> {
  const shared = new Map<number, number>();
  return {
    add: (chapter) =>
      eachPerson(chapter, (units) => {
        if (units.length > MOST_UNITS) return;
        eachPair(book, units, (a, b) => {
          if (sieve.mayShare(a, b)) bump(shared, a * book.units.count + b);
        });
      }),
    finish: () => withRoubles(book, sieve.billed, bestPairs(book, sieve, shared)),
  };
}

interface SharingPair {
  readonly a: number;
  readonly b: number;
  readonly count: number;
  readonly expected: number;
}

/**
 * Patients that a pair would share by the traffic of all others between their clinics, in proportion to both practices.
 * The pair's own patients are left out of that traffic: a pair that makes most of it would otherwise explain itself.
 */
function expectedShared(
  book: Book,
  { patients, clinicPatients, traffic }: PatientSieve,
  a: number,
  b: number,
  count: number,
) {
  const ca = book.units.clinic[a]!;
  const cb = book.units.clinic[b]!;
  const between = traffic.get(Math.min(ca, cb) * book.clinics + Math.max(ca, cb)) ?? count;
  const part = (patients[a]! / clinicPatients[ca]!) * (patients[b]! / clinicPatients[cb]!);
  return Math.max(0.05, (Math.max(0, between - count) + 1) * (part / (1.05 - part)));
}

function bestPairs(book: Book, sieve: PatientSieve, shared: ReadonlyMap<number, number>): Map<number, ScorePart> {
  const { patients } = sieve;
  const best = new Map<number, ScorePart>();
  const prior = Math.min(0.01, GUILTY_PAIRS / Math.max(1, sieve.pairs));
  const pairs: SharingPair[] = [];
  for (const [key, count] of shared) {
    if (count < FEWEST_SHARED) continue;
    const a = Math.floor(key / book.units.count);
    const b = key % book.units.count;
    pairs.push({ a, b, count, expected: expectedShared(book, sieve, a, b, count) });
  }
  const shape = fitShape(pairs);
  for (const { a, b, count, expected } of pairs) {
    const smaller = Math.min(patients[a]!, patients[b]!);
    const honest = logNegativeBinomial(count, expected, shape);
    const guilty =
      logSumExp([0.1, 0.2, 0.3, 0.5, 0.8].map((s) => logPoisson(count, expected + s * smaller))) - Math.log(5);
    const odds = Math.exp(Math.min(50, Math.log(prior) + guilty - honest));
    const posterior = odds / (1 + odds);
    for (const unit of [a, b]) {
      if ((best.get(unit)?.posterior ?? 0) >= posterior) continue;
      const facts = { shared: count, patients: patients[unit]!, expectedShared: expected };
      best.set(unit, { scheme: 'network', posterior, share: count / patients[unit]!, expected: 0, facts });
    }
  }
  return best;
}

/** Shape with the highest likelihood of the counts, given that each is at least `FEWEST_SHARED`. */
function fitShape(pairs: readonly SharingPair[]): number {
  if (pairs.length < FEWEST_PAIRS) return SHAPES[0]!;
  const sorted = [...pairs].sort((x, y) => x.count / x.expected - y.count / y.expected);
  const kept = sorted.slice(0, Math.floor(pairs.length * (1 - TRIMMED)));
  let best = SHAPES[0]!;
  let top = -Infinity;
  for (const shape of SHAPES) {
    let log = 0;
    for (const { count, expected } of kept) {
      let below = 0;
      for (let k = 0; k < FEWEST_SHARED; k++) below += Math.exp(logNegativeBinomial(k, expected, shape));
      log += logNegativeBinomial(count, expected, shape) - Math.log(Math.max(1e-12, 1 - below));
    }
    if (log > top) {
      top = log;
      best = shape;
    }
  }
  return best;
}

/** Calls `take` with the distinct units that led a person's lines. */
function eachPerson({ lines, structure }: Chapter, take: (units: Int32Array) => void): void {
  const { leadUnit } = structure;
  const groups = groupRows(lines.length, lines.person, leadUnit, leadUnit, (row) => leadUnit[row]! < 0);
  const person = Int32Array.from(groups.first, (row) => lines.person[row]!);
  const unit = Int32Array.from(groups.first, (row) => leadUnit[row]!);
  const people = groupRows(person.length, person, person, person);
  const { start, rows } = bucketRows(people.id, people.count);
  for (let p = 0; p < people.count; p++) take(rows.subarray(start[p]!, start[p + 1]!).map((at) => unit[at]!));
}

/** Calls `take` with every pair of units of different clinics, the smaller number first. */
function eachPair(book: Book, units: Int32Array, take: (a: number, b: number) => void): void {
  for (let i = 0; i < units.length; i++) {
    for (let j = i + 1; j < units.length; j++) {
      const a = Math.min(units[i]!, units[j]!);
      const b = Math.max(units[i]!, units[j]!);
      if (book.units.clinic[a] !== book.units.clinic[b]) take(a, b);
    }
  }
}

/** Recoverable: half of what the suspicious practice bills for the shared part; a case has to show which half. */
function withRoubles(book: Book, billed: Float64Array, best: ReadonlyMap<number, ScorePart>): SchemeParts {
  const none: ScorePart = { scheme: 'network', posterior: 0, share: 0, expected: 0, facts: NO_FACTS };
  return {
    clinic: Array.from({ length: book.clinics }, () => none),
    unit: Array.from({ length: book.units.count }, (_, u) => {
      const part = best.get(u);
      return part ? { ...part, expected: part.posterior * 0.5 * (part.share ?? 0) * billed[u]! } : none;
    }),
  };
}

const NO_FACTS = { shared: 0, patients: 0, expectedShared: 0 };

function bump(map: Map<number, number>, key: number): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function logPoisson(k: number, mean: number): number {
  return k * Math.log(mean) - mean - lgamma(k + 1);
}

function logNegativeBinomial(k: number, mean: number, shape: number): number {
  const p = shape / (shape + mean);
  return lgamma(k + shape) - lgamma(shape) - lgamma(k + 1) + shape * Math.log(p) + k * Math.log(1 - p);
}

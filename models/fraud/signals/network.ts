import { bucketRows, groupRows } from '../group';
import { lgamma, logSumExp } from '../math';
import type { SchemeParts } from '../parts';
import type { Structure } from '../structure';
import type { FraudInput, ScorePart } from '../types';

/** Expected guilty pairs in a book, whatever its size: the prior of one pair is this over the pairs compared. */
const GUILTY_PAIRS = 0.02;
/** Honest sharing (couples, offices next door) is as uneven as a gamma of this shape. */
const SHAPE = 1.5;
const FEWEST_SHARED = 5;
/** People seen by more doctors than this say nothing about any pair. */
const MOST_UNITS = 12;

/**
 * Doctors of different clinics who share more patients than the traffic between their clinics explains: patients
 * passed around to be billed twice. Null: negative binomial around the expected count given both doctors' and both
 * clinics' patients; alternative: a share of the smaller practice is common.
 */
export function sharedPatients(input: FraudInput, structure: Structure): SchemeParts {
  const { lines } = input;
  const pairsOf = groupRows(lines.length, lines.person, structure.leadUnit, structure.leadUnit, (row) => {
    return structure.leadUnit[row]! < 0;
  });
  const personOf = Int32Array.from(pairsOf.first, (row) => lines.person[row]!);
  const unitOf = Int32Array.from(pairsOf.first, (row) => structure.leadUnit[row]!);
  const patients = new Float64Array(structure.units);
  for (const unit of unitOf) patients[unit]! += 1;
  const people = groupRows(personOf.length, personOf, personOf, personOf);
  const byPerson = bucketRows(people.id, people.count);
  const clinicPatients = new Float64Array(input.clinics);
  const shared = new Map<number, number>();
  const traffic = new Map<number, number>();
  const clinicsSeen = new Set<number>();
  for (let p = 0; p < people.count; p++) {
    const from = byPerson.start[p]!;
    const to = byPerson.start[p + 1]!;
    clinicsSeen.clear();
    for (let i = from; i < to; i++) clinicsSeen.add(structure.unitClinic[unitOf[byPerson.rows[i]!]!]!);
    for (const c of clinicsSeen) clinicPatients[c]! += 1;
    if (clinicsSeen.size < 2 || to - from > MOST_UNITS) continue;
    const list = [...clinicsSeen].sort((a, b) => a - b);
    for (let i = 0; i < list.length; i++) {
      for (let j = i + 1; j < list.length; j++) bump(traffic, list[i]! * input.clinics + list[j]!);
    }
    for (let i = from; i < to; i++) {
      for (let j = i + 1; j < to; j++) {
        const a = Math.min(unitOf[byPerson.rows[i]!]!, unitOf[byPerson.rows[j]!]!);
        const b = Math.max(unitOf[byPerson.rows[i]!]!, unitOf[byPerson.rows[j]!]!);
        if (structure.unitClinic[a] !== structure.unitClinic[b]) bump(shared, a * structure.units + b);
      }
    }
  }
  const best = new Map<number, ScorePart>();
  const prior = Math.min(0.01, GUILTY_PAIRS / Math.max(1, shared.size));
  for (const [key, count] of shared) {
    if (count < FEWEST_SHARED) continue;
    const a = Math.floor(key / structure.units);
    const b = key % structure.units;
    const ca = structure.unitClinic[a]!;
    const cb = structure.unitClinic[b]!;
    const between = traffic.get(Math.min(ca, cb) * input.clinics + Math.max(ca, cb)) ?? 1;
    const smaller = Math.min(patients[a]!, patients[b]!);
    const expected = Math.max(
      0.05,
      between * (patients[a]! / clinicPatients[ca]!) * (patients[b]! / clinicPatients[cb]!),
    );
    const honest = logNegativeBinomial(count, expected);
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
  return withRoubles(input, structure, best);
}

/** Recoverable: half of what the suspicious practice bills for the shared part; a case has to show which half. */
function withRoubles(input: FraudInput, structure: Structure, best: ReadonlyMap<number, ScorePart>): SchemeParts {
  const billed = new Float64Array(structure.units);
  for (let row = 0; row < input.lines.length; row++) {
    const unit = structure.leadUnit[row]!;
    if (unit >= 0) billed[unit]! += input.lines.payable[row]!;
  }
  const none: ScorePart = { scheme: 'network', posterior: 0, share: 0, expected: 0, facts: NO_FACTS };
  return {
    clinic: Array.from({ length: input.clinics }, () => none),
    unit: Array.from({ length: structure.units }, (_, u) => {
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

function logNegativeBinomial(k: number, mean: number): number {
  const p = SHAPE / (SHAPE + mean);
  return lgamma(k + SHAPE) - lgamma(SHAPE) - lgamma(k + 1) + SHAPE * Math.log(p) + k * Math.log(1 - p);
}

import { groupRows } from './group';
import { median, robustScale } from './math';
import type { Structure } from './structure';
import type { FraudInput } from './types';

/** Case-mix adjusted billing volume: log(observed / expected lines per episode), with its standard error. */
export interface VolumeSignal {
  readonly value: Float64Array;
  /** Sampling standard error together with the honest spread between units. */
  readonly scale: Float64Array;
  readonly observed: Float64Array;
  readonly expected: Float64Array;
  readonly episodes: Float64Array;
}

export interface Volume {
  readonly clinic: VolumeSignal;
  /** Doctors are measured against their own clinic, so that a clinic's habit is not laid to each doctor. */
  readonly unit: VolumeSignal;
  /** Expected lines of each episode. */
  readonly expected: Float64Array;
}

const SHRINK = 4;

/**
 * Expected size of each episode from other clinics' episodes of the same specialty and diagnosis, shrunk to the
 * specialty and then to the market (a chain of empirical-Bayes means, weight `SHRINK` episodes a step).
 */
export function expectedEpisodeSize(input: FraudInput, structure: Structure): Float64Array {
  const { episodes, episodeLines, episodeSpecialty } = structure;
  const clinic = new Int32Array(episodes);
  const diagnosis = new Int32Array(episodes);
  const size = new Float64Array(episodes);
  for (let e = 0; e < episodes; e++) {
    const row = episodeLines.rows[episodeLines.start[e]!]!;
    clinic[e] = input.lines.clinic[row]!;
    diagnosis[e] = input.lines.diagnosis[row]!;
    size[e] = episodeLines.start[e + 1]! - episodeLines.start[e]!;
  }
  const levels = [
    { all: new Int32Array(episodes), key: new Int32Array(episodes) },
    { all: episodeSpecialty, key: new Int32Array(episodes) },
    { all: episodeSpecialty, key: diagnosis },
  ];
  const expected = new Float64Array(episodes).fill(mean(size));
  for (const level of levels) {
    const whole = sums(size, level.all, level.key, level.key);
    const own = sums(size, level.all, level.key, clinic);
    for (let e = 0; e < episodes; e++) {
      const w = whole.group.id[e]!;
      const o = own.group.id[e]!;
      const count = whole.count[w]! - own.count[o]!;
      const total = whole.total[w]! - own.total[o]!;
      expected[e] = (total + SHRINK * expected[e]!) / (count + SHRINK);
    }
  }
  return expected;
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 1 : sum / values.length;
}

function sums(size: Float64Array, a: Int32Array, b: Int32Array, c: Int32Array) {
  const group = groupRows(size.length, a, b, c);
  const total = new Float64Array(group.count);
  const count = new Float64Array(group.count);
  for (let e = 0; e < size.length; e++) {
    total[group.id[e]!]! += size[e]!;
    count[group.id[e]!]! += 1;
  }
  return { group, total, count };
}

/** Volume signals of all clinics and units. */
export function measureVolume(input: FraudInput, structure: Structure): Volume {
  const { episodes, episodeLines, episodeUnit, units, unitClinic } = structure;
  const expected = expectedEpisodeSize(input, structure);
  let squares = 0;
  let weight = 0;
  const clinic = empty(input.clinics);
  const unit = empty(units);
  for (let e = 0; e < episodes; e++) {
    const size = episodeLines.start[e + 1]! - episodeLines.start[e]!;
    const want = expected[e]!;
    squares += (size - want) ** 2;
    weight += want * want;
    add(clinic, input.lines.clinic[episodeLines.rows[episodeLines.start[e]!]!]!, size, want);
    if (episodeUnit[e]! >= 0) add(unit, episodeUnit[e]!, size, want);
  }
  const dispersion = weight > 0 ? squares / weight : 1;
  const clinicValue = logRatios(clinic);
  const clinicScale = scales(clinic, clinicValue, dispersion, 4);
  const unitValue = new Float64Array(units);
  for (let u = 0; u < units; u++) {
    const c = unitClinic[u]!;
    const restObserved = clinic.observed[c]! - unit.observed[u]!;
    const restExpected = clinic.expected[c]! - unit.expected[u]!;
    // The clinic's habit, without this doctor, trusted by as many episodes as it rests on.
    const rest = Math.log((restObserved + 20) / (restExpected + 20));
    unitValue[u] = Math.log((unit.observed[u]! + 1) / (unit.expected[u]! + 1)) - rest;
  }
  const unitScale = scales(unit, unitValue, dispersion, 5);
  return {
    expected,
    clinic: { value: clinicValue, scale: clinicScale, ...clinic },
    unit: { value: unitValue, scale: unitScale, ...unit },
  };
}

interface Sums {
  observed: Float64Array;
  expected: Float64Array;
  squares: Float64Array;
  episodes: Float64Array;
}

function empty(count: number): Sums {
  return {
    observed: new Float64Array(count),
    expected: new Float64Array(count),
    squares: new Float64Array(count),
    episodes: new Float64Array(count),
  };
}

function add(sum: Sums, index: number, size: number, want: number): void {
  sum.observed[index]! += size;
  sum.expected[index]! += want;
  sum.squares[index]! += want * want;
  sum.episodes[index]! += 1;
}

function logRatios(sum: Sums): Float64Array {
  return sum.observed.map((observed, i) => Math.log((observed + 1) / (sum.expected[i]! + 1)));
}

/** Honest spread between units (robust, less the sampling part, floor 8 %) plus each unit's sampling error. */
function scales(sum: Sums, value: Float64Array, dispersion: number, minimum: number): Float64Array {
  const sampling = sum.squares.map((square, i) => {
    const e = sum.expected[i]!;
    return e > 0 ? (dispersion * square) / (e * e) : 1;
  });
  const chosen: number[] = [];
  const noise: number[] = [];
  for (let i = 0; i < value.length; i++) {
    if (sum.episodes[i]! < minimum) continue;
    chosen.push(value[i]!);
    noise.push(sampling[i]!);
  }
  const between = Math.max(0.08 ** 2, robustScale(chosen) ** 2 - median(noise));
  return sampling.map((s) => Math.sqrt(between + s));
}

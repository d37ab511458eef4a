import type { Book } from './book';
import { clinicOfKey, unitOrClinic, type Collector } from './chapter';
import { median, robustScale } from './math';
import { createTally, type Tally } from './tally';

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
}

const SHRINK = 4;

/** Columns of the cells: episodes, their lines, squares of their lines. */
const EPISODES = 0;
const LINES = 1;
const SQUARES = 2;

/** Gathers episodes by lead (or clinic), specialty and diagnosis; their sizes are judged when all are in. */
export function collectVolume(book: Book): Collector<Volume> {
  const cells = createTally(3);
  return {
    add: ({ lines, structure }) => {
      const { episodes, episodeLines, episodeUnit, episodeSpecialty } = structure;
      for (let e = 0; e < episodes; e++) {
        const row = episodeLines.rows[episodeLines.start[e]!]!;
        const size = episodeLines.start[e + 1]! - episodeLines.start[e]!;
        const who = unitOrClinic(episodeUnit[e]!, lines.clinic[row]!);
        const cell = cells.of(who, episodeSpecialty[e]!, lines.diagnosis[row]!);
        cells.add(cell, EPISODES, 1);
        cells.add(cell, LINES, size);
        cells.add(cell, SQUARES, size * size);
      }
    },
    finish: () => measureVolume(book, cells),
  };
}

/**
 * Expected size of an episode of each cell, from other clinics' episodes of the same specialty and diagnosis, shrunk to
 * the specialty and then to the market (a chain of empirical-Bayes means, weight `SHRINK` episodes a step).
 */
function expectedSizes(book: Book, cells: Tally): Float64Array {
  const count = cells.count();
  let episodes = 0;
  let lines = 0;
  for (let i = 0; i < count; i++) {
    episodes += cells.sum(i, EPISODES);
    lines += cells.sum(i, LINES);
  }
  const expected = new Float64Array(count).fill(episodes === 0 ? 1 : lines / episodes);
  const nothing = (): number => 0;
  const specialty = (i: number): number => cells.key(i, 1);
  const diagnosis = (i: number): number => cells.key(i, 2);
  for (const [a, b] of [
    [nothing, nothing],
    [specialty, nothing],
    [specialty, diagnosis],
  ] as const) {
    const whole = createTally(2);
    const own = createTally(2);
    const each = (take: (i: number, w: number, o: number) => void): void => {
      for (let i = 0; i < count; i++) {
        take(i, whole.of(a(i), b(i), 0), own.of(a(i), b(i), clinicOfKey(book, cells.key(i, 0))));
      }
    };
    each((i, w, o) => {
      for (const column of [EPISODES, LINES]) {
        whole.add(w, column, cells.sum(i, column));
        own.add(o, column, cells.sum(i, column));
      }
    });
    each((i, w, o) => {
      const others = whole.sum(w, EPISODES) - own.sum(o, EPISODES);
      const total = whole.sum(w, LINES) - own.sum(o, LINES);
      expected[i] = (total + SHRINK * expected[i]!) / (others + SHRINK);
    });
  }
  return expected;
}

/** Volume signals of all clinics and units. */
function measureVolume(book: Book, cells: Tally): Volume {
  const units = book.units.count;
  const expected = expectedSizes(book, cells);
  let squares = 0;
  let weight = 0;
  const clinic = empty(book.clinics);
  const unit = empty(units);
  for (let i = 0; i < cells.count(); i++) {
    const want = expected[i]!;
    const episodes = cells.sum(i, EPISODES);
    squares += cells.sum(i, SQUARES) - 2 * want * cells.sum(i, LINES) + episodes * want * want;
    weight += episodes * want * want;
    add(clinic, clinicOfKey(book, cells.key(i, 0)), episodes, cells.sum(i, LINES), want);
    if (cells.key(i, 0) >= 0) add(unit, cells.key(i, 0), episodes, cells.sum(i, LINES), want);
  }
  const dispersion = weight > 0 ? squares / weight : 1;
  const clinicValue = logRatios(clinic);
  const clinicScale = scales(clinic, clinicValue, dispersion, 4);
  const unitValue = new Float64Array(units);
  for (let u = 0; u < units; u++) {
    const c = book.units.clinic[u]!;
    const restObserved = clinic.observed[c]! - unit.observed[u]!;
    const restExpected = clinic.expected[c]! - unit.expected[u]!;
    // The clinic's habit, without this doctor, trusted by as many episodes as it rests on.
    const rest = Math.log((restObserved + 20) / (restExpected + 20));
    unitValue[u] = Math.log((unit.observed[u]! + 1) / (unit.expected[u]! + 1)) - rest;
  }
  const unitScale = scales(unit, unitValue, dispersion, 5);
  return {
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

function add(sum: Sums, index: number, episodes: number, lines: number, want: number): void {
  sum.observed[index]! += lines;
  sum.expected[index]! += episodes * want;
  sum.squares[index]! += episodes * want * want;
  sum.episodes[index]! += episodes;
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

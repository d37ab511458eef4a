import { lineClass, linePrior, type PhantomModel } from './phantom';
import type { Structure } from './structure';
import type { FraudInput } from './types';

/** Discrete features of a line's place in its episode; each is one of a few levels. */
const LEVELS = [4, 5, 2, 2, 33] as const;
const WIDTH = LEVELS.reduce((sum, n) => sum + n, 0);
/** Guilty lines wanted before a pattern is learnt at all. */
const FEWEST_LINES = 200;
/** Honest lines compared, at most: the pattern needs no more. */
const MOST_HONEST = 40_000;
const STEPS = 60;
const RIDGE = 20;

/** Lines of a guilty clinic or lead, by the phantom model. */
function isGuilty(model: PhantomModel, clinic: number, unit: number): boolean {
  return model.hierarchy.clinic[clinic]! > 0.9 || (unit >= 0 && model.hierarchy.unit[unit]! > 0.9);
}

/**
 * Learns what distinguishes lines of guilty units from honest ones (position in the episode, repetition, standing alone
 * on a day, class of service) by a ridge logistic regression, and turns the density ratio r into the share of invented
 * lines among such lines: with honest share 1 - s, r = (1 - s) + s x q, hence 1 - (1 - s) / r (learning from positive
 * and unlabelled data, Elkan & Noto 2008). Returns the sharpened prior of a row; the sum over guilty lines stays as it was.
 */
export function learnLinePattern(
  input: FraudInput,
  structure: Structure,
  model: PhantomModel,
): (row: number, prior: number) => number {
  const { lines } = input;
  const guilty: number[] = [];
  const honest: number[] = [];
  const stride = Math.max(1, Math.floor(lines.length / MOST_HONEST));
  for (let row = 0; row < lines.length; row++) {
    if (isGuilty(model, lines.clinic[row]!, structure.leadUnit[row]!)) guilty.push(row);
    else if (row % stride === 0) honest.push(row);
  }
  if (guilty.length < FEWEST_LINES || honest.length < FEWEST_LINES) return (_row, prior) => prior;
  const position = describePositions(input, structure);
  const levels = (row: number): Int32Array => levelsOf(position, row);
  const weights = fit(guilty.map(levels), honest.map(levels));
  let total = 0;
  const ratio = (row: number): number => {
    let logit = weights[WIDTH]!;
    for (const level of levels(row)) logit += weights[level]!;
    return Math.exp(logit);
  };
  for (const row of guilty) total += 1 / ratio(row);
  // Under the guilty density the mean of 1 / r is 1.
  const scale = total / guilty.length;
  let before = 0;
  let after = 0;
  for (const row of guilty) {
    const prior = linePrior(model, lines.clinic[row]!, structure.leadUnit[row]!, lineClass(input, row));
    before += prior;
    after += sharpen(prior, ratio(row) * scale);
  }
  return (row, prior) => {
    if (!isGuilty(model, lines.clinic[row]!, structure.leadUnit[row]!)) return prior;
    return (sharpen(prior, ratio(row) * scale) * before) / after;
  };
}

/**
 * Prior sharpened by the density ratio of the line's pattern, trusted by half: 1 - (1 - s) / r for the whole of it,
 * kept within a quarter and three times the prior.
 */
function sharpen(prior: number, ratio: number): number {
  if (prior < 0.01) return prior;
  const learnt = Math.min(3 * prior, Math.max(prior / 4, 1 - (1 - prior) / ratio));
  return Math.min(0.97, 0.5 * prior + 0.5 * learnt);
}

interface Positions {
  /** Earlier lines of the same service in the episode. */
  readonly repeat: Uint8Array;
  /** Days since the episode's first line. */
  readonly since: Int32Array;
  readonly alone: Uint8Array;
  readonly withDoctor: Uint8Array;
  readonly kind: Uint8Array;
}

function describePositions(input: FraudInput, structure: Structure): Positions {
  const { lines, services } = input;
  const n = lines.length;
  const repeat = new Uint8Array(n);
  const since = new Int32Array(n);
  const alone = new Uint8Array(n);
  const withDoctor = new Uint8Array(n);
  const seen = new Map<number, number>();
  for (let e = 0; e < structure.episodes; e++) {
    const rows = structure.episodeLines.rows.subarray(
      structure.episodeLines.start[e]!,
      structure.episodeLines.start[e + 1]!,
    );
    const sorted = Array.from(rows).sort((a, b) => lines.day[a]! - lines.day[b]!);
    seen.clear();
    for (const row of sorted) {
      const service = lines.service[row]!;
      const before = seen.get(service) ?? 0;
      seen.set(service, before + 1);
      repeat[row] = Math.min(3, before);
      since[row] = lines.day[row]! - lines.day[sorted[0]!]!;
    }
  }
  const { start, rows } = structure.visitLines;
  for (let v = 0; v < structure.visits.count; v++) {
    let doctor = 0;
    for (let k = start[v]!; k < start[v + 1]!; k++) {
      const service = lines.service[rows[k]!]!;
      if (service >= 0 && services.kind[service] === 0) doctor = 1;
    }
    for (let k = start[v]!; k < start[v + 1]!; k++) {
      alone[rows[k]!] = start[v + 1]! - start[v]! === 1 ? 1 : 0;
      withDoctor[rows[k]!] = doctor;
    }
  }
  const kind = Uint8Array.from({ length: n }, (_, row) => lineClass(input, row));
  return { repeat, since, alone, withDoctor, kind };
}

function levelsOf(position: Positions, row: number): Int32Array {
  const days = position.since[row]!;
  const since = days === 0 ? 0 : days <= 3 ? 1 : days <= 7 ? 2 : days <= 14 ? 3 : 4;
  const out = new Int32Array(LEVELS.length);
  const values = [position.repeat[row]!, since, position.alone[row]!, position.withDoctor[row]!, position.kind[row]!];
  let offset = 0;
  for (let i = 0; i < LEVELS.length; i++) {
    out[i] = offset + values[i]!;
    offset += LEVELS[i]!;
  }
  return out;
}

/** Ridge logistic regression by gradient steps with a diagonal preconditioner; classes weighted to equal mass. */
function fit(guilty: readonly Int32Array[], honest: readonly Int32Array[]): Float64Array {
  const weights = new Float64Array(WIDTH + 1);
  const mass = guilty.length;
  const honestWeight = mass / honest.length;
  for (let step = 0; step < STEPS; step++) {
    const gradient = new Float64Array(WIDTH + 1);
    const curvature = new Float64Array(WIDTH + 1);
    const accumulate = (rows: readonly Int32Array[], label: number, weight: number): void => {
      for (const row of rows) {
        let logit = weights[WIDTH]!;
        for (const level of row) logit += weights[level]!;
        const p = 1 / (1 + Math.exp(-logit));
        const g = weight * (p - label);
        const h = weight * p * (1 - p);
        for (const level of row) {
          gradient[level]! += g;
          curvature[level]! += h;
        }
        gradient[WIDTH]! += g;
        curvature[WIDTH]! += h;
      }
    };
    accumulate(guilty, 1, 1);
    accumulate(honest, 0, honestWeight);
    for (let j = 0; j <= WIDTH; j++) {
      const ridge = j < WIDTH ? RIDGE : 0;
      weights[j]! -= (gradient[j]! + ridge * weights[j]!) / ((LEVELS.length + 1) * (curvature[j]! + ridge) + 1e-9);
    }
  }
  return weights;
}

import { unitOrClinic, type Chapter, type Collector } from './chapter';
import type { Book } from './book';
import { LINE_CLASSES, lineClass } from './line-class';
import { linePrior, type PhantomModel } from './phantom';
import { createTally } from './tally';

/** Discrete features of a line's place in its episode; each is one of a few levels. A cell is one combination. */
const LEVELS = [4, 5, 2, 2, LINE_CLASSES] as const;
const WIDTH = LEVELS.reduce((sum, n) => sum + n, 0);
const CELLS = LEVELS.reduce((product, n) => product * n, 1);
/** Guilty lines wanted before a pattern is learnt at all. */
const FEWEST_LINES = 200;
const STEPS = 60;
const RIDGE = 20;

/** Prior of the lines of a chapter, by row. */
export type LinePriors = (chapter: Chapter) => (row: number) => number;

/** Lines of a guilty clinic or lead, by the phantom model. */
function isGuilty(model: PhantomModel, clinic: number, unit: number): boolean {
  return model.hierarchy.clinic[clinic]! > 0.9 || (unit >= 0 && model.hierarchy.unit[unit]! > 0.9);
}

/**
 * Learns what distinguishes lines of guilty units from honest ones (position in the episode, repetition, standing alone
 * on a day, class of service) by a ridge logistic regression, and turns the density ratio r into the share of invented
 * lines among such lines: with honest share 1 - s, r = (1 - s) + s x q, hence 1 - (1 - s) / r (learning from positive
 * and unlabelled data, Elkan & Noto 2008). Gives the sharpened prior of a row; the sum over guilty lines stays as it was.
 */
export function collectLinePattern(book: Book, model: PhantomModel): Collector<LinePriors> {
  const guilty = new Float64Array(CELLS);
  const honest = new Float64Array(CELLS);
  // Guilty lines by unit (or clinic) and cell: all that the scale of the sharpened priors needs.
  const suspects = createTally(1);
  const plain: LinePriors =
    ({ lines, structure }) =>
    (row) =>
      linePrior(model, lines.clinic[row]!, structure.leadUnit[row]!, lineClass(book.services, lines.service[row]!));
  return {
    add: (chapter) => {
      const { lines, structure } = chapter;
      const cells = cellsOf(chapter, book);
      for (let row = 0; row < lines.length; row++) {
        const [clinic, unit, cell] = [lines.clinic[row]!, structure.leadUnit[row]!, cells[row]!];
        if (!isGuilty(model, clinic, unit)) honest[cell]! += 1;
        else {
          guilty[cell]! += 1;
          suspects.add(suspects.of(unitOrClinic(unit, clinic), clinic, cell), 0, 1);
        }
      }
    },
    finish: () => {
      const mass = total(guilty);
      if (mass < FEWEST_LINES || total(honest) < FEWEST_LINES) return plain;
      const weights = fit(guilty, honest);
      // Under the guilty density the mean of 1 / r is 1.
      const ratios = Float64Array.from({ length: CELLS }, (_, cell) => Math.exp(logit(weights, cell)));
      const inverse = guilty.reduce((sum, n, cell) => sum + n / ratios[cell]!, 0);
      const ratio = ratios.map((r) => (r * inverse) / mass);
      let before = 0;
      let after = 0;
      for (let i = 0; i < suspects.count(); i++) {
        const cell = suspects.key(i, 2);
        const unit = Math.max(-1, suspects.key(i, 0));
        const prior = linePrior(model, suspects.key(i, 1), unit, cell % LINE_CLASSES);
        before += suspects.sum(i, 0) * prior;
        after += suspects.sum(i, 0) * sharpen(prior, ratio[cell]!);
      }
      return (chapter) => {
        const cells = cellsOf(chapter, book);
        const priorOf = plain(chapter);
        const { lines, structure } = chapter;
        return (row) => {
          const prior = priorOf(row);
          if (!isGuilty(model, lines.clinic[row]!, structure.leadUnit[row]!)) return prior;
          return (sharpen(prior, ratio[cells[row]!]!) * before) / after;
        };
      };
    },
  };
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, n) => sum + n, 0);
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

/** Cell of every line: earlier lines of the service in the episode, days since it began, alone that day, with a doctor's visit, class. */
function cellsOf({ lines, structure }: Chapter, { services }: Book): Uint16Array {
  const cells = new Uint16Array(lines.length);
  const before = new Map<number, number>();
  for (let e = 0; e < structure.episodes; e++) {
    const { start, rows } = structure.episodeLines;
    const sorted = Array.from(rows.subarray(start[e]!, start[e + 1]!)).sort((a, b) => lines.day[a]! - lines.day[b]!);
    before.clear();
    for (const row of sorted) {
      const service = lines.service[row]!;
      const repeat = before.get(service) ?? 0;
      before.set(service, repeat + 1);
      cells[row] = Math.min(3, repeat) * LEVELS[1] + sinceLevel(lines.day[row]! - lines.day[sorted[0]!]!);
    }
  }
  const { start, rows } = structure.visitLines;
  for (let v = 0; v < structure.visits.count; v++) {
    let doctor = 0;
    for (let k = start[v]!; k < start[v + 1]!; k++) {
      const service = lines.service[rows[k]!]!;
      if (service >= 0 && services.kind[service] === 0) doctor = 1;
    }
    const alone = start[v + 1]! - start[v]! === 1 ? 1 : 0;
    for (let k = start[v]!; k < start[v + 1]!; k++) {
      const row = rows[k]!;
      const place = (cells[row]! * LEVELS[2] + alone) * LEVELS[3] + doctor;
      cells[row] = place * LINE_CLASSES + lineClass(services, lines.service[row]!);
    }
  }
  return cells;
}

function sinceLevel(days: number): number {
  return days === 0 ? 0 : days <= 3 ? 1 : days <= 7 ? 2 : days <= 14 ? 3 : 4;
}

/** Calls `take` with the weight of each of the cell's levels. */
function eachLevel(cell: number, take: (weight: number) => void): void {
  let offset = WIDTH;
  let rest = cell;
  for (let i = LEVELS.length - 1; i >= 0; i--) {
    offset -= LEVELS[i]!;
    take(offset + (rest % LEVELS[i]!));
    rest = Math.floor(rest / LEVELS[i]!);
  }
}

function logit(weights: Float64Array, cell: number): number {
  let sum = weights[WIDTH]!;
  eachLevel(cell, (level) => (sum += weights[level]!));
  return sum;
}

/** Ridge logistic regression by gradient steps with a diagonal preconditioner; classes weighted to equal mass. */
function fit(guilty: Float64Array, honest: Float64Array): Float64Array {
  const weights = new Float64Array(WIDTH + 1);
  const honestWeight = total(guilty) / total(honest);
  for (let step = 0; step < STEPS; step++) {
    const gradient = new Float64Array(WIDTH + 1);
    const curvature = new Float64Array(WIDTH + 1);
    for (let cell = 0; cell < CELLS; cell++) {
      const mass = guilty[cell]! + honestWeight * honest[cell]!;
      if (mass === 0) continue;
      const p = 1 / (1 + Math.exp(-logit(weights, cell)));
      const g = mass * p - guilty[cell]!;
      const h = mass * p * (1 - p);
      const take = (level: number): void => {
        gradient[level]! += g;
        curvature[level]! += h;
      };
      eachLevel(cell, take);
      take(WIDTH);
    }
    for (let j = 0; j <= WIDTH; j++) {
      const ridge = j < WIDTH ? RIDGE : 0;
      weights[j]! -= (gradient[j]! + ridge * weights[j]!) / ((LEVELS.length + 1) * (curvature[j]! + ridge) + 1e-9);
    }
  }
  return weights;
}

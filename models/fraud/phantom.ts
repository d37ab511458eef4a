import { likelihoodRatio, startCounts, toRates, type AnswerRates } from './answer-rates';
import { explain, forLearning, SHARE_GRID, updatePrior, type Hierarchy } from './hierarchy';
import { logStudent } from './math';
import { fitConcentration, overdispersedGain } from './overdispersion';
import type { Book } from './book';
import { LINE_CLASSES } from './line-class';
import { MOST_LINES, type AnsweredVisits } from './visit-evidence';
import { visitPosterior, visitRatio } from './visit-likelihood';
import type { Volume, VolumeSignal } from './volume';

/** Weight of visits invented in one piece. */
export const BLOCK_WEIGHT = 0.1;
const ROUNDS = 10;
const MAX_PRIOR = 0.97;

export interface PhantomModel {
  readonly hierarchy: Hierarchy;
  readonly rates: AnswerRates;
  /** Relative frequency of invention by line class (kind x visit type). */
  readonly intensity: Float64Array;
  readonly clinicPrior: Float64Array;
  readonly unitPrior: Float64Array;
  /** Concentration of honest clinics' denial rates. */
  readonly concentration: number;
  /** Denials and yes/no answers by clinic and by unit. */
  readonly clinicDenied: Float64Array;
  readonly clinicAnswered: Float64Array;
  readonly unitDenied: Float64Array;
  readonly unitAnswered: Float64Array;
}

/** Prior that a line of this class was not rendered, at the expected share of its clinic and its lead's unit. */
export function linePrior(
  model: Pick<PhantomModel, 'hierarchy' | 'intensity'>,
  clinic: number,
  unit: number,
  k: number,
) {
  const { hierarchy, intensity } = model;
  let share = hierarchy.clinic[clinic]! * hierarchy.clinicShare[clinic]!;
  if (unit >= 0) share += hierarchy.unit[unit]! * hierarchy.unitShare[unit]!;
  return Math.min(MAX_PRIOR, Math.max(1e-6, share * intensity[k]!));
}

/**
 * Empirical-Bayes model of lines that were billed and not rendered: expectation-maximisation over the patients' error
 * rates (after Dawid & Skene 1979), class intensities, shares of clinics and doctors, and how many of them cheat.
 * Billing volume enters the same likelihood: a share s of invented lines lengthens episodes by 1 / (1 - s).
 * Yields after each round.
 */
export function* fitPhantom(book: Book, visits: AnsweredVisits, volume: Volume): Generator<undefined, PhantomModel> {
  const units = book.units.count;
  const counts = countDenials(book, visits);
  const clinicLines = volume.clinic.observed;
  const unitLines = volume.unit.observed;
  let rates = toRates(startCounts());
  let intensity = new Float64Array(LINE_CLASSES).fill(1);
  let clinicPrior = updatePrior(new Float64Array(book.clinics), clinicLines, 2, 0.03, 30);
  let unitPrior = updatePrior(new Float64Array(units), unitLines, 8, 0.0015, 1500);
  let concentration = 250;
  let hierarchy: Hierarchy | undefined;
  const clinicVolume = volumeLogs(volume.clinic, book.clinics);
  const unitOnlyLog = volumeLogs(volume.unit, units);
  for (let round = 0; round < ROUNDS; round++) {
    const clinicLog = Float64Array.from(clinicVolume);
    const unitLog = new Float64Array(unitOnlyLog.length);
    addAnswerLogs(visits, rates, intensity, clinicLog, unitLog);
    const rate = rates.line[0][1]!;
    hierarchy = explain({
      clinics: book.clinics,
      unitClinic: book.units.clinic,
      clinicLog,
      unitLog,
      unitOnlyLog,
      clinicNull: nullGain(counts.clinicDenied, counts.clinicAnswered, rate, concentration),
      unitNull: nullGain(counts.unitDenied, counts.unitAnswered, rate, concentration),
      clinicPrior,
      unitPrior,
    });
    const step = maximise(visits, rates, intensity, forLearning(hierarchy));
    rates = step.rates;
    intensity = step.intensity;
    concentration = refitConcentration(book, counts, hierarchy, rates.line[0][1]!);
    clinicPrior = updatePrior(hierarchy.clinic, clinicLines, 2, 0.03, 30);
    unitPrior = updatePrior(hierarchy.unit, unitLines, 8, 0.0015, 1500);
    yield;
  }
  return { hierarchy: hierarchy!, rates, intensity, clinicPrior, unitPrior, concentration, ...counts };
}

function countDenials(book: Book, visits: AnsweredVisits) {
  const clinicDenied = new Float64Array(book.clinics);
  const clinicAnswered = new Float64Array(book.clinics);
  const unitDenied = new Float64Array(book.units.count);
  const unitAnswered = new Float64Array(book.units.count);
  const count = (clinic: number, unit: number, seen: number): void => {
    if (seen === 0) return;
    const denied = seen === 2 ? 1 : 0;
    clinicDenied[clinic]! += denied;
    clinicAnswered[clinic]! += 1;
    if (unit < 0) return;
    unitDenied[unit]! += denied;
    unitAnswered[unit]! += 1;
  };
  for (let v = 0; v < visits.count; v++) {
    count(visits.clinic[v]!, visits.unit[v]!, visits.happened[v]!);
    for (let k = visits.start[v]!; k < visits.start[v + 1]!; k++) {
      count(visits.clinic[v]!, visits.lineUnit[k]!, visits.lineSeen[k]!);
    }
  }
  return { clinicDenied, clinicAnswered, unitDenied, unitAnswered };
}

function nullGain(denied: Float64Array, answered: Float64Array, rate: number, concentration: number): Float64Array {
  return denied.map((k, i) => Math.max(0, overdispersedGain(k, answered[i]!, rate, concentration)));
}

/** Log likelihood ratio of the billing volume over the grid; half of the schemes re-label lines and add none. */
function volumeLogs(signal: VolumeSignal, count: number): Float64Array {
  const size = SHARE_GRID.length;
  const logs = new Float64Array(count * size);
  for (let i = 0; i < count; i++) {
    if (signal.episodes[i]! < 3) continue;
    const scale = signal.scale[i]!;
    const honest = logStudent(signal.value[i]!, 0, scale, 5);
    for (let g = 0; g < size; g++) {
      const shift = -Math.log(1 - SHARE_GRID[g]!);
      const longer = Math.exp(logStudent(signal.value[i]!, shift, scale, 5) - honest);
      logs[i * size + g] = Math.log(0.5 * longer + 0.5);
    }
  }
  return logs;
}

const scratchRatio = new Float64Array(MOST_LINES);
const scratchPrior = new Float64Array(MOST_LINES);
const scratchOut = new Float64Array(MOST_LINES);
const scratchClass = new Float64Array(MOST_LINES);

function visitFactors(visits: AnsweredVisits, rates: AnswerRates, v: number) {
  return {
    whole: likelihoodRatio(rates.visit, visits.happened[v]!),
    any:
      likelihoodRatio(rates.comment, visits.commentPhantom[v]!) * likelihoodRatio(rates.rating, visits.lowRating[v]!),
  };
}

function addAnswerLogs(
  visits: AnsweredVisits,
  rates: AnswerRates,
  intensity: Float64Array,
  clinicLog: Float64Array,
  unitLog: Float64Array,
): void {
  const size = SHARE_GRID.length;
  for (let v = 0; v < visits.count; v++) {
    const from = visits.start[v]!;
    const count = visits.start[v + 1]! - from;
    const unit = visits.unit[v]!;
    const clinic = visits.clinic[v]!;
    const { whole, any } = visitFactors(visits, rates, v);
    let shared = unit >= 0;
    for (let i = 0; i < count; i++) {
      scratchRatio[i] = likelihoodRatio(rates.line, visits.lineSeen[from + i]!);
      scratchClass[i] = intensity[visits.lineClass[from + i]!]!;
      if (visits.lineUnit[from + i] !== unit) shared = false;
    }
    for (let g = 0; g < size; g++) {
      for (let i = 0; i < count; i++) scratchPrior[i] = Math.min(MAX_PRIOR, SHARE_GRID[g]! * scratchClass[i]!);
      const log = Math.log(visitRatio(scratchPrior, scratchRatio, count, whole, any, BLOCK_WEIGHT));
      if (shared) unitLog[unit * size + g]! += log;
      else clinicLog[clinic * size + g]! += log;
    }
    if (shared || unit < 0) continue;
    // Lines of several leads in one visit: the unit keeps its own part, the clinic the rest of the whole.
    for (let g = 0; g < size; g++) {
      for (let i = 0; i < count; i++) {
        const own = visits.lineUnit[from + i] === unit;
        scratchPrior[i] = own ? Math.min(MAX_PRIOR, SHARE_GRID[g]! * scratchClass[i]!) : 0;
      }
      const log = Math.log(visitRatio(scratchPrior, scratchRatio, count, whole, any, BLOCK_WEIGHT));
      unitLog[unit * size + g]! += log;
      clinicLog[clinic * size + g]! -= log;
    }
  }
}

/**
 * Fills the posterior of every line of answered visit `v` into `out`; returns the visit's own probabilities. `priorOf`
 * gives the prior of a line by its number among all lines of `visits`; by default it is that of its class.
 */
export function scoreVisit(
  visits: AnsweredVisits,
  model: Pick<PhantomModel, 'hierarchy' | 'intensity' | 'rates'>,
  v: number,
  out: Float64Array,
  priorOf: (line: number) => number = (k) =>
    linePrior(model, visits.clinic[v]!, visits.lineUnit[k]!, visits.lineClass[k]!),
) {
  const from = visits.start[v]!;
  const count = visits.start[v + 1]! - from;
  for (let i = 0; i < count; i++) {
    scratchRatio[i] = likelihoodRatio(model.rates.line, visits.lineSeen[from + i]!);
    scratchPrior[i] = priorOf(from + i);
  }
  const { whole, any } = visitFactors(visits, model.rates, v);
  return visitPosterior(scratchPrior, scratchRatio, count, whole, any, BLOCK_WEIGHT, out);
}

function maximise(visits: AnsweredVisits, rates: AnswerRates, intensity: Float64Array, hierarchy: Hierarchy) {
  const counts = startCounts();
  // Gamma(4, 4) on every class: intensities stay near 1 until answers say otherwise.
  const invented = new Float64Array(LINE_CLASSES).fill(4);
  const exposure = new Float64Array(LINE_CLASSES).fill(4);
  const model = { hierarchy, intensity, rates };
  for (let v = 0; v < visits.count; v++) {
    const { all, any } = scoreVisit(visits, model, v, scratchOut);
    add(counts.visit, visits.happened[v]!, all);
    add(counts.comment, visits.commentPhantom[v]!, any);
    add(counts.rating, visits.lowRating[v]!, any);
    const from = visits.start[v]!;
    const count = visits.start[v + 1]! - from;
    for (let i = 0; i < count; i++) {
      const seen = visits.lineSeen[from + i]!;
      add(counts.line, seen, scratchOut[i]!);
      if (seen === 0 && (visits.happened[v] === 0 || count > 1)) continue;
      const k = visits.lineClass[from + i]!;
      const prior = linePrior(model, visits.clinic[v]!, visits.lineUnit[from + i]!, k);
      invented[k]! += prior > 0.01 ? scratchOut[i]! : 0;
      exposure[k]! += prior > 0.01 ? prior / intensity[k]! : 0;
    }
  }
  return { rates: toRates(counts), intensity: invented.map((value, k) => Math.min(4, value / exposure[k]!)) };
}

function add(pair: readonly [Float64Array, Float64Array], seen: number, guilty: number): void {
  if (seen === 0) return;
  pair[1][seen - 1]! += guilty;
  pair[0][seen - 1]! += 1 - guilty;
}

function refitConcentration(
  book: Book,
  counts: ReturnType<typeof countDenials>,
  hierarchy: Hierarchy,
  rate: number,
): number {
  const denied = Float64Array.from(counts.clinicDenied);
  const answered = Float64Array.from(counts.clinicAnswered);
  for (let u = 0; u < book.units.count; u++) {
    const c = book.units.clinic[u]!;
    denied[c]! -= hierarchy.unit[u]! * counts.unitDenied[u]!;
    answered[c]! -= hierarchy.unit[u]! * counts.unitAnswered[u]!;
  }
  const honest = hierarchy.clinic.map((p) => 1 - p);
  return fitConcentration(
    denied,
    answered.map((n, c) => Math.max(n, denied[c]!)),
    honest,
    rate,
  );
}

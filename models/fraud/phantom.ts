import { likelihoodRatio, startCounts, toRates, type AnswerRates } from './answer-rates';
import { explain, forLearning, SHARE_GRID, updatePrior, type Hierarchy } from './hierarchy';
import { logStudent } from './math';
import { fitConcentration, overdispersedGain } from './overdispersion';
import type { Structure } from './structure';
import type { FraudInput } from './types';
import type { VisitEvidence } from './visit-evidence';
import { visitPosterior, visitRatio } from './visit-likelihood';
import type { Volume, VolumeSignal } from './volume';

export const LINE_CLASSES = 33;
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

/** Class of a line: kind x visit type. Primary visits, repeats, tests and procedures are invented at unlike rates. */
export function lineClass(input: FraudInput, row: number): number {
  const service = input.lines.service[row]!;
  if (service < 0) return 30;
  return input.services.kind[service]! * 3 + input.services.visitType[service]!;
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
 */
export function fitPhantom(
  input: FraudInput,
  structure: Structure,
  evidence: VisitEvidence,
  volume: Volume,
): PhantomModel {
  const { units, unitClinic } = structure;
  const counts = countDenials(input, structure, evidence);
  const clinicLines = volume.clinic.observed;
  const unitLines = volume.unit.observed;
  let rates = toRates(startCounts());
  let intensity = new Float64Array(LINE_CLASSES).fill(1);
  let clinicPrior = updatePrior(new Float64Array(input.clinics), clinicLines, 2, 0.03, 30);
  let unitPrior = updatePrior(new Float64Array(units), unitLines, 8, 0.0015, 1500);
  let concentration = 250;
  let hierarchy: Hierarchy | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const clinicLog = volumeLogs(volume.clinic, input.clinics);
    const unitOnlyLog = volumeLogs(volume.unit, units);
    const unitLog = new Float64Array(unitOnlyLog.length);
    addAnswerLogs(input, structure, evidence, rates, intensity, clinicLog, unitLog);
    const rate = rates.line[0][1]!;
    hierarchy = explain({
      clinics: input.clinics,
      unitClinic,
      clinicLog,
      unitLog,
      unitOnlyLog,
      clinicNull: nullGain(counts.clinicDenied, counts.clinicAnswered, rate, concentration),
      unitNull: nullGain(counts.unitDenied, counts.unitAnswered, rate, concentration),
      clinicPrior,
      unitPrior,
    });
    const step = maximise(input, structure, evidence, rates, intensity, forLearning(hierarchy));
    rates = step.rates;
    intensity = step.intensity;
    concentration = refitConcentration(structure, counts, hierarchy, rates.line[0][1]!);
    clinicPrior = updatePrior(hierarchy.clinic, clinicLines, 2, 0.03, 30);
    unitPrior = updatePrior(hierarchy.unit, unitLines, 8, 0.0015, 1500);
  }
  return { hierarchy: hierarchy!, rates, intensity, clinicPrior, unitPrior, concentration, ...counts };
}

function countDenials(input: FraudInput, structure: Structure, evidence: VisitEvidence) {
  const clinicDenied = new Float64Array(input.clinics);
  const clinicAnswered = new Float64Array(input.clinics);
  const unitDenied = new Float64Array(structure.units);
  const unitAnswered = new Float64Array(structure.units);
  const count = (clinic: number, unit: number, seen: number): void => {
    if (seen === 0) return;
    const denied = seen === 2 ? 1 : 0;
    clinicDenied[clinic]! += denied;
    clinicAnswered[clinic]! += 1;
    if (unit < 0) return;
    unitDenied[unit]! += denied;
    unitAnswered[unit]! += 1;
  };
  const { start, rows } = structure.visitLines;
  for (let v = 0; v < evidence.count; v++) {
    count(evidence.clinic[v]!, evidence.unit[v]!, evidence.happened[v]!);
    const visit = evidence.visit[v]!;
    for (let k = start[visit]!; k < start[visit + 1]!; k++) {
      count(evidence.clinic[v]!, structure.leadUnit[rows[k]!]!, evidence.lineSeen[rows[k]!]!);
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

const scratchRatio = new Float64Array(4096);
const scratchPrior = new Float64Array(4096);
const scratchOut = new Float64Array(4096);

function visitFactors(evidence: VisitEvidence, rates: AnswerRates, v: number) {
  return {
    whole: likelihoodRatio(rates.visit, evidence.happened[v]!),
    any:
      likelihoodRatio(rates.comment, evidence.commentPhantom[v]!) *
      likelihoodRatio(rates.rating, evidence.lowRating[v]!),
  };
}

function addAnswerLogs(
  input: FraudInput,
  structure: Structure,
  evidence: VisitEvidence,
  rates: AnswerRates,
  intensity: Float64Array,
  clinicLog: Float64Array,
  unitLog: Float64Array,
): void {
  const size = SHARE_GRID.length;
  const { start, rows } = structure.visitLines;
  const classes = new Float64Array(4096);
  for (let v = 0; v < evidence.count; v++) {
    const visit = evidence.visit[v]!;
    const from = start[visit]!;
    const count = Math.min(4096, start[visit + 1]! - from);
    const unit = evidence.unit[v]!;
    const clinic = evidence.clinic[v]!;
    const { whole, any } = visitFactors(evidence, rates, v);
    let shared = unit >= 0;
    for (let i = 0; i < count; i++) {
      const row = rows[from + i]!;
      scratchRatio[i] = likelihoodRatio(rates.line, evidence.lineSeen[row]!);
      classes[i] = intensity[lineClass(input, row)]!;
      if (structure.leadUnit[row]! !== unit) shared = false;
    }
    for (let g = 0; g < size; g++) {
      for (let i = 0; i < count; i++) scratchPrior[i] = Math.min(MAX_PRIOR, SHARE_GRID[g]! * classes[i]!);
      const log = Math.log(visitRatio(scratchPrior, scratchRatio, count, whole, any, BLOCK_WEIGHT));
      if (shared) unitLog[unit * size + g]! += log;
      else clinicLog[clinic * size + g]! += log;
    }
    if (shared || unit < 0) continue;
    // Lines of several leads in one visit: the unit keeps its own part, the clinic the rest of the whole.
    for (let g = 0; g < size; g++) {
      for (let i = 0; i < count; i++) {
        const own = structure.leadUnit[rows[from + i]!]! === unit;
        scratchPrior[i] = own ? Math.min(MAX_PRIOR, SHARE_GRID[g]! * classes[i]!) : 0;
      }
      const log = Math.log(visitRatio(scratchPrior, scratchRatio, count, whole, any, BLOCK_WEIGHT));
      unitLog[unit * size + g]! += log;
      clinicLog[clinic * size + g]! -= log;
    }
  }
}

/** Fills the posterior of every line of answered visit `v` into `out`; returns the visit's own probabilities. */
export function scoreVisit(
  input: FraudInput,
  structure: Structure,
  evidence: VisitEvidence,
  model: Pick<PhantomModel, 'hierarchy' | 'intensity' | 'rates'>,
  v: number,
  out: Float64Array,
  priorOf?: (row: number) => number,
) {
  const visit = evidence.visit[v]!;
  const { start, rows } = structure.visitLines;
  const from = start[visit]!;
  const count = Math.min(4096, start[visit + 1]! - from);
  for (let i = 0; i < count; i++) {
    const row = rows[from + i]!;
    scratchRatio[i] = likelihoodRatio(model.rates.line, evidence.lineSeen[row]!);
    scratchPrior[i] = priorOf
      ? priorOf(row)
      : linePrior(model, evidence.clinic[v]!, structure.leadUnit[row]!, lineClass(input, row));
  }
  const { whole, any } = visitFactors(evidence, model.rates, v);
  return visitPosterior(scratchPrior, scratchRatio, count, whole, any, BLOCK_WEIGHT, out);
}

function maximise(
  input: FraudInput,
  structure: Structure,
  evidence: VisitEvidence,
  rates: AnswerRates,
  intensity: Float64Array,
  hierarchy: Hierarchy,
) {
  const counts = startCounts();
  const { start, rows } = structure.visitLines;
  // Gamma(4, 4) on every class: intensities stay near 1 until answers say otherwise.
  const invented = new Float64Array(LINE_CLASSES).fill(4);
  const exposure = new Float64Array(LINE_CLASSES).fill(4);
  const model = { hierarchy, intensity, rates };
  for (let v = 0; v < evidence.count; v++) {
    const { all, any } = scoreVisit(input, structure, evidence, model, v, scratchOut);
    add(counts.visit, evidence.happened[v]!, all);
    add(counts.comment, evidence.commentPhantom[v]!, any);
    add(counts.rating, evidence.lowRating[v]!, any);
    const from = start[evidence.visit[v]!]!;
    const count = Math.min(4096, start[evidence.visit[v]! + 1]! - from);
    for (let i = 0; i < count; i++) {
      const row = rows[from + i]!;
      add(counts.line, evidence.lineSeen[row]!, scratchOut[i]!);
      if (evidence.lineSeen[row] === 0 && (evidence.happened[v] === 0 || count > 1)) continue;
      const k = lineClass(input, row);
      const prior = linePrior(model, evidence.clinic[v]!, structure.leadUnit[row]!, k);
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
  structure: Structure,
  counts: ReturnType<typeof countDenials>,
  hierarchy: Hierarchy,
  rate: number,
): number {
  const denied = Float64Array.from(counts.clinicDenied);
  const answered = Float64Array.from(counts.clinicAnswered);
  for (let u = 0; u < structure.units; u++) {
    const c = structure.unitClinic[u]!;
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

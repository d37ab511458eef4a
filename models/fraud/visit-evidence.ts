import type { Structure } from './structure';
import {
  ANSWER_NO,
  ANSWER_YES,
  COMMENT_NEUTRAL,
  COMMENT_NOT_RENDERED,
  COMMENT_UPCODING,
  type FraudInput,
} from './types';

/** Observation codes of a yes/no question: 0 not asked, then yes, no, unsure. */
export const SEEN_YES = 1;
export const SEEN_NO = 2;
export const SEEN_UNSURE = 3;

/** Bins of answered minutes over the nomenclature's minutes; the last is everything above. */
export const DURATION_EDGES = [0.15, 0.25, 0.35, 0.45, 0.55, 0.7, 0.85, 1.05, 1.35] as const;
export const DURATION_BINS = DURATION_EDGES.length + 1;

/** Answers folded by visit; only answered visits are kept, so cost follows answers and not lines. */
export interface VisitEvidence {
  readonly count: number;
  /** Visit group of each answered visit. */
  readonly visit: Int32Array;
  readonly clinic: Int32Array;
  /** Unit that leads most lines of the visit, -1 without a doctor. */
  readonly unit: Int32Array;
  readonly happened: Uint8Array;
  /** 0 no comment, 1 neutral, 2 "was not done". */
  readonly commentPhantom: Uint8Array;
  /** 0 no comment, 1 neutral, 2 "a hurried visit". */
  readonly commentUpcoding: Uint8Array;
  /** 0 no rating, 1 rating 3-5, 2 rating 1-2. */
  readonly lowRating: Uint8Array;
  /** 0 not asked, 1 no, 2 paid extra. */
  readonly paidExtra: Uint8Array;
  /** Duration bin + 1, 0 when not asked or no single consultation explains it. */
  readonly duration: Uint8Array;
  /** Unit of the consultation, -1 unless one doctor consulted in the visit. */
  readonly consultUnit: Int32Array;
  /** Observation code of every line of the world (dense, 1 byte each). */
  readonly lineSeen: Uint8Array;
}

function seen(value: number): number {
  if (value === ANSWER_YES) return SEEN_YES;
  return value === ANSWER_NO ? SEEN_NO : SEEN_UNSURE;
}

export function durationBin(ratio: number): number {
  let bin = 0;
  while (bin < DURATION_EDGES.length && ratio > DURATION_EDGES[bin]!) bin++;
  return bin;
}

/**
 * Folds answers into one record per answered visit. An answer that names a line the world lacks, or a visit that
 * was never billed, is left out (its number is for the import to report). Of repeated answers the last one counts.
 */
export function foldAnswers(input: FraudInput, structure: Structure): VisitEvidence {
  const { answers, lines } = input;
  const index = new Int32Array(structure.visits.count).fill(-1);
  const answerVisit = new Int32Array(answers.length).fill(-1);
  const order: number[] = [];
  for (let a = 0; a < answers.length; a++) {
    const line = answers.line[a]!;
    const visit =
      line >= 0
        ? structure.visits.id[line]!
        : structure.visits.find(answers.clinic[a]!, answers.person[a]!, answers.day[a]!);
    if (visit < 0) continue;
    if (index[visit]! < 0) {
      index[visit] = order.length;
      order.push(visit);
    }
    answerVisit[a] = index[visit]!;
  }
  const count = order.length;
  const visit = Int32Array.from(order);
  const clinic = new Int32Array(count);
  const unit = new Int32Array(count);
  const consultUnit = new Int32Array(count).fill(-1);
  const nominal = new Float64Array(count);
  for (let v = 0; v < count; v++) describeVisit(input, structure, visit[v]!, v, clinic, unit, consultUnit, nominal);
  const happened = new Uint8Array(count);
  const commentPhantom = new Uint8Array(count);
  const commentUpcoding = new Uint8Array(count);
  const lowRating = new Uint8Array(count);
  const paidExtra = new Uint8Array(count);
  const duration = new Uint8Array(count);
  const lineSeen = new Uint8Array(lines.length);
  for (let a = 0; a < answers.length; a++) {
    const v = answerVisit[a]!;
    if (v < 0) continue;
    const value = answers.value[a]!;
    const question = answers.question[a]!;
    if (question === 0) happened[v] = seen(value);
    else if (question === 1 && answers.line[a]! >= 0) lineSeen[answers.line[a]!] = seen(value);
    else if (question === 2 && nominal[v]! > 0 && value > 0) duration[v] = durationBin(value / nominal[v]!) + 1;
    else if (question === 3) paidExtra[v] = value === ANSWER_YES ? 2 : 1;
    else if (question === 4) lowRating[v] = value <= 2 ? 2 : 1;
    else if (question === 5) {
      commentPhantom[v] = value === COMMENT_NOT_RENDERED ? 2 : 1;
      commentUpcoding[v] = value === COMMENT_UPCODING ? 2 : 1;
      if (value !== COMMENT_NEUTRAL && value !== COMMENT_NOT_RENDERED) commentPhantom[v] = 1;
    }
  }
  return {
    count,
    visit,
    clinic,
    unit,
    happened,
    commentPhantom,
    commentUpcoding,
    lowRating,
    paidExtra,
    duration,
    consultUnit,
    lineSeen,
  };
}

/** Clinic, majority lead and the consultation behind one visit. Minutes of several visits to one doctor add up. */
function describeVisit(
  input: FraudInput,
  structure: Structure,
  visit: number,
  v: number,
  clinic: Int32Array,
  unit: Int32Array,
  consultUnit: Int32Array,
  nominal: Float64Array,
): void {
  const { lines, services } = input;
  const { start, rows } = structure.visitLines;
  clinic[v] = lines.clinic[rows[start[visit]!]!]!;
  let best = -1;
  let votes = 0;
  let consultant = -1;
  let several = false;
  let minutes = 0;
  for (let k = start[visit]!; k < start[visit + 1]!; k++) {
    const row = rows[k]!;
    const lead = structure.leadUnit[row]!;
    // Boyer-Moore majority: exact whenever one lead has more than half of the lines.
    if (votes === 0) best = lead;
    votes += lead === best ? 1 : -1;
    const service = lines.service[row]!;
    if (service < 0 || services.kind[service] !== 0 || !(services.minutes[service]! > 0)) continue;
    if (consultant >= 0 && structure.ownUnit[row]! !== consultant) several = true;
    consultant = structure.ownUnit[row]!;
    minutes += services.minutes[service]!;
  }
  unit[v] = best;
  if (consultant >= 0 && !several) {
    consultUnit[v] = consultant;
    nominal[v] = minutes;
  }
}

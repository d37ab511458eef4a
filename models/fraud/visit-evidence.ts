import type { Book, BookPart } from './book';
import { lineClass } from './line-class';
import type { Structure } from './structure';
import { ANSWER_NO, ANSWER_YES, COMMENT_NEUTRAL, COMMENT_NOT_RENDERED, COMMENT_UPCODING } from './types';

/** Observation codes of a yes/no question: 0 not asked, then yes, no, unsure. */
export const SEEN_YES = 1;
export const SEEN_NO = 2;
export const SEEN_UNSURE = 3;

/** Bins of answered minutes over the nomenclature's minutes; the last is everything above. */
export const DURATION_EDGES = [0.15, 0.25, 0.35, 0.45, 0.55, 0.7, 0.85, 1.05, 1.35] as const;
export const DURATION_BINS = DURATION_EDGES.length + 1;

/** Lines of one visit that are weighed together, at most; further ones keep their prior. */
export const MOST_LINES = 4096;

/**
 * Answers folded by visit, each with the few facts of its lines that the models read. Only answered visits are kept, so
 * memory and cost of the estimation follow answers and not lines.
 */
export interface AnsweredVisits {
  readonly count: number;
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
  /** Insurer's share of that unit's consultations in the visit, kopecks. */
  readonly consultPayable: Float64Array;
  /** Lines of visit v: `start[v]` to `start[v + 1] - 1` of the columns below. */
  readonly start: Int32Array;
  readonly lineClass: Uint8Array;
  /** Observation code of the line's own question. */
  readonly lineSeen: Uint8Array;
  readonly lineUnit: Int32Array;
  /** Row in the part that the visit was folded from. */
  readonly row: Int32Array;
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
 * Folds a part's answers into one record per answered visit. An answer on a visit that was never billed is left out.
 * Of repeated answers the last one counts.
 */
export function foldAnswers({ lines, answers }: BookPart, structure: Structure, { services }: Book): AnsweredVisits {
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
  const bytes = (): Uint8Array => new Uint8Array(count);
  const [happened, commentPhantom, commentUpcoding] = [bytes(), bytes(), bytes()];
  const [lowRating, paidExtra, duration] = [bytes(), bytes(), bytes()];
  const visits = order.map((visit) => describeVisit(lines, structure, services, visit));
  const lineSeen = new Map<number, number>();
  for (let a = 0; a < answers.length; a++) {
    const v = answerVisit[a]!;
    if (v < 0) continue;
    const value = answers.value[a]!;
    const question = answers.question[a]!;
    const { nominal } = visits[v]!;
    if (question === 0) happened[v] = seen(value);
    else if (question === 1 && answers.line[a]! >= 0) lineSeen.set(answers.line[a]!, seen(value));
    else if (question === 2 && nominal > 0 && value > 0) duration[v] = durationBin(value / nominal) + 1;
    else if (question === 3) paidExtra[v] = value === ANSWER_YES ? 2 : 1;
    else if (question === 4) lowRating[v] = value <= 2 ? 2 : 1;
    else if (question === 5) {
      commentPhantom[v] = value === COMMENT_NOT_RENDERED ? 2 : 1;
      commentUpcoding[v] = value === COMMENT_UPCODING ? 2 : 1;
      if (value !== COMMENT_NEUTRAL && value !== COMMENT_NOT_RENDERED) commentPhantom[v] = 1;
    }
  }
  const start = new Int32Array(count + 1);
  order.forEach((visit, v) => {
    const size = structure.visitLines.start[visit + 1]! - structure.visitLines.start[visit]!;
    start[v + 1] = start[v]! + Math.min(MOST_LINES, size);
  });
  const row = new Int32Array(start[count]!);
  order.forEach((visit, v) => {
    const from = structure.visitLines.start[visit]!;
    row.set(structure.visitLines.rows.subarray(from, from + start[v + 1]! - start[v]!), start[v]!);
  });
  return {
    count,
    clinic: Int32Array.from(
      order,
      (visit) => lines.clinic[structure.visitLines.rows[structure.visitLines.start[visit]!]!]!,
    ),
    unit: Int32Array.from(visits, (one) => one.unit),
    happened,
    commentPhantom,
    commentUpcoding,
    lowRating,
    paidExtra,
    duration,
    consultUnit: Int32Array.from(visits, (one) => one.consultUnit),
    consultPayable: Float64Array.from(visits, (one) => one.consultPayable),
    start,
    lineClass: Uint8Array.from(row, (r) => lineClass(services, lines.service[r]!)),
    lineSeen: Uint8Array.from(row, (r) => lineSeen.get(r) ?? 0),
    lineUnit: Int32Array.from(row, (r) => structure.leadUnit[r]!),
    row,
  };
}

/** Majority lead and the consultation behind one visit. Minutes of several visits to one doctor add up. */
function describeVisit(lines: BookPart['lines'], structure: Structure, services: Book['services'], visit: number) {
  const { start, rows } = structure.visitLines;
  let unit = -1;
  let votes = 0;
  let consultant = -1;
  let several = false;
  let nominal = 0;
  for (let k = start[visit]!; k < start[visit + 1]!; k++) {
    const row = rows[k]!;
    const lead = structure.leadUnit[row]!;
    // Boyer-Moore majority: exact whenever one lead has more than half of the lines.
    if (votes === 0) unit = lead;
    votes += lead === unit ? 1 : -1;
    const service = lines.service[row]!;
    if (service < 0 || services.kind[service] !== 0 || !(services.minutes[service]! > 0)) continue;
    if (consultant >= 0 && lines.unit[row]! !== consultant) several = true;
    consultant = lines.unit[row]!;
    nominal += services.minutes[service]!;
  }
  if (consultant < 0 || several) return { unit, consultUnit: -1, nominal: 0, consultPayable: 0 };
  let consultPayable = 0;
  for (let k = start[visit]!; k < start[visit + 1]!; k++) {
    const row = rows[k]!;
    const service = lines.service[row]!;
    const consultation = service >= 0 && services.kind[service] === 0;
    if (consultation && lines.unit[row] === consultant) consultPayable += lines.payable[row]!;
  }
  return { unit, consultUnit: consultant, nominal, consultPayable };
}

const BYTE_COLUMNS = ['happened', 'commentPhantom', 'commentUpcoding', 'lowRating', 'paidExtra', 'duration'] as const;

/** Answered visits of several parts as one; `row` is left empty, since it means something within a part only. */
export function joinVisits(parts: readonly AnsweredVisits[]): AnsweredVisits {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const lines = parts.reduce((sum, part) => sum + part.start[part.count]!, 0);
  const joined = {
    count,
    clinic: new Int32Array(count),
    unit: new Int32Array(count),
    happened: new Uint8Array(count),
    commentPhantom: new Uint8Array(count),
    commentUpcoding: new Uint8Array(count),
    lowRating: new Uint8Array(count),
    paidExtra: new Uint8Array(count),
    duration: new Uint8Array(count),
    consultUnit: new Int32Array(count),
    consultPayable: new Float64Array(count),
    start: new Int32Array(count + 1),
    lineClass: new Uint8Array(lines),
    lineSeen: new Uint8Array(lines),
    lineUnit: new Int32Array(lines),
    row: new Int32Array(0),
  };
  let visit = 0;
  let line = 0;
  for (const part of parts) {
    for (const name of BYTE_COLUMNS) joined[name].set(part[name], visit);
    for (const name of ['clinic', 'unit', 'consultUnit'] as const) joined[name].set(part[name], visit);
    joined.consultPayable.set(part.consultPayable, visit);
    for (let v = 0; v <= part.count; v++) joined.start[visit + v] = line + part.start[v]!;
    joined.lineClass.set(part.lineClass, line);
    joined.lineSeen.set(part.lineSeen, line);
    joined.lineUnit.set(part.lineUnit, line);
    visit += part.count;
    line += part.start[part.count]!;
  }
  return joined;
}

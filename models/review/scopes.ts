import type { CompiledReference } from './compile';
import type { CoverFacts } from './facts/cover';
import { coverFacts } from './facts/cover';
import type { DoctorFacts } from './facts/doctor';
import { doctorFacts } from './facts/doctor';
import type { GuidelineFacts } from './facts/guideline';
import { guidelineFacts } from './facts/guideline';
import type { HistoryFacts } from './facts/history';
import { historyFacts } from './facts/history';
import type { LetterFacts } from './facts/letter';
import { letterFacts } from './facts/letter';
import { lineFacts } from './facts/line';
import type { PairFacts } from './facts/pairs';
import { pairFacts } from './facts/pairs';
import type { Hits } from './hits';
import { collectHits } from './hits';
import { assertLineOrder } from './line-order';
import { rulesOf } from './registry';
import type { Review, Scope } from './rule';
import type { LineTable, SubjectData } from './table';

/**
 * Reviews a table in one scope. A world is reviewed by running all three scopes, each over any partition of its
 * subjects: the findings depend neither on the partition nor on the order of chunks, because a table holds all lines
 * of its subjects and no rule of a scope reads beyond its subject.
 *
 * - `person`: all rules but the two below; lines must be sorted (`LineTable`), else TABLE_NOT_SORTED.
 * - `doctor-day`: PLAU-02. The table holds all lines of the doctors' days (of all people), in any order.
 * - `letter`: AUTH-04. The table holds all lines that cite the letters (whoever's), in any order.
 *
 * The last two read nothing of `subjects.persons`, and `doctor-day` nothing of `subjects.letters`: these may be empty.
 */
export interface ReviewInput {
  compiled: CompiledReference;
  subjects: SubjectData;
  table: LineTable;
}

export interface ScopeResult {
  review: Review;
  hits: Hits;
}

/** Runs every rule of one scope over every line with `review` 1. */
export function reviewScope(scope: Scope, input: ReviewInput): ScopeResult {
  const review =
    scope === 'person' ? personReview(input) : scope === 'letter' ? letterReview(input) : doctorReview(input);
  return { review, hits: collectHits(review, rulesOf(scope, input.compiled.disabled)) };
}

/** The person scope alone: all rules that need neither the doctor's day nor the letter's other lines. */
export function reviewPersons(input: ReviewInput): ScopeResult {
  return reviewScope('person', input);
}

/** Facts of every scope at once, for the trace of a line; the table holds all lines of all its subjects, sorted. */
export function reviewForTrace(input: ReviewInput): Review {
  const review = personReview(input);
  return {
    ...review,
    doctors: doctorFacts(input.compiled, input.table, review.lines),
    letters: letterFacts(input.compiled, input.table),
  };
}

function personReview({ compiled, subjects, table }: ReviewInput): Review {
  assertLineOrder(table, compiled.clinics.rank);
  const lines = lineFacts(compiled, table);
  const cover = coverFacts(compiled, subjects, table, lines);
  return {
    compiled,
    subjects,
    table,
    lines,
    cover,
    history: historyFacts(compiled, table, lines),
    guidelines: guidelineFacts(compiled, subjects, table, lines, cover.age),
    pairs: pairFacts(compiled, table, lines),
    doctors: NO_DOCTOR_FACTS,
    letters: NO_LETTER_FACTS,
  };
}

function doctorReview({ compiled, subjects, table }: ReviewInput): Review {
  const lines = lineFacts(compiled, table);
  const doctors = doctorFacts(compiled, table, lines);
  return { ...NO_PERSON_FACTS, compiled, subjects, table, lines, doctors, letters: NO_LETTER_FACTS };
}

function letterReview({ compiled, subjects, table }: ReviewInput): Review {
  const lines = lineFacts(compiled, table);
  const letters = letterFacts(compiled, table);
  return { ...NO_PERSON_FACTS, compiled, subjects, table, lines, doctors: NO_DOCTOR_FACTS, letters };
}

const NO_INTS = new Int32Array(0);
const NO_FLOATS = new Float64Array(0);
const NO_DOCTOR_FACTS: DoctorFacts = { minutes: NO_FLOATS };
const NO_LETTER_FACTS: LetterFacts = { units: NO_FLOATS, amount: NO_FLOATS };
const NO_PERSON_FACTS: { cover: CoverFacts; history: HistoryFacts; guidelines: GuidelineFacts; pairs: PairFacts } = {
  cover: {
    age: NO_INTS,
    enrolment: NO_INTS,
    programme: NO_INTS,
    limitSlot: NO_INTS,
    limitUnits: NO_FLOATS,
    shareTotal: NO_FLOATS,
  },
  history: {
    previous: NO_INTS,
    duplicate: NO_INTS,
    duplicateElsewhere: NO_INTS,
    episodeUnits: NO_FLOATS,
    primaryBefore: NO_INTS,
    extraction: NO_INTS,
  },
  guidelines: {
    applying: NO_INTS,
    listing: NO_INTS,
    maxGuideline: NO_INTS,
    intervalGuideline: NO_INTS,
    contraindicating: NO_INTS,
    sexRule: NO_INTS,
    ageRule: NO_INTS,
    diagnosisRule: NO_INTS,
  },
  pairs: {
    bundledPair: NO_INTS,
    bundledWith: NO_INTS,
    exclusivePair: NO_INTS,
    exclusiveWith: NO_INTS,
    missingPair: NO_INTS,
    asked: new Uint8Array(0),
  },
};

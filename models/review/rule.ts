import type { CompiledReference } from './compile';
import type { CoverFacts } from './facts/cover';
import type { DoctorFacts } from './facts/doctor';
import type { GuidelineFacts } from './facts/guideline';
import type { HistoryFacts } from './facts/history';
import type { LetterFacts } from './facts/letter';
import type { LineFacts } from './facts/line';
import type { PairFacts } from './facts/pairs';
import type { LineTable, SubjectData } from './table';

/** Everything a rule may read. Facts of a scope that was not asked for are absent. */
export interface Review {
  compiled: CompiledReference;
  subjects: SubjectData;
  table: LineTable;
  lines: LineFacts;
  cover: CoverFacts;
  history: HistoryFacts;
  guidelines: GuidelineFacts;
  pairs: PairFacts;
  doctors: DoctorFacts;
  letters: LetterFacts;
}

export type Scope = 'person' | 'doctor-day' | 'letter';
export type Family = 'ELIG' | 'AUTH' | 'PRIC' | 'LIMI' | 'DUPL' | 'FREQ' | 'DEMO' | 'CLIN' | 'COMB' | 'PLAU';
export type Severity = 'high' | 'medium' | 'low';

/**
 * What a rule says about a line: one small integer, so that the hot loop neither allocates nor branches on texts.
 * Everything from 2 on says why the rule did not judge; `REASONS` has the words.
 */
export const PASS = 0;
export const HIT = 1;

/** Not applicable: the rule is not about such a line. */
export const NO_LETTER_CITED = 2;
export const NO_LETTER_NEEDED = 3;
export const NO_PRICE_ITEM = 4;
export const NOT_CAPITATION = 5;
export const NO_LIMIT = 6;
export const OTHER_KIND = 7;
export const NO_EPISODE = 8;
export const NOT_LISTED = 9;
export const NO_SUCH_RULE = 10;
export const NO_DOCTOR_TIME = 11;
export const NO_TERM = 12;
export const ALREADY_DUPLICATE = 13;
export const EXEMPT_KIND = 14;
/** Not evaluated: the rule would be about it, but a part that it has to read is missing. */
export const FIRST_NOT_EVALUATED = 32;
export const POLICY_UNKNOWN = 32;
export const NO_ENROLMENT = 33;
export const NO_SERVICE = 34;
export const NO_DIAGNOSIS = 35;
export const NO_GUIDELINE = 36;
export const CLINIC_UNKNOWN = 37;
export const NO_KIND = 38;
export const LETTER_UNKNOWN = 39;

export type OutcomeName = 'hit' | 'pass' | 'not-applicable' | 'not-evaluated';

export function outcomeName(outcome: number): OutcomeName {
  if (outcome === HIT) return 'hit';
  if (outcome === PASS) return 'pass';
  return outcome < FIRST_NOT_EVALUATED ? 'not-applicable' : 'not-evaluated';
}

/** Values a rule has read: plain JSON. Keys ending in `Kopecks` are money, those ending in `Date` are ISO dates. */
export type EvidenceValue = string | number | boolean | null;
export type Evidence = Record<string, EvidenceValue>;

/** Where a medical rule is written. `ruleId` is the guideline, pair or demographic rule of the pack. */
export interface ClauseRef {
  ruleId: string;
  title: string;
  source: string;
  clause: string;
}

export interface Rule {
  /** Finding code of the table in `formats.md`. */
  code: string;
  /** Stable name of this implementation of the code. */
  id: string;
  version: string;
  scope: Scope;
  family: Family;
  severity: Severity;
  /** `medical` rules are never refused without a named doctor. */
  ground: 'administrative' | 'medical';
  /** A column that is negative where the rule cannot hit: spares the hot loop the call. Absent = any line can hit. */
  suspects?: (review: Review) => Int32Array;
  /** Pure and allocation-free: returns one of the outcome numbers above. */
  check: (review: Review, row: number) => number;
  /** Kopecks of the insurer's share that the finding puts at risk; called for hits only. */
  atRisk: (review: Review, row: number) => number;
  /** What the rule reads, for findings and for "why was this line not flagged"; must work for any outcome. */
  values: (review: Review, row: number) => Evidence;
  /** The guideline, pair or demographic rule behind a hit; absent for cover, price and plausibility. */
  clause?: (review: Review, row: number) => ClauseRef | null;
}

/** The insurer's share of a line in kopecks, never negative. */
export function insurerShare({ table }: Review, row: number): number {
  return Math.max(0, table.amount[row]! - table.patientShare[row]!);
}

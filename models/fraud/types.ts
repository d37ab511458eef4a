import { SERVICE_KINDS } from '../service-kinds';

/**
 * Columnar input and output of the fraud models: typed arrays, so that a line costs few bytes and every pass is linear.
 * Indices are dense integers that the caller maps to its own codes; -1 means "none".
 */
export interface LineColumns {
  readonly length: number;
  readonly clinic: Int32Array;
  readonly doctor: Int32Array;
  readonly person: Int32Array;
  /** Days since 1970-01-01. */
  readonly day: Int32Array;
  readonly service: Int32Array;
  /** Dense index of the three-character ICD-10 category. */
  readonly diagnosis: Int32Array;
  readonly episode: Int32Array;
  readonly quantity: Int32Array;
  /** Insurer's share, kopecks: amount less the patient's share. */
  readonly payable: Float64Array;
}

/** Kind of a service that the nomenclature gives none of the known kinds. */
export const UNKNOWN_KIND = SERVICE_KINDS.length;

/** 0: not a typed visit, 1: primary visit, 2: repeat visit. */
export type VisitType = 0 | 1 | 2;

export interface ServiceColumns {
  readonly length: number;
  /** Index into SERVICE_KINDS, or UNKNOWN_KIND. */
  readonly kind: Uint8Array;
  /** Doctor's minutes of the nomenclature, 0 when it has none. */
  readonly minutes: Float64Array;
  readonly visitType: Uint8Array;
  readonly specialty: Int32Array;
}

export const QUESTIONS = [
  'visit-happened',
  'service-rendered',
  'duration-minutes',
  'paid-extra',
  'rating',
  'comment',
] as const;
export type Question = (typeof QUESTIONS)[number];

/** Answer of a yes/no question. */
export const ANSWER_NO = 0;
export const ANSWER_YES = 1;
export const ANSWER_UNSURE = 2;

/** What a comment says, as far as fraud goes. */
export const COMMENT_NEUTRAL = 0;
export const COMMENT_NOT_RENDERED = 1;
export const COMMENT_UPCODING = 2;

export interface AnswerColumns {
  readonly length: number;
  /** Row of LineColumns, or -1: the whole visit. */
  readonly line: Int32Array;
  readonly clinic: Int32Array;
  readonly person: Int32Array;
  readonly day: Int32Array;
  /** Index into QUESTIONS. */
  readonly question: Uint8Array;
  /** ANSWER_*, minutes, 1-5, or COMMENT_*. */
  readonly value: Float32Array;
}

/** A bundled pair of the guideline pack, as dense service indices (already expanded from prefixes). */
export interface BundledPair {
  readonly part: number;
  readonly whole: number;
  readonly windowDays: number;
}

export interface FraudInput {
  readonly clinics: number;
  readonly doctors: number;
  readonly lines: LineColumns;
  readonly services: ServiceColumns;
  readonly answers: AnswerColumns;
  readonly bundled: readonly BundledPair[];
  /** Doctor's minutes that one day can hold (guideline pack `day.max_doctor_minutes`). */
  readonly maxDoctorMinutes: number;
}

export const SCHEMES = ['phantom', 'upcoding', 'unbundling', 'impossible-days', 'network', 'sudden-change'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** One visible part of a score: a scheme with its posterior and the facts behind it. */
export interface ScorePart {
  readonly scheme: Scheme;
  /** Posterior probability of the scheme, 0-1. */
  readonly posterior: number;
  /** Estimated share of the unit's lines (phantom) or consultations (upcoding), 0-1; null where it has none. */
  readonly share: number | null;
  /** Expected recoverable amount, kopecks. */
  readonly expected: number;
  readonly facts: Readonly<Record<string, number>>;
}

export interface FraudAlert {
  readonly clinic: number;
  /** -1: the clinic as a whole. */
  readonly doctor: number;
  readonly scheme: Scheme;
  /** Calibrated probability that the named scheme runs at this unit. */
  readonly score: number;
  readonly expected: number;
  /** open: within the false-discovery limit and the capacity; watch: worth a survey, not a case. */
  readonly decision: 'open' | 'watch' | 'none';
  /** Posterior of the same scheme for the same doctor in another clinic, 0 where there is none. */
  readonly seenElsewhere: number;
  readonly parts: readonly ScorePart[];
}

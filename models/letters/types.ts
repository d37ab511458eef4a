import type { LocalizedText } from '../errors';

/** Prior authorisation as plain data. Money is integer kopecks, dates are 'YYYY-MM-DD', instants ISO with Z. */

export const URGENCIES = ['emergency', 'standard', 'planned-inpatient'] as const;
export type Urgency = (typeof URGENCIES)[number];

export const LETTER_STATES = [
  'draft',
  'submitted',
  'pended',
  'approved',
  'partially-approved',
  'refused',
  'amended',
  'used',
  'expired',
  'cancelled',
] as const;
export type LetterState = (typeof LETTER_STATES)[number];

export type LineOutcome = 'pended' | 'approved' | 'partial' | 'refused' | 'cancelled' | 'expired';
export type PendReason = 'documents' | 'expert';

/** A remark of the machine on a requested line, with the values it read. */
export interface LetterFinding {
  readonly code: string;
  readonly text: LocalizedText;
  readonly guidelineId: string | null;
  readonly clause: string | null;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What is left of one limit: units for a service prefix, kopecks of the insurer's share for `annual`. */
export interface LimitRoom {
  readonly key: string;
  /** First day of the contract year that the limit is of. */
  readonly yearStart: string;
  readonly unit: 'units' | 'kopecks';
  readonly cap: number;
  /** Cap less what was billed without a letter and what other open letters hold; may be negative. */
  readonly left: number;
}

/** Where a promise ends at the latest, and the code that says why. */
export interface TermEnd {
  /** The last day, 'YYYY-MM-DD'. */
  readonly date: string;
  /** `ELIG-02`: cover or the year of its limits ends; `AUTH-03`: the letter stands no longer by the contract's policy. */
  readonly reasonCode: 'ELIG-02' | 'AUTH-03';
}

/** Everything that the first answer on one line depends on, gathered before the decision. */
export interface LineFacts {
  readonly lineNo: number;
  readonly quantity: number;
  /** Contract price per unit; null = the clinic has no price for the service. */
  readonly unitPrice: number | null;
  readonly franchisePercent: number;
  readonly findings: readonly LetterFinding[];
  readonly limits: readonly LimitRoom[];
  /** Numbers of open letters for the same person and service whose period overlaps. */
  readonly duplicateLetters: readonly string[];
  readonly missingDocuments: readonly string[];
  /** Where a promise that is given now ends at the latest; null = nothing bounds it (not covered at all). */
  readonly termEnd: TermEnd | null;
  /** Days that a promise for the service stands, by the policy in force. */
  readonly validityDays: number;
  /** Service and clinic are in the trusted lane. */
  readonly trusted: boolean;
}

export interface LetterPolicy {
  readonly emergencyHours: number;
  readonly standardHours: number;
  readonly plannedInpatientHours: number;
  /** Requests up to this sum need no doctor when nothing was found. */
  readonly autoApproveKopecks: number;
  /** From this sum on two different doctors must agree. */
  readonly fourEyesKopecks: number;
  /** Escalation to the lead when this share of the clock is left. */
  readonly escalateBeforePercent: number;
  /** Days that a promise stands, and per service (the longest matching prefix goes before). */
  readonly validityDays: number;
  readonly validityRules: readonly { readonly service: string; readonly days: number }[];
  readonly documentRules: readonly { readonly service: string; readonly kinds: readonly string[] }[];
}

export interface LineAnswer {
  readonly lineNo: number;
  readonly outcome: LineOutcome;
  readonly quantity: number;
  /** Approved sum at the contract price. */
  readonly amount: number;
  readonly ground: 'administrative' | 'medical' | null;
  readonly reasonCode: string | null;
  readonly pendedFor: PendReason | null;
  readonly reasons: readonly LocalizedText[];
  /** What the approval takes of each limit. */
  readonly reserve: readonly { readonly key: string; readonly yearStart: string; readonly amount: number }[];
  /** Why it is pended, as codes: a finding's, or `documents`, `no-price`, `over-ceiling`. */
  readonly pendCodes: readonly string[];
}

export interface FirstAnswer {
  readonly state: Extract<LetterState, 'approved' | 'partially-approved' | 'refused' | 'pended'>;
  readonly pendedFor: PendReason | null;
  readonly fourEyes: boolean;
  readonly approvedKopecks: number;
  readonly trustedLane: boolean;
  readonly lines: readonly LineAnswer[];
}

/** A doctor who acts on a request, as the access layer named them. */
export interface ActingDoctor {
  readonly id: string;
  readonly fullName: string;
  readonly lead: boolean;
}

/** What a doctor decides on one line. Money in kopecks, days 'YYYY-MM-DD'. */
export type LineDecision =
  | { readonly lineNo: number; readonly kind: 'approve' }
  | {
      readonly lineNo: number;
      readonly kind: 'approve-part';
      readonly quantity: number;
      /** Ceiling of the sum in kopecks; null = quantity at the contract price. */
      readonly amount: number | null;
      readonly periodFrom: string | null;
      readonly periodTo: string | null;
      readonly reasonCode: string;
      readonly clause: string;
    }
  | {
      readonly lineNo: number;
      readonly kind: 'refuse';
      readonly ground: 'administrative' | 'medical';
      readonly reasonCode: string;
      readonly clause: string;
    };

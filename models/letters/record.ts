import type { Deadline } from '../calendar';
import type { LetterState, LineDecision, LineOutcome, PendReason, Urgency } from './types';

/** A request as it is stored, without personal data beyond opaque ids. Instants ISO, dates 'YYYY-MM-DD', kopecks. */
export interface LetterRecord {
  readonly requestId: string;
  readonly number: string | null;
  readonly urgency: Urgency;
  readonly state: LetterState;
  readonly pendedFor: PendReason | null;
  readonly submittedAt: string;
  readonly finalAt: string | null;
  readonly clock: Deadline | null;
  readonly escalatedAt: string | null;
  readonly overdue: boolean;
  /** First of the two doctors when four eyes are due, and what that doctor proposed. */
  readonly proposedBy: string | null;
  readonly proposal: readonly LineDecision[] | null;
  /** Two doctors disagreed: only a lead expert decides now. */
  readonly awaitsLead: boolean;
  /** Doctors who decided so far: an appeal goes to somebody else. */
  readonly decidedBy: readonly string[];
  readonly validTo: string | null;
  readonly requestedKopecks: number;
  readonly fourEyesKopecks: number;
  /** Escalation when this share of the clock is left. */
  readonly escalateBeforePercent: number;
  readonly lines: readonly LetterRecordLine[];
}

export interface LetterRecordLine {
  readonly lineNo: number;
  readonly quantity: number;
  readonly unitPrice: number | null;
  readonly periodFrom: string;
  readonly periodTo: string;
  /** Days that a promise for the line stands, by the policy of the day it was asked for; null = none was kept. */
  readonly validityDays: number | null;
  readonly outcome: LineOutcome;
  readonly approvedQuantity: number;
  readonly approvedKopecks: number;
  readonly approvedFrom: string | null;
  readonly approvedTo: string | null;
  /** Units that invoice lines have taken already. */
  readonly usedQuantity: number;
  readonly usedKopecks: number;
  readonly ground: 'administrative' | 'medical' | null;
  readonly reasonCode: string | null;
  readonly clause: string | null;
  readonly author: LineAuthor | null;
}

export type LineAuthor =
  | { readonly kind: 'rule'; readonly ruleSetVersion: string }
  | { readonly kind: 'doctor'; readonly id: string; readonly name: string };

/** The insurer's promise stands: decided so, or being appealed, which takes nothing away. */
export function isPromised(line: Pick<LetterRecordLine, 'outcome' | 'approvedQuantity'>): boolean {
  return line.outcome === 'approved' || line.outcome === 'partial' || isAppealedPromise(line);
}

/** A cut that is appealed: what was promised before still stands. */
export function isAppealedPromise(line: Pick<LetterRecordLine, 'outcome' | 'approvedQuantity'>): boolean {
  return line.outcome === 'pended' && line.approvedQuantity > 0;
}

/** Letter states in which its promise stands. */
export function isInForce(record: Pick<LetterRecord, 'state'>): boolean {
  return record.state === 'approved' || record.state === 'partially-approved' || record.state === 'amended';
}

/** State of a request by its lines: what is pended first, then what is promised. */
export function stateByLines(lines: readonly Pick<LetterRecordLine, 'outcome' | 'approvedQuantity'>[]): LetterState {
  if (lines.some((line) => line.outcome === 'pended')) return 'pended';
  if (lines.every((line) => line.outcome === 'approved')) return 'approved';
  if (lines.some(isPromised)) return 'partially-approved';
  return lines.every((line) => line.outcome === 'cancelled') ? 'cancelled' : 'refused';
}

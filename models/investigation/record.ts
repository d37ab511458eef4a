import type { Scheme } from '../fraud/types';

export const OUTCOMES = ['confirmed', 'error', 'unfounded'] as const;
/** confirmed: deliberate; error: wrong bills without intent; unfounded: nothing wrong. */
export type Outcome = (typeof OUTCOMES)[number];

export const LINE_RESULTS = ['not-rendered', 'upcoded', 'unbundled', 'error', 'fine'] as const;
export type LineResult = (typeof LINE_RESULTS)[number];

export interface CaseLine {
  readonly lineId: number;
  /** Insurer's share, kopecks: no more than this can be recovered. */
  readonly payableKopecks: number;
  /** Probability of "not rendered" when the case was opened; null where the scheme is another. */
  readonly posterior: number | null;
}

export interface CaseTask {
  readonly taskId: string;
  readonly text: string;
  readonly createdAt: string;
  readonly doneAt: string | null;
  readonly result: string | null;
}

export interface CaseLetter {
  readonly letterId: string;
  readonly subject: string;
  readonly text: string;
  readonly sentAt: string;
  readonly answerDueAt: string;
  readonly overdue: boolean;
  readonly answeredAt: string | null;
  readonly answerText: string | null;
}

export interface CaseHold {
  readonly lineIds: readonly number[];
  readonly placedAt: string;
  /** Computed once, from the first hold of the case; later lines share it. */
  readonly dueAt: string;
  readonly calendarVersion: string;
  readonly releasedAt: string | null;
  readonly released: 'deadline' | 'decision' | 'closed' | null;
}

export interface CasePerson {
  readonly id: string;
  readonly name: string | null;
  readonly role: string;
}

export interface CaseProposal {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly by: CasePerson;
  readonly at: string;
  readonly lines: readonly {
    readonly lineId: number;
    readonly result: LineResult;
    readonly recoverKopecks: number;
  }[];
}

/** Everything that acts change. Money in kopecks, instants ISO. */
export interface CaseRecord {
  readonly caseId: string;
  readonly scheme: Scheme;
  readonly state: 'open' | 'proposed' | 'closed';
  readonly lines: readonly CaseLine[];
  readonly tasks: readonly CaseTask[];
  readonly letters: readonly CaseLetter[];
  readonly hold: CaseHold | null;
  readonly proposal: CaseProposal | null;
  readonly outcome: Outcome | null;
  readonly confirmedBy: CasePerson | null;
  readonly recoveryKopecks: number;
  readonly closedAt: string | null;
}

/** A case as it begins. */
export function newCase(caseId: string, scheme: Scheme, lines: readonly CaseLine[]): CaseRecord {
  return {
    caseId,
    scheme,
    state: 'open',
    lines,
    tasks: [],
    letters: [],
    hold: null,
    proposal: null,
    outcome: null,
    confirmedBy: null,
    recoveryKopecks: 0,
    closedAt: null,
  };
}

import type { CasePerson, LineResult, Outcome } from './record';

/** What people and clocks do with a case. */
export type CaseAct =
  | { readonly kind: 'hold'; readonly by: CasePerson; readonly lineIds: readonly number[] }
  | { readonly kind: 'release-hold'; readonly by: CasePerson; readonly reason: string }
  | { readonly kind: 'add-task'; readonly by: CasePerson; readonly text: string }
  | { readonly kind: 'finish-task'; readonly by: CasePerson; readonly taskId: string; readonly result: string }
  | { readonly kind: 'write-letter'; readonly by: CasePerson; readonly subject: string; readonly text: string }
  | { readonly kind: 'clinic-answer'; readonly by: CasePerson; readonly letterId: string; readonly text: string }
  | { readonly kind: 'note'; readonly by: CasePerson; readonly text: string }
  | {
      readonly kind: 'propose';
      readonly by: CasePerson;
      readonly outcome: Outcome;
      readonly reason: string;
      readonly lines: readonly { lineId: number; result: LineResult; recoverKopecks: number }[];
    }
  | { readonly kind: 'return'; readonly by: CasePerson; readonly reason: string }
  | { readonly kind: 'confirm'; readonly by: CasePerson }
  | { readonly kind: 'hold-deadline' }
  | { readonly kind: 'letter-overdue' };

export interface KeyedAct {
  /** The request's key: the same key twice is one act. */
  readonly key: string;
  readonly at: string;
  readonly act: CaseAct;
}

/** Lengths of waits; parameters, so that tests use seconds. */
export interface CaseTimes {
  /** Business days for which payment may wait for a case. */
  readonly holdDays: number;
  /** Business days in which a clinic answers a letter. */
  readonly answerDays: number;
  /** Milliseconds of such a day; null: days of the production calendar. */
  readonly dayMs: number | null;
}

export const CASE_TIMES: CaseTimes = { holdDays: 20, answerDays: 5, dayMs: null };

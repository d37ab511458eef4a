import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { CaseAct } from '../models/investigation/acts';
import type { CaseRecord } from '../models/investigation/record';

export function fraudCaseWorkflowId(caseId: string): string {
  return `fraud-case/${caseId}`;
}

export interface FraudCaseInput {
  readonly caseId: string;
  /** Set by continue-as-new only. */
  readonly view?: CaseClockView;
}

/** The case and the stored instants that its workflow sleeps to. */
export interface CaseClockView {
  readonly record: CaseRecord;
  readonly holdDueAt: string | null;
  readonly letterDueAt: string | null;
}

/** Any act of a person; the Update id is the request's key, so the same act happens once. */
export const caseActUpdate = defineUpdate<CaseClockView, [{ readonly act: CaseAct; readonly key: string }]>('act');
export const caseRecordQuery = defineQuery<CaseClockView | null>('record');

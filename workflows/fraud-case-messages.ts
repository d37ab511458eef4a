import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { CaseAct } from '../models/investigation/acts';
import type { CaseClocks } from '../models/investigation/apply-act';

export function fraudCaseWorkflowId(caseId: string): string {
  return `fraud-case/${caseId}`;
}

export interface FraudCaseInput {
  readonly caseId: string;
  /** Set by continue-as-new only. */
  readonly view?: CaseClocks;
}

/** Any act of a person; the Update id is the request's key, so the same act happens once. */
export const caseActUpdate = defineUpdate<CaseClocks, [{ readonly act: CaseAct; readonly key: string }]>('act');
export const caseRecordQuery = defineQuery<CaseClocks | null>('record');

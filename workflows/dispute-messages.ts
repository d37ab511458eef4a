import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { DisputeDecision } from '../models/disputes/decide';
import type { CaseAuthor } from '../models/review-case/decisions';
import type { Queues } from './messages';

export function disputeWorkflowId(disputeId: string): string {
  return `dispute/${disputeId}`;
}

export interface DisputeInput {
  readonly disputeId: string;
  readonly queues?: Queues;
}

/** Where a dispute stands; instants are stored, the workflow only sleeps to them. */
export interface DisputeView {
  readonly state: 'open' | 'decided';
  readonly openLines: number;
  readonly escalateAt: string | null;
}

export interface DecideDisputeCommand {
  readonly requestId: string;
  readonly author: CaseAuthor;
  readonly decisions: readonly DisputeDecision[];
}

export const decideDisputeUpdate = defineUpdate<DisputeView, [DecideDisputeCommand]>('decide-dispute');
export const disputeQuery = defineQuery<DisputeView | null>('dispute');

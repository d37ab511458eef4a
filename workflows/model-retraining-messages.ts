import type { ScheduleOptions } from '@temporalio/client';
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { GateLimits } from '../models/underwriting/gate';

export interface RetrainingSettings {
  /** The period on which champion and challenger are compared; the challenger learns from those before. Null: the last. */
  readonly period: number | null;
  readonly effort: 'full' | 'quick';
  readonly seed: number;
  /** Stricter limits of the gate than those that stand in the installation. */
  readonly limits: Partial<GateLimits>;
  /** Payouts and people from the insurer's own invoices and enrolments first. */
  readonly refreshFromInvoices: boolean;
  /** The model that ships stands for the challenger: how a new installation gets its first model without training. */
  readonly shipped: boolean;
  /** Days that a model which passed the gate waits for its two people. */
  readonly waitDays: number;
}

export const STANDARD_RETRAINING: RetrainingSettings = {
  period: null,
  effort: 'full',
  seed: 1,
  limits: {},
  refreshFromInvoices: true,
  shipped: false,
  waitDays: 30,
};

/** Queues of a retraining; tests give names of their own. */
export interface RetrainingQueues {
  readonly flow: string;
  readonly ml: string;
}

export interface RetrainingInput {
  readonly settings?: Partial<RetrainingSettings>;
  readonly requestedBy?: string | null;
  readonly queues?: RetrainingQueues;
}

export type RetrainingState = 'running' | 'refused' | 'waiting' | 'released' | 'declined' | 'expired' | 'failed';

export interface RetrainingView {
  readonly trainingId: string | null;
  readonly state: RetrainingState;
  readonly stage: string;
  readonly version: string | null;
  readonly proposedBy: string | null;
  readonly confirmedBy: string | null;
}

export interface ReleaseVote {
  readonly requestId: string;
  /** Account id of the person. */
  readonly by: string;
  readonly reason: string;
}

export const approveReleaseUpdate = defineUpdate<RetrainingView, [ReleaseVote]>('approve-release');
export const declineReleaseUpdate = defineUpdate<RetrainingView, [ReleaseVote]>('decline-release');
export const retrainingQuery = defineQuery<RetrainingView>('retraining');

const PREFIX = 'model-retraining/';

/** The part behind the prefix is the business key, unique in Postgres. */
export function retrainingWorkflowId(businessKey: string): string {
  return `${PREFIX}${businessKey}`;
}

export function retrainingKey(workflowId: string): string {
  return workflowId.slice(PREFIX.length);
}

export const RETRAINING_SCHEDULE_ID = 'model-retraining';

/** Monthly, Moscow time; retrainings never overlap: one that still waits for its two people lets the next one pass by. */
export function retrainingSchedule(
  calendar: { readonly dayOfMonth: number; readonly hour: number } = { dayOfMonth: 5, hour: 3 },
  paused = false,
  settings: Partial<RetrainingSettings> = {},
  queues?: RetrainingQueues,
) {
  return {
    spec: { calendars: [{ ...calendar, minute: 0 }], timezone: 'Europe/Moscow' },
    policies: { overlap: 'SKIP', catchupWindow: '3 days' },
    state: { paused },
    action: {
      type: 'startWorkflow',
      workflowType: 'modelRetraining',
      workflowId: retrainingWorkflowId('schedule'),
      taskQueue: queues?.flow ?? 'medex-flow',
      args: [{ settings, ...(queues === undefined ? {} : { queues }) }],
    },
  } as const satisfies Omit<ScheduleOptions, 'scheduleId'>;
}

import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { BatchTuning, ChunkCursor, Queues, TakenBatch } from './messages';

export function shadowWorkflowId(runId: string): string {
  return `shadow-run/${runId}`;
}

export interface ShadowRunInput {
  readonly runId: string;
  readonly tuning?: Partial<BatchTuning>;
  readonly queues?: Queues;
  /** Set by continue-as-new only. */
  readonly resume?: {
    readonly taken: TakenBatch;
    readonly cursor: ChunkCursor;
    readonly chunksDone: number;
    readonly paused: boolean;
  };
}

export interface ShadowProgress {
  readonly phase: 'preparing' | 'running' | 'finishing' | 'done' | 'cancelled';
  readonly paused: boolean;
  readonly chunksDone: number;
  readonly chunksTotal: number;
}

export const shadowProgressQuery = defineQuery<ShadowProgress>('shadow-progress');
export const pauseShadowUpdate = defineUpdate<ShadowProgress, []>('pause-shadow');
export const resumeShadowUpdate = defineUpdate<ShadowProgress, []>('resume-shadow');
export const cancelShadowUpdate = defineUpdate<ShadowProgress, []>('cancel-shadow');

/** A published or reverted version: what has to be reviewed again. */
export interface ActivationInput {
  /** `publish/<version id>` or `revert/<version id>`: the business key of the re-review's batch. */
  readonly key: string;
  /** First service date that the change concerns; null: every date. */
  readonly from: string | null;
  readonly tuning?: Partial<BatchTuning>;
  readonly queues?: Queues;
  readonly resume?: { readonly taken: TakenBatch; readonly cursor: ChunkCursor; readonly chunksDone: number };
}

export function activationWorkflowId(key: string): string {
  return `rule-activation/${key}`;
}

export interface ActivationProgress {
  readonly batchId: string | null;
  readonly phase: 'taking' | 'checking' | 'finishing' | 'done' | 'nothing-to-do';
  readonly chunksDone: number;
  readonly chunksTotal: number;
}
export const activationQuery = defineQuery<ActivationProgress>('activation');

import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CaseAuthor, LineDecision } from '../models/review-case/decisions';

/** Task queues: workflows and light I/O, review chunks, model work. A worker process serves any set of them. */
export const FLOW_QUEUE = 'medex-flow';
export const REVIEW_QUEUE = 'medex-review';
export const ML_QUEUE = 'medex-ml';

/** Other queue names, for tests that share one server. */
export interface Queues {
  readonly flow: string;
  readonly review: string;
}
export const DEFAULT_QUEUES: Queues = { flow: FLOW_QUEUE, review: REVIEW_QUEUE };

/** Which untaken current invoice versions a batch takes. Ids are the public, opaque ones. */
export type BatchSelection =
  | { readonly kind: 'untaken' }
  | { readonly kind: 'invoice'; readonly versionId: string }
  | { readonly kind: 'file'; readonly fileId: string };

/** The parts that are checked one by one; `invoice` is the routing pass. */
export type ChunkScope = 'person' | 'doctor-day' | 'letter' | 'invoice';

/** A chunk of work: positions in the batch's numbered subjects, never lists of ids. */
export interface ChunkRef {
  readonly batchId: string;
  readonly scope: ChunkScope;
  readonly offset: number;
  readonly length: number;
}

/** How a batch is cut. None of it changes a finding. */
export interface BatchTuning {
  /** Chunks in flight. */
  readonly window: number;
  readonly chunk: Readonly<Record<ChunkScope, number>>;
  /** History events after which the run continues as new. */
  readonly maxEvents: number;
}
export const DEFAULT_TUNING: BatchTuning = {
  window: 4,
  chunk: { person: 500, 'doctor-day': 1000, letter: 500, invoice: 60 },
  maxEvents: 4000,
};

export interface BatchReviewInput {
  readonly selection: BatchSelection;
  readonly tuning?: Partial<BatchTuning>;
  readonly queues?: Queues;
  /** Set by continue-as-new only. */
  readonly resume?: BatchResume;
}

export interface TakenBatch {
  readonly batchId: string;
  readonly lines: number;
  readonly subjects: Readonly<Record<ChunkScope, number>>;
}

export interface BatchResume {
  readonly taken: TakenBatch;
  readonly cursor: ChunkCursor;
  readonly chunksDone: number;
  readonly paused: boolean;
}

/** Next chunk: phase 0 checks person, doctor-day and letter chunks; phase 1 routes invoices. */
export interface ChunkCursor {
  readonly scope: ChunkScope | null;
  readonly offset: number;
}

export interface BatchProgress {
  readonly batchId: string | null;
  readonly phase: 'taking' | 'checking' | 'routing' | 'finishing' | 'done' | 'nothing-to-do';
  readonly paused: boolean;
  readonly chunksDone: number;
  readonly chunksTotal: number;
  readonly lines: number;
}

/** Workflow id of a batch: the business key is what is unique for ever in Postgres too. */
export function batchWorkflowId(businessKey: string): string {
  return `batch-review/${businessKey}`;
}

export const progressQuery = defineQuery<BatchProgress>('progress');
export const pauseUpdate = defineUpdate<BatchProgress, []>('pause');
export const resumeUpdate = defineUpdate<BatchProgress, []>('resume');

export interface InvoiceReviewInput {
  /** Public id of the invoice version. */
  readonly versionId: string;
  readonly queues?: Queues;
  readonly tuning?: Partial<BatchTuning>;
}

export function invoiceWorkflowId(versionId: string): string {
  return `invoice-review/${versionId}`;
}

/** Every command carries the request's id: the same request twice is one decision. */
interface Command {
  readonly requestId: string;
  readonly author: CaseAuthor;
}
export interface DecideCommand extends Command {
  readonly taskId: string;
  /** The task's revision that the expert saw; null skips the check. */
  readonly revision: number | null;
  readonly decisions: readonly LineDecision[];
}
export interface HoldCommand extends Command {
  readonly taskId: string;
  readonly revision: number | null;
  readonly textToClinic: string;
}
export interface AnswerCommand {
  readonly requestId: string;
  readonly taskId: string;
  readonly documentRequestId: string;
  readonly answerText: string;
}
export interface ReverseCommand extends Command {
  readonly decision: LineDecision;
}

/** What every command answers: the task (null for a reversal) and where the invoice stands. */
export interface CommandResult {
  readonly taskId: string | null;
  readonly taskState: string | null;
  readonly revision: number | null;
  readonly openTasks: number;
  readonly invoiceState: string;
}

export const decideUpdate = defineUpdate<CommandResult, [DecideCommand]>('decide');
export const holdUpdate = defineUpdate<CommandResult, [HoldCommand]>('hold');
export const answerUpdate = defineUpdate<CommandResult, [AnswerCommand]>('answer-documents');
export const reverseUpdate = defineUpdate<CommandResult, [ReverseCommand]>('reverse');
/** Something else changed the case (a newer version of the invoice): read it again. */
export const caseChangedSignal = defineSignal('case-changed');
export const caseQuery = defineQuery<CaseView>('case');

/** Where an invoice version stands. Instants are ISO, computed once and stored: the workflow only sleeps to them. */
export interface CaseView {
  /** received, checked, waiting, decided, act-issued, settle-ready or superseded. */
  readonly state: string;
  readonly openTasks: number;
  /** When the next task has to be escalated; null: none, or their clocks stand still. */
  readonly nextEscalationAt: string | null;
}

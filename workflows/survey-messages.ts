import { defineQuery } from '@temporalio/workflow';

/** How a day's surveys are chosen and when they are reminded of; parameters, so that tests use seconds. */
export interface SurveyRules {
  /** Surveys a day. */
  readonly budget: number;
  /** Share of the budget drawn evenly. */
  readonly auditShare: number;
  readonly periodDays: number;
  readonly quietDays: number;
  /** Visits older than this are not asked about. */
  readonly oldestDays: number;
  readonly remindAfterMs: number;
  readonly expireAfterMs: number;
}

const DAY_MS = 86_400_000;
export const SURVEY_RULES: SurveyRules = {
  budget: 1500,
  auditShare: 0.3,
  periodDays: 365,
  quietDays: 30,
  oldestDays: 60,
  remindAfterMs: 3 * DAY_MS,
  expireAfterMs: 14 * DAY_MS,
};

export interface FeedbackSurveyInput {
  /** The day whose received invoices are asked about; absent (a Schedule): the day before the start. */
  readonly day?: string;
  readonly rules?: Partial<SurveyRules>;
}

/** Where the day's surveys stand. Instants are stored; the workflow only sleeps to them. */
export interface SurveyRoundView {
  readonly roundId: string;
  readonly day: string;
  readonly visits: number;
  readonly chosen: number;
  readonly remindAt: string;
  readonly expiresAt: string;
  readonly closedAt: string | null;
}

export function surveyWorkflowId(day: string): string {
  return `feedback-survey/${day}`;
}

export const surveyRoundQuery = defineQuery<SurveyRoundView | null>('round');

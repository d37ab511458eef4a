import { isPlainIsoDay, parseDay } from './dates';
import type { DayNumber } from './dates';
import type { RowReader } from './row-reader';

export const FEEDBACK_QUESTIONS = [
  'visit-happened',
  'service-rendered',
  'duration-minutes',
  'paid-extra',
  'rating',
  'comment',
] as const;
export type FeedbackQuestion = (typeof FEEDBACK_QUESTIONS)[number];

/** One answer of a survey. `lineNo` null: about the whole visit. */
export interface FeedbackRow {
  surveyId: string;
  clinicCode: string;
  invoiceNo: string;
  lineNo: number | null;
  policyNo: string;
  visitDay: DayNumber;
  /** YYYY-MM-DDThh:mm, local time of the person. */
  answeredAt: string;
  question: FeedbackQuestion;
  answer: string;
}

const YES_NO = ['yes', 'no', 'unsure'] as const;
const ANSWER_LENGTH = 4000;

export function readFeedback(row: RowReader): FeedbackRow {
  const question = row.oneOf('question', FEEDBACK_QUESTIONS);
  return {
    surveyId: row.identifier('survey_id'),
    clinicCode: row.identifier('clinic_code'),
    invoiceNo: row.identifier('invoice_no'),
    lineNo: row.optionalWhole('line_no', 0, 2_147_483_647),
    policyNo: row.identifier('policy_no'),
    visitDay: row.day('visit_date'),
    answeredAt: readAnsweredAt(row),
    question,
    answer: readAnswer(row, question),
  };
}

function readAnsweredAt(row: RowReader): string {
  const text = row.text('answered_at', 40);
  if (text === '') return '';
  const day = text.slice(0, 10);
  const time = /^[T ]([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?$/.exec(text.slice(10));
  if (isPlainIsoDay(day) && !Number.isNaN(parseDay(day)) && time) return `${day}T${time[1]}:${time[2]}`;
  row.add('date-time', 'answered_at', text);
  return '';
}

function readAnswer(row: RowReader, question: FeedbackQuestion): string {
  switch (question) {
    case 'visit-happened':
    case 'service-rendered':
    case 'paid-extra':
      return row.oneOf('answer', YES_NO);
    case 'duration-minutes':
      return String(row.whole('answer', 0, 10_000));
    case 'rating':
      return String(row.whole('answer', 1, 5));
    case 'comment':
      return row.optionalText('answer', ANSWER_LENGTH);
  }
}

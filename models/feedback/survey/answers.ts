import { AppError } from '../../errors';
import type { SurveyQuestion } from './questions';

/** Answers as the page sends them: question id to text. */
export type SubmittedAnswers = Readonly<Record<string, string>>;

/** One row as in feedback.csv, without the identifiers of survey and visit. */
export interface AnswerRow {
  readonly lineNo: number | null;
  readonly question: SurveyQuestion['question'];
  readonly answer: string;
}

const LONGEST_COMMENT = 2000;

function invalid(id: string, ru: string, en: string): AppError {
  return new AppError('survey-answer-invalid', { ru, en }, { httpStatus: 422, details: { question: id } });
}

function check(question: SurveyQuestion, raw: string): string {
  const value = raw.trim();
  switch (question.answer) {
    case 'yes-no-unsure':
      if (value === 'yes' || value === 'no' || value === 'unsure') return value;
      throw invalid(question.id, 'Выберите «да», «нет» или «не помню».', 'Choose yes, no or not sure.');
    case 'minutes':
      if (/^\d{1,3}$/.test(value) && Number(value) <= 600) return String(Number(value));
      throw invalid(question.id, 'Укажите минуты числом от 0 до 600.', 'Give minutes as a number from 0 to 600.');
    case 'stars':
      if (/^[1-5]$/.test(value)) return value;
      throw invalid(question.id, 'Поставьте оценку от 1 до 5.', 'Rate from 1 to 5.');
    case 'text':
      if (value.length <= LONGEST_COMMENT) return value;
      throw invalid(question.id, `Не длиннее ${LONGEST_COMMENT} знаков.`, `At most ${LONGEST_COMMENT} characters.`);
  }
}

/**
 * Turns a submitted page into feedback rows. An answer on one fact counts for each of its lines. When the visit did not
 * happen, what was asked about its services is dropped: the person answered it already. Empty answers are skipped.
 *
 * @throws AppError survey-answer-invalid (422) naming the question, for the first value out of range, an unknown
 * question, or a missing required answer
 */
export function mapAnswers(questions: readonly SurveyQuestion[], submitted: SubmittedAnswers): AnswerRow[] {
  const known = new Set(questions.map((question) => question.id));
  for (const id of Object.keys(submitted)) {
    if (!known.has(id)) throw invalid(id, 'Такого вопроса в опросе нет.', 'The survey has no such question.');
  }
  const rows: AnswerRow[] = [];
  let happened = true;
  for (const question of questions) {
    const raw = submitted[question.id]?.trim() ?? '';
    if (raw === '') {
      if (question.required) throw invalid(question.id, 'Ответьте на этот вопрос.', 'Please answer this question.');
      continue;
    }
    const answer = check(question, raw);
    if (question.question === 'visit-happened') happened = answer !== 'no';
    const aboutVisit = question.question === 'service-rendered' || question.question === 'duration-minutes';
    if (!happened && aboutVisit) continue;
    const lineNos = question.lineNos.length > 0 ? question.lineNos : [null];
    for (const lineNo of lineNos) rows.push({ lineNo, question: question.question, answer });
  }
  return rows;
}

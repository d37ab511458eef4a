import { AppError } from '../errors';
import type { LocalizedText } from '../errors';

/** Why a command on a review task is not carried out. `facts` never holds personal data. */
export interface CaseProblem {
  readonly code: CaseProblemCode;
  readonly httpStatus: number;
  readonly text: LocalizedText;
  readonly facts: Readonly<Record<string, string | number | null>>;
}

const PROBLEMS = {
  'decision.empty': [422, 'Нет ни одного решения по строке', 'No line is decided'],
  'decision.bad-line': [422, 'Номер строки не читается', 'Not a line number'],
  'decision.twice': [422, 'Строка решена дважды в одном запросе', 'A line is decided twice in one request'],
  'decision.bad-text': [
    422,
    'Текст слишком длинный или содержит нулевой символ',
    'Text too long, or with a NUL character',
  ],
  'decision.bad-kind': [422, 'Решение: accept, reduce или refuse', 'A decision is accept, reduce or refuse'],
  'decision.accept-is-plain': [
    422,
    'Принятая строка не имеет ни причины, ни суммы',
    'An accepted line has neither reason nor amount',
  ],
  'decision.no-reason': [
    422,
    'Нужен код причины из справочника замечаний',
    'A reason code of the finding catalogue is needed',
  ],
  'decision.amount': [
    422,
    'Сумма нужна только для уменьшения: целые копейки, не меньше нуля',
    'Only a reduction has an amount: whole kopecks, not below zero',
  ],
  'decision.no-doctor': [
    403,
    'Решение по строке принимает врач, названный по имени',
    'A line is decided by a doctor with a name',
  ],
  'decision.not-a-reduction': [
    422,
    'Сумма к оплате не меньше выставленной: это не уменьшение',
    'The amount to pay is not below what was billed: no reduction',
  ],
  'decision.unknown-line': [422, 'Строка не входит в задание', 'The line is not part of the task'],
  'decision.already': [409, 'Строка уже решена', 'The line is already decided'],
  'task.unknown': [404, 'Такого задания нет', 'There is no such task'],
  'task.held': [409, 'Задание у другого эксперта', 'Another expert holds the task'],
  'task.not-held': [409, 'Сначала возьмите задание', 'Claim the task first'],
  'task.closed': [409, 'Задание закрыто', 'The task is closed'],
  'task.on-hold': [409, 'Задание ждёт документов клиники', 'The task waits for documents'],
  'task.stale': [412, 'Задание изменилось, прочитайте его снова', 'The task has changed, read it again'],
  'task.no-question': [422, 'Вопрос клинике пуст или слишком длинный', 'The question is empty or too long'],
  'documents.unknown': [404, 'Такого запроса документов нет', 'There is no such document request'],
  'documents.answered': [409, 'На этот запрос уже ответили', 'This request is already answered'],
  'verdict.none': [409, 'У строки нет действующего решения', 'The line has no active verdict'],
  'verdict.no-lead': [403, 'Решение отменяет ведущий эксперт', 'A lead expert reverses a verdict'],
  'invoice.unknown': [404, 'Такого счёта нет', 'There is no such invoice'],
  'invoice.superseded': [409, 'Есть новая версия счёта', 'The invoice has a newer version'],
} as const satisfies Record<string, readonly [number, string, string]>;

export type CaseProblemCode = keyof typeof PROBLEMS;

/** @param about the line at fault, when one is */
export function problem(
  code: CaseProblemCode,
  about?: { readonly lineNo: number },
  facts: Readonly<Record<string, string | number | null>> = {},
): CaseProblem {
  const [httpStatus, ru, en] = PROBLEMS[code];
  return { code, httpStatus, text: { ru, en }, facts: about ? { lineNo: about.lineNo, ...facts } : facts };
}

export function isProblem(value: object): value is CaseProblem {
  return 'code' in value && 'httpStatus' in value;
}

export function problemError(found: CaseProblem): AppError {
  return new AppError(found.code, found.text, { httpStatus: found.httpStatus, details: found.facts });
}

import type { LocalizedText } from '../../models/errors';
import { AppError, isAppError } from '../../models/errors';
import type { Locale } from './context';
import type { FieldError } from './validation';

/** RFC 9457 problem document. `code` is stable; texts are in the caller's language. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly errors?: readonly { path: string; rule: string; message: string; fix?: string }[];
  readonly details?: Readonly<Record<string, unknown>>;
}

const TITLES: Readonly<Record<number, LocalizedText>> = {
  400: { ru: 'Неверный запрос', en: 'Bad request' },
  401: { ru: 'Нужен вход', en: 'Login required' },
  403: { ru: 'Нет права', en: 'Forbidden' },
  404: { ru: 'Не найдено', en: 'Not found' },
  405: { ru: 'Метод не поддерживается', en: 'Method not allowed' },
  406: { ru: 'Нет подходящего представления', en: 'Not acceptable' },
  409: { ru: 'Конфликт', en: 'Conflict' },
  412: { ru: 'Данные уже изменены', en: 'The data has changed' },
  413: { ru: 'Слишком большой запрос', en: 'The request is too large' },
  415: { ru: 'Неподдерживаемый тип данных', en: 'Unsupported media type' },
  422: { ru: 'Запрос нельзя выполнить', en: 'The request cannot be carried out' },
  423: { ru: 'Заблокировано', en: 'Locked' },
  428: { ru: 'Нужна версия данных', en: 'A version is required' },
  429: { ru: 'Слишком много запросов', en: 'Too many requests' },
  500: { ru: 'Внутренняя ошибка', en: 'Internal error' },
  503: { ru: 'Временно недоступно', en: 'Temporarily unavailable' },
};

/** The document for an error. Unknown errors say nothing of their inside: the log has it under the same request id. */
export function toProblem(error: AppError, locale: Locale, requestId: string): Problem {
  const { errors, ...details } = error.details as { errors?: readonly FieldError[] } & Record<string, unknown>;
  const title = TITLES[error.httpStatus] ?? TITLES[error.httpStatus >= 500 ? 500 : 400]!;
  return {
    type: `urn:medex:problem:${error.code}`,
    title: title[locale],
    status: error.httpStatus,
    detail: error.text[locale],
    instance: `urn:medex:request:${requestId}`,
    code: error.code,
    ...(errors === undefined ? {} : { errors: errors.map((item) => localise(item, locale)) }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

/** Seconds for Retry-After, when the error says or implies them. */
export function retryAfter(error: AppError): number | null {
  const said = error.details['retryAfterSeconds'];
  if (typeof said === 'number') return said;
  return error.httpStatus === 503 ? 1 : null;
}

/** Every error as an AppError: parsers' and database's errors by their codes, anything else as `internal-error`. */
export function toAppError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const { type, status, code } = (error ?? {}) as { type?: string; status?: number; code?: string };
  const parser = type === undefined ? undefined : PARSER_ERRORS[type];
  if (parser !== undefined) return fault(parser[0], parser[1], parser[2], parser[3], error);
  if (error instanceof URIError || (status === 400 && type === undefined)) {
    return fault(400, 'malformed-request', 'Запрос не разобрать', 'The request cannot be read', error);
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return fault(status, 'malformed-request', 'Запрос не разобрать', 'The request cannot be read', error);
  }
  const known = typeof code === 'string' ? databaseError(code, error) : null;
  return known ?? connectionError(error) ?? temporalError(error) ?? internal(error);
}

const PARSER_ERRORS: Readonly<Record<string, readonly [number, string, string, string]>> = {
  'entity.parse.failed': [400, 'malformed-json', 'Тело запроса — не JSON', 'The body is not JSON'],
  'entity.too.large': [413, 'body-too-large', 'Тело запроса слишком велико', 'The body is too large'],
  'entity.verify.failed': [400, 'malformed-text', 'Тело запроса — не UTF-8', 'The body is not UTF-8'],
  'charset.unsupported': [415, 'unsupported-charset', 'Нужна кодировка UTF-8', 'The charset has to be UTF-8'],
  'encoding.unsupported': [415, 'unsupported-encoding', 'Сжатие не поддерживается', 'The encoding is not supported'],
  'request.aborted': [400, 'request-aborted', 'Запрос оборван', 'The request was aborted'],
  'request.size.invalid': [400, 'malformed-request', 'Длина тела не та', 'The length of the body is wrong'],
};

/** The last net under validation: what still reaches Postgres is the caller's error where the class says so. */
function databaseError(code: string, cause: unknown): AppError | null {
  if (code.startsWith('22'))
    return fault(400, 'unfit-value', 'Недопустимое значение', 'A value is not acceptable', cause);
  if (code === '23505') return fault(409, 'already-exists', 'Такая запись уже есть', 'It already exists', cause);
  if (code === '23001') return fault(409, 'immutable', 'Запись нельзя менять', 'The record cannot be changed', cause);
  if (code.startsWith('23')) {
    return fault(422, 'broken-rule', 'Данные нарушают правило учёта', 'The data breaks a rule of the books', cause);
  }
  if (/^(40|55P03|57|53|08)/.test(code)) return unavailable(cause);
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'].includes(code)) return unavailable(cause);
  return null;
}

function connectionError(error: unknown): AppError | null {
  const message = error instanceof Error ? error.message : '';
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection/.test(
    message,
  )
    ? unavailable(error)
    : null;
}

/** gRPC's UNAVAILABLE. */
const UNAVAILABLE = 14;

/** What Temporal throws: a process that has ended or never was, a server that is away. */
function temporalError(error: unknown): AppError | null {
  for (
    let at = error as { name?: string; code?: unknown; cause?: unknown } | null | undefined;
    at;
    at = at.cause as never
  ) {
    if (at.name === 'WorkflowNotFoundError')
      return fault(409, 'process-ended', 'Процесс уже завершён', 'The process has ended already', error);
    if (at.code === UNAVAILABLE) return unavailable(error);
  }
  return null;
}

function unavailable(cause: unknown): AppError {
  return new AppError(
    'temporarily-unavailable',
    { ru: 'Повторите запрос чуть позже', en: 'Try again a little later' },
    { httpStatus: 503, retryable: true, cause },
  );
}

function internal(cause: unknown): AppError {
  return fault(
    500,
    'internal-error',
    'Что-то пошло не так; сообщите поддержке номер запроса',
    'Something went wrong; give the request number to support',
    cause,
  );
}

function fault(httpStatus: number, code: string, ru: string, en: string, cause: unknown): AppError {
  return new AppError(code, { ru, en }, { httpStatus, cause });
}

function localise(item: FieldError, locale: Locale): { path: string; rule: string; message: string; fix?: string } {
  const fix = (item.fix as LocalizedText | undefined)?.[locale];
  return { path: item.path, rule: item.rule, message: item.message[locale], ...(fix === undefined ? {} : { fix }) };
}

import { AppError } from '../../models/errors';

/** The row does not exist, or belongs to somebody else: both look the same. */
export function notFound(what = 'resource'): AppError {
  return new AppError('not-found', { ru: 'Не найдено', en: 'Not found' }, { httpStatus: 404, details: { what } });
}

/** The state of the row does not allow it; `details` may say who holds it. */
export function conflict(code: string, ru: string, en: string, details: Record<string, unknown> = {}): AppError {
  return new AppError(code, { ru, en }, { httpStatus: 409, details });
}

/** The caller's role may do the action in general, but not this way (four eyes, own case). */
export function forbidden(code: string, ru: string, en: string): AppError {
  return new AppError(code, { ru, en }, { httpStatus: 403 });
}

/** A semantic fault of the input that a schema cannot say. `path` e.g. 'body.lines[2].quantity'. */
export function unfit(path: string, rule: string, ru: string, en: string): AppError {
  return new AppError(
    'validation-failed',
    { ru, en },
    { httpStatus: 422, details: { errors: [{ path, rule, message: { ru, en } }] } },
  );
}

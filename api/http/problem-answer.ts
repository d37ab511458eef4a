import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../../models/errors';
import type { StoredAnswer } from './idempotency';
import { retryAfter, toAppError, toProblem } from './problem';
import type { RequestNotes } from './request-log';
import { notesOf } from './request-log';

/** The complete answer for an error, as sent and as kept for an idempotent retry. */
export function problemAnswer(error: AppError, notes: RequestNotes): StoredAnswer {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' };
  const seconds = retryAfter(error);
  if (seconds !== null) headers['retry-after'] = String(seconds);
  if (error.httpStatus === 401) headers['www-authenticate'] = 'Bearer realm="medex"';
  const body = JSON.stringify(toProblem(error, notes.locale, notes.requestId));
  return { status: error.httpStatus, headers, body };
}

/** The last handler: every failure leaves as a problem document; 5xx are logged with their cause. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  return (raw, req, res, _next) => {
    const notes = notesOf(res);
    const error = toAppError(raw);
    notes.problem = error.code;
    if (error.httpStatus >= 500) {
      log.error({ requestId: notes.requestId, route: notes.route, err: error }, 'request failed');
    }
    if (res.headersSent) {
      // A stream that breaks half-way cannot change its status: cut it, so that nobody takes it for complete.
      res.destroy();
      return;
    }
    const answer = problemAnswer(error, notes);
    for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value);
    // The rest of an unread upload is not waited for.
    if (!req.complete) res.setHeader('Connection', 'close');
    res.status(answer.status).end(answer.body);
  };
}

/** 404 for an unknown path. */
export const unknownPath: RequestHandler = () => {
  throw new AppError('not-found', { ru: 'Такого адреса нет', en: 'There is no such address' }, { httpStatus: 404 });
};

/** 405 with Allow for a known path and an unknown method. */
export function otherMethods(allowed: readonly string[]): RequestHandler {
  return (_req, res) => {
    res.setHeader('Allow', allowed.join(', '));
    throw new AppError(
      'method-not-allowed',
      { ru: `Допустимы методы: ${allowed.join(', ')}`, en: `Allowed methods: ${allowed.join(', ')}` },
      { httpStatus: 405 },
    );
  };
}

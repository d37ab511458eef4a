import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import type { Principal } from '../../models/access/roles';
import type { Locale } from './context';

/** What the pipeline notes about a request, for its log line, its metrics and the error handler. */
export interface RequestNotes {
  readonly requestId: string;
  readonly locale: Locale;
  /** The route's pattern ('/v1/users/:userId'): never the real path, which may carry a policy number. */
  route: string;
  principal: Principal | null;
  problem: string | null;
}

/** Makes the notes of a request: its id (the caller's, when it looks like one) and its language (Russian first). */
export function takeNotes(): RequestHandler {
  return (req, res, next) => {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && /^[A-Za-z0-9-]{8,64}$/.test(given) ? given : randomUUID();
    const locale: Locale = req.acceptsLanguages(['ru', 'en']) === 'en' ? 'en' : 'ru';
    res.locals['notes'] = { requestId, locale, route: 'unmatched', principal: null, problem: null };
    res.setHeader('X-Request-Id', requestId);
    res.setHeader('Content-Language', locale);
    next();
  };
}

export function notesOf(res: Response): RequestNotes {
  return res.locals['notes'] as RequestNotes;
}

/** One line per finished request: id, method, route pattern, status, time, account id. No path, no query, no bodies. */
export function requestLog(log: Logger): RequestHandler {
  return pinoHttp<Request, Response>({
    logger: log,
    genReqId: (_req, res) => notesOf(res).requestId,
    serializers: {
      req: (req: { id: unknown; method: string }) => ({ id: req.id, method: req.method }),
      res: (res: { statusCode: number }) => ({ statusCode: res.statusCode }),
    },
    customProps: (_req, res) => {
      // Asked at the start of the request too, when nothing is known yet.
      if (!res.writableEnded && !res.destroyed) return {};
      const notes = notesOf(res);
      return { route: notes.route, account: notes.principal?.id, role: notes.principal?.role, problem: notes.problem };
    },
    customLogLevel: (_req, res, error) =>
      error !== undefined || res.statusCode >= 500 ? 'error' : res.statusCode >= 400 ? 'info' : 'debug',
    autoLogging: { ignore: (req) => req.path === '/healthz' || req.path === '/metrics' },
  }) as unknown as RequestHandler;
}

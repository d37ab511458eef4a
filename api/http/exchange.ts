import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Principal } from '../../models/access/roles';
import type { AuditDraft } from '../../models/audit/event';
import { AppError } from '../../models/errors';
import type { Queryable } from '../../prisma/pool';
import type { ApiDeps } from '../deps';
import { unauthenticated } from './auth';
import type { RouteContext } from './context';
import { notesOf } from './request-log';
import type { RouteDefinition } from './route';
import { readFiles, readRaw } from './uploads';

/** What a handler has asked for besides its output. */
export interface Effects {
  readonly headers: Record<string, string | string[]>;
  readonly audit: AuditDraft[];
  status: number | null;
  etag: string | null;
  /** Digest of an uploaded body, complete when the handler has read it all. */
  readonly content: Hash;
}

export interface ContextParts {
  readonly deps: ApiDeps;
  readonly route: RouteDefinition;
  readonly req: Request;
  readonly res: Response;
  readonly caller: Principal | null;
  readonly db: Queryable;
  readonly signal: AbortSignal;
  readonly idempotencyKey: string | null;
}

/** The handler's view of the request, and the notes that it leaves there. Made anew for each try. */
export function openExchange(parts: ContextParts): { readonly ctx: RouteContext; readonly effects: Effects } {
  const { deps, route, req, res, caller } = parts;
  const notes = notesOf(res);
  const effects: Effects = { headers: {}, audit: [], status: null, etag: null, content: createHash('sha256') };
  const ifMatch = route.etag === 'required' ? requireIfMatch(req) : null;
  const ctx: RouteContext = {
    get principal() {
      if (caller === null) throw unauthenticated();
      return caller;
    },
    caller,
    requestId: notes.requestId,
    locale: notes.locale,
    log: deps.log.child({ requestId: notes.requestId, route: route.path }),
    db: parts.db,
    signal: parts.signal,
    idempotencyKey: parts.idempotencyKey,
    ip: req.ip ?? '',
    userAgent: String(req.headers['user-agent'] ?? '').slice(0, 200),
    ifMatch,
    checkMatch: (version) => {
      if (ifMatch !== '*' && ifMatch !== String(version)) throw staleVersion(version);
    },
    etag: (version) => {
      effects.etag = `"${String(version)}"`;
    },
    status: (code) => {
      effects.status = code;
    },
    header: (name, value) => {
      effects.headers[name.toLowerCase()] = value;
    },
    cookie: (name, value, { maxAgeSeconds }) => {
      const secure = deps.config.COOKIE_SECURE ? '; Secure' : '';
      effects.headers['set-cookie'] =
        `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
    },
    audit: (event) => {
      effects.audit.push({ requestId: notes.requestId, ...event });
    },
    files: () => readFiles(req, route.maxBytes, effects.content),
    raw: () => readRaw(req, route.maxBytes, effects.content),
  };
  return { ctx, effects };
}

/** The version in If-Match: a strong tag, or '*'. @throws AppError precondition-required (428) */
function requireIfMatch(req: Request): string {
  const header = req.headers['if-match'];
  if (header === '*') return '*';
  const version = /^"([\x21\x23-\x7e]{1,100})"$/.exec(header ?? '')?.[1];
  if (version !== undefined) return version;
  throw new AppError(
    'precondition-required',
    {
      ru: 'Нужен заголовок If-Match с версией из ETag',
      en: 'The header If-Match with the version from the ETag is required',
    },
    { httpStatus: 428 },
  );
}

function staleVersion(current: string | number): AppError {
  return new AppError(
    'stale-version',
    {
      ru: 'Запись уже изменили: прочитайте её снова и повторите',
      en: 'The record has been changed meanwhile: read it again and retry',
    },
    { httpStatus: 412, details: { current: String(current) } },
  );
}

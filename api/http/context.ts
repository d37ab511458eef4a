import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { Principal } from '../../models/access/roles';
import type { AuditDraft } from '../../models/audit/event';
import type { Queryable } from '../../prisma/pool';

export type Locale = 'ru' | 'en';

/** One file of a multipart request. Read `stream` to its end before asking for the next file. */
export interface UploadedFile {
  readonly field: string;
  readonly filename: string;
  readonly mimeType: string;
  readonly stream: Readable;
  /** Text fields that came before this file. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface CookieOptions {
  readonly maxAgeSeconds: number;
}

/** What a handler may touch besides its input. */
export interface RouteContext {
  /** The caller. Throws on a public route that was called without a login: use `caller` there. */
  readonly principal: Principal;
  readonly caller: Principal | null;
  readonly requestId: string;
  readonly locale: Locale;
  readonly log: Logger;
  /** The request's transaction on mutating routes (unless `transaction: 'own'`), otherwise the pool. */
  readonly db: Queryable;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** The caller's Idempotency-Key, also good as an Update id. */
  readonly idempotencyKey: string | null;
  readonly ip: string;
  readonly userAgent: string;
  /** The version named in If-Match; null when the route does not need one. */
  readonly ifMatch: string | null;
  /** Throws 412 when the caller's If-Match is not the current version. */
  readonly checkMatch: (currentVersion: string | number) => void;
  /** Sets the answer's ETag. */
  readonly etag: (version: string | number) => void;
  /** Another success status than the declared one (e.g. 202). */
  readonly status: (code: number) => void;
  readonly header: (name: string, value: string) => void;
  readonly cookie: (name: string, value: string, options: CookieOptions) => void;
  /** Adds an event to the audit trail; it is written with the request's transaction. */
  readonly audit: (event: AuditDraft) => void;
  /** Files of a multipart route, one after the other. */
  readonly files: () => AsyncIterable<UploadedFile>;
  /** The body of a `raw` route. */
  readonly raw: () => Readable;
}

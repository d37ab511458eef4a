import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { LocalizedText } from '../../models/errors';
import { POLICY } from '../../models/access/policy';
import type { Action } from '../../models/access/policy';
import type { RouteContext } from './context';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Schema = z.ZodType;
type Parsed<S> = S extends Schema ? z.output<S> : undefined;

/** What a handler gets: already validated, already authorised for the action (rows are the handler's to filter). */
export interface RouteInput<P, Q, B> {
  readonly params: Parsed<P>;
  readonly query: Parsed<Q>;
  readonly body: Parsed<B>;
}

/** A download or page. `body` may be a stream: nothing is buffered. */
export interface FileOutput {
  readonly body: Buffer | string | Readable;
  /** Given: an attachment of this name; absent: shown inline. */
  readonly filename?: string;
  readonly contentType?: string;
  /** Default 200: a page may say that something is not there. */
  readonly status?: number;
}

/** One Server-Sent Event; `data` is checked against the declared schema. */
export interface StreamEvent<T> {
  readonly event?: string;
  readonly id?: string;
  readonly data: T;
}

export type ResponseSpec =
  | { readonly kind: 'json'; readonly status: number; readonly schema: Schema; readonly contentType: string }
  | { readonly kind: 'empty'; readonly status: 204 }
  | { readonly kind: 'file'; readonly status: 200; readonly contentType: string }
  | { readonly kind: 'events'; readonly status: 200; readonly schema: Schema };

interface JsonResponse<R extends Schema> {
  readonly kind: 'json';
  readonly status: number;
  readonly schema: R;
  readonly contentType: string;
}
interface EventsResponse<R extends Schema> {
  readonly kind: 'events';
  readonly status: 200;
  readonly schema: R;
}

type HandlerResult<R> =
  R extends JsonResponse<infer S>
    ? z.input<S>
    : R extends EventsResponse<infer S>
      ? AsyncIterable<StreamEvent<z.input<S>>>
      : R extends { kind: 'file' }
        ? FileOutput
        : void;

/** A JSON answer, validated against `schema` before it is sent (an unfit answer is a 500 and a bug). */
export function json<R extends Schema>(schema: R, status = 200, contentType = 'application/json'): JsonResponse<R> {
  return { kind: 'json', status, schema, contentType };
}

/** 204: nothing to say. */
export function noContent(): { readonly kind: 'empty'; readonly status: 204 } {
  return { kind: 'empty', status: 204 };
}

/** A download or an HTML page, streamed. */
export function file(contentType: string): {
  readonly kind: 'file';
  readonly status: 200;
  readonly contentType: string;
} {
  return { kind: 'file', status: 200, contentType };
}

/** Server-Sent Events: the handler returns an async iterable; it is told to stop by `ctx.signal`. */
export function events<R extends Schema>(schema: R): EventsResponse<R> {
  return { kind: 'events', status: 200, schema };
}

/** What goes into the audit trail: who and what and why, never values. */
export interface AuditSubject {
  /** Kind of thing, e.g. 'invoice'. */
  readonly type: string;
  /** Opaque ids; at most 100 are kept, the count is exact. */
  readonly ids: readonly string[];
  /** Plain codes only (verdict, reason code, amounts of a decision): no names, no diagnoses. */
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface AuditRule<I, O> {
  /** `read`: medical data was shown; `decision`: somebody decided; `change`: anything else that was written. */
  readonly kind: 'read' | 'decision' | 'change';
  readonly subject: (input: I, output: O) => AuditSubject;
}

interface RouteSpec<P, Q, B, R> {
  readonly method: Method;
  /** Express form: '/v1/tasks/:taskId/claim'. */
  readonly path: string;
  readonly summary: LocalizedText;
  readonly description?: string;
  /** 'public' needs no login; every other route names an action of the policy table. */
  readonly permission: Action | 'public';
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly response: R;
  /** Further statuses under which the same kind of answer may come, e.g. 200 for "had it before" beside 202. */
  readonly alsoStatus?: readonly number[];
  /** `json` (default) | `multipart`: files by `ctx.files()`, nothing buffered | `raw`: bytes by `ctx.raw()`. */
  readonly input?: 'json' | 'multipart' | 'raw';
  /** Media types the body may have; default application/json, or what `input` implies. */
  readonly bodyTypes?: readonly string[];
  /** Upper bound of the body in bytes; default 1 MiB for JSON, 512 MiB for uploads. */
  readonly maxBytes?: number;
  /**
   * `request` (default on mutating routes): handler, audit and idempotency record commit together, by `ctx.db`.
   * `own`: the handler runs its own transactions (uploads, calls to Temporal); the key is held by a lease.
   */
  readonly transaction?: 'request' | 'own';
  /** Mutating routes take Idempotency-Key by default; a read-like POST may switch it off. */
  readonly idempotent?: boolean;
  /** `read`: answers carry an ETag (`ctx.etag`) and honour If-None-Match; `required`: If-Match or 428/412. */
  readonly etag?: 'read' | 'required';
  /** Default: mutating routes record a `change` with the path parameters as subject. `false`: the handler does it. */
  readonly audit?: AuditRule<RouteInput<P, Q, B>, Awaited<HandlerResult<R>>> | false;
  /** Requests per minute and caller, when it has to be tighter than the common limit. */
  readonly perMinute?: number;
  /** Health and metrics only: no caller, no rate limit, no database before the handler. */
  readonly bare?: boolean;
  readonly handler: (ctx: RouteContext, input: RouteInput<P, Q, B>) => HandlerResult<R> | Promise<HandlerResult<R>>;
}

/** Input without its types, as the pipeline passes it on. */
export interface ErasedInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** The erased form that the pipeline and the OpenAPI generator read. */
export interface RouteDefinition {
  readonly method: Method;
  readonly path: string;
  readonly summary: LocalizedText;
  readonly description: string | undefined;
  readonly permission: Action | 'public';
  readonly params: Schema | undefined;
  readonly query: Schema | undefined;
  readonly body: Schema | undefined;
  readonly response: ResponseSpec;
  readonly alsoStatus: readonly number[];
  readonly input: 'json' | 'multipart' | 'raw';
  readonly bodyTypes: readonly string[];
  readonly maxBytes: number;
  readonly mutating: boolean;
  readonly transaction: 'request' | 'own' | 'none';
  readonly idempotent: boolean;
  readonly etag: 'read' | 'required' | undefined;
  readonly audit: AuditRule<ErasedInput, unknown> | false | undefined;
  readonly perMinute: number | undefined;
  readonly bare: boolean;
  readonly handler: (ctx: RouteContext, input: ErasedInput) => unknown;
}

const DEFAULT_TYPES = { json: ['application/json'], multipart: ['multipart/form-data'], raw: ['text/csv'] } as const;
const MIB = 1024 * 1024;

/**
 * Declares one route; everything else follows from it: validation of input and output, OpenAPI, authentication, policy,
 * idempotency, ETags, audit, problem documents. Throws at start when the action is not in the policy table.
 */
export function defineRoute<
  const R extends ResponseSpec,
  P extends Schema | undefined = undefined,
  Q extends Schema | undefined = undefined,
  B extends Schema | undefined = undefined,
>(spec: RouteSpec<P, Q, B, R>): RouteDefinition {
  if (spec.permission !== 'public' && !Object.hasOwn(POLICY, spec.permission ?? '')) {
    throw new Error(
      `route ${spec.method} ${spec.path} names no action of the policy table: ${String(spec.permission)}`,
    );
  }
  const mutating = spec.method !== 'get';
  const flows = spec.response.kind === 'file' || spec.response.kind === 'events';
  if (mutating && flows && spec.idempotent !== false) {
    throw new Error(
      `route ${spec.method} ${spec.path} streams its answer, which cannot be kept: set idempotent: false`,
    );
  }
  const input = spec.input ?? 'json';
  return {
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    description: spec.description,
    permission: spec.permission,
    params: spec.params,
    query: closed(spec.query),
    body: closed(spec.body),
    response: spec.response,
    alsoStatus: spec.alsoStatus ?? [],
    input,
    bodyTypes: spec.bodyTypes ?? DEFAULT_TYPES[input],
    maxBytes: spec.maxBytes ?? (input === 'json' ? MIB : 512 * MIB),
    mutating,
    transaction: mutating ? (spec.transaction ?? (input === 'json' ? 'request' : 'own')) : 'none',
    idempotent: mutating && spec.idempotent !== false,
    etag: spec.etag,
    // The pipeline hands each handler what its own schemas produced: the one place where the types are erased.
    audit: spec.audit as RouteDefinition['audit'],
    perMinute: spec.perMinute,
    bare: spec.bare ?? false,
    handler: spec.handler as RouteDefinition['handler'],
  };
}

/** Unknown fields are refused, not dropped: a typo in a field's name is told to its author. */
function closed(schema: Schema | undefined): Schema | undefined {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;
}

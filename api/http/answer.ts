import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { maskFields } from '../../models/access/fields';
import type { Principal } from '../../models/access/roles';
import { AppError } from '../../models/errors';
import type { Effects } from './exchange';
import type { StoredAnswer } from './idempotency';
import type { FileOutput, RouteDefinition, StreamEvent } from './route';

/** An answer that is complete, or one that still flows. */
export type Answer = StoredAnswer | { readonly flow: 'file'; readonly output: FileOutput } | EventFlow;

interface EventFlow {
  readonly flow: 'events';
  readonly output: AsyncIterable<StreamEvent<unknown>>;
}

/** Checks the handler's output against the declared schema, masks it for the caller's role, and makes it an answer. */
export function makeAnswer(
  route: RouteDefinition,
  output: unknown,
  effects: Effects,
  caller: Principal | null,
): Answer {
  const { response } = route;
  const headers: Record<string, string | string[]> = { ...effects.headers };
  if (effects.etag !== null) headers['etag'] = effects.etag;
  switch (response.kind) {
    case 'empty':
      return { status: 204, headers, body: '' };
    case 'file':
      return { flow: 'file', output: described(route, output as FileOutput) };
    case 'events':
      return { flow: 'events', output: output as AsyncIterable<StreamEvent<unknown>> };
    case 'json': {
      const body = JSON.stringify(visible(route, response.schema, output, caller));
      headers['content-type'] = `${response.contentType}; charset=utf-8`;
      const status = effects.status ?? response.status;
      if (!isDescribed(route, status)) throw undescribed(route, status);
      return { status, headers, body };
    }
    default:
      return response satisfies never;
  }
}

function described(route: RouteDefinition, output: FileOutput): FileOutput {
  if (output.status !== undefined && !isDescribed(route, output.status)) throw undescribed(route, output.status);
  return output;
}

function isDescribed({ response, alsoStatus }: RouteDefinition, status: number): boolean {
  return status === response.status || alsoStatus.includes(status);
}

/** A status that the API's description does not know: a bug, told before anybody relies on it. */
function undescribed(route: RouteDefinition, status: number): Error {
  return new Error(`${route.method} ${route.path} answers ${status}, which its declaration does not name`);
}

export async function sendAnswer(
  route: RouteDefinition,
  req: Request,
  res: Response,
  answer: Answer,
  caller: Principal | null,
): Promise<void> {
  if (!('flow' in answer)) return sendStored(req, res, answer);
  if (answer.flow === 'file') return sendFile(route, res, answer.output);
  return sendEvents(route, res, answer.output, caller);
}

function sendStored(req: Request, res: Response, answer: StoredAnswer): void {
  for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value);
  const etag = answer.headers['etag'];
  if (req.method === 'GET' && etag !== undefined && matches(req.headers['if-none-match'], String(etag))) {
    res.removeHeader('content-type');
    res.status(304).end();
    return;
  }
  res.status(answer.status).end(answer.body);
}

async function sendFile(route: RouteDefinition, res: Response, output: FileOutput): Promise<void> {
  const declared = route.response.kind === 'file' ? route.response.contentType : 'application/octet-stream';
  res.status(output.status ?? 200).setHeader('Content-Type', output.contentType ?? declared);
  if (output.filename !== undefined) {
    const name = encodeURIComponent(output.filename).replace(
      /['()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16)}`,
    );
    res.setHeader('Content-Disposition', `attachment; filename*=UTF-8''${name}`);
  }
  if (!(output.body instanceof Readable)) {
    res.end(output.body);
    return;
  }
  await pipeline(output.body, res);
}

/** Server-Sent Events; each one checked and masked like any other answer. Ends with the iterable or the client. */
async function sendEvents(
  route: RouteDefinition,
  res: Response,
  stream: AsyncIterable<StreamEvent<unknown>>,
  caller: Principal | null,
): Promise<void> {
  res.status(200).setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  res.flushHeaders();
  const schema = route.response.kind === 'events' ? route.response.schema : null;
  for await (const item of stream) {
    if (res.destroyed || schema === null) break;
    const data = JSON.stringify(visible(route, schema, item.data, caller));
    const head = `${item.id === undefined ? '' : `id: ${item.id}\n`}${item.event === undefined ? '' : `event: ${item.event}\n`}`;
    if (!res.write(`${head}data: ${data}\n\n`)) await drained(res);
  }
  res.end();
}

function drained(res: Response): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      res.off('drain', go);
      res.off('close', go);
      resolve();
    };
    res.once('drain', go);
    res.once('close', go);
  });
}

function visible(
  route: RouteDefinition,
  schema: {
    safeParse: (value: unknown) => {
      success: boolean;
      data?: unknown;
      error?: { issues: readonly { path: PropertyKey[]; code: string }[] };
    };
  },
  output: unknown,
  caller: Principal | null,
): unknown {
  const checked = schema.safeParse(output);
  if (!checked.success) {
    const faults = checked.error?.issues
      .map((issue) => `${issue.path.map(String).join('.')}: ${issue.code}`)
      .slice(0, 10);
    throw new AppError(
      'unfit-output',
      { ru: 'Ответ не соответствует описанию', en: 'The answer does not fit its description' },
      { httpStatus: 500, cause: new Error(`${route.method} ${route.path}: ${faults?.join('; ')}`) },
    );
  }
  return caller === null ? checked.data : maskFields(caller.role, checked.data);
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

import { isUtf8 } from 'node:buffer';
import express from 'express';
import type { Request, Response } from 'express';
import { AppError } from '../../models/errors';
import type { RouteDefinition } from './route';

/** The parsed JSON body of a route that has one; undefined for an empty request. @throws 400, 413, 415 */
export async function readJson(route: RouteDefinition, req: Request, res: Response): Promise<unknown> {
  if (route.body === undefined || !hasBody(req)) return undefined;
  requireType(route, req);
  const parse = express.json({ limit: route.maxBytes, strict: false, type: () => true, verify: refuseBadUtf8 });
  await new Promise<void>((resolve, reject) => {
    parse(req, res, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error('unreadable body'));
    });
  });
  return req.body as unknown;
}

/** Refuses a body of a media type that the route does not take. @throws AppError unsupported-media-type (415) */
export function requireType(route: RouteDefinition, req: Request): void {
  if (req.is([...route.bodyTypes]) !== false && req.headers['content-type'] !== undefined) return;
  throw new AppError(
    'unsupported-media-type',
    {
      ru: `Content-Type должен быть: ${route.bodyTypes.join(', ')}`,
      en: `Content-Type has to be: ${route.bodyTypes.join(', ')}`,
    },
    { httpStatus: 415 },
  );
}

function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/** Node would replace bad bytes by U+FFFD without a word. */
function refuseBadUtf8(_req: unknown, _res: unknown, body: Buffer): void {
  if (!isUtf8(body)) throw Object.assign(new Error('not UTF-8'), { type: 'entity.verify.failed', status: 400 });
}

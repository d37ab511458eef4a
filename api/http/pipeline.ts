import type { Request, RequestHandler, Response } from 'express';
import { can } from '../../models/access/policy';
import type { Principal } from '../../models/access/roles';
import { AppError } from '../../models/errors';
import { recordAudit } from '../../prisma/repositories/audit';
import type { Answer } from './answer';
import { makeAnswer, sendAnswer } from './answer';
import { auditDrafts } from './audit-drafts';
import { unauthenticated } from './auth';
import { readJson, requireType } from './body';
import { openExchange } from './exchange';
import { findHostile } from './hostile';
import { enforceLimit, limitKey } from './limits';
import type { Input, PipelineParts } from './parts';
import type { RequestNotes } from './request-log';
import { notesOf } from './request-log';
import type { RouteDefinition } from './route';
import { checkInput, validationError } from './validation';
import type { InputFault } from './input-fault';
import { runWrite } from './writes';

/**
 * One route as Express handler. Order: who (401), may they (403), how often (429), what (400/413/415/422), then the
 * handler in its transaction, output check, field mask, audit, answer.
 */
export function routeHandler(route: RouteDefinition, parts: PipelineParts): RequestHandler {
  return async (req, res) => {
    const notes = notesOf(res);
    notes.route = route.path;
    const caller = route.bare ? null : await admit(route, parts, req, res, notes);
    const input = await readInput(route, req, res);
    const answer = route.mutating
      ? await runWrite(route, parts, { req, res, caller, input, signal: abortSignal(parts, res) })
      : await runRead(route, parts, req, res, caller, input);
    await sendAnswer(route, req, res, answer, caller);
  };
}

async function admit(
  route: RouteDefinition,
  parts: PipelineParts,
  req: Request,
  res: Response,
  notes: RequestNotes,
): Promise<Principal | null> {
  const { config, pool } = parts.deps;
  let caller: Principal | null;
  try {
    caller = await parts.authenticate(req);
  } catch (error) {
    parts.metrics.refusals.inc({ cause: 'credentials' });
    // A stale cookie must not stand in the way of logging in again; guesses of tokens are counted like any request.
    await enforceLimit(parts.countHit, res, limitKey(null, req.ip ?? ''), config.RATE_LIMIT_ANONYMOUS_PER_MINUTE);
    if (route.permission !== 'public' || (error as AppError).httpStatus !== 401) throw error;
    caller = null;
  }
  notes.principal = caller;
  const perMinute = caller === null ? config.RATE_LIMIT_ANONYMOUS_PER_MINUTE : config.RATE_LIMIT_PER_MINUTE;
  await enforceLimit(parts.countHit, res, limitKey(caller, req.ip ?? ''), perMinute);
  if (route.perMinute !== undefined) {
    const key = `${limitKey(caller, req.ip ?? '')}:${route.method} ${route.path}`;
    await enforceLimit(parts.countHit, res, key, route.perMinute);
  }
  if (route.permission === 'public') return caller;
  if (caller === null) throw unauthenticated();
  if (can(caller, route.permission)) return caller;
  parts.metrics.refusals.inc({ cause: 'policy' });
  await recordAudit(pool, {
    kind: 'access',
    action: `denied:${route.permission}`,
    actor: caller.id,
    subjectType: 'route',
    subjectIds: [`${route.method} ${route.path}`],
    requestId: notes.requestId,
  });
  throw new AppError(
    'forbidden',
    { ru: 'У вашей роли нет этого права', en: 'Your role does not have this right' },
    { httpStatus: 403 },
  );
}

async function readInput(route: RouteDefinition, req: Request, res: Response): Promise<Input> {
  if (route.input !== 'json') requireType(route, req);
  const body = route.input === 'json' ? await readJson(route, req, res) : undefined;
  const params = { ...req.params };
  const query = { ...req.query };
  const hostile = findHostile(params, 'params') ?? findHostile(query, 'query') ?? findHostile(body, 'body');
  if (hostile !== null) throw validationError([hostile]);
  const faults: InputFault[] = [];
  const check = (schema: RouteDefinition['params'], value: unknown, root: string): unknown => {
    if (schema === undefined) return undefined;
    const checked = checkInput(schema, value, root);
    if (checked.ok) return checked.value;
    faults.push(...checked.faults);
    return undefined;
  };
  const input = {
    params: check(route.params, params, 'params'),
    query: check(route.query, query, 'query'),
    body: route.input === 'json' ? check(route.body, body, 'body') : undefined,
  };
  if (faults.length > 0) throw validationError(faults);
  return input;
}

async function runRead(
  route: RouteDefinition,
  parts: PipelineParts,
  req: Request,
  res: Response,
  caller: Principal | null,
  input: Input,
): Promise<Answer> {
  const { deps } = parts;
  const signal = abortSignal(parts, res);
  const { ctx, effects } = openExchange({ deps, route, req, res, caller, db: deps.pool, signal, idempotencyKey: null });
  const output = await route.handler(ctx, input);
  const answer = makeAnswer(route, output, effects, caller);
  const drafts = auditDrafts(route, { req, res, caller, input }, output, effects);
  // Written before anything is shown: data that cannot be accounted for is not given out.
  if (drafts.length > 0) await recordAudit(deps.pool, drafts);
  return answer;
}

function abortSignal(parts: PipelineParts, res: Response): AbortSignal {
  const gone = new AbortController();
  res.on('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  return AbortSignal.any([gone.signal, parts.closing]);
}

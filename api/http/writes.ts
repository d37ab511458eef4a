import { isAppError } from '../../models/errors';
import type { AuditDraft } from '../../models/audit/event';
import type { Queryable } from '../../prisma/pool';
import { withTransaction } from '../../prisma/pool';
import { appendAudit } from '../../prisma/repositories/audit';
import * as keys from '../../prisma/repositories/idempotency';
import type { Answer } from './answer';
import { makeAnswer } from './answer';
import { auditDrafts } from './audit-drafts';
import type { Effects } from './exchange';
import { openExchange } from './exchange';
import type { IdempotencySlot, StoredAnswer } from './idempotency';
import { idempotencySlot, otherContent, readIdempotencyKey, twinAtWork } from './idempotency';
import type { Admitted, PipelineParts } from './parts';
import { problemAnswer } from './problem-answer';
import { notesOf } from './request-log';
import type { RouteDefinition } from './route';

/** A handler with its own transactions may work this long without a sign of life from its process. */
const LEASE_SECONDS = 60;

interface Executed {
  readonly answer: Answer;
  readonly drafts: AuditDraft[];
  readonly effects: Effects;
}

/** A mutating request: once per Idempotency-Key, whatever the client and the network do. */
export async function runWrite(route: RouteDefinition, parts: PipelineParts, admitted: Admitted): Promise<Answer> {
  const key = route.idempotent ? readIdempotencyKey(admitted.req.headers['idempotency-key']) : null;
  const caller = admitted.caller?.id ?? 'anonymous';
  const slot = key === null ? null : idempotencySlot(parts.deps.config.MEDEX_SECRET, caller, key);
  const write = { route, parts, admitted, key, slot };
  return route.transaction === 'request' ? inOneTransaction(write) : inOwnTransactions(write);
}

interface Write {
  readonly route: RouteDefinition;
  readonly parts: PipelineParts;
  readonly admitted: Admitted;
  readonly key: string | null;
  readonly slot: IdempotencySlot | null;
}

/** Handler, kept answer and audit commit together; a crash anywhere leaves nothing, so the retry starts afresh. */
async function inOneTransaction(write: Write): Promise<Answer> {
  const { slot, parts } = write;
  const print = slot === null ? null : fingerprint(write, slot, null);
  let handling = false;
  try {
    return await withTransaction(parts.deps.pool, async (tx) => {
      if (slot !== null) {
        const known = settle(await keys.claimInTransaction(tx, slot.keyHash), slot, print);
        if (known !== null) return known;
      }
      handling = true;
      const { answer, drafts } = await execute(write, tx);
      if (slot !== null && print !== null && !('flow' in answer)) {
        await keys.storeAnswer(tx, slot.keyHash, print, slot.seal(answer));
      }
      await appendAudit(tx, drafts);
      return answer;
    });
  } catch (error) {
    if (handling && slot !== null && print !== null && isFinal(error)) {
      const answer = problemAnswer(error, notesOf(write.admitted.res));
      await keys.storeAnswer(parts.deps.pool, slot.keyHash, print, slot.seal(answer));
    }
    throw error;
  }
}

/** The key is held by a lease while the handler runs transactions, uploads and workflow calls of its own. */
async function inOwnTransactions(write: Write): Promise<Answer> {
  const { slot, parts } = write;
  const { pool } = parts.deps;
  if (slot === null) return finish(write, await execute(write, pool), null);
  const early = write.route.input === 'json' ? fingerprint(write, slot, null) : null;
  const claim = await keys.claimByLease(pool, slot.keyHash, LEASE_SECONDS);
  if (claim.kind !== 'new') {
    const print = claim.kind === 'answered' ? (early ?? (await drainedFingerprint(write, slot))) : early;
    const known = settle(claim, slot, print);
    if (known !== null) return known;
  }
  const alive = setInterval(
    () => {
      keys.prolongLease(pool, slot.keyHash, LEASE_SECONDS).catch(() => undefined);
    },
    (LEASE_SECONDS * 1000) / 3,
  );
  try {
    const executed = await execute(write, pool);
    return await finish(write, executed, early ?? fingerprint(write, slot, executed.effects));
  } catch (error) {
    if (early !== null && isFinal(error)) {
      const answer = problemAnswer(error, notesOf(write.admitted.res));
      await keys.storeAnswer(pool, slot.keyHash, early, slot.seal(answer));
    } else {
      await keys.releaseLease(pool, slot.keyHash).catch(() => undefined);
    }
    throw error;
  } finally {
    clearInterval(alive);
  }
}

async function execute(write: Write, db: Queryable): Promise<Executed> {
  const { route, parts, admitted, key } = write;
  const { req, res, caller, input, signal } = admitted;
  const opened = openExchange({ deps: parts.deps, route, req, res, caller, db, signal, idempotencyKey: key });
  const output = await route.handler(opened.ctx, input);
  const answer = makeAnswer(route, output, opened.effects, caller);
  return { answer, drafts: auditDrafts(route, admitted, output, opened.effects), effects: opened.effects };
}

async function finish(write: Write, executed: Executed, print: Buffer | null): Promise<Answer> {
  const { slot, parts } = write;
  const { answer, drafts } = executed;
  const kept = slot !== null && print !== null && !('flow' in answer) ? slot.seal(answer) : null;
  if (kept === null && drafts.length === 0) return answer;
  await withTransaction(parts.deps.pool, async (tx) => {
    if (kept !== null) await keys.storeAnswer(tx, slot!.keyHash, print!, kept);
    await appendAudit(tx, drafts);
  });
  return answer;
}

/** The kept answer for the same content; null when the key is ours. @throws 409 twin at work, 422 other content */
function settle(claim: keys.IdempotencyClaim, slot: IdempotencySlot, print: Buffer | null): StoredAnswer | null {
  switch (claim.kind) {
    case 'new':
      return null;
    case 'busy':
      throw twinAtWork(claim.retrySeconds);
    case 'answered': {
      if (print === null || !claim.fingerprint.equals(print)) throw otherContent();
      const answer = slot.open(claim.answer);
      return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } };
    }
    default:
      return claim satisfies never;
  }
}

function fingerprint(write: Write, slot: IdempotencySlot, effects: Effects | null): Buffer {
  const { req } = write.admitted;
  const body = effects === null ? (req.body as unknown) : effects.content.copy().digest('hex');
  return slot.fingerprint(req.method, req.originalUrl, body);
}

/** Reads a repeated upload to its end, only to compare it with the first. */
async function drainedFingerprint(write: Write, slot: IdempotencySlot): Promise<Buffer> {
  const { route, parts, admitted } = write;
  const { req, res, caller, signal } = admitted;
  const db = parts.deps.pool;
  const { ctx, effects } = openExchange({
    deps: parts.deps,
    route,
    req,
    res,
    caller,
    db,
    signal,
    idempotencyKey: null,
  });
  if (route.input === 'raw') for await (const chunk of ctx.raw()) void chunk;
  else for await (const part of ctx.files()) for await (const chunk of part.stream) void chunk;
  return fingerprint(write, slot, effects);
}

/** An error that a retry with the same content would meet again. */
function isFinal(error: unknown): error is Parameters<typeof problemAnswer>[0] {
  return isAppError(error) && error.httpStatus < 500 && error.httpStatus !== 429 && !error.retryable;
}

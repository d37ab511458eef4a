import { AppError } from '../../models/errors';
import type { LetterAct } from '../../models/letters/acts';
import { applyAct, closeUnanswered, expireLetter } from '../../models/letters/apply-act';
import { isInForce } from '../../models/letters/record';
import type { LetterRecord } from '../../models/letters/record';
import { withTransaction } from '../../prisma/pool';
import type { PoolClient } from '../../prisma/pool';
import { lockPersonById } from '../../prisma/repositories/letter-limits';
import { readLetterUse } from '../../prisma/repositories/letter-use';
import { lockLetter } from '../../prisma/repositories/letters';
import type { StoredLetter } from '../../prisma/repositories/letters';
import type { LetterView } from '../../workflows/letter-messages';
import type { LetterDeps } from './deps';
import { reassess } from './reassess';
import { keepEntry, storeLetter } from './store';
import type { Entry } from './store';
import { storeUse } from './use';
import { viewOf } from './view';

const CHECK_VIOLATION = '23514';

/** One act on a letter in one transaction: judged again under the row's lock, kept in the thread, limits moved with it. */
export async function actOnLetter(
  deps: LetterDeps,
  { requestId, requestKey, act }: { requestId: string; requestKey: string; act: LetterAct },
): Promise<LetterView> {
  if (act.kind === 'use') return useLetter(deps, requestId, requestKey);
  const at = deps.now().toISOString();
  const { kind, ...body } = act;
  const apply = (letter: LetterRecord): LetterRecord => applyAct(letter, { requestKey, at, act });
  return change(deps, requestId, { key: requestKey, kind, at, actor: actorOf(act), body, apply });
}

/** The lead must hear of it before the clock breaks. */
export function escalateLetter(deps: LetterDeps, { requestId }: { requestId: string }): Promise<LetterView> {
  return byClock(deps, requestId, 'escalated', (letter, at) =>
    letter.pendedFor === 'expert' && letter.escalatedAt === null ? { ...letter, escalatedAt: at } : letter,
  );
}

/** The clock broke: counted in the metrics, decided by nobody but a doctor. */
export function markOverdue(deps: LetterDeps, { requestId }: { requestId: string }): Promise<LetterView> {
  return byClock(deps, requestId, 'overdue', (letter) =>
    letter.pendedFor === 'expert' && !letter.overdue ? { ...letter, overdue: true } : letter,
  );
}

/** The end of a wait: the term of a promise (the rest is released), owed documents, the time to appeal. */
export function closeLetter(deps: LetterDeps, { requestId }: { requestId: string }): Promise<LetterView> {
  return byClock(deps, requestId, 'closed', (letter, at) => {
    const { closesAt } = viewOf(letter, deps.times);
    // An act came before the clock and moved the end: this wait is not over.
    if (closesAt === null || Date.parse(closesAt) > Date.parse(at) + deps.times.dayMs / 24) return letter;
    return letter.pendedFor === 'documents' ? closeUnanswered(letter, at) : expired(letter);
  });
}

function byClock(
  deps: LetterDeps,
  requestId: string,
  kind: string,
  apply: (letter: LetterRecord, at: string) => LetterRecord,
): Promise<LetterView> {
  const at = deps.now().toISOString();
  const actor = { actorRole: 'clock', actorId: null, actorName: null };
  return change(deps, requestId, { key: null, kind, at, actor, body: {}, apply: (letter) => apply(letter, at) });
}

interface Change extends Entry {
  /** Null: the clock's own step. */
  readonly key: string | null;
  readonly apply: (letter: LetterRecord) => LetterRecord;
}

async function change(deps: LetterDeps, requestId: string, made: Change): Promise<LetterView> {
  return inTransaction(deps, requestId, async (tx, stored) => {
    // A clock's step is unique by the revision that it found.
    const requestKey = made.key ?? `${made.kind}:${stored.revision}`;
    // Kept first: a second run of the same act finds it there and only reads what the first one left.
    if (made.key !== null && !(await keepEntry(tx, stored, made, requestKey))) return stored.record;
    const applied = made.apply(stored.record);
    // A clock that found nothing to do, or a second run of its step, leaves no trace.
    if (applied === stored.record) return applied;
    if (made.key === null) await keepEntry(tx, stored, made, requestKey);
    const judged = made.kind === 'give-documents' ? await reassess(tx, deps, stored, applied, made.at) : applied;
    return storeLetter(tx, judged, { kind: made.kind, requestKey });
  });
}

/** What invoices have taken is counted here, under the lock: the same count twice leaves one trace. */
function useLetter(deps: LetterDeps, requestId: string, key: string): Promise<LetterView> {
  return inTransaction(deps, requestId, async (tx, stored) => {
    const uses = (await readLetterUse(tx, [requestId])).get(requestId) ?? [];
    return storeUse(tx, stored, uses, { key, at: deps.now().toISOString() });
  });
}

async function inTransaction(
  deps: LetterDeps,
  requestId: string,
  work: (tx: PoolClient, stored: StoredLetter) => Promise<LetterRecord>,
): Promise<LetterView> {
  try {
    return await withTransaction(deps.pool, async (tx) => {
      const stored = await lockLetter(tx, requestId);
      if (stored === null)
        throw new AppError('letter.missing', { ru: 'Запрос не найден', en: 'No such request' }, { httpStatus: 404 });
      await lockPersonById(tx, stored.policyId);
      return viewOf(await work(tx, stored), deps.times);
    });
  } catch (error) {
    throw asDomainError(error);
  }
}

/** A letter at the end of its life; one that has nothing to lose stays as it is. */
function expired(letter: LetterRecord): LetterRecord {
  return isInForce(letter) ? expireLetter(letter) : letter;
}

function actorOf(act: Exclude<LetterAct, { kind: 'use' }>): Entry['actor'] {
  if ('doctor' in act) {
    return {
      actorRole: act.doctor.lead ? 'lead-expert' : 'medical-expert',
      actorId: act.doctor.id,
      actorName: act.doctor.fullName,
    };
  }
  return { actorRole: act.actor.role, actorId: act.actor.id, actorName: act.actor.name };
}

/** The database's own guard of a limit speaks the domain's language; everything else (a lost connection) is tried again. */
function asDomainError(error: unknown): unknown {
  if ((error as { code?: unknown }).code !== CHECK_VIOLATION) return error;
  const text = { ru: 'Лимит программы этого не оставляет', en: 'The limit leaves less than this' };
  return new AppError('letter.limit', text, { httpStatus: 409, cause: error });
}

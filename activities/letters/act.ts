import { AppError } from '../../models/errors';
import type { KeyedAct, LetterAct } from '../../models/letters/acts';
import { applyAct, closeUnanswered, expireLetter } from '../../models/letters/apply-act';
import { isInForce, isPromised } from '../../models/letters/record';
import type { LetterRecord } from '../../models/letters/record';
import { withTransaction } from '../../prisma/pool';
import type { PoolClient } from '../../prisma/pool';
import { lockPersonById } from '../../prisma/repositories/letter-limits';
import { issueLetterRefs } from '../../prisma/repositories/letter-refs';
import { appendLetterEvent, lockLetter, nextLetterNumber, saveLetter } from '../../prisma/repositories/letters';
import type { StoredLetter } from '../../prisma/repositories/letters';
import type { LetterView } from '../../workflows/letter-messages';
import { announce } from './announce';
import type { LetterDeps } from './deps';
import { moveLimits } from './hold';
import { reassess } from './reassess';
import { viewOf } from './view';

const CHECK_VIOLATION = '23514';

/** One act on a letter in one transaction: judged again under the row's lock, kept in the thread, limits moved with it. */
export async function actOnLetter(
  deps: LetterDeps,
  input: { requestId: string; requestKey: string; act: LetterAct; lifeOver?: boolean },
): Promise<LetterView> {
  const keyed: KeyedAct = { requestKey: input.requestKey, at: deps.now().toISOString(), act: input.act };
  const { kind, ...body } = input.act;
  return change(deps, input.requestId, {
    key: input.requestKey,
    kind,
    at: keyed.at,
    actor: actorOf(input.act),
    body,
    // Nobody would wake a letter whose workflow has ended: what an invoice gives back late is not promised anew.
    apply: (letter) => (input.lifeOver === true ? expired(applyAct(letter, keyed)) : applyAct(letter, keyed)),
  });
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

interface Change {
  /** Null: the clock's own step, unique by the revision that it found. */
  readonly key: string | null;
  readonly kind: string;
  readonly at: string;
  readonly actor: { actorRole: string; actorId: string | null; actorName: string | null };
  readonly body: unknown;
  readonly apply: (letter: LetterRecord) => LetterRecord;
}

async function change(deps: LetterDeps, requestId: string, made: Change): Promise<LetterView> {
  try {
    return await withTransaction(deps.pool, async (tx) => {
      const stored = await lockLetter(tx, requestId);
      if (stored === null)
        throw new AppError('letter.missing', { ru: 'Запрос не найден', en: 'No such request' }, { httpStatus: 404 });
      const requestKey = made.key ?? `${made.kind}:${stored.revision}`;
      // Kept first: a second run of the same act finds it there and only reads what the first one left.
      if (made.key !== null && !(await keep(tx, requestId, made, requestKey, stored))) {
        return viewOf(stored.record, deps.times);
      }
      await lockPersonById(tx, stored.policyId);
      const applied = made.apply(stored.record);
      // A clock that found nothing to do, or a second run of its step, leaves no trace.
      if (applied === stored.record) return viewOf(applied, deps.times);
      if (made.key === null) await keep(tx, requestId, made, requestKey, stored);
      const judged = made.kind === 'give-documents' ? await reassess(tx, deps, stored, applied, made.at) : applied;
      const held = await moveLimits(tx, judged, made.kind);
      // Refused at first, promised on appeal: the letter gets its number now.
      const unnumbered = held.number === null && held.lines.some(isPromised);
      const next = unnumbered ? { ...held, number: await nextLetterNumber(tx) } : held;
      await saveLetter(tx, next);
      await issueLetterRefs(tx, next);
      await announce(tx, next, requestKey);
      return viewOf(next, deps.times);
    });
  } catch (error) {
    throw asDomainError(error);
  }
}

async function keep(
  tx: PoolClient,
  requestId: string,
  made: Change,
  requestKey: string,
  { record }: StoredLetter,
): Promise<boolean> {
  const { kind, actor, at } = made;
  // What stood before an appeal is kept with it: whether it was overturned is measured against that.
  const body =
    kind === 'appeal'
      ? { ...(made.body as object), approvedBefore: record.lines.reduce((sum, line) => sum + line.approvedKopecks, 0) }
      : made.body;
  return appendLetterEvent(tx, requestId, { kind, ...actor, requestKey, at, body });
}

/** A letter at the end of its life; one that has nothing to lose stays as it is. */
function expired(letter: LetterRecord): LetterRecord {
  return isInForce(letter) ? expireLetter(letter) : letter;
}

function actorOf(act: LetterAct): Change['actor'] {
  if ('doctor' in act) {
    return {
      actorRole: act.doctor.lead ? 'lead-expert' : 'medical-expert',
      actorId: act.doctor.id,
      actorName: act.doctor.fullName,
    };
  }
  if ('actor' in act) return { actorRole: act.actor.role, actorId: act.actor.id, actorName: act.actor.name };
  return { actorRole: 'invoice', actorId: null, actorName: null };
}

/** The database's own guard of a limit speaks the domain's language; everything else (a lost connection) is tried again. */
function asDomainError(error: unknown): unknown {
  if ((error as { code?: unknown }).code !== CHECK_VIOLATION) return error;
  const text = { ru: 'Лимит программы этого не оставляет', en: 'The limit leaves less than this' };
  return new AppError('letter.limit', text, { httpStatus: 409, cause: error });
}

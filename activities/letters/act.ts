import { AppError } from '../../models/errors';
import type { KeyedAct, LetterAct } from '../../models/letters/acts';
import { applyAct, expireLetter } from '../../models/letters/apply-act';
import { patientShareOf } from '../../models/letters/money';
import { isInForce, isPromised } from '../../models/letters/record';
import type { LetterRecord } from '../../models/letters/record';
import type { PoolClient } from '../../prisma/pool';
import { withTransaction } from '../../prisma/pool';
import { holdLimits, readHeldAccount } from '../../prisma/repositories/letter-limits';
import type { HeldAccount, Holding } from '../../prisma/repositories/letter-limits';
import { issueLetterRefs } from '../../prisma/repositories/letter-refs';
import { appendLetterEvent, lockLetter, saveLetter } from '../../prisma/repositories/letters';
import type { LetterView } from '../../workflows/letter-messages';
import { announce } from './announce';
import type { LetterDeps } from './deps';
import { viewOf } from './view';

const CHECK_VIOLATION = '23514';

/** One act on a letter in one transaction: judged again under the row's lock, kept in the thread, limits moved with it. */
export async function actOnLetter(
  deps: LetterDeps,
  input: { requestId: string; requestKey: string; act: LetterAct },
): Promise<LetterView> {
  const keyed: KeyedAct = { requestKey: input.requestKey, at: deps.now().toISOString(), act: input.act };
  const { kind, ...body } = input.act;
  return change(deps, input.requestId, {
    key: input.requestKey,
    kind,
    at: keyed.at,
    actor: actorOf(input.act),
    body,
    apply: (letter) => applyAct(letter, keyed),
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
    letter.pendedFor === 'expert' ? { ...letter, overdue: true } : letter,
  );
}

/** The end of a wait: the term of a promise (the rest is released), owed documents, the time to appeal. */
export function closeLetter(deps: LetterDeps, { requestId }: { requestId: string }): Promise<LetterView> {
  return byClock(deps, requestId, 'closed', (letter, at) => {
    if (isInForce(letter)) return expireLetter(letter);
    if (letter.pendedFor !== 'documents') return { ...letter, finalAt: letter.finalAt ?? at };
    const lines = letter.lines.map((line) =>
      line.outcome === 'pended' ? { ...line, outcome: 'expired' as const } : line,
    );
    const promised = lines.some(isPromised);
    return { ...letter, lines, state: promised ? 'partially-approved' : 'expired', pendedFor: null, finalAt: at };
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
      const event = { kind: made.kind, ...made.actor, requestKey, at: made.at, body: made.body };
      // Kept first: a second run of the same act finds it there and only reads what the first one left.
      if (!(await appendLetterEvent(tx, requestId, event))) return viewOf(stored.record, deps.times);
      const next = made.apply(stored.record);
      await saveLetter(tx, next);
      await moveLimits(tx, next);
      await issueLetterRefs(tx, next);
      await announce(tx, next, requestKey);
      return viewOf(next, deps.times);
    });
  } catch (error) {
    throw asDomainError(error);
  }
}

/** What each promised line still holds; whatever is not listed is released. */
async function moveLimits(tx: PoolClient, letter: LetterRecord): Promise<void> {
  const account = await readHeldAccount(tx, letter.requestId);
  if (account === null) return;
  await holdLimits(
    tx,
    letter.requestId,
    account,
    letter.lines.flatMap((line) => holdingsOf(line, account)),
  );
}

function holdingsOf(line: LetterRecord['lines'][number], account: HeldAccount): Holding[] {
  if (!isPromised(line)) return [];
  const units = line.approvedQuantity - line.usedQuantity;
  const amount = Math.max(0, line.approvedKopecks - line.usedKopecks);
  const share = amount - patientShareOf(amount, account.franchisePercent);
  return account.limits
    .filter((limit) => limit.key === 'annual' || limit.lineNos.includes(line.lineNo))
    .map((limit) => ({ lineNo: line.lineNo, key: limit.key, amount: limit.key === 'annual' ? share : units }))
    .filter((holding) => holding.amount > 0);
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

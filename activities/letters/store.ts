import type { LetterRecord } from '../../models/letters/record';
import { isPromised } from '../../models/letters/record';
import type { PoolClient } from '../../prisma/pool';
import { issueLetterRefs } from '../../prisma/repositories/letter-refs';
import { appendLetterEvent, nextLetterNumber, saveLetter } from '../../prisma/repositories/letters';
import type { StoredLetter } from '../../prisma/repositories/letters';
import { announce } from './announce';
import { moveLimits } from './hold';

/** An entry of a letter's thread. */
export interface Entry {
  readonly kind: string;
  readonly at: string;
  readonly actor: { readonly actorRole: string; readonly actorId: string | null; readonly actorName: string | null };
  readonly body: unknown;
}

/** Keeps an entry in the thread. False when this key was there: the act has happened already. */
export function keepEntry(
  tx: PoolClient,
  { record }: StoredLetter,
  { kind, actor, at, body }: Entry,
  requestKey: string,
): Promise<boolean> {
  // What stood before an appeal is kept with it: whether it was overturned is measured against that.
  const kept =
    kind === 'appeal'
      ? { ...(body as object), approvedBefore: record.lines.reduce((sum, line) => sum + line.approvedKopecks, 0) }
      : body;
  return appendLetterEvent(tx, record.requestId, { kind, ...actor, requestKey, at, body: kept });
}

/**
 * Stores what has become of a letter whose row and person are locked: limits move with it, its numbers follow, the
 * outside hears of it.
 * @returns the letter as it was stored
 * @throws AppError as `moveLimits`
 */
export async function storeLetter(
  tx: PoolClient,
  letter: LetterRecord,
  { kind, requestKey }: { readonly kind: string; readonly requestKey: string },
): Promise<LetterRecord> {
  const held = await moveLimits(tx, letter, kind);
  // Refused at first, promised on appeal: the letter gets its number now.
  const unnumbered = held.number === null && held.lines.some(isPromised);
  const next = unnumbered ? { ...held, number: await nextLetterNumber(tx) } : held;
  await saveLetter(tx, next);
  await issueLetterRefs(tx, next);
  await announce(tx, next, { kind, requestKey });
  return next;
}

import { plainDate } from '../../models/calendar';
import { applyAct, expireLetter } from '../../models/letters/apply-act';
import { isInForce } from '../../models/letters/record';
import type { LetterRecord } from '../../models/letters/record';
import type { PoolClient } from '../../prisma/pool';
import { LETTER_USE_TOPIC, lockCited, readLetterUse } from '../../prisma/repositories/letter-use';
import type { CitedLetters, LineUse } from '../../prisma/repositories/letter-use';
import { readLetters } from '../../prisma/repositories/letters';
import type { StoredLetter } from '../../prisma/repositories/letters';
import { enqueue } from '../../prisma/repositories/outbox';
import { keepEntry, storeLetter } from './store';

/**
 * Makes verdicts and counts what they leave of the letters that their lines cite, all in the caller's transaction: what
 * was refused or reduced is given back, what was restored is taken again. The letters are locked first, so call it
 * before anything else is locked. Each letter's workflow hears of it by the outbox.
 * @param key the decision, unique: a second call finds nothing to change
 */
export async function withLetterUse<T>(
  tx: PoolClient,
  cited: CitedLetters,
  key: string,
  decide: () => Promise<T>,
): Promise<T> {
  if (cited.letterRefIds.length === 0) return decide();
  await lockCited(tx, cited);
  const decided = await decide();
  const at = new Date().toISOString();
  const uses = await readLetterUse(tx, cited.requestIds);
  // They are locked: what is read of all at once stays so.
  for (const stored of await readLetters(tx, cited.requestIds)) {
    const { requestId } = stored.record;
    const counted = await storeUse(tx, stored, uses.get(requestId) ?? [], { key, at });
    if (counted === stored.record) continue;
    await enqueue(tx, [{ topic: LETTER_USE_TOPIC, key: `${requestId}:${key}`, payload: { requestId } }]);
  }
  return decided;
}

/**
 * Stores what invoices have taken of a locked letter by now. What is given back after its last day is not promised anew.
 * @returns the letter as stored; the very one that was there when nothing has changed, and then there is no trace
 */
export async function storeUse(
  tx: PoolClient,
  stored: StoredLetter,
  uses: readonly LineUse[],
  { key, at }: { readonly key: string; readonly at: string },
): Promise<LetterRecord> {
  const counted = applyAct(stored.record, { requestKey: key, at, act: { kind: 'use', lines: uses } });
  const over = counted.validTo !== null && counted.validTo < plainDate(at);
  const next = over && isInForce(counted) ? expireLetter(counted) : counted;
  if (next === stored.record) return next;
  // The same batch or decision may be counted again when more has come: the revision tells the counts apart.
  const requestKey = `${key}:${stored.revision}`;
  await keepEntry(tx, stored, { kind: 'use', at, actor: INVOICE, body: { lines: uses } }, requestKey);
  return storeLetter(tx, next, { kind: 'use', requestKey });
}

/** Nobody in particular: an invoice, or what was decided of it. */
const INVOICE = { actorRole: 'invoice', actorId: null, actorName: null } as const;

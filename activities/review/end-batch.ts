import { withTransaction } from '../../prisma/pool';
import { closeChecking, finishBatch } from '../../prisma/repositories/batches';
import { queueLetterUses } from '../../prisma/repositories/letter-use';
import { enqueue } from '../../prisma/repositories/outbox';
import { waitingVersions } from '../../prisma/repositories/versions';
import type { CaseDeps } from './deciding';
import { prepareBatchRecheck, recheckBatchLetters } from './recheck-letters';
import { routeAuthor, routeRechecked } from './route-chunk';

/**
 * All chunks are checked. What people have decided meanwhile of the batch's letters is brought in before the batch routes
 * anything, so that it does not accept what has become an over-use. Idempotent.
 */
export async function endChecking({ pool, snapshots }: CaseDeps, batchId: string): Promise<void> {
  await prepareBatchRecheck(pool, snapshots, batchId);
  await withTransaction(pool, async (tx) => {
    if (await closeChecking(tx, batchId)) await recheckBatchLetters(tx, snapshots, { batchId, step: 'checked' });
  });
}

/**
 * Ends a batch, in one transaction: its letters are looked at again if people have decided lines of them since it was
 * taken, lines of earlier invoices that still wait and whose findings it has changed are routed again with their tasks,
 * each invoice that waits for people gets the outbox row that starts its workflow, and letters whose use may have changed
 * get theirs. Not earlier: a thousand starts would hold up the batch's own steps. Idempotent.
 */
export async function endBatch({ pool, snapshots }: CaseDeps, batchId: string): Promise<void> {
  const author = await routeAuthor(pool, batchId);
  await prepareBatchRecheck(pool, snapshots, batchId);
  await withTransaction(pool, async (tx) => {
    if (!(await finishBatch(tx, batchId))) return;
    await recheckBatchLetters(tx, snapshots, { batchId, step: 'done' });
    const rerouted = await routeRechecked(tx, author);
    const waiting = await waitingVersions(tx, batchId);
    await enqueue(
      tx,
      waiting.map((publicId) => ({
        topic: 'invoice-review-start',
        key: `${publicId}/waiting`,
        payload: { versionId: publicId, start: true },
      })),
    );
    await queueLetterUses(tx, batchId, rerouted);
  });
}

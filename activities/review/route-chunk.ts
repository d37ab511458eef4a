import { groupTasks } from '../../models/review-case/tasks';
import type { QueuedLine } from '../../models/review-case/tasks';
import { withTransaction } from '../../prisma/pool';
import type { Pool, PoolClient } from '../../prisma/pool';
import { claimChunk, findBatch, isChunkDone } from '../../prisma/repositories/batches';
import { enqueue } from '../../prisma/repositories/outbox';
import {
  chunkVersions,
  markWaiting,
  recheckedQueuedLines,
  setVersionStates,
} from '../../prisma/repositories/route-lines';
import type { ChunkVersion } from '../../prisma/repositories/route-lines';
import { routingPolicyOf } from '../../prisma/repositories/routing';
import { insertTasks, refreshTasks } from '../../prisma/repositories/task-write';
import { decideVersions } from '../../prisma/repositories/versions';
import type { ChunkRef } from '../../workflows/messages';
import { issueActsInBulk } from './issue-acts';
import { routeLines, taskClock } from './route-lines';
import type { RouteAuthor } from './route-lines';

export interface RouteResult {
  readonly accepted: number;
  readonly decided: number;
  readonly queued: number;
}

/**
 * Routes the invoice versions of one chunk, in one transaction with the chunk's row: verdicts by rule, tasks for
 * people, and acts for invoices that are decided as a whole.
 */
export async function routeChunk(pool: Pool, chunk: ChunkRef): Promise<RouteResult> {
  const nothing = { accepted: 0, decided: 0, queued: 0 };
  if (await isChunkDone(pool, chunk)) return nothing;
  const author = await routeAuthor(pool, chunk.batchId);
  return withTransaction(pool, async (tx) => {
    if (!(await claimChunk(tx, chunk, { linesChecked: 0, findingsFound: 0 }))) return nothing;
    const versions = await chunkVersions(tx, chunk);
    const versionIds = versions.map((version) => version.id);
    const counts = await routeLines(tx, { versionIds }, author);
    const waiting = await queueTasks(tx, versions, counts.queued);
    const settled = versionIds.filter((id) => !waiting.has(id));
    await issueActsInBulk(tx, settled, new Date().toISOString());
    await setVersionStates(tx, settled, 'settle-ready');
    return { accepted: counts.accepted, decided: counts.decided, queued: counts.queued.length };
  });
}

/**
 * Routes lines of earlier batches again that still wait and whose findings this batch has changed, and brings their
 * tasks up to date. The caller has locked their versions. Returns those lines.
 */
export async function routeRechecked(tx: PoolClient, author: RouteAuthor): Promise<number[]> {
  const { batchId } = author;
  const lineIds = await recheckedQueuedLines(tx, batchId);
  if (lineIds.length === 0) return lineIds;
  await routeLines(tx, { lineIds }, author);
  const versionIds = await refreshTasks(tx, lineIds);
  const changed = await decideVersions(tx, versionIds);
  await enqueue(
    tx,
    changed.map((publicId) => ({
      topic: 'invoice-review',
      key: `${publicId}/recheck/${batchId}`,
      payload: { versionId: publicId, start: true },
    })),
  );
  return lineIds;
}

/** Who a batch's verdicts by rule are of, and the policy that it was taken with. */
export async function routeAuthor(pool: Pool, batchId: string): Promise<RouteAuthor> {
  const batch = await findBatch(pool, batchId);
  if (batch === null) throw new Error('no such batch');
  const policy = await routingPolicyOf(pool, batch.routingPolicyVersion);
  return { batchId, ruleSetVersion: batch.ruleSetVersion, policy };
}

/** Creates the tasks of a chunk and marks their versions; returns the ids of those versions. */
async function queueTasks(
  tx: PoolClient,
  versions: readonly ChunkVersion[],
  queued: readonly QueuedLine[],
): Promise<Set<number>> {
  const receivedAt = new Map(versions.map((version) => [version.id, version.receivedAt]));
  const clocks = new Map<string, ReturnType<typeof taskClock>>();
  const tasks = groupTasks(queued).map((draft) => {
    const received = receivedAt.get(draft.versionId)!;
    const key = `${received}/${draft.termDays}`;
    const clock = clocks.get(key) ?? taskClock(received, draft.termDays);
    clocks.set(key, clock);
    return { ...draft, ...clock };
  });
  await insertTasks(tx, tasks);
  const first = new Map<number, (typeof tasks)[number]>();
  for (const task of tasks) {
    const earlier = first.get(task.versionId);
    if (earlier === undefined || task.deadline < earlier.deadline) first.set(task.versionId, task);
  }
  await markWaiting(
    tx,
    [...first].map(([id, { deadline, calendarVersion }]) => ({ id, deadline, calendarVersion })),
  );
  return new Set(first.keys());
}

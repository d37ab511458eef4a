import { plainDate } from '../../models/calendar';
import { describeFindings } from '../../models/review/findings';
import { longestLookAhead } from '../../models/review/recheck';
import { rulesOf } from '../../models/review/registry';
import { reviewScope } from '../../models/review/scopes';
import type { Snapshots } from '../../prisma/facts/snapshots';
import type { Pool, PoolClient } from '../../prisma/pool';
import { claimChunk, findBatch } from '../../prisma/repositories/batches';
import { readChunk } from '../../prisma/repositories/chunk-lines';
import { createTextCache } from '../../prisma/repositories/chunk-subjects';
import { recheckFindings } from '../../prisma/repositories/findings';
import {
  lettersOfBatch,
  linesOfEndedBatches,
  lockLetterRefs,
  overspendable,
  refusalsSince,
  takeLetterRecheck,
} from '../../prisma/repositories/letter-recheck';
import { currentRoutingPolicy } from '../../prisma/repositories/routing';
import { currentRuleSet } from '../../prisma/repositories/rule-sets';
import { lockRoutedVersions } from '../../prisma/repositories/versions';
import { ENGINE_VERSION } from '../engine-version';
import { draftOf } from './check-chunk';
import { routeRechecked } from './route-chunk';

/**
 * A verdict has changed what letters have left: the engine looks at them again, in the transaction of that verdict.
 * Undecided lines get or lose their over-use finding and are routed by it; decided ones get a notice, like in every
 * re-check. Most letters cannot be overspent at all: nothing is read of them but two sums.
 * @param key what the change was, unique
 * @param ownBatchId a running batch whose findings are complete: its lines count as those of ended batches
 */
export async function recheckLetters(
  tx: PoolClient,
  snapshots: Snapshots,
  {
    key,
    letterRefIds,
    ownBatchId = null,
  }: { readonly key: string; readonly letterRefIds: readonly number[]; readonly ownBatchId?: string | null },
): Promise<void> {
  const doubtful = await overspendable(tx, letterRefIds);
  if (doubtful.length === 0) return;
  const ruleSetVersion = await currentRuleSet(tx, ENGINE_VERSION);
  const policy = await currentRoutingPolicy(tx, plainDate(new Date().toISOString()));
  const taken = { key, letterRefIds: doubtful, ruleSetVersion, routingPolicyVersion: policy.version };
  const batch = (await findBatch(tx, await takeLetterRecheck(tx, taken)))!;
  const { compiled, snapshot } = await snapshots.of(tx, ruleSetVersion);
  const range = { scope: 'letter', offset: 0, length: doubtful.length } as const;
  const lines = await readChunk(tx, {
    batch,
    range,
    snapshot,
    own: new Set(),
    lookBackDays: longestLookAhead(compiled),
    texts: createTextCache(),
  });
  const lineIds = await linesOfEndedBatches(tx, lines.rechecked, ownBatchId);
  const settled = new Set(lineIds);
  const result = reviewScope(range.scope, { compiled, subjects: lines.subjects, table: lines.table });
  const findings = describeFindings(result)
    .map(draftOf)
    .filter((finding) => settled.has(finding.lineId));
  const codes = rulesOf(range.scope, compiled.disabled).map((rule) => rule.code);
  await claimChunk(tx, { batchId: batch.id, ...range }, { linesChecked: lines.table.rows, findingsFound: 0 });
  await recheckFindings(tx, { batchId: batch.id, lineIds, codes, findings });
  await routeRechecked(tx, { batchId: batch.id, ruleSetVersion, policy });
}

/**
 * Compiles the reference before a transaction that may look at these letters again: it takes seconds, and nobody should
 * wait for them behind the locks of a decision.
 */
export async function prepareRecheck(pool: Pool, snapshots: Snapshots, letterRefIds: readonly number[]): Promise<void> {
  if ((await overspendable(pool, letterRefIds)).length === 0) return;
  await snapshots.of(pool, await currentRuleSet(pool, ENGINE_VERSION));
}

/** The same for the letters that people have moved while a batch ran. */
export async function prepareBatchRecheck(pool: Pool, snapshots: Snapshots, batchId: string): Promise<void> {
  const letterRefIds = await overspendable(pool, await lettersOfBatch(pool, batchId));
  await prepareRecheck(pool, snapshots, await refusalsSince(pool, batchId, letterRefIds));
}

/**
 * A batch sees verdicts as they were when it was taken, and a verdict that comes meanwhile leaves the lines of a running
 * batch alone. So whenever a batch closes a step, the letters that were moved since are looked at again, its own lines
 * included. Locks the invoice versions of all lines that this look, or the end of the batch behind it, may route again.
 */
export async function recheckBatchLetters(
  tx: PoolClient,
  snapshots: Snapshots,
  { batchId, step }: { readonly batchId: string; readonly step: 'checked' | 'done' },
): Promise<void> {
  const doubtful = await overspendable(tx, await lettersOfBatch(tx, batchId));
  // A verdict under way on one of them either is seen below or sees what this transaction leaves.
  await lockLetterRefs(tx, doubtful);
  await lockRoutedVersions(tx, { letterRefIds: doubtful, ...(step === 'done' ? { batchId } : {}) });
  const letterRefIds = await refusalsSince(tx, batchId, doubtful);
  await recheckLetters(tx, snapshots, { key: `batch/${batchId}/${step}`, letterRefIds, ownBatchId: batchId });
}

import { describeFindings } from '../../models/review/findings';
import { longestLookAhead } from '../../models/review/recheck';
import { rulesOf } from '../../models/review/registry';
import { reviewScope } from '../../models/review/scopes';
import type { Snapshots } from '../../prisma/facts/snapshots';
import type { PoolClient } from '../../prisma/pool';
import { claimChunk, findBatch } from '../../prisma/repositories/batches';
import { readChunk } from '../../prisma/repositories/chunk-lines';
import { createTextCache } from '../../prisma/repositories/chunk-subjects';
import { recheckFindings } from '../../prisma/repositories/findings';
import { linesOfEndedBatches, overspendable, takeLetterRecheck } from '../../prisma/repositories/letter-recheck';
import { currentRoutingPolicy } from '../../prisma/repositories/routing';
import { currentRuleSet } from '../../prisma/repositories/rule-sets';
import { ENGINE_VERSION } from '../engine-version';
import { draftOf } from './check-chunk';
import { routeRechecked } from './route-chunk';

/**
 * A verdict has changed what letters have left: the engine looks at them again, in the transaction of that verdict.
 * Undecided lines get or lose their over-use finding and are routed by it; decided ones get a notice, like in every
 * re-check. Most letters cannot be overspent at all: nothing is read of them but two sums.
 * @param key what the change was, unique
 */
export async function recheckLetters(
  tx: PoolClient,
  snapshots: Snapshots,
  { key, letterRefIds }: { readonly key: string; readonly letterRefIds: readonly number[] },
): Promise<void> {
  const doubtful = letterRefIds.length === 0 ? [] : await overspendable(tx, letterRefIds);
  if (doubtful.length === 0) return;
  const ruleSetVersion = await currentRuleSet(tx, ENGINE_VERSION);
  const policy = await currentRoutingPolicy(tx, new Date().toISOString().slice(0, 10));
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
  const lineIds = await linesOfEndedBatches(tx, lines.rechecked);
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

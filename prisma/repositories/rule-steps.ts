import { AppError } from '../../models/errors';
import { advance } from '../../models/library/lifecycle';
import type { LifecycleCommand } from '../../models/library/lifecycle';
import type { PoolClient } from '../pool';
import { assertPublishable } from './decision-tables';
import { enqueue } from './outbox';
import {
  findRuleVersion,
  lifecycleOf,
  replaceInForce,
  revertVersion,
  ruleVersionData,
  saveLifecycle,
} from './rule-versions';
import type { RuleKind, RuleVersion } from './rule-versions';
import { hasShadowRun } from './shadow-runs';

export interface StepActor {
  readonly id: string;
  /** A doctor expert with a name. */
  readonly isDoctor: boolean;
}

export type RuleStep =
  | { readonly action: 'review'; readonly comment?: string | undefined }
  | { readonly action: 'send-back'; readonly comment: string }
  | { readonly action: 'publish'; readonly effectiveFrom: string }
  | { readonly action: 'retire'; readonly effectiveTo: string }
  | { readonly action: 'revert'; readonly comment: string };

/**
 * One step in the life of a pack or an expert table, in the caller's transaction. Publishing, retiring and reverting
 * queue the re-review of undecided lines in the same transaction.
 *
 * @throws AppError `library.wrong-state`, `library.four-eyes`, `library.not-a-doctor`, `library.bad-dates`,
 *   `library.no-shadow-run`, `library.table-invalid`, `library.not-latest`; null when there is no such version
 */
export async function stepRuleVersion(
  tx: PoolClient,
  kind: RuleKind,
  id: string,
  step: RuleStep & { readonly by: StepActor; readonly at: string },
): Promise<RuleVersion | null> {
  const row = await findRuleVersion(tx, kind, id, true);
  if (row === null) return null;
  if (step.action === 'revert') {
    await revertVersion(tx, kind, row, { actor: step.by.id, at: step.at, comment: step.comment });
    await queueReview(tx, `revert/${id}`, row.effectiveFrom);
    return findRuleVersion(tx, kind, id);
  }
  const life = advance(lifecycleOf(row), commandOf(step));
  if (step.action === 'publish') {
    await assertReady(tx, kind, row);
    await replaceInForce(tx, kind, row, step.effectiveFrom);
    await queueReview(tx, `publish/${id}`, step.effectiveFrom);
  }
  if (step.action === 'retire') await queueReview(tx, `retire/${id}`, step.effectiveTo);
  await saveLifecycle(tx, kind, id, life);
  return findRuleVersion(tx, kind, id);
}

function commandOf(step: Exclude<RuleStep, { action: 'revert' }> & { readonly by: StepActor; readonly at: string }) {
  const base = { actor: step.by.id, at: step.at };
  const command: LifecycleCommand =
    step.action === 'review'
      ? {
          action: step.action,
          ...base,
          isDoctor: step.by.isDoctor,
          ...(step.comment === undefined ? {} : { comment: step.comment }),
        }
      : step.action === 'send-back'
        ? { action: step.action, ...base, comment: step.comment }
        : step.action === 'publish'
          ? { action: step.action, ...base, effectiveFrom: step.effectiveFrom }
          : { action: step.action, ...base, effectiveTo: step.effectiveTo };
  return command;
}

/** Nothing is published that was not seen to work: test cases of a table, and a shadow run of exactly this content. */
async function assertReady(tx: PoolClient, kind: RuleKind, row: RuleVersion): Promise<void> {
  if (kind === 'decision_table') await assertPublishable(await ruleVersionData(tx, kind, row.id));
  if (await hasShadowRun(tx, kind, row.sha256)) return;
  throw new AppError(
    'library.no-shadow-run',
    {
      ru: 'Сначала пробный прогон: покажите, что изменит именно эта версия',
      en: 'A shadow run first: show what exactly this version would change',
    },
    { httpStatus: 409, details: { name: row.name, version: row.version } },
  );
}

async function queueReview(tx: PoolClient, key: string, from: string | null): Promise<void> {
  await enqueue(tx, [{ topic: 'rule-activation', key, payload: { key, from } }]);
}

import { problem, problemError } from '../../models/review-case/problems';
import type { Queryable } from '../pool';
import { changeTask, lockTask } from './task-commands';
import type { LockedTask } from './task-commands';

/**
 * Takes a task for a while, in the caller's transaction. The row lock decides: of many who come at once the first one
 * wins, the others are told who holds it. The holder may take it again, which prolongs the lease; a lease that has run
 * out holds nobody off.
 *
 * @throws AppError task.unknown (404), task.closed, task.on-hold, task.held (409, with the holder),
 *   invoice.superseded (409)
 */
export async function claimTask(
  tx: Queryable,
  taskId: string,
  claim: { readonly holder: { readonly id: string; readonly name: string }; readonly leaseSeconds: number },
): Promise<{ readonly revision: number; readonly leaseUntil: string }> {
  const task = await lockTask(tx, taskId);
  if (task === null) throw problemError(problem('task.unknown'));
  refuseClosed(task);
  if (task.superseded) throw problemError(problem('invoice.superseded'));
  if (task.leased && task.holderId !== claim.holder.id) {
    const facts = { holderId: task.holderId, holderName: task.holderName, leaseUntil: task.leaseUntil };
    throw problemError(problem('task.held', undefined, facts));
  }
  const revision = await changeTask(tx, taskId, { state: 'claimed', ...claim });
  const now = await lockTask(tx, taskId);
  return { revision, leaseUntil: now!.leaseUntil! };
}

/** Gives a task back. Releasing what one does not hold is a conflict; a released task stays released. */
export async function releaseTask(tx: Queryable, taskId: string, holderId: string): Promise<{ revision: number }> {
  const task = await lockTask(tx, taskId);
  if (task === null) throw problemError(problem('task.unknown'));
  refuseClosed(task);
  if (task.state === 'open') return { revision: task.revision };
  if (task.holderId !== holderId && !task.leased) throw problemError(problem('task.not-held'));
  if (task.holderId !== holderId) {
    const facts = { holderId: task.holderId, holderName: task.holderName, leaseUntil: task.leaseUntil };
    throw problemError(problem('task.held', undefined, facts));
  }
  return { revision: await changeTask(tx, taskId, { state: 'open', holder: null }) };
}

function refuseClosed(task: LockedTask): void {
  if (task.state === 'decided' || task.state === 'cancelled') throw problemError(problem('task.closed'));
  if (task.state === 'on-hold') throw problemError(problem('task.on-hold'));
}

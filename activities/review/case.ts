import { problem } from '../../models/review-case/problems';
import { withTransaction } from '../../prisma/pool';
import type { Pool } from '../../prisma/pool';
import { setVersionStates } from '../../prisma/repositories/route-lines';
import { caseOf, escalateTasks, findVersion } from '../../prisma/repositories/versions';
import type { CaseView } from '../../workflows/messages';
import { refusal } from '../failures';
import { issueAct } from './issue-acts';

export async function loadCase(pool: Pool, versionId: string): Promise<CaseView> {
  const view = await caseOf(pool, versionId);
  if (view === null) throw refusal(problem('invoice.unknown'));
  return view;
}

/** Tells the lead expert of tasks whose warning instant has come: they rise in the queue. */
export function escalateCase(pool: Pool, versionId: string, dueBy: string): Promise<number> {
  return escalateTasks(pool, versionId, dueBy);
}

/**
 * The last step of an invoice: its act, or the next supplement, and then it is ready to settle. Idempotent: the act's
 * key is the version, and an act that covers every verdict is not issued again.
 */
export function issueCaseAct(pool: Pool, versionId: string): Promise<{ readonly number: string | null }> {
  return withTransaction(pool, async (tx) => {
    const version = await findVersion(tx, versionId, true);
    if (version === null) throw refusal(problem('invoice.unknown'));
    if (!version.current || (version.state !== 'decided' && version.state !== 'act-issued')) return { number: null };
    const number = await issueAct(tx, version.id, new Date().toISOString());
    await setVersionStates(tx, [version.id], 'settle-ready');
    return { number };
  });
}

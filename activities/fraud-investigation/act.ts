import { AppError, isAppError } from '../../models/errors';
import type { CaseAct, CaseTimes } from '../../models/investigation/acts';
import { applyAct, clocksOf, objectToAct } from '../../models/investigation/apply-act';
import type { CaseClocks } from '../../models/investigation/apply-act';
import type { Pool } from '../../prisma/pool';
import { withTransaction } from '../../prisma/pool';
import { appendCaseEvent, lockCase, saveCase, syncHold } from '../../prisma/repositories/fraud-cases';

interface ActDeps {
  readonly pool: Pool;
  readonly times: CaseTimes;
  readonly now: () => Date;
}
export interface ActInput {
  readonly caseId: string;
  readonly key: string;
  readonly act: CaseAct;
}
export interface ClockInput {
  readonly caseId: string;
  /** The stored instant that has come: names the step, so that it happens once. */
  readonly dueAt: string;
}

/** One act in one transaction: judged again under the row's lock, kept in the thread, payment holds moved with it. */
export function actOnCase(deps: ActDeps, { caseId, key, act }: ActInput): Promise<CaseClocks> {
  return withTransaction(deps.pool, async (tx) => {
    const stored = await lockCase(tx, caseId);
    if (stored === null || stored.record === null) throw refused('missing', 'Дело не найдено', 'No such case');
    const at = deps.now().toISOString();
    const by = 'by' in act ? act.by : null;
    const { kind, ...body } = act;
    const author = { actorRole: by?.role ?? 'clock', actorId: by?.id ?? null, actorName: by?.name ?? null };
    // Kept first: a second run of the same act finds it there and only reads what the first one left.
    if (!(await appendCaseEvent(tx, caseId, { kind, ...author, key, at, body }))) return clocksOf(stored.record);
    const wrong = objectToAct(stored.record, act);
    if (wrong !== null) throw new AppError(wrong.code, wrong.text, { httpStatus: 409 });
    const record = applyAct(stored.record, { key, at, act }, deps.times);
    const clocks = clocksOf(record);
    await saveCase(tx, record, clocks.holdDueAt);
    const foreign = await syncHold(tx, record, act);
    if (foreign.length > 0) throw refused('held', 'Строку удерживает другое дело', 'Another case holds a line');
    return clocks;
  });
}

/** A clock's own act; when something was quicker there is nothing to do. */
export async function passClock(deps: ActDeps, { caseId, dueAt }: ClockInput, act: CaseAct): Promise<CaseClocks> {
  try {
    return await actOnCase(deps, { caseId, key: `${act.kind}:${dueAt}`, act });
  } catch (error) {
    const known = await withTransaction(deps.pool, (tx) => lockCase(tx, caseId));
    if (!isAppError(error) || known?.record == null) throw error;
    return clocksOf(known.record);
  }
}

function refused(code: string, ru: string, en: string): AppError {
  return new AppError(`fraud-case.${code}`, { ru, en }, { httpStatus: 409 });
}

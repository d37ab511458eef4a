import { plainDate } from '../models/calendar';
import { maxDoctorMinutes } from '../prisma/facts/snapshots';
import { setStatementTimeout, withTransaction } from '../prisma/pool';
import { takeActivation } from '../prisma/repositories/activation-take';
import { currentRoutingPolicy } from '../prisma/repositories/routing';
import { currentRuleSet } from '../prisma/repositories/rule-sets';
import type { TakenBatch } from '../workflows/messages';
import { ENGINE_VERSION } from './batch-review';
import type { ActivityDeps } from './deps';

const TAKE_TIMEOUT_MS = 240_000;

export type ActivationActivities = ReturnType<typeof createActivationActivities>;

/** Takes what a change of rules concerns; its chunks are the ordinary ones of a batch. */
export function createActivationActivities(deps: ActivityDeps) {
  return {
    async takeActivation({ key, from }: { key: string; from: string | null }): Promise<TakenBatch | null> {
      const { pool } = deps;
      const ruleSetVersion = await currentRuleSet(pool, ENGINE_VERSION);
      const { compiled } = await deps.snapshots.of(pool, ruleSetVersion);
      const policy = await currentRoutingPolicy(pool, plainDate(new Date().toISOString()));
      const taken = await withTransaction(pool, async (tx) => {
        await setStatementTimeout(tx, TAKE_TIMEOUT_MS);
        return takeActivation(tx, {
          key,
          from,
          ruleSetVersion,
          routingPolicyVersion: policy.version,
          maxDoctorMinutes: maxDoctorMinutes(compiled.source.packs),
        });
      });
      if (taken === null) return null;
      const subjects = { person: taken.personCount, 'doctor-day': taken.doctorDayCount, letter: 0, invoice: 0 };
      return { batchId: taken.id, lines: taken.lineCount, subjects };
    },
  };
}

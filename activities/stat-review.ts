import { randomBytes } from 'node:crypto';
import { startDeadline } from '../models/calendar';
import { DEFAULT_LANE_RULES, stepLane } from '../models/sampling/fast-lane';
import type { Lane } from '../models/sampling/fast-lane';
import { DEFAULT_SAMPLING_PLAN, sampleAccepted } from '../models/sampling/inclusion';
import { reviewAddedServices, reviewNearDuplicates, reviewVisitUpcoding } from '../models/statistics/review';
import type { StatAlert } from '../models/statistics/review';
import { setStatementTimeout, withTransaction } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { readLaneFacts, saveLane } from '../prisma/repositories/lanes';
import { acceptedLines, saveDraw, unsampledBatches } from '../prisma/repositories/samples';
import { gatherStatLines, raisePriorities, readStatCounts, saveStatRun } from '../prisma/repositories/stat-alerts';
import type { StatCounts } from '../prisma/repositories/stat-alerts';

export type StatReviewActivities = ReturnType<typeof createStatReviewActivities>;

const STATEMENT_TIMEOUT_MS = 600_000;
/** Draws of batches that ended longer ago would tell nothing of today's rules. */
const SAMPLE_DAYS = 60;
const LANE_DAYS = 365;
/** Working days for a sampled line: nothing is owed meanwhile. */
const SAMPLE_TERM = { unit: 'business-days', amount: 15 } as const;

/** The nightly look at what no single line shows. Each step is one transaction and safe to repeat. */
export function createStatReviewActivities({ pool }: { readonly pool: Pool }) {
  return {
    /** Services added, near duplicates and dearer visits, against peers; raises priority and does nothing else. */
    async reviewStatistics(input: { key: string; months: number }): Promise<{ alerts: number; raised: number }> {
      return withTransaction(pool, async (tx) => {
        await setStatementTimeout(tx, STATEMENT_TIMEOUT_MS);
        const window = await gatherStatLines(tx, input.months);
        if (window === null) return { alerts: 0, raised: 0 };
        const alerts = alertsOf(await readStatCounts(tx, 'clinic')).concat(
          alertsOf(await readStatCounts(tx, 'doctor')),
        );
        const runId = await saveStatRun(tx, input.key, window, alerts);
        return { alerts: alerts.length, raised: runId === null ? 0 : await raisePriorities(tx, runId) };
      });
    },

    /** A random and a risk-weighted sample of what each finished batch has accepted by itself. */
    async drawSamples(): Promise<{ drawn: number }> {
      let drawn = 0;
      for (const batchId of await unsampledBatches(pool, SAMPLE_DAYS)) drawn += await drawSample(pool, batchId);
      return { drawn };
    },

    /** One step of every clinic's lane. */
    async stepLanes(input: { today: string }): Promise<{ changed: number }> {
      return withTransaction(pool, async (tx) => {
        let changed = 0;
        for (const { clinicId, lane, ...facts } of await readLaneFacts(tx, LANE_DAYS)) {
          const before: Lane = lane ?? { state: 'ordinary', since: input.today, quarantineUntil: null };
          const decision = stepLane(before, facts, DEFAULT_LANE_RULES, input.today);
          await saveLane(tx, clinicId, decision, facts, input.today);
          if (decision.changed) changed += 1;
        }
        return { changed };
      });
    },
  };
}

function alertsOf({ kind, cases, services, repeats, visits }: StatCounts): StatAlert[] {
  return [
    ...reviewAddedServices({ subjectKind: kind, cases, services }),
    ...reviewNearDuplicates(kind, repeats),
    ...reviewVisitUpcoding(kind, visits),
  ];
}

/** Lines of clinics on the fast lane are drawn half as often at random; nobody is ever left out. */
async function drawSample(pool: Pool, batchId: string): Promise<number> {
  const accepted = await acceptedLines(pool, batchId);
  // Nobody outside knows the seed before the draw; it is kept with it.
  const seed = randomBytes(16).toString('hex');
  const plan = DEFAULT_SAMPLING_PLAN;
  const slow = accepted.filter((line) => !line.fastLane);
  const fast = accepted.filter((line) => line.fastLane);
  const byId = new Map(accepted.map((line) => [line.id, line]));
  const lines = [
    ...sampleAccepted(slow, plan, seed),
    ...sampleAccepted(fast, { ...plan, baseRate: plan.baseRate / 2, riskDraws: plan.riskDraws / 5 }, seed),
  ].map(({ id, probability, reason }) => ({ ...byId.get(id)!, probability, reason }));
  const clock = startDeadline(new Date().toISOString(), SAMPLE_TERM);
  const saved = await withTransaction(pool, (tx) =>
    saveDraw(tx, { batchId, population: accepted.length, plan, seed, lines, clock }),
  );
  return saved ? lines.length : 0;
}

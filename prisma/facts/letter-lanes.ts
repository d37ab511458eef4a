import { plainDate } from '../../models/calendar';
import { DEFAULT_LANE_RULES, stepLane } from '../../models/sampling/fast-lane';
import type { LaneRules } from '../../models/sampling/fast-lane';
import type { Queryable } from '../pool';
import { readLetterLanes, saveLetterLanes } from '../repositories/letter-lanes';

/**
 * Judges the trusted lanes by their measured record: earned and lost by the same rule as the lane of invoices.
 * @param clinicId null = every clinic
 * @returns lanes whose state has changed
 */
export async function stepLetterLanes(
  db: Queryable,
  options: { readonly clinicId: number | null; readonly now: Date; readonly rules?: LaneRules },
): Promise<number> {
  const today = plainDate(options.now.toISOString());
  const lanes = await readLetterLanes(db, options.clinicId);
  const stepped = lanes.map((row) => {
    const before = {
      state: row.facts.openFraudCase && row.state === 'off' ? ('suspended' as const) : LANE[row.state],
      since: row.since,
      quarantineUntil: row.quarantineUntil,
    };
    const { lane } = stepLane(before, row.facts, options.rules ?? DEFAULT_LANE_RULES, today);
    const state = lane.state === 'fast' ? ('on' as const) : ('off' as const);
    return { ...row, ...row.facts, state, quarantineUntil: lane.quarantineUntil, changed: state !== row.state };
  });
  // A service that never had a lane and has not earned one leaves no row.
  const worth = stepped.filter((lane, i) => lane.changed || lanes[i]!.state === 'on' || lane.quarantineUntil !== null);
  await saveLetterLanes(db, worth);
  return stepped.filter((lane) => lane.changed).length;
}

const LANE = { on: 'fast', off: 'ordinary' } as const;

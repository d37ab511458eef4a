import { wilsonInterval } from '../statistics/intervals';

/** One line that a clinic disputed and a second doctor decided. */
export interface DisputeOutcome {
  /** Rule ids of the findings that the first verdict stood on. */
  readonly rules: readonly string[];
  /** The first doctor (opaque id), or null when a rule decided. */
  readonly doctor: string | null;
  readonly overturned: boolean;
  readonly amountKopecks: number;
}

/** How many first verdicts there were, disputed or not. */
export interface VerdictCount {
  readonly id: string;
  readonly verdicts: number;
}

export interface QualityRow {
  readonly id: string;
  readonly verdicts: number;
  readonly disputed: number;
  readonly overturned: number;
  /** Overturned share of the disputed, with Wilson's interval. */
  readonly overturnRate: number;
  readonly low: number;
  readonly high: number;
  /** Overturned share of all verdicts. */
  readonly overturnedOfAll: number;
  readonly overturnedKopecks: number;
  /** The whole interval lies above the level: the rule or the doctor needs a look. */
  readonly alarming: boolean;
}

/** Overturn rates by rule: a verdict that stood on several rules counts for each of them. */
export function qualityByRule(
  disputes: readonly DisputeOutcome[],
  verdicts: readonly VerdictCount[],
  alarmAbove = 0.3,
): QualityRow[] {
  return rowsOf(
    disputes.flatMap((dispute) => dispute.rules.map((id) => ({ id, dispute }))),
    verdicts,
    alarmAbove,
  );
}

/** Overturn rates by first doctor; verdicts made by rules are left out. */
export function qualityByDoctor(
  disputes: readonly DisputeOutcome[],
  verdicts: readonly VerdictCount[],
  alarmAbove = 0.3,
): QualityRow[] {
  return rowsOf(
    disputes.flatMap((dispute) => (dispute.doctor === null ? [] : [{ id: dispute.doctor, dispute }])),
    verdicts,
    alarmAbove,
  );
}

function rowsOf(
  items: readonly { readonly id: string; readonly dispute: DisputeOutcome }[],
  verdicts: readonly VerdictCount[],
  alarmAbove: number,
): QualityRow[] {
  const counts = new Map(verdicts.map(({ id, verdicts: n }) => [id, n]));
  const groups = new Map<string, DisputeOutcome[]>();
  for (const id of counts.keys()) groups.set(id, []);
  for (const { id, dispute } of items) groups.set(id, [...(groups.get(id) ?? []), dispute]);
  const rows = [...groups].map(([id, disputes]) => {
    const lost = disputes.filter(({ overturned }) => overturned);
    const made = Math.max(counts.get(id) ?? 0, disputes.length);
    const { share, low, high } = wilsonInterval(lost.length, disputes.length);
    return {
      id,
      verdicts: made,
      disputed: disputes.length,
      overturned: lost.length,
      overturnRate: share,
      low,
      high,
      overturnedOfAll: made === 0 ? 0 : lost.length / made,
      overturnedKopecks: lost.reduce((sum, { amountKopecks }) => sum + amountKopecks, 0),
      alarming: disputes.length > 0 && low > alarmAbove,
    };
  });
  return rows.sort((a, b) => b.low - a.low || b.disputed - a.disputed || (a.id < b.id ? -1 : 1));
}

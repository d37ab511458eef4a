import type { Lane, LaneDecision, LaneFacts, LaneState } from '../../models/sampling/fast-lane';
import type { Queryable } from '../pool';
import { internalHigh } from './ratings';

/** What expert tables read of clinics, by id. */
export interface ClinicFacts {
  readonly id: number;
  readonly city: string;
  readonly level: number;
  readonly fastLane: boolean;
}

export async function readClinicFacts(db: Queryable): Promise<ClinicFacts[]> {
  const rows = await db.query<ClinicFacts & Record<string, unknown>>(
    `SELECT c.id, c.city, c.level, COALESCE(l.state = 'fast', false) AS "fastLane"
     FROM clinic c LEFT JOIN clinic_lane l ON l.clinic_id = c.id`,
  );
  return rows.rows;
}

/** Days (from 1970-01-01) of lines that were refused by the watermark, by policy number. */
export async function readRefusedDays(
  db: Queryable,
  policyNos: readonly string[],
  verdictWatermark: number,
): Promise<Map<string, number[]>> {
  const rows = await db.query<{ policyNo: string; day: number }>(
    `SELECT p.policy_no AS "policyNo", l.service_date - date '1970-01-01' AS day
     FROM policy p JOIN invoice_line l ON l.policy_id = p.id
     JOIN verdict f ON f.line_id = l.id AND f.kind = 'refuse' AND f.id <= $2
     WHERE p.policy_no = ANY($1) AND NOT EXISTS (SELECT 1 FROM verdict r WHERE r.reverses_id = f.id AND r.id <= $2)`,
    [policyNos, verdictWatermark],
  );
  const days = new Map<string, number[]>();
  for (const { policyNo, day } of rows.rows) days.set(policyNo, [...(days.get(policyNo) ?? []), day]);
  return days;
}

export interface ClinicLaneRow extends Lane {
  readonly clinicId: number;
  readonly clinicCode: string;
  readonly clinicName: string;
  readonly reason: string;
  readonly facts: LaneFacts;
  readonly steppedOn: string;
}

/** Lanes of all clinics that were ever judged, by clinic code. */
export async function listLanes(db: Queryable): Promise<ClinicLaneRow[]> {
  const rows = await db.query<ClinicLaneRow & Record<string, unknown>>(
    `SELECT l.clinic_id AS "clinicId", c.code AS "clinicCode", c.name AS "clinicName", l.state, l.since,
       l.quarantine_until AS "quarantineUntil", l.reason, l.facts, l.stepped_on AS "steppedOn"
     FROM clinic_lane l JOIN clinic c ON c.id = l.clinic_id ORDER BY c.code COLLATE "C"`,
  );
  return rows.rows;
}

/** What the rule of the lane reads, per clinic, over the lines decided in the last `days`. */
export async function readLaneFacts(
  db: Queryable,
  days: number,
): Promise<(LaneFacts & { readonly clinicId: number; readonly lane: Lane | null })[]> {
  const rows = await db.query<
    LaneFacts & {
      clinicId: number;
      state: LaneState | null;
      since: string | null;
      quarantineUntil: string | null;
    } & Record<string, unknown>
  >(
    `SELECT c.id AS "clinicId", COALESCE(s.checked, 0)::int AS checked, COALESCE(s.wrong, 0)::int AS wrong,
       COALESCE(v.decided, 0)::int AS "linesDecided", COALESCE(v.cut, 0)::int AS "linesRefusedOrReduced",
       EXISTS (SELECT 1 FROM fraud_case f WHERE f.clinic_id = c.id AND f.state <> 'closed') AS "openFraudCase",
       ${internalHigh('c.id')} AS "ratingHigh", l.state, l.since, l.quarantine_until AS "quarantineUntil"
     FROM clinic c LEFT JOIN clinic_lane l ON l.clinic_id = c.id
     LEFT JOIN (SELECT clinic_id, count(*) AS checked, count(*) FILTER (WHERE outcome = 'wrong') AS wrong
                FROM accepted_sample WHERE state = 'checked' AND reason = 'random'
                  AND checked_at > now() - make_interval(days => $1) GROUP BY clinic_id) s ON s.clinic_id = c.id
     LEFT JOIN (SELECT n.clinic_id, count(*) AS decided, count(*) FILTER (WHERE d.kind <> 'accept') AS cut
                FROM verdict d JOIN invoice_line n ON n.id = d.line_id
                WHERE d.active AND d.created_at > now() - make_interval(days => $1) GROUP BY n.clinic_id) v ON v.clinic_id = c.id
     ORDER BY c.id`,
    [days],
  );
  return rows.rows.map(({ state, since, quarantineUntil, ...facts }) => ({
    ...facts,
    lane: state === null || since === null ? null : { state, since, quarantineUntil },
  }));
}

/** Writes one step of a lane; a change is kept as an event. The same step on the same day again changes nothing. */
export async function saveLane(
  tx: Queryable,
  clinicId: number,
  decision: LaneDecision,
  facts: LaneFacts,
  today: string,
): Promise<void> {
  const { state, since, quarantineUntil } = decision.lane;
  await tx.query(
    `INSERT INTO clinic_lane (clinic_id, state, since, quarantine_until, reason, facts, stepped_on)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (clinic_id) DO UPDATE SET state = excluded.state, since = excluded.since, facts = excluded.facts,
       quarantine_until = excluded.quarantine_until, reason = excluded.reason, stepped_on = excluded.stepped_on
     WHERE (clinic_lane.state, clinic_lane.since, clinic_lane.facts, clinic_lane.quarantine_until, clinic_lane.reason)
       IS DISTINCT FROM (excluded.state, excluded.since, excluded.facts, excluded.quarantine_until, excluded.reason)`,
    [clinicId, state, since, quarantineUntil, decision.reason, JSON.stringify(facts), today],
  );
  if (!decision.changed) return;
  await tx.query(
    `INSERT INTO clinic_lane_event (clinic_id, state, reason, facts, on_day) VALUES ($1, $2, $3, $4, $5)`,
    [clinicId, state, decision.reason, JSON.stringify(facts), today],
  );
}

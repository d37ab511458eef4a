import type { RowFilter } from '../../models/access/policy';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

export interface RatingContest {
  readonly contestId: string;
  readonly kind: string;
  readonly version: number;
  readonly clinicCode: string;
  readonly component: string;
  readonly reason: string;
  readonly state: string;
  readonly answer: string | null;
  readonly openedAt: string;
  readonly decidedAt: string | null;
}

/** Opens a clinic's objection to its newest rating; null: no such rating, or an objection to it is open. */
export async function openContest(
  tx: Queryable,
  contest: { kind: string; clinicId: number; component: string; reason: string; openedBy: string },
): Promise<string | null> {
  const rows = await tx.query<{ id: string }>(
    `INSERT INTO rating_contest (version_id, clinic_id, component, reason, opened_by)
     SELECT r.version_id, r.clinic_id, $3, $4, $5 FROM clinic_rating r
     WHERE r.clinic_id = $2
       AND r.version_id = (SELECT id FROM rating_version WHERE kind = $1 ORDER BY version DESC LIMIT 1)
     ON CONFLICT DO NOTHING RETURNING id`,
    [contest.kind, contest.clinicId, contest.component, contest.reason, contest.openedBy],
  );
  return rows.rows[0]?.id ?? null;
}

/** False: there is no open objection of this id. */
export async function decideContest(
  tx: Queryable,
  decision: { contestId: string; state: 'upheld' | 'rejected'; answer: string; decidedBy: string },
): Promise<boolean> {
  const done = await tx.query(
    `UPDATE rating_contest SET state = $2, answer = $3, decided_by = $4, decided_at = now()
     WHERE id = $1 AND state = 'open'`,
    [decision.contestId, decision.state, decision.answer, decision.decidedBy],
  );
  return done.rowCount === 1;
}

export async function listContests(db: Queryable, filter: RowFilter, limit: number): Promise<RatingContest[]> {
  const values: unknown[] = [limit];
  const rows = await db.query<RatingContest & Record<string, unknown>>(
    `SELECT t.id AS "contestId", v.kind, v.version, c.code AS "clinicCode", t.component, t.reason, t.state, t.answer,
       t.opened_at AS "openedAt", t.decided_at AS "decidedAt"
     FROM rating_contest t JOIN rating_version v ON v.id = t.version_id JOIN clinic c ON c.id = t.clinic_id
     WHERE ${filterSql(filter, { clinicId: 't.clinic_id' }, values)} ORDER BY t.opened_at DESC LIMIT $1`,
    values,
  );
  return rows.rows;
}

import type { RowFilter } from '../../models/access/policy';
import type { PoolClient, Queryable } from '../pool';
import { lockOutIntake } from './invoices-intake';
import { filterSql } from './row-filter';

export interface ActivationTake {
  readonly id: string;
  readonly lineCount: number;
  readonly personCount: number;
  readonly doctorDayCount: number;
}

/** The business key of the batch that reviews lines again after a change of rules. */
export function activationBatchKey(key: string): string {
  return `activation/${key}`;
}

const SELECT = `SELECT id, line_count AS "lineCount", person_count AS "personCount", doctor_day_count AS "doctorDayCount"
  FROM batch WHERE business_key = $1`;

/**
 * A batch without invoices of its own: every person with a reviewed line from `from` on, and the doctors' days that are
 * or were too long. Its chunks check those lines again with the new rule set: undecided lines get the new findings,
 * decided ones a notice. Null when no line is concerned; the same key again returns the same batch.
 */
export async function takeActivation(
  tx: PoolClient,
  input: {
    readonly key: string;
    readonly from: string | null;
    readonly ruleSetVersion: string;
    readonly routingPolicyVersion: number;
    readonly maxDoctorMinutes: number | null;
  },
): Promise<ActivationTake | null> {
  await lockOutIntake(tx);
  const businessKey = activationBatchKey(input.key);
  const earlier = await tx.query<ActivationTake & Record<string, unknown>>(SELECT, [businessKey]);
  if (earlier.rows[0]) return earlier.rows[0];
  const inserted = await tx.query<{ id: string }>(
    `INSERT INTO batch (business_key, state, rule_set_version, routing_policy_version, verdict_watermark, version_watermark)
     SELECT $1, 'checking', $2, $3, (SELECT COALESCE(max(id), 0) FROM verdict), (SELECT COALESCE(max(id), 0) FROM invoice_version)
     WHERE EXISTS (SELECT 1 FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id
       WHERE l.current AND v.batch_id IS NOT NULL AND l.service_date >= COALESCE($4::date, '-infinity')) RETURNING id`,
    [businessKey, input.ruleSetVersion, input.routingPolicyVersion, input.from],
  );
  const id = inserted.rows[0]?.id;
  if (id === undefined) return null;
  const people = await tx.query<{ lines: number }>(
    `WITH people AS (
       SELECT l.policy_id, min(l.service_date) AS day, count(*) AS lines
       FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id
       WHERE l.current AND v.batch_id IS NOT NULL AND l.service_date >= COALESCE($2::date, '-infinity')
       GROUP BY l.policy_id), made AS (
       INSERT INTO batch_subject (batch_id, scope, ordinal, subject_id, day)
       SELECT $1, 'person', row_number() OVER (ORDER BY policy_id) - 1, policy_id, day FROM people)
     SELECT COALESCE(sum(lines), 0)::int AS lines FROM people`,
    [id, input.from],
  );
  if (input.maxDoctorMinutes !== null) await insertDoctorDays(tx, id, input.from, input.maxDoctorMinutes);
  await tx.query(
    `UPDATE batch SET line_count = $2, person_count = s.persons, doctor_day_count = s.days
     FROM (SELECT count(*) FILTER (WHERE scope = 'person')::int AS persons,
             count(*) FILTER (WHERE scope = 'doctor-day')::int AS days FROM batch_subject WHERE batch_id = $1) s WHERE id = $1`,
    [id, people.rows[0]!.lines],
  );
  const taken = await tx.query<ActivationTake & Record<string, unknown>>(SELECT, [businessKey]);
  return taken.rows[0]!;
}

async function insertDoctorDays(tx: PoolClient, batchId: string, from: string | null, minutes: number): Promise<void> {
  await tx.query(
    `INSERT INTO batch_subject (batch_id, scope, ordinal, subject_id, day)
     SELECT $1, 'doctor-day', row_number() OVER (ORDER BY doctor_id, service_date) - 1, doctor_id, service_date
     FROM (SELECT l.doctor_id, l.service_date FROM invoice_line l
       LEFT JOIN (SELECT p.clinic_item_id, max(s.minutes) AS minutes FROM price_item p
                  JOIN service s ON s.id = p.service_id GROUP BY p.clinic_item_id) m ON m.clinic_item_id = l.clinic_item_id
       WHERE l.current AND l.doctor_id IS NOT NULL AND l.service_date >= COALESCE($2::date, '-infinity')
       GROUP BY l.doctor_id, l.service_date
       HAVING sum(l.quantity::bigint * COALESCE(m.minutes, 0)) > $3
         OR bool_or(EXISTS (SELECT 1 FROM finding f WHERE f.line_id = l.id AND f.active AND f.code = 'PLAU-02'))) d`,
    [batchId, from, minutes],
  );
}

export interface NoticeRow {
  readonly id: number;
  readonly batchId: string;
  readonly clinicCode: string;
  readonly invoiceNo: string;
  readonly lineNo: number;
  readonly versionId: string;
  readonly codesWere: string[];
  readonly codesNow: string[];
  readonly createdAt: string;
  readonly handledAt: string | null;
}

/** Decided lines whose findings would now be others, by id behind `after`. */
export async function listNotices(
  db: Queryable,
  query: {
    readonly filter: RowFilter;
    readonly batchId: string | null;
    readonly open: boolean;
    readonly after: number;
    readonly limit: number;
  },
): Promise<NoticeRow[]> {
  const params: unknown[] = [query.batchId, query.open, query.after, query.limit];
  const visible = filterSql(query.filter, { hubId: 'c.hub_id' }, params);
  const rows = await db.query<NoticeRow & Record<string, unknown>>(
    `SELECT n.id, n.batch_id AS "batchId", c.code AS "clinicCode", i.invoice_no AS "invoiceNo", l.line_no AS "lineNo",
       v.public_id AS "versionId", COALESCE(n.codes_were, '{}') AS "codesWere", COALESCE(n.codes_now, '{}') AS "codesNow",
       n.created_at AS "createdAt", n.handled_at AS "handledAt"
     FROM recheck_notice n JOIN invoice_line l ON l.id = n.line_id JOIN invoice_version v ON v.id = l.version_id
     JOIN invoice i ON i.id = l.invoice_id JOIN clinic c ON c.id = l.clinic_id
     WHERE ($1::uuid IS NULL OR n.batch_id = $1) AND (NOT $2 OR n.handled_at IS NULL) AND n.id > $3
       AND ${visible} ORDER BY n.id LIMIT $4`,
    params,
  );
  return rows.rows;
}

export async function countNotices(db: Queryable, batchId: string): Promise<number> {
  const rows = await db.query<{ n: number }>('SELECT count(*)::int AS n FROM recheck_notice WHERE batch_id = $1', [
    batchId,
  ]);
  return rows.rows[0]!.n;
}

import type { PoolClient, Queryable } from '../pool';
import { lockOutIntake } from './invoices-intake';
import { enqueue } from './outbox';

export type TakeSelection =
  | { readonly kind: 'untaken' }
  | { readonly kind: 'invoice'; readonly versionId: string }
  | { readonly kind: 'file'; readonly fileId: string };

export interface TakeInput {
  readonly businessKey: string;
  readonly selection: TakeSelection;
  readonly ruleSetVersion: string;
  readonly routingPolicyVersion: number;
  /** The least of the packs' daily limits in minutes; null: no pack has one, so no doctor's day needs a check. */
  readonly maxDoctorMinutes: number | null;
}

export interface TakenRow {
  readonly id: string;
  readonly lineCount: number;
  readonly invoiceCount: number;
  readonly personCount: number;
  readonly doctorDayCount: number;
  readonly letterCount: number;
}

/** From so many lines on, fresh statistics are worth their time before the subjects are counted. */
const ANALYSE_FROM = 2000;
/** Below this share of what the statistics were made of, they still hold; Postgres's own threshold. */
const ANALYSE_SHARE = 0.1;
/** A sample of a third of the lines plans as well as one of all of them. */
const LINES_PER_TARGET = 1000;
/** Columns that joins and filters over lines are planned by; the statistics of the others cost as much and serve nobody. */
const PLANNED_BY =
  'id, version_id, invoice_id, policy_id, doctor_id, letter_ref_id, service_date, clinic_item_id, state, current';

const SELECT_TAKEN = `SELECT id, line_count AS "lineCount", invoice_count AS "invoiceCount",
  person_count AS "personCount", doctor_day_count AS "doctorDayCount", letter_count AS "letterCount"
  FROM batch WHERE business_key = $1`;

/**
 * Takes every untaken current invoice version of the selection as one batch, in the caller's transaction: pins rule
 * set, routing policy and watermarks, supersedes older versions and cancels their tasks, and numbers the subjects
 * whose findings may change. Returns null when there is nothing to take; the same business key again returns the same
 * batch.
 */
export async function takeBatch(tx: PoolClient, input: TakeInput): Promise<TakenRow | null> {
  // No file is half-way in and no other batch takes: the version watermark means what it says.
  await lockOutIntake(tx);
  const earlier = await tx.query<TakenRow & Record<string, unknown>>(SELECT_TAKEN, [input.businessKey]);
  if (earlier.rows[0]) return earlier.rows[0];
  const batchId = await insertBatch(tx, input);
  if (batchId === null) return null;
  await supersedeOlder(tx, batchId);
  await markTouched(tx, batchId);
  const counts = {
    person: await insertPersons(tx, batchId),
    doctorDay: input.maxDoctorMinutes === null ? 0 : await insertDoctorDays(tx, batchId, input.maxDoctorMinutes),
    letter: await insertLetters(tx, batchId),
    invoice: await insertInvoices(tx, batchId),
  };
  await tx.query(
    `UPDATE batch SET person_count = $2, doctor_day_count = $3, letter_count = $4, invoice_count = $5, state = 'checking',
       line_count = (SELECT COALESCE(sum(line_count), 0) FROM invoice_version WHERE batch_id = $1) WHERE id = $1`,
    [batchId, counts.person, counts.doctorDay, counts.letter, counts.invoice],
  );
  const taken = await tx.query<TakenRow & Record<string, unknown>>(SELECT_TAKEN, [input.businessKey]);
  return taken.rows[0]!;
}

async function insertBatch(tx: PoolClient, input: TakeInput): Promise<string | null> {
  const inserted = await tx.query<{ id: string }>(
    `INSERT INTO batch (business_key, rule_set_version, routing_policy_version, verdict_watermark, version_watermark)
     VALUES ($1, $2, $3, (SELECT COALESCE(max(id), 0) FROM verdict), (SELECT COALESCE(max(id), 0) FROM invoice_version))
     RETURNING id`,
    [input.businessKey, input.ruleSetVersion, input.routingPolicyVersion],
  );
  const batchId = inserted.rows[0]!.id;
  const { where, value } = selectionSql(input.selection);
  const taken = await tx.query<{ id: number; line_count: number }>(
    `UPDATE invoice_version SET batch_id = $1 WHERE batch_id IS NULL AND current AND state = 'received' AND ${where}
     RETURNING id, line_count`,
    value === null ? [batchId] : [batchId, value],
  );
  if (taken.rows.length === 0) {
    await tx.query('DELETE FROM batch WHERE id = $1', [batchId]);
    return null;
  }
  const lines = taken.rows.reduce((sum, row) => sum + row.line_count, 0);
  await refreshStatistics(tx, lines);
  return batchId;
}

/** Without it the first queries over fresh lines are planned for an empty table; autovacuum would come a minute later. */
async function refreshStatistics(tx: PoolClient, lines: number): Promise<void> {
  // For the whole transaction: the batch's own temporary table is counted by it as well.
  const target = Math.min(100, Math.max(10, Math.round(lines / LINES_PER_TARGET)));
  await tx.query(`SET LOCAL default_statistics_target = ${target}`);
  if (lines < ANALYSE_FROM) return;
  const known = await tx.query<{ rows: number }>(
    `SELECT reltuples AS rows FROM pg_class WHERE oid = 'invoice_line'::regclass`,
  );
  if (lines < ANALYSE_SHARE * known.rows[0]!.rows) return;
  await tx.query(`ANALYZE invoice_line (${PLANNED_BY}), invoice_version`);
}

function selectionSql(selection: TakeSelection): { where: string; value: string | null } {
  switch (selection.kind) {
    case 'untaken':
      return { where: 'true', value: null };
    case 'invoice':
      return { where: 'public_id = $2', value: selection.versionId };
    case 'file':
      return { where: 'file_id = $2', value: selection.fileId };
    default:
      return selection satisfies never;
  }
}

/** What waited for people in a version that has a newer one is no longer asked; its workflow is told to end. */
async function supersedeOlder(tx: PoolClient, batchId: string): Promise<void> {
  const older = await tx.query<{ publicId: string; id: number }>(
    `UPDATE invoice_version o SET state = 'superseded' FROM invoice_version n
     WHERE n.batch_id = $1 AND o.invoice_id = n.invoice_id AND NOT o.current AND o.id <> n.id
       AND (o.state <> 'superseded' OR EXISTS (SELECT 1 FROM review_task t WHERE t.version_id = o.id
         AND t.state IN ('open', 'claimed', 'on-hold')))
     RETURNING o.id, o.public_id AS "publicId"`,
    [batchId],
  );
  if (older.rows.length === 0) return;
  await tx.query(
    `UPDATE review_task SET state = 'cancelled', lease_until = NULL, holder_id = NULL, holder_name = NULL,
       revision = revision + 1 WHERE version_id = ANY($1) AND state IN ('open', 'claimed', 'on-hold')`,
    [older.rows.map((row) => row.id)],
  );
  await enqueue(
    tx,
    older.rows.map((row) => ({
      topic: 'invoice-review',
      key: `${row.publicId}/superseded`,
      payload: { versionId: row.publicId, start: false },
    })),
  );
}

/** The lines that the batch brings, and the lines of older versions that it takes away: both change histories. */
async function markTouched(tx: PoolClient, batchId: string): Promise<void> {
  await tx.query(
    `CREATE TEMPORARY TABLE touched ON COMMIT DROP AS
     SELECT l.policy_id, l.doctor_id, l.letter_ref_id, l.service_date, v.current AS brought
     FROM invoice_version n JOIN invoice_version v ON v.invoice_id = n.invoice_id AND (v.id = n.id OR NOT v.current)
     JOIN invoice_line l ON l.version_id = v.id WHERE n.batch_id = '${batchId}'`,
  );
  await tx.query('ANALYZE touched');
}

async function insertPersons(tx: PoolClient, batchId: string): Promise<number> {
  const done = await tx.query(
    `INSERT INTO batch_subject (batch_id, scope, ordinal, subject_id, day)
     SELECT $1, 'person', row_number() OVER (ORDER BY policy_id) - 1, policy_id, min(service_date)
     FROM touched GROUP BY policy_id`,
    [batchId],
  );
  return done.rowCount ?? 0;
}

/**
 * Doctors' days that may be too long. An upper bound keeps most days out: the longest service that each item was ever
 * mapped to, over all lines of the day, refused ones too. A day under the bound cannot have a finding; a day that lost
 * lines to a newer version may have had one.
 */
async function insertDoctorDays(tx: PoolClient, batchId: string, maxMinutes: number): Promise<number> {
  const done = await tx.query(
    `INSERT INTO batch_subject (batch_id, scope, ordinal, subject_id, day)
     SELECT $1, 'doctor-day', row_number() OVER (ORDER BY doctor_id, service_date) - 1, doctor_id, service_date
     FROM (
       SELECT d.doctor_id, d.service_date
       FROM (SELECT doctor_id, service_date, bool_and(brought) AS brought FROM touched
             WHERE doctor_id IS NOT NULL GROUP BY doctor_id, service_date) d
       JOIN invoice_line l ON l.doctor_id = d.doctor_id AND l.service_date = d.service_date AND l.current
       LEFT JOIN (SELECT p.clinic_item_id, max(s.minutes) AS minutes FROM price_item p
                  JOIN service s ON s.id = p.service_id GROUP BY p.clinic_item_id) m ON m.clinic_item_id = l.clinic_item_id
       GROUP BY d.doctor_id, d.service_date, d.brought
       HAVING NOT d.brought OR sum(l.quantity::bigint * COALESCE(m.minutes, 0)) > $2
     ) long_day`,
    [batchId, maxMinutes],
  );
  return done.rowCount ?? 0;
}

/** Known letters that may be overspent: all units or all money of the lines that cite them exceed the promise. */
async function insertLetters(tx: PoolClient, batchId: string): Promise<number> {
  const done = await tx.query(
    `INSERT INTO batch_subject (batch_id, scope, ordinal, subject_id, day)
     SELECT $1, 'letter', row_number() OVER (ORDER BY letter_ref_id) - 1, letter_ref_id, first_day
     FROM (
       SELECT c.letter_ref_id, c.first_day
       FROM (SELECT letter_ref_id, min(service_date) AS first_day, bool_and(brought) AS brought FROM touched
             WHERE letter_ref_id IS NOT NULL GROUP BY letter_ref_id) c
       JOIN guarantee_letter g ON g.letter_ref_id = c.letter_ref_id
       JOIN invoice_line l ON l.letter_ref_id = c.letter_ref_id AND l.current
       GROUP BY c.letter_ref_id, c.first_day, c.brought, g.quantity, g.amount_kopecks
       HAVING NOT c.brought OR sum(l.quantity::bigint) > g.quantity
         OR sum(GREATEST(l.amount_kopecks, 0)) > g.amount_kopecks
     ) overspent`,
    [batchId],
  );
  return done.rowCount ?? 0;
}

async function insertInvoices(tx: PoolClient, batchId: string): Promise<number> {
  const done = await tx.query(
    `INSERT INTO batch_subject (batch_id, scope, ordinal, subject_id)
     SELECT $1, 'invoice', row_number() OVER (ORDER BY id) - 1, id FROM invoice_version WHERE batch_id = $1`,
    [batchId],
  );
  return done.rowCount ?? 0;
}

/** Versions that a batch took, whether or not a newer one has come since. */
export async function versionIdsOfBatch(db: Queryable, batchId: string): Promise<number[]> {
  const rows = await db.query<{ id: number }>('SELECT id FROM invoice_version WHERE batch_id = $1', [batchId]);
  return rows.rows.map((row) => row.id);
}

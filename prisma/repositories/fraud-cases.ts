import type { RowFilter } from '../../models/access/policy';
import type { CaseAct } from '../../models/investigation/acts';
import type { CaseLine, CaseRecord } from '../../models/investigation/record';
import type { Scheme } from '../../models/fraud/types';
import type { Queryable } from '../pool';
import { enqueue } from './outbox';
import { filterSql } from './row-filter';

/** Outbox topic that starts the workflow of a case; payload `{ caseId }`. */
export const FRAUD_CASE_TOPIC = 'fraud-case';

export interface CaseOpening {
  readonly clinicId: number;
  readonly doctorId: number | null;
  readonly scheme: string;
  readonly reason: string;
  /** Null: opened by hand. */
  readonly signalId: string | null;
  readonly openedById?: string;
}

/** Opens cases; a unit that has an open case of the scheme gets no second one. Returns how many are new. */
export async function openCases(tx: Queryable, openings: readonly CaseOpening[]): Promise<number> {
  return (await insertCases(tx, openings)).length;
}

/** As `openCases`; ids of the new ones. */
export async function insertCases(tx: Queryable, openings: readonly CaseOpening[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `INSERT INTO fraud_case (clinic_id, doctor_id, scheme, opened_by, opened_by_id, signal_id, reason, record)
     SELECT clinic, doctor, scheme, CASE WHEN person IS NULL THEN 'alert' ELSE 'hand' END, person, signal, reason, '{}'
     FROM unnest($1::int[], $2::int[], $3::text[], $4::uuid[], $5::uuid[], $6::text[])
       AS o(clinic, doctor, scheme, person, signal, reason)
     ON CONFLICT DO NOTHING RETURNING id`,
    [
      openings.map((one) => one.clinicId),
      openings.map((one) => one.doctorId),
      openings.map((one) => one.scheme),
      openings.map((one) => one.openedById ?? null),
      openings.map((one) => one.signalId),
      openings.map((one) => one.reason),
    ],
  );
  const ids = rows.rows.map((row) => row.id);
  await enqueue(
    tx,
    ids.map((caseId) => ({ topic: FRAUD_CASE_TOPIC, key: caseId, payload: { caseId } })),
  );
  return ids;
}

export interface StoredCase {
  readonly caseId: string;
  readonly number: string;
  readonly clinicId: number;
  readonly doctorId: number | null;
  readonly scheme: Scheme;
  readonly reason: string;
  readonly signalId: string | null;
  readonly openedAt: string;
  /** Null until the evidence has been gathered. */
  readonly record: CaseRecord | null;
  readonly revision: number;
}

/** A case under its row's lock. */
export async function lockCase(tx: Queryable, caseId: string): Promise<StoredCase | null> {
  const rows = await tx.query<StoredCase & Record<string, unknown>>(
    `SELECT id AS "caseId", number, clinic_id AS "clinicId", doctor_id AS "doctorId", scheme, reason,
       signal_id AS "signalId", opened_at AS "openedAt", NULLIF(record, '{}'::jsonb) AS record, revision
     FROM fraud_case WHERE id = $1 FOR UPDATE`,
    [caseId],
  );
  return rows.rows[0] ?? null;
}

const MOST_LINES = 300;

/**
 * The lines a case is about: of a phantom case the suspicious ones of the unit (as leader of the episode or by name),
 * of any other the unit's costliest of the last half year of its book.
 */
export async function chooseCaseLines(
  db: Queryable,
  unit: { readonly clinicId: number; readonly doctorId: number | null; readonly scheme: string },
): Promise<CaseLine[]> {
  const payable = 'GREATEST(0, l.amount_kopecks - l.patient_share_kopecks)';
  const query =
    unit.scheme === 'phantom'
      ? `SELECT l.id AS "lineId", ${payable} AS "payableKopecks", f.posterior
         FROM fraud_line f JOIN invoice_line l ON l.id = f.line_id AND l.current
         WHERE l.clinic_id = $1 AND ($2::int IS NULL OR f.lead_doctor_id = $2 OR l.doctor_id = $2)
         ORDER BY f.posterior * ${payable} DESC, l.id LIMIT ${MOST_LINES}`
      : `SELECT l.id AS "lineId", ${payable} AS "payableKopecks", f.posterior
         FROM invoice_line l LEFT JOIN fraud_line f ON f.line_id = l.id
         WHERE l.current AND l.clinic_id = $1 AND ($2::int IS NULL OR l.doctor_id = $2)
           AND l.service_date > (SELECT max(service_date) - 180 FROM invoice_line WHERE clinic_id = $1 AND current)
         ORDER BY ${payable} DESC, l.id LIMIT ${MOST_LINES}`;
  const rows = await db.query<CaseLine & Record<string, unknown>>(query, [unit.clinicId, unit.doctorId]);
  return rows.rows;
}

export interface CaseEvent {
  readonly kind: string;
  readonly actorRole: string;
  readonly actorId: string | null;
  readonly actorName: string | null;
  readonly key: string;
  readonly at: string;
  readonly body: unknown;
}

/** False: this key has been here before. */
export async function appendCaseEvent(tx: Queryable, caseId: string, event: CaseEvent): Promise<boolean> {
  const done = await tx.query(
    `INSERT INTO fraud_case_event (case_id, kind, actor_role, actor_id, actor_name, request_key, at, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (case_id, request_key) DO NOTHING`,
    [
      caseId,
      event.kind,
      event.actorRole,
      event.actorId,
      event.actorName,
      event.key,
      event.at,
      JSON.stringify(event.body),
    ],
  );
  return done.rowCount === 1;
}

export async function saveCase(tx: Queryable, record: CaseRecord, holdDueAt: string | null): Promise<void> {
  await tx.query(
    `UPDATE fraud_case SET record = $2, state = $3, hold_due_at = $4, outcome = $5, proposed_by = $6, confirmed_by = $7,
       recovery_kopecks = $8, closed_at = $9, revision = revision + 1 WHERE id = $1`,
    [
      record.caseId,
      JSON.stringify(record),
      record.state,
      holdDueAt,
      record.outcome,
      record.proposal?.by.id ?? null,
      record.confirmedBy?.id ?? null,
      record.recoveryKopecks,
      record.closedAt,
    ],
  );
}

export async function savePack(tx: Queryable, record: CaseRecord, pack: unknown): Promise<void> {
  await tx.query('UPDATE fraud_case SET record = $2, pack = $3 WHERE id = $1', [
    record.caseId,
    JSON.stringify(record),
    JSON.stringify(pack),
  ]);
}

/** Rows of the record's hold: new lines are held, or all are released. Lines that another case holds come back. */
export async function syncHold(tx: Queryable, record: CaseRecord, act: CaseAct): Promise<number[]> {
  const { hold } = record;
  if (hold === null) return [];
  if (hold.releasedAt !== null) {
    await tx.query(
      'UPDATE payment_hold SET released_at = $2, released = $3 WHERE case_id = $1 AND released_at IS NULL',
      [record.caseId, hold.releasedAt, hold.released],
    );
    return [];
  }
  if (act.kind !== 'hold') return [];
  await tx.query(
    `INSERT INTO payment_hold (line_id, case_id, placed_at, due_at)
     SELECT line, $1, $2, $3 FROM unnest($4::bigint[]) AS l(line) ON CONFLICT (line_id) WHERE released_at IS NULL DO NOTHING`,
    [record.caseId, hold.placedAt, hold.dueAt, hold.lineIds],
  );
  const foreign = await tx.query<{ lineId: number }>(
    `SELECT line_id AS "lineId" FROM payment_hold WHERE released_at IS NULL AND case_id <> $1 AND line_id = ANY($2::bigint[])`,
    [record.caseId, hold.lineIds],
  );
  return foreign.rows.map((row) => row.lineId);
}

/** Lines of these whose payment waits for a case: settlement leaves them out until they are released. */
export async function heldLines(db: Queryable, lineIds: readonly number[]): Promise<number[]> {
  const rows = await db.query<{ lineId: number }>(
    'SELECT line_id AS "lineId" FROM payment_hold WHERE released_at IS NULL AND line_id = ANY($1::bigint[])',
    [lineIds],
  );
  return rows.rows.map((row) => row.lineId);
}

export interface CaseRow {
  readonly caseId: string;
  readonly number: string;
  readonly state: string;
  readonly scheme: string;
  readonly clinicCode: string;
  readonly clinicName: string;
  readonly doctorCode: string | null;
  readonly openedBy: string;
  readonly reason: string;
  readonly score: number | null;
  readonly expectedKopecks: number | null;
  readonly holdDueAt: string | null;
  readonly outcome: string | null;
  readonly recoveryKopecks: number;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly revision: number;
}

const CASE = `k.id AS "caseId", k.number, k.state, k.scheme, c.code AS "clinicCode", c.name AS "clinicName",
  d.code AS "doctorCode", k.opened_by AS "openedBy", k.reason, s.score, s.expected_kopecks AS "expectedKopecks",
  k.hold_due_at AS "holdDueAt", k.outcome, k.recovery_kopecks AS "recoveryKopecks", k.opened_at AS "openedAt",
  k.closed_at AS "closedAt", k.revision`;
const SOURCE = `fraud_case k JOIN clinic c ON c.id = k.clinic_id LEFT JOIN doctor d ON d.id = k.doctor_id
  LEFT JOIN fraud_signal s ON s.id = k.signal_id`;

export async function listCases(
  db: Queryable,
  query: {
    readonly filter: RowFilter;
    readonly state: string | null;
    readonly after: readonly [string, string] | null;
    readonly limit: number;
  },
): Promise<CaseRow[]> {
  const values: unknown[] = [query.state, query.after?.[0] ?? null, query.after?.[1] ?? null, query.limit];
  const rows = await db.query<CaseRow & Record<string, unknown>>(
    `SELECT ${CASE} FROM ${SOURCE} WHERE ${filterSql(query.filter, { clinicId: 'k.clinic_id' }, values)}
       AND ($1::text IS NULL OR k.state = $1)
       AND ($2::timestamptz IS NULL OR (k.opened_at, k.id) < ($2::timestamptz, $3::uuid))
     ORDER BY k.opened_at DESC, k.id DESC LIMIT $4`,
    values,
  );
  return rows.rows;
}

export interface CaseDetail extends CaseRow {
  readonly record: CaseRecord | null;
  readonly pack: unknown;
  readonly events: readonly Omit<CaseEvent, 'key'>[];
}

export async function readCase(db: Queryable, caseId: string, filter: RowFilter): Promise<CaseDetail | null> {
  const values: unknown[] = [caseId];
  const rows = await db.query<CaseDetail & Record<string, unknown>>(
    `SELECT ${CASE}, NULLIF(k.record, '{}'::jsonb) AS record, k.pack,
       (SELECT COALESCE(json_agg(json_build_object('kind', e.kind, 'actorRole', e.actor_role, 'actorId', e.actor_id,
          'actorName', e.actor_name, 'at', e.at, 'body', e.body) ORDER BY e.id), '[]')
        FROM fraud_case_event e WHERE e.case_id = k.id) AS events
     FROM ${SOURCE} WHERE k.id = $1 AND ${filterSql(filter, { clinicId: 'k.clinic_id' }, values)}`,
    values,
  );
  return rows.rows[0] ?? null;
}

/** Keeps the report of a closed case; the first one stays. */
export async function storeReport(db: Queryable, caseId: string, pdf: Buffer, sha256: string): Promise<void> {
  await db.query(
    `INSERT INTO fraud_case_report (case_id, pdf, pdf_sha256) VALUES ($1, $2, $3) ON CONFLICT (case_id) DO NOTHING`,
    [caseId, pdf, sha256],
  );
}

export async function readReport(db: Queryable, caseId: string): Promise<Buffer | null> {
  const rows = await db.query<{ pdf: Buffer }>('SELECT pdf FROM fraud_case_report WHERE case_id = $1', [caseId]);
  return rows.rows[0]?.pdf ?? null;
}

import type { RowFilter } from '../../models/access/policy';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

export interface InvoiceRow {
  readonly internalId: number;
  readonly versionId: string;
  readonly clinicCode: string;
  readonly clinicName: string;
  readonly invoiceNo: string;
  readonly version: number;
  readonly current: boolean;
  readonly state: string;
  readonly lineCount: number;
  readonly billedKopecks: number;
  readonly receivedAt: string;
  readonly reviewDeadline: string | null;
  readonly batchId: string | null;
}

const COLUMNS = `v.id AS "internalId", v.public_id AS "versionId", c.code AS "clinicCode", c.name AS "clinicName",
  i.invoice_no AS "invoiceNo", v.version, v.current, v.state, v.line_count AS "lineCount",
  v.billed_kopecks AS "billedKopecks", v.received_at AS "receivedAt", v.review_deadline AS "reviewDeadline",
  v.batch_id AS "batchId"`;
const SOURCE = `invoice_version v JOIN invoice i ON i.id = v.invoice_id JOIN clinic c ON c.id = i.clinic_id`;
const OWNERS = { clinicId: 'i.clinic_id', hubId: 'c.hub_id' } as const;

export interface InvoiceQuery {
  readonly filter: RowFilter;
  readonly state: string | null;
  readonly clinic: string | null;
  readonly invoiceNo: string | null;
  readonly after: number | null;
  readonly limit: number;
}

/** Invoice versions, newest first, by keyset. Superseded ones only when asked for by state or number. */
export async function listInvoices(db: Queryable, query: InvoiceQuery): Promise<InvoiceRow[]> {
  const values: unknown[] = [];
  const add = (value: unknown): string => `$${values.push(value)}`;
  const where = [filterSql(query.filter, OWNERS, values)];
  if (query.state !== null) where.push(`v.state = ${add(query.state)}`);
  else if (query.invoiceNo === null) where.push('v.current');
  if (query.clinic !== null) where.push(`c.code = ${add(query.clinic)}`);
  if (query.invoiceNo !== null) where.push(`i.invoice_no = ${add(query.invoiceNo)}`);
  if (query.after !== null) where.push(`v.id < ${add(query.after)}`);
  const rows = await db.query<InvoiceRow & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM ${SOURCE} WHERE ${where.join(' AND ')} ORDER BY v.id DESC LIMIT ${add(query.limit)}`,
    values,
  );
  return rows.rows;
}

export async function findInvoice(db: Queryable, versionId: string, filter: RowFilter): Promise<InvoiceRow | null> {
  const values: unknown[] = [versionId];
  const rows = await db.query<InvoiceRow & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM ${SOURCE} WHERE v.public_id = $1 AND ${filterSql(filter, OWNERS, values)}`,
    values,
  );
  return rows.rows[0] ?? null;
}

export interface InvoiceTotals {
  readonly decidedLines: number;
  readonly acceptedKopecks: number;
  readonly reducedKopecks: number;
  readonly refusedKopecks: number;
  readonly patientShareKopecks: number;
}

/** Sums of the active verdicts of a version; they equal the bill once every line is decided. */
export async function invoiceTotals(db: Queryable, internalId: number): Promise<InvoiceTotals> {
  const rows = await db.query<InvoiceTotals & Record<string, unknown>>(
    `SELECT count(d.id)::int AS "decidedLines", COALESCE(sum(d.accepted_kopecks), 0)::bigint AS "acceptedKopecks",
       COALESCE(sum(d.reduced_kopecks), 0)::bigint AS "reducedKopecks",
       COALESCE(sum(d.refused_kopecks), 0)::bigint AS "refusedKopecks",
       COALESCE(sum(d.patient_share_kopecks), 0)::bigint AS "patientShareKopecks"
     FROM invoice_line l JOIN verdict d ON d.line_id = l.id AND d.active WHERE l.version_id = $1`,
    [internalId],
  );
  return rows.rows[0]!;
}

/** An act that the caller may see, with the public id of its version. */
export async function findAct(
  db: Queryable,
  id: string,
  filter: RowFilter,
): Promise<{
  id: string;
  number: string;
  content: Record<string, unknown>;
  versionId: string;
  issuedAt: string;
} | null> {
  const values: unknown[] = [id];
  const rows = await db.query<{
    id: string;
    number: string;
    content: Record<string, unknown>;
    versionId: string;
    issuedAt: string;
  }>(
    `SELECT a.id, a.number, a.content, v.public_id AS "versionId", a.issued_at AS "issuedAt"
     FROM review_act a JOIN ${SOURCE.replace('invoice_version v', 'invoice_version v ON v.id = a.version_id')}
     WHERE a.id = $1 AND ${filterSql(filter, OWNERS, values)}`,
    values,
  );
  return rows.rows[0] ?? null;
}

/** One line of a version with what its trace needs. */
export async function findTracedLine(
  db: Queryable,
  internalId: number,
  lineNo: number,
): Promise<{
  id: number;
  policyId: number;
  doctorId: number | null;
  serviceDate: string;
  letterRefId: number | null;
} | null> {
  const rows = await db.query<{
    id: number;
    policyId: number;
    doctorId: number | null;
    serviceDate: string;
    letterRefId: number | null;
  }>(
    `SELECT id, policy_id AS "policyId", doctor_id AS "doctorId", service_date AS "serviceDate",
       letter_ref_id AS "letterRefId" FROM invoice_line WHERE version_id = $1 AND line_no = $2`,
    [internalId, lineNo],
  );
  return rows.rows[0] ?? null;
}

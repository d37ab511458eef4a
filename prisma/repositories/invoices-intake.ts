import type { InvoiceRow } from '../../models/exchange/invoice-rows';
import { setStatementTimeout } from '../pool';
import type { PoolClient, Queryable } from '../pool';
import type { CopyWriter } from './copy-in';

/**
 * Files that take invoices hold this lock in shared mode until they commit. Whoever takes a batch "up to version id n"
 * has to hold it in exclusive mode for that moment: else a version with a smaller id could become visible afterwards.
 */
const INTAKE_LOCK = 7_262_100;

/** Held by a transaction that adds invoice versions. */
export async function lockForIntake(tx: Queryable): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock_shared($1)', [INTAKE_LOCK]);
}

/** Waits until no file is half-way in, and keeps new ones out until the transaction ends. */
export async function lockOutIntake(tx: Queryable): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [INTAKE_LOCK]);
}

/** One file is taken by one transaction at a time, however many workers try. */
export async function lockFile(tx: Queryable, fileId: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [INTAKE_LOCK, fileId]);
}

export async function withoutTimeout(tx: Queryable): Promise<void> {
  await setStatementTimeout(tx, 0);
}

/** An invoice that was there before this file. */
export interface KnownInvoice {
  readonly invoiceId: number;
  readonly versionId: number;
  readonly version: number;
  readonly contentHash: string;
}

export interface OpenedInvoice {
  readonly invoiceId: number;
  /** The first version, still empty, of an invoice that is new; null when the invoice was known. */
  readonly newVersionId: number | null;
  readonly known: KnownInvoice | null;
}

/** Finds or adds invoices by their business key; a new one gets its first version, to be completed when the file ends. */
export async function openInvoices(
  tx: Queryable,
  fileId: string,
  keys: readonly { readonly clinicId: number; readonly invoiceNo: string }[],
): Promise<OpenedInvoice[]> {
  const clinicIds = keys.map((key) => key.clinicId);
  const numbers = keys.map((key) => key.invoiceNo);
  // In key order, so that two files with the same invoices wait for each other instead of blocking each other.
  await tx.query(
    `INSERT INTO invoice (clinic_id, invoice_no)
     SELECT clinic_id, invoice_no FROM unnest($1::int[], $2::text[]) AS k(clinic_id, invoice_no)
     ORDER BY clinic_id, invoice_no COLLATE "C" ON CONFLICT (clinic_id, invoice_no) DO NOTHING`,
    [clinicIds, numbers],
  );
  await tx.query(
    `INSERT INTO invoice_version (invoice_id, version, content_hash, file_id, line_count, billed_kopecks)
     SELECT i.id, 1, '', $3, 0, 0 FROM unnest($1::int[], $2::text[]) AS k(clinic_id, invoice_no)
     JOIN invoice i USING (clinic_id, invoice_no)
     WHERE NOT EXISTS (SELECT 1 FROM invoice_version v WHERE v.invoice_id = i.id) ORDER BY i.id`,
    [clinicIds, numbers, fileId],
  );
  const rows = await tx.query<{
    invoiceId: number;
    versionId: number;
    version: number;
    contentHash: string;
    isNew: boolean;
  }>(
    `SELECT i.id AS "invoiceId", v.id AS "versionId", v.version, v.content_hash AS "contentHash",
       v.file_id = $3 AND v.line_count = 0 AND btrim(v.content_hash) = '' AS "isNew"
     FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS k(clinic_id, invoice_no, ord)
     JOIN invoice i USING (clinic_id, invoice_no) JOIN invoice_version v ON v.invoice_id = i.id AND v.current
     ORDER BY k.ord`,
    [clinicIds, numbers, fileId],
  );
  return rows.rows.map(({ invoiceId, versionId, version, contentHash, isNew }) => ({
    invoiceId,
    newVersionId: isNew ? versionId : null,
    known: isNew ? null : { invoiceId, versionId, version, contentHash },
  }));
}

/** Where lines of known invoices wait until the whole file is read: only then is it clear which have changed. */
export async function createWaitingLines(tx: Queryable): Promise<void> {
  await tx.query('CREATE TEMP TABLE IF NOT EXISTS intake_line (LIKE invoice_line) ON COMMIT DROP');
  await tx.query('ALTER TABLE intake_line ALTER COLUMN id DROP NOT NULL, ALTER COLUMN state DROP NOT NULL');
}

const LINE_COLUMNS = `version_id, invoice_id, clinic_id, line_no, policy_id, invoice_date, service_date, diagnosis_id,
  clinic_item_id, quantity, unit_price_kopecks, amount_kopecks, patient_share_kopecks, doctor_id, letter_ref_id, tooth,
  episode_no, item_name, current, raw`;
const LINE_FIELDS = 20;

export const LINES_TARGET = `invoice_line (${LINE_COLUMNS})`;
export const WAITING_LINES_TARGET = `intake_line (${LINE_COLUMNS})`;

/** Ids that stand for the codes of a line. */
export interface LineIds {
  readonly versionId: number;
  readonly invoiceId: number;
  readonly clinicId: number;
  readonly policyId: number;
  readonly diagnosisId: number;
  readonly clinicItemId: number;
  readonly doctorId: number | null;
  readonly letterRefId: number | null;
}

/** Encodes a line in the order of LINE_COLUMNS. */
export function writeLine(to: CopyWriter, ids: LineIds, row: InvoiceRow, raw: Record<string, string> | null): void {
  to.row(LINE_FIELDS);
  to.int4(ids.versionId);
  to.int4(ids.invoiceId);
  to.int4(ids.clinicId);
  to.int4(row.lineNo);
  to.int4(ids.policyId);
  to.date(row.invoiceDay);
  to.date(row.serviceDay);
  to.int4(ids.diagnosisId);
  to.int4(ids.clinicItemId);
  to.int4(row.quantity);
  to.int8(row.unitPriceKopecks);
  to.int8(row.amountKopecks);
  to.int8(row.patientShareKopecks);
  to.int4(ids.doctorId);
  to.int4(ids.letterRefId);
  to.text(row.tooth === '' ? null : row.tooth);
  to.text(row.episodeNo === '' ? null : row.episodeNo);
  to.text(row.itemName);
  to.bool(true);
  to.jsonb(raw === null ? null : JSON.stringify(raw));
}

export interface VersionTotals {
  readonly versionId: number;
  readonly contentHash: string;
  readonly lineCount: number;
  readonly billedKopecks: number;
}

/** Completes the first versions of new invoices. */
export async function completeVersions(tx: Queryable, versions: readonly VersionTotals[]): Promise<void> {
  await tx.query(
    `UPDATE invoice_version v SET content_hash = t.hash, line_count = t.lines, billed_kopecks = t.billed
     FROM unnest($1::int[], $2::text[], $3::int[], $4::bigint[]) AS t(id, hash, lines, billed) WHERE v.id = t.id`,
    [
      versions.map((one) => one.versionId),
      versions.map((one) => one.contentHash),
      versions.map((one) => one.lineCount),
      versions.map((one) => one.billedKopecks),
    ],
  );
}

/** A known invoice with other content. */
export interface ChangedInvoice {
  readonly known: KnownInvoice;
  readonly contentHash: string;
  readonly lineCount: number;
  readonly billedKopecks: number;
}

/**
 * Makes the waiting lines of changed invoices their next, current versions. `keepOldLines`: lines that the file does not
 * mention are carried over (mended rows of an earlier registry), otherwise the file is the whole invoice.
 */
export async function addVersions(
  tx: PoolClient,
  fileId: string,
  changed: readonly ChangedInvoice[],
  keepOldLines: boolean,
): Promise<void> {
  const oldIds = changed.map((one) => one.known.versionId);
  await tx.query('UPDATE invoice_version SET current = false WHERE id = ANY($1::int[])', [oldIds]);
  await tx.query('UPDATE invoice_line SET current = false WHERE version_id = ANY($1::int[]) AND current', [oldIds]);
  const added = await tx.query<{ id: number; invoiceId: number }>(
    `INSERT INTO invoice_version (invoice_id, version, content_hash, file_id, line_count, billed_kopecks)
     SELECT c.invoice_id, c.version + 1, c.hash, $1, c.lines, c.billed
     FROM unnest($2::int[], $3::int[], $4::text[], $5::int[], $6::bigint[]) AS c(invoice_id, version, hash, lines, billed)
     ORDER BY c.invoice_id RETURNING id, invoice_id AS "invoiceId"`,
    [
      fileId,
      changed.map((one) => one.known.invoiceId),
      changed.map((one) => one.known.version),
      changed.map((one) => one.contentHash),
      changed.map((one) => one.lineCount),
      changed.map((one) => one.billedKopecks),
    ],
  );
  const columns = LINE_COLUMNS.replace('version_id, ', '');
  const newIds = added.rows.map((row) => row.id);
  const invoiceIds = added.rows.map((row) => row.invoiceId);
  await tx.query(
    `INSERT INTO invoice_line (version_id, ${columns})
     SELECT n.version_id, ${columns} FROM intake_line
     JOIN unnest($1::int[], $2::int[]) AS n(version_id, id) ON n.id = intake_line.invoice_id`,
    [newIds, invoiceIds],
  );
  if (keepOldLines) {
    await tx.query(
      `INSERT INTO invoice_line (version_id, ${columns})
       SELECT n.version_id, ${columns.replace('current', 'true')} FROM invoice_line l
       JOIN unnest($1::int[], $2::int[]) AS n(version_id, id) ON n.id = l.invoice_id
       WHERE l.version_id = ANY($3::int[])
         AND NOT EXISTS (SELECT 1 FROM intake_line w WHERE w.invoice_id = l.invoice_id AND w.line_no = l.line_no)`,
      [newIds, invoiceIds, oldIds],
    );
  }
}

/** Lines of known versions that the waiting lines do not replace, in normal form, for the content hash of the union. */
export async function keptLines(
  tx: Queryable,
  versionIds: readonly number[],
): Promise<{ invoiceId: number; row: InvoiceRow }[]> {
  const rows = await tx.query<InvoiceRow & { invoiceId: number }>(
    `SELECT l.invoice_id AS "invoiceId", '' AS "clinicCode", '' AS "invoiceNo",
       l.invoice_date - DATE '1970-01-01' AS "invoiceDay", l.line_no AS "lineNo", p.policy_no AS "policyNo",
       l.service_date - DATE '1970-01-01' AS "serviceDay", d.code AS "diagnosisCode", i.item_code AS "itemCode",
       l.item_name AS "itemName", l.quantity, l.unit_price_kopecks AS "unitPriceKopecks",
       l.amount_kopecks AS "amountKopecks", l.patient_share_kopecks AS "patientShareKopecks",
       COALESCE(dr.code, '') AS "doctorId", COALESCE(l.tooth, '') AS tooth, COALESCE(lr.letter_no, '') AS "letterNo",
       COALESCE(l.episode_no, '') AS "episodeNo"
     FROM invoice_line l JOIN policy p ON p.id = l.policy_id JOIN diagnosis d ON d.id = l.diagnosis_id
     JOIN clinic_item i ON i.id = l.clinic_item_id LEFT JOIN doctor dr ON dr.id = l.doctor_id
     LEFT JOIN letter_ref lr ON lr.id = l.letter_ref_id
     WHERE l.version_id = ANY($1::int[])
       AND NOT EXISTS (SELECT 1 FROM intake_line w WHERE w.invoice_id = l.invoice_id AND w.line_no = l.line_no)`,
    [versionIds],
  );
  return rows.rows.map(({ invoiceId, ...row }) => ({ invoiceId, row }));
}

/** How a file changed the books: versions that came in with it. */
export async function versionsOfFile(db: Queryable, fileId: string): Promise<{ invoices: number; changed: number }> {
  const rows = await db.query<{ invoices: number; changed: number }>(
    `SELECT count(*)::int AS invoices, count(*) FILTER (WHERE version > 1)::int AS changed
     FROM invoice_version WHERE file_id = $1`,
    [fileId],
  );
  return rows.rows[0]!;
}

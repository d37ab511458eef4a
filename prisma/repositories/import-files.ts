import type { RowFilter } from '../../models/access/policy';
import type { RowProblem } from '../../models/exchange/row-problems';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

export type ImportState = 'receiving' | 'reading' | 'taken' | 'failed';

export interface ImportFile {
  readonly id: string;
  readonly kind: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly state: ImportState;
  readonly rowsRead: number;
  readonly rowsAccepted: number;
  readonly rowsRejected: number;
  readonly errorCode: string | null;
  readonly clinicId: number | null;
  readonly receivedAt: string;
  readonly takenAt: string | null;
}

export interface ImportFileDraft {
  readonly id: string;
  readonly kind: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly clinicId: number | null;
  readonly receivedBy: string | null;
}

/** A row that was not taken, with the cells as sent: [heading, cell]. */
export interface RejectedRow {
  readonly rowNo: number;
  readonly problems: readonly RowProblem[];
  readonly cells: readonly (readonly [string, string])[];
}

export interface StoredRejection {
  readonly rowNo: number;
  readonly field: string;
  readonly value: string;
  readonly rule: string;
  readonly reasonRu: string;
  readonly reasonEn: string;
  readonly cells: [string, string][];
}

export interface RowCounts {
  readonly rowsRead: number;
  readonly rowsAccepted: number;
  readonly rowsRejected: number;
}

const COLUMNS = `id, kind, file_name AS "fileName", sha256, bytes, state, rows_read AS "rowsRead",
  rows_accepted AS "rowsAccepted", rows_rejected AS "rowsRejected", error_code AS "errorCode", clinic_id AS "clinicId",
  received_at AS "receivedAt", taken_at AS "takenAt"`;

/** Columns by which a file belongs to somebody; one that the insurer sent itself belongs to no hub. */
const OWNER = { clinicId: 'clinic_id', hubId: '(SELECT c.hub_id FROM clinic c WHERE c.id = clinic_id)' } as const;

/**
 * Registers a file, or finds the one with the same content from the same sender (`created` false). A failed file does
 * not count: sending it again is a new try.
 */
export async function registerImportFile(
  db: Queryable,
  draft: ImportFileDraft,
): Promise<{ file: ImportFile; created: boolean }> {
  const added = await db.query<ImportFile>(
    `INSERT INTO import_file (id, kind, file_name, sha256, bytes, state, clinic_id, received_by)
     VALUES ($1, $2, $3, $4, $5, 'receiving', $6, $7)
     ON CONFLICT (kind, sha256, COALESCE(clinic_id, 0)) WHERE state <> 'failed' DO NOTHING RETURNING ${COLUMNS}`,
    [draft.id, draft.kind, draft.fileName, draft.sha256, draft.bytes, draft.clinicId, draft.receivedBy],
  );
  if (added.rows[0]) return { file: added.rows[0], created: true };
  const same = await db.query<ImportFile>(
    `SELECT ${COLUMNS} FROM import_file
     WHERE kind = $1 AND sha256 = $2 AND COALESCE(clinic_id, 0) = COALESCE($3::int, 0) AND state <> 'failed'`,
    [draft.kind, draft.sha256, draft.clinicId],
  );
  return { file: same.rows[0]!, created: false };
}

export async function findImportFile(db: Queryable, id: string, filter: RowFilter): Promise<ImportFile | null> {
  const params: unknown[] = [id];
  const visible = filterSql(filter, OWNER, params);
  const rows = await db.query<ImportFile>(`SELECT ${COLUMNS} FROM import_file WHERE id = $1 AND ${visible}`, params);
  return rows.rows[0] ?? null;
}

/** Whether every one of these contents, sent by the insurer itself, has been taken. */
export async function areFilesTaken(
  db: Queryable,
  files: readonly { readonly kind: string; readonly sha256: string }[],
): Promise<boolean> {
  const rows = await db.query<{ taken: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS f(kind, sha256)
       WHERE NOT EXISTS (SELECT FROM import_file i WHERE i.kind = f.kind AND i.sha256 = f.sha256
         AND i.clinic_id IS NULL AND i.state = 'taken')) AS taken`,
    [files.map((file) => file.kind), files.map((file) => file.sha256)],
  );
  return rows.rows[0]!.taken;
}

/** Newest first; `after` is the last row of the page before. */
export async function listImportFiles(
  db: Queryable,
  filter: RowFilter,
  page: { readonly after: { receivedAt: string; id: string } | null; readonly limit: number },
): Promise<ImportFile[]> {
  const params: unknown[] = [page.after?.receivedAt ?? null, page.after?.id ?? null, page.limit];
  const visible = filterSql(filter, OWNER, params);
  const rows = await db.query<ImportFile>(
    `SELECT ${COLUMNS} FROM import_file
     WHERE kind = 'invoices' AND ${visible} AND ($1::timestamptz IS NULL OR (received_at, id) < ($1, $2::uuid))
     ORDER BY received_at DESC, id DESC LIMIT $3`,
    params,
  );
  return rows.rows;
}

/** Number and bytes of the files of a sender that wait or are being read; null: the insurer itself. */
export async function spoolUse(db: Queryable, clinicId: number | null): Promise<{ files: number; bytes: number }> {
  const rows = await db.query<{ files: number; bytes: number }>(
    `SELECT count(*)::int AS files, COALESCE(sum(bytes), 0)::float8 AS bytes FROM import_file
     WHERE state IN ('receiving', 'reading') AND COALESCE(clinic_id, 0) = COALESCE($1::int, 0)`,
    [clinicId],
  );
  return rows.rows[0]!;
}

/** Progress; told outside the transaction that takes the file, so that others can see it. */
export async function noteProgress(db: Queryable, id: string, counts: RowCounts): Promise<void> {
  await db.query(
    `UPDATE import_file SET state = 'reading', rows_read = $2, rows_accepted = $3, rows_rejected = $4
     WHERE id = $1 AND state IN ('receiving', 'reading')`,
    [id, counts.rowsRead, counts.rowsAccepted, counts.rowsRejected],
  );
}

export async function markImportTaken(db: Queryable, id: string, counts: RowCounts): Promise<void> {
  await db.query(
    `UPDATE import_file SET state = 'taken', taken_at = now(), rows_read = $2, rows_accepted = $3, rows_rejected = $4
     WHERE id = $1`,
    [id, counts.rowsRead, counts.rowsAccepted, counts.rowsRejected],
  );
}

export async function markImportFailed(db: Queryable, id: string, errorCode: string): Promise<void> {
  await db.query(
    `UPDATE import_file SET state = 'failed', error_code = $2, rows_accepted = 0 WHERE id = $1 AND state <> 'taken'`,
    [id, errorCode],
  );
}

/** Stores rejected rows; of several problems of one field the first is kept. */
export async function addRejections(tx: Queryable, fileId: string, rejected: readonly RejectedRow[]): Promise<void> {
  const flat = rejected.flatMap(({ rowNo, problems, cells }) => {
    const rawRow = JSON.stringify(cells.map(([heading, cell]) => [clean(heading), clean(cell)]));
    return problems.map((one) => ({ rowNo, one, rawRow }));
  });
  if (flat.length === 0) return;
  await tx.query(
    `INSERT INTO import_rejection (file_id, row_no, field, value, rule, reason_ru, reason_en, raw_row)
     SELECT $1, r.* FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[]) AS r
     ON CONFLICT DO NOTHING`,
    [
      fileId,
      flat.map(({ rowNo }) => rowNo),
      flat.map(({ one }) => one.field),
      flat.map(({ one }) => clean(one.value)),
      flat.map(({ one }) => one.rule),
      flat.map(({ one }) => one.reason.ru),
      flat.map(({ one }) => one.reason.en),
      flat.map(({ rawRow }) => rawRow),
    ],
  );
}

/** Before a file is read again. */
export async function forgetRejections(tx: Queryable, fileId: string): Promise<void> {
  await tx.query('DELETE FROM import_rejection WHERE file_id = $1', [fileId]);
}

/** Rejections in row order, a page at a time. */
export async function pageOfRejections(
  db: Queryable,
  fileId: string,
  after: { readonly rowNo: number; readonly field: string },
  limit: number,
): Promise<StoredRejection[]> {
  const rows = await db.query<StoredRejection>(
    `SELECT row_no AS "rowNo", field, value, rule, reason_ru AS "reasonRu", reason_en AS "reasonEn", raw_row AS cells
     FROM import_rejection WHERE file_id = $1 AND (row_no, field) > ($2, $3) ORDER BY row_no, field LIMIT $4`,
    [fileId, after.rowNo, after.field, limit],
  );
  return rows.rows;
}

/** Postgres texts cannot hold U+0000 nor lone surrogates: both become the replacement character. */
function clean(text: string): string {
  // Node 20 has toWellFormed; the es2023 type library does not know it yet.
  const wellFormed = (text as string & { toWellFormed(): string }).toWellFormed();
  return wellFormed.replaceAll('\u0000', '\uFFFD');
}

import { isAppError } from '../../models/errors';
import type { RowBatch } from '../../models/exchange/csv-splitter';
import { INVOICES } from '../../models/exchange/formats';
import type { HeaderMap } from '../../models/exchange/header';
import { readInvoiceLine } from '../../models/exchange/invoice-rows';
import type { InvoiceRow } from '../../models/exchange/invoice-rows';
import { createRowReader } from '../../models/exchange/row-reader';
import { DEFAULT_LIMITS } from '../../models/tabular/limits';
import type { IntakeLimits } from '../../models/tabular/limits';
import { openTable } from '../../models/tabular/table-source';
import { withTransaction } from '../../prisma/pool';
import type { Pool, PoolClient } from '../../prisma/pool';
import { idsByCode } from '../../prisma/repositories/dictionaries';
import {
  findImportFile,
  markImportFailed,
  markImportTaken,
  noteProgress,
} from '../../prisma/repositories/import-files';
import type { RowCounts } from '../../prisma/repositories/import-files';
import { lockFile, lockForIntake, withoutTimeout } from '../../prisma/repositories/invoices-intake';
import { createLineLoader } from './line-loader';
import type { LineLoader } from './line-loader';
import { createRejectionLog } from './rejections';
import type { RejectionLog } from './rejections';
import { REJECTION_COLUMNS } from '../../models/exchange/rejections-file';

export interface RegistryFile {
  readonly fileId: string;
  readonly path: string;
  /** Set: the clinic that sent it, which may only bill for itself. */
  readonly clinicId: number | null;
}

export interface RegistryResult extends RowCounts {
  readonly fileId: string;
  readonly invoicesNew: number;
  readonly invoicesChanged: number;
  readonly invoicesUnchanged: number;
  /** True when an earlier run had taken the file already. */
  readonly already: boolean;
}

export interface IntakeDeps {
  readonly pool: Pool;
  readonly limits?: IntakeLimits;
}

const PROGRESS_ROWS = 20_000;
const TOTALS = /^\s*(?:итого|всего|total)(?!\p{L})/iu;

/**
 * Takes an invoice registry into Postgres, in one transaction: readers see the whole file or nothing of it, a killed
 * process leaves nothing behind, and running again (the retry of an activity, two workers at once) gives the same rows.
 * Starting over costs a minute per million lines, which is less than the bookkeeping of a resumable load would.
 *
 * An invoice number that is new becomes version 1; the same number with the same content is left alone; with other
 * content it becomes the next version; the next batch supersedes the one before and cancels its tasks. Rows that cannot be read are stored as
 * rejections and the rest goes on. A file with the columns of our own rejections file brings mended rows: they are
 * added to their invoices instead of replacing them.
 *
 * @param onProgress called every 20,000 rows; throw in it to stop (cancellation)
 * @throws AppError when the file as a whole cannot be read; the file is then marked failed
 */
export async function takeRegistry(
  deps: IntakeDeps,
  file: RegistryFile,
  onProgress: (counts: RowCounts) => void = () => undefined,
): Promise<RegistryResult> {
  try {
    return await withTransaction(deps.pool, (tx) => take(deps, tx, file, onProgress));
  } catch (error) {
    if (isAppError(error) && !error.retryable) await markImportFailed(deps.pool, file.fileId, error.code);
    throw error;
  }
}

async function take(
  deps: IntakeDeps,
  tx: PoolClient,
  file: RegistryFile,
  onProgress: (counts: RowCounts) => void,
): Promise<RegistryResult> {
  const limits = deps.limits ?? DEFAULT_LIMITS;
  await withoutTimeout(tx);
  await lockFile(tx, file.fileId);
  const before = await findImportFile(tx, file.fileId, { kind: 'all' });
  if (before?.state === 'taken') {
    const { rowsRead, rowsAccepted, rowsRejected } = before;
    const none = { invoicesNew: 0, invoicesChanged: 0, invoicesUnchanged: 0 };
    return { fileId: file.fileId, rowsRead, rowsAccepted, rowsRejected, ...none, already: true };
  }
  await lockForIntake(tx);
  const table = await openTable(file.path, INVOICES, limits);
  const rejections = createRejectionLog(tx, file.fileId, table.header, limits.maxRejections);
  const loader = createLineLoader({ pool: deps.pool, tx, fileId: file.fileId, limits, mended: isMended(table.header) });
  const clinics = await idsByCode(deps.pool, 'clinic');
  let rowsRead = 0;
  let noted = 0;
  const counts = (): RowCounts => ({ rowsRead, rowsAccepted: loader.accepted, rowsRejected: rejections.count });
  const checkRows = createRowChecker(table.header, clinics, file.clinicId, loader, rejections);
  for await (const batch of table.rows) {
    rowsRead += checkRows(batch);
    await loader.flushIfFull();
    await rejections.flushIfFull(() => loader.settle());
    if (rowsRead - noted < PROGRESS_ROWS) continue;
    noted = rowsRead;
    onProgress(counts());
    await noteProgress(deps.pool, file.fileId, counts());
  }
  const invoices = await loader.finish();
  await rejections.flush();
  await markImportTaken(tx, file.fileId, counts());
  onProgress(counts());
  const { invoicesNew, invoicesChanged, invoicesUnchanged } = invoices;
  return { fileId: file.fileId, ...counts(), invoicesNew, invoicesChanged, invoicesUnchanged, already: false };
}

/** Returns the check of one batch of rows: readable ones go to the loader, the others to the rejections. */
function createRowChecker(
  header: HeaderMap,
  clinics: ReadonlyMap<string, number>,
  senderClinic: number | null,
  loader: LineLoader,
  rejections: RejectionLog,
): (batch: RowBatch) => number {
  const reader = createRowReader(header);
  return ({ rows, rowNos, malformed }) => {
    for (let index = 0; index < rows.length; index++) {
      const cells = rows[index]!;
      const rowNo = rowNos[index]!;
      reader.load(cells);
      const row = readInvoiceLine(reader);
      if (malformed.size > 0 && malformed.has(rowNo)) reader.add('bad-quotes', '', cells.join(' '));
      const clinicId = clinics.get(row.clinicCode);
      if (row.clinicCode !== '') {
        if (clinicId === undefined) reader.add('unknown-clinic', 'clinic_code', row.clinicCode);
        else if (senderClinic !== null && clinicId !== senderClinic) {
          reader.add('foreign-clinic', 'clinic_code', row.clinicCode);
        }
      }
      if (reader.problems.length === 0 && !loader.add(clinicId!, row, reader.rawForms())) {
        reader.add('duplicate-line', 'line_no', String(row.lineNo));
      }
      if (reader.problems.length > 0 && !isTotalsRow(row, cells)) {
        rejections.add({ rowNo, problems: reader.problems, cells });
      }
    }
    return rows.length;
  };
}

/** Accounting software ends a registry with a row of sums, which is no line of any invoice. */
function isTotalsRow(row: InvoiceRow, cells: readonly string[]): boolean {
  return row.invoiceNo === '' && row.policyNo === '' && cells.some((cell) => TOTALS.test(cell));
}

function isMended(header: HeaderMap): boolean {
  return REJECTION_COLUMNS.every((name) => header.headings.some((heading) => heading.trim() === name));
}

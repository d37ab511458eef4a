import type { HeaderMap, TableFormat } from '../../models/exchange/header';
import { createRowReader } from '../../models/exchange/row-reader';
import type { RowReader } from '../../models/exchange/row-reader';
import { DEFAULT_LIMITS } from '../../models/tabular/limits';
import type { IntakeLimits } from '../../models/tabular/limits';
import { openTable } from '../../models/tabular/table-source';
import type { Queryable } from '../../prisma/pool';
import type { RowCounts } from '../../prisma/repositories/import-files';
import { createRejectionLog } from './rejections';

/** How one kind of reference table gets into the database. */
export interface TableLoad<T> {
  readonly format: TableFormat;
  readonly read: (row: RowReader) => T;
  /** Looks codes up and adds problems for those that are unknown; runs on rows that could be read. */
  readonly check?: (value: T, row: RowReader) => void;
  /** Rows with the same key are one record: the later one corrects the earlier. */
  readonly key: (value: T) => string;
  readonly write: (tx: Queryable, values: T[]) => Promise<void>;
}

const CHUNK = 5_000;

/** Streams a reference table into the transaction. The file has to be registered as `fileId`. */
export async function loadTable<T>(
  tx: Queryable,
  load: TableLoad<T>,
  file: { readonly fileId: string; readonly path: string },
  onProgress: (counts: RowCounts) => void,
  limits: IntakeLimits = DEFAULT_LIMITS,
): Promise<RowCounts> {
  const table = await openTable(file.path, load.format, limits);
  const rejections = createRejectionLog(tx, file.fileId, table.header, limits.maxRejections);
  const reader = createRowReader(table.header as HeaderMap);
  let waiting = new Map<string, T>();
  let rowsRead = 0;
  const counts = (): RowCounts => ({
    rowsRead,
    rowsAccepted: rowsRead - rejections.count,
    rowsRejected: rejections.count,
  });
  const flush = async (): Promise<void> => {
    const values = [...waiting.values()];
    waiting = new Map();
    if (values.length > 0) await load.write(tx, values);
  };
  for await (const batch of table.rows) {
    for (const [index, cells] of batch.rows.entries()) {
      const rowNo = batch.rowNos[index]!;
      rowsRead++;
      reader.load(cells);
      const value = load.read(reader);
      if (batch.malformed.has(rowNo)) reader.add('bad-quotes', '', cells.join(' '));
      if (reader.problems.length === 0) load.check?.(value, reader);
      if (reader.problems.length > 0) rejections.add({ rowNo, problems: reader.problems, cells });
      else waiting.set(load.key(value), value);
      if (waiting.size >= CHUNK) {
        await flush();
        onProgress(counts());
      }
    }
    await rejections.flushIfFull(() => Promise.resolve());
  }
  await flush();
  await rejections.flush();
  onProgress(counts());
  return counts();
}

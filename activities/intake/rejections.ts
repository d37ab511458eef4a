import type { HeaderMap } from '../../models/exchange/header';
import type { RowProblem } from '../../models/exchange/row-problems';
import type { Queryable } from '../../prisma/pool';
import { addRejections } from '../../prisma/repositories/import-files';
import type { RejectedRow } from '../../prisma/repositories/import-files';

/** Rejected rows of a file, stored chunk by chunk. */
export interface RejectionLog {
  add(rejected: { rowNo: number; problems: readonly RowProblem[]; cells: readonly string[] }): void;
  /** `ready` is awaited before a write, since the connection may be busy with a COPY. */
  flushIfFull(ready: () => Promise<void>): Promise<void>;
  flush(): Promise<void>;
  readonly count: number;
}

const CHUNK = 2_000;
/** Cells and cell length that are kept of a rejected row. */
const MAX_CELLS = 300;
const MAX_CELL = 1_000;

/** Keeps at most `max` rows; the count goes on beyond it, so that nobody takes the stored ones for all. */
export function createRejectionLog(db: Queryable, fileId: string, header: HeaderMap, max: number): RejectionLog {
  let waiting: RejectedRow[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    const rows = waiting;
    waiting = [];
    await addRejections(db, fileId, rows);
  };
  return {
    add({ rowNo, problems, cells }) {
      count++;
      if (count > max) return;
      const width = Math.min(MAX_CELLS, Math.max(cells.length, header.headings.length));
      const pairs = Array.from({ length: width }, (_, index): [string, string] => [
        header.headings[index] ?? '',
        (cells[index] ?? '').slice(0, MAX_CELL),
      ]);
      waiting.push({ rowNo, problems, cells: pairs });
    },
    async flushIfFull(ready) {
      if (waiting.length < CHUNK) return;
      await ready();
      await flush();
    },
    flush,
    get count() {
      return count;
    },
  };
}

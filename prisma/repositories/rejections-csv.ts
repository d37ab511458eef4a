import { rejectionLine, rejectionsHeader } from '../../models/exchange/rejections-file';
import type { Queryable } from '../pool';
import { pageOfRejections } from './import-files';
import type { StoredRejection } from './import-files';

/** The file of rejected rows, streamed page by page; one line per row with all its reasons. */
export async function* rejectionsCsv(db: Queryable, fileId: string, pageSize: number): AsyncGenerator<string> {
  let after = { rowNo: -1, field: '' };
  let group: StoredRejection[] = [];
  let started = false;
  for (;;) {
    const problems = await pageOfRejections(db, fileId, after, pageSize);
    let text = '';
    for (const one of problems) {
      if (!started) text += rejectionsHeader(one.cells);
      started = true;
      if (group.length > 0 && group[0]!.rowNo !== one.rowNo) {
        text += lineOf(group);
        group = [];
      }
      group.push(one);
      after = one;
    }
    if (problems.length < pageSize && group.length > 0) text += lineOf(group);
    if (text !== '') yield text;
    if (problems.length < pageSize) return;
  }
}

function lineOf(group: readonly StoredRejection[]): string {
  const { rowNo, cells } = group[0]!;
  return rejectionLine({ rowNo, cells, problems: group });
}

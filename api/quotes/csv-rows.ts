import type { Readable } from 'node:stream';
import { createCsvSplitter, detectDelimiter } from '../../models/exchange/csv-splitter';
import type { CsvSplitter, RowBatch } from '../../models/exchange/csv-splitter';
import type { Factor } from '../../models/underwriting/catalogue';
import { AppError } from '../../models/errors';
import { batchReader } from '../../models/quotes/batch-rows';
import type { BatchRow, ReadRow, RowFault } from '../../models/quotes/batch-rows';
import { createStreamDecoder } from '../../models/tabular/text-decoder';

/**
 * Rows of a streamed portfolio CSV (UTF-8 or Windows-1251; comma, semicolon or tab), read or rejected one by one; one
 * piece of the upload is in memory at a time. The header is checked before the first row is given out.
 *
 * @throws AppError quote-batch-header, quote-batch-empty
 */
export async function* csvRows(
  upload: Readable,
  factors: readonly Factor[],
  needPayout = false,
): AsyncGenerator<(BatchRow | RowFault)[]> {
  const decoder = createStreamDecoder();
  let splitter: CsvSplitter | null = null;
  let read: ReadRow | null = null;
  const take = (batch: RowBatch): (BatchRow | RowFault)[] => {
    const out: (BatchRow | RowFault)[] = [];
    batch.rows.forEach((cells, i) => {
      const rowNo = batch.rowNos[i]!;
      if (read === null) read = batchReader(cells, factors, needPayout);
      else if (batch.malformed.has(rowNo)) out.push(brokenQuotes(rowNo));
      else out.push(read(cells, rowNo));
    });
    return out;
  };
  const push = (text: string): (BatchRow | RowFault)[] => {
    if (text === '') return [];
    splitter ??= createCsvSplitter(detectDelimiter(text));
    return take(splitter.push(text));
  };
  for await (const chunk of upload) yield push(decoder.push(chunk as Buffer));
  yield push(decoder.end());
  if (splitter !== null) yield take((splitter as CsvSplitter).end());
  if (read === null) throw emptyFile();
}

function brokenQuotes(rowNo: number): RowFault {
  const reason = { ru: 'Кавычки в строке не закрыты', en: 'Quotes of the row do not match' };
  return { rowNo, field: '', value: '', rule: 'quotes', reason };
}

function emptyFile(): AppError {
  return new AppError(
    'quote-batch-empty',
    { ru: 'В файле нет ни одной строки', en: 'The file has no rows' },
    { httpStatus: 422 },
  );
}

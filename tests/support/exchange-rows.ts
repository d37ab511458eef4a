import { mapHeader } from '../../models/exchange/header';
import type { HeaderMap, TableFormat } from '../../models/exchange/header';
import { createRowReader } from '../../models/exchange/row-reader';
import type { RowReader } from '../../models/exchange/row-reader';

/** The header of a format, or a failure that names what is missing. */
export function headerOf(format: TableFormat, cells: readonly string[]): HeaderMap {
  const header = mapHeader(format, cells);
  if ('missing' in header) throw new Error(`missing ${header.missing.join()}`);
  return header;
}

/** Reads one record, given by column name, with a parser of rows. */
export function read<T>(format: TableFormat, parser: (row: RowReader) => T, record: Record<string, string>) {
  const reader = createRowReader(headerOf(format, Object.keys(record)));
  reader.load(Object.values(record));
  return { value: parser(reader), problems: reader.problems, raw: reader.rawForms() };
}

import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { AppError } from '../models/errors';
import { createCsvSplitter, detectDelimiter, type RowBatch } from '../models/exchange/csv-splitter';
import { readFeedback } from '../models/exchange/feedback-rows';
import { FEEDBACK, INVOICES, NOMENCLATURE, PRICE_ITEMS } from '../models/exchange/formats';
import { mapHeader, missingColumnsError, type TableFormat } from '../models/exchange/header';
import { readInvoiceLine } from '../models/exchange/invoice-rows';
import { readPriceItem, readService } from '../models/exchange/reference-rows';
import { createRowReader, type RowReader } from '../models/exchange/row-reader';
import { rulesOf, type RulePack, type WorldRules } from '../models/fraud/reference';
import type { SpoolStore } from '../models/fraud/spool';
import { createWorld, type FraudWorld, type WorldLine } from '../models/fraud/world';

/** Rows of a file that could not be read, by file. */
export type UnreadRows = Record<string, number>;

/** Streams a CSV file through a row parser; rows with problems are counted and left out, the rest goes on. */
export async function readTable<T>(
  file: string,
  format: TableFormat,
  parse: (row: RowReader) => T,
  take: (row: T) => void,
): Promise<number> {
  let splitter: ReturnType<typeof createCsvSplitter> | undefined;
  let reader: RowReader | undefined;
  let unread = 0;
  const consume = (batch: RowBatch): void => {
    for (let i = 0; i < batch.rows.length; i++) {
      const cells = batch.rows[i]!;
      if (!reader) {
        const header = mapHeader(format, cells);
        if ('missing' in header) throw missingColumnsError(format, header.missing);
        reader = createRowReader(header);
        continue;
      }
      if (batch.malformed.has(batch.rowNos[i]!)) {
        unread++;
        continue;
      }
      reader.load(cells);
      const row = parse(reader);
      if (reader.problems.length > 0) unread++;
      else take(row);
    }
  };
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    let text = chunk as string;
    if (!splitter) {
      text = text.replace(/^\uFEFF/, '');
      splitter = createCsvSplitter(detectDelimiter(text));
    }
    consume(splitter.push(text));
  }
  if (splitter) consume(splitter.end());
  return unread;
}

async function readRules(folder: string): Promise<WorldRules> {
  const file = path.join(folder, 'guidelines.json');
  return rulesOf(existsSync(file) ? [JSON.parse(await readFile(file, 'utf8')) as RulePack] : []);
}

export interface WorldReading {
  /** Where lines and answers wait; a world need not fit into memory. */
  readonly spools: SpoolStore;
  /** What a comment says: COMMENT_*. */
  readonly classify: (comment: string) => number;
  /** Sees each line in the order of the file. */
  readonly onLine?: (row: WorldLine) => void;
}

/** Reads the files of a world folder that the fraud models need. feedback.csv may be missing: patterns only, then. */
export async function readFraudWorld(
  folder: string,
  { spools, classify, onLine }: WorldReading,
): Promise<{ world: FraudWorld; unread: UnreadRows }> {
  for (const name of ['nomenclature.csv', 'price-items.csv', 'invoices.csv']) {
    if (existsSync(path.join(folder, name))) continue;
    throw new AppError(
      'world-file-missing',
      {
        ru: `В папке мира нет файла ${name}. Укажите папку с файлами из formats.md: --world DIR.`,
        en: `The world folder lacks ${name}. Name a folder with the exchange files: --world DIR.`,
      },
      { httpStatus: 422, details: { file: name } },
    );
  }
  const at = (name: string): string => path.join(folder, name);
  const reference = createWorld(await readRules(folder));
  const unread: UnreadRows = {
    'nomenclature.csv': await readTable(at('nomenclature.csv'), NOMENCLATURE, readService, reference.service),
    'price-items.csv': await readTable(at('price-items.csv'), PRICE_ITEMS, readPriceItem, reference.price),
  };
  const writer = reference.open(spools, classify);
  unread['invoices.csv'] = await readTable(at('invoices.csv'), INVOICES, readInvoiceLine, (row) => {
    writer.line(row);
    onLine?.(row);
  });
  if (existsSync(at('feedback.csv'))) {
    unread['feedback.csv'] = await readTable(at('feedback.csv'), FEEDBACK, readFeedback, writer.answer);
  }
  return { world: writer.finish(), unread };
}

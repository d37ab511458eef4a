import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { AppError } from '../models/errors';
import { readFeedback } from '../models/exchange/feedback-rows';
import { FEEDBACK, INVOICES, NOMENCLATURE, PRICE_ITEMS } from '../models/exchange/formats';
import type { TableFormat } from '../models/exchange/header';
import { readInvoiceLine } from '../models/exchange/invoice-rows';
import { readPriceItem, readService } from '../models/exchange/reference-rows';
import { createRowReader, type RowReader } from '../models/exchange/row-reader';
import { rulesOf, type RulePack, type WorldRules } from '../models/fraud/reference';
import type { SpoolStore } from '../models/fraud/spool';
import { createWorld, type FraudWorld, type WorldLine } from '../models/fraud/world';
import { readJsonFile } from '../models/tabular/json-source';
import { openTable } from '../models/tabular/table-source';

/** Rows of a file that could not be read, by file. */
export type UnreadRows = Record<string, number>;

/** Streams a table through a row parser; rows with problems are counted and left out, the rest goes on. */
export async function readTable<T>(
  file: string,
  format: TableFormat,
  parse: (row: RowReader) => T,
  take: (row: T) => void,
): Promise<number> {
  const table = await openTable(file, format);
  const reader = createRowReader(table.header);
  let unread = 0;
  for await (const batch of table.rows) {
    batch.rows.forEach((cells, i) => {
      reader.load(cells);
      const row = parse(reader);
      if (batch.malformed.has(batch.rowNos[i]!) || reader.problems.length > 0) unread++;
      else take(row);
    });
  }
  return unread;
}

/** A file of a world, packed or not; null where the world has none. */
function findFile(folder: string, name: string): string | null {
  const candidates = [name, `${name}.gz`, name.replace(/\.csv$/, '.xlsx')].map((one) => path.join(folder, one));
  return candidates.find((one) => existsSync(one)) ?? null;
}

/** `guidelines.json` of a world: one pack, or an array of packs. */
async function readRules(folder: string): Promise<WorldRules> {
  const file = findFile(folder, 'guidelines.json');
  if (file === null) return rulesOf([]);
  const content = (await readJsonFile(file)) as RulePack | RulePack[];
  return rulesOf(Array.isArray(content) ? content : [content]);
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
  const needed = (name: string): string => {
    const file = findFile(folder, name);
    if (file !== null) return file;
    throw new AppError(
      'world-file-missing',
      {
        ru: `В папке мира нет файла ${name}. Укажите папку с файлами из formats.md: --world DIR.`,
        en: `The world folder lacks ${name}. Name a folder with the exchange files: --world DIR.`,
      },
      { httpStatus: 422, details: { file: name } },
    );
  };
  const nomenclature = needed('nomenclature.csv');
  const prices = needed('price-items.csv');
  const invoices = needed('invoices.csv');
  const feedback = findFile(folder, 'feedback.csv');
  const reference = createWorld(await readRules(folder));
  const unread: UnreadRows = {
    'nomenclature.csv': await readTable(nomenclature, NOMENCLATURE, readService, reference.service),
    'price-items.csv': await readTable(prices, PRICE_ITEMS, readPriceItem, reference.price),
  };
  const writer = reference.open(spools, classify);
  unread['invoices.csv'] = await readTable(invoices, INVOICES, readInvoiceLine, (row) => {
    writer.line(row);
    onLine?.(row);
  });
  if (feedback !== null) unread['feedback.csv'] = await readTable(feedback, FEEDBACK, readFeedback, writer.answer);
  return { world: writer.finish(), unread };
}

import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { csvLine } from '../../models/exchange/csv-writer';
import type { CsvCell } from '../../models/exchange/csv-writer';
import type { Factor } from '../../models/underwriting/catalogue';
import type { UnderwritingModel } from '../../models/underwriting/model';
import type { BatchRow, RowFault } from '../../models/quotes/batch-rows';
import { BATCH_CODES, BATCH_COLUMNS, faultLine, scoreProgramme } from '../../models/quotes/batch-score';
import { createBatchSets } from '../../models/quotes/batch-sets';
import type { BatchPart } from '../../models/quotes/batch-sets';
import type { PricingParameters } from '../../models/quotes/parameters.schema';
import type { ClinicRatings } from '../../models/quotes/programme';
import { isClinicFactor } from '../../models/quotes/request.schema';
import { csvRows } from './csv-rows';

export interface BatchPricing {
  readonly model: UnderwritingModel;
  readonly parameters: PricingParameters;
  readonly factors: readonly Factor[];
  /** The caller's: limits of authority go by it. */
  readonly role: string;
  readonly ratings: ClinicRatings;
}

/**
 * Prices a streamed portfolio: the answer flows while the upload is still being read, rejected rows stand among the
 * priced ones with field, rule and fix. The first piece is read before the answer starts, so that a wrong header is a
 * problem document and not half a file.
 */
export async function priceBatch(upload: Readable, pricing: BatchPricing): Promise<Readable> {
  const pieces = csvRows(upload, pricing.factors);
  const first: (BatchRow | RowFault)[][] = [];
  while (first.length === 0 || first.at(-1)!.length === 0) {
    const next = await pieces.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  return Readable.from(answer(first, pieces, pricing), { objectMode: false, highWaterMark: 1 << 18 });
}

async function* answer(
  first: readonly (BatchRow | RowFault)[][],
  rest: AsyncGenerator<(BatchRow | RowFault)[]>,
  { model, parameters, factors, role, ratings }: BatchPricing,
): AsyncGenerator<string> {
  const contractCodes = new Set(factors.filter((factor) => !isClinicFactor(factor)).map(({ code }) => code));
  const known = new Set(factors.map(({ code }) => code));
  const terms = { parameters, role, contractCodes, known, ratings };
  const sets = createBatchSets();
  const lines = ({ programmes, faults }: BatchPart): string => {
    const priced = programmes.flatMap((rows) => scoreProgramme(model, terms, rows));
    const out: CsvCell[][] = [...priced, ...faults.map(faultLine)];
    out.sort((a, b) => (a[0] as number) - (b[0] as number));
    return out.map((cells) => csvLine(cells, BATCH_CODES)).join('');
  };
  yield csvLine([...BATCH_COLUMNS]);
  const take = async function* (piece: readonly (BatchRow | RowFault)[]): AsyncGenerator<string> {
    for (const row of piece) {
      const part = sets.push(row);
      if (part === null) continue;
      yield lines(part);
      // Other requests of this process get their turn between two parts.
      await nextTurn();
    }
  };
  for (const piece of first) yield* take(piece);
  for await (const piece of rest) yield* take(piece);
  yield lines(sets.end());
}

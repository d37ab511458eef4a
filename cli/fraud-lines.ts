import { readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { csvLine } from '../models/exchange/csv-writer';
import type { SpooledBook } from '../models/fraud/book-writer';
import type { FraudScoring } from '../models/fraud/scoring';
import type { SpoolStore } from '../models/fraud/spool';
import type { WorldLine } from '../models/fraud/world';
import { writeText } from './write-text';

/** Names of the lines, in the order of the file, kept on disk until their scores are known. */
export interface LineKeys {
  readonly add: (row: WorldLine) => void;
  /** Pieces of the names, a NUL behind each: a name may hold line breaks, but no NUL. */
  readonly read: () => AsyncIterable<string>;
}

const BUFFER_CHARACTERS = 1 << 18;
const CODES = new Set([0, 1]);

/** Keeps the names in an open file, which stays its owner's to close. */
export function createLineKeys(file: number): LineKeys {
  let buffer = '';
  return {
    add: ({ clinicCode, invoiceNo, lineNo }) => {
      buffer += `${csvLine([clinicCode, invoiceNo, lineNo], CODES).slice(0, -1)}\0`;
      if (buffer.length < BUFFER_CHARACTERS) return;
      writeSync(file, buffer);
      buffer = '';
    },
    // No stream of Node's: one that is broken off closes the file, which is not its own, and the next file gets its number.
    read: async function* () {
      writeSync(file, buffer);
      buffer = '';
      const decoder = new StringDecoder('utf8');
      const bytes = Buffer.allocUnsafe(BUFFER_CHARACTERS);
      for (let at = 0; ;) {
        const read = readSync(file, bytes, 0, bytes.length, at);
        if (read === 0) break;
        at += read;
        yield decoder.write(bytes.subarray(0, read));
      }
    },
  };
}

/** Lines whose scores are put in order at a time. */
const WINDOW = 131_072;

/**
 * Scores the book part by part and writes lines.csv in the order of the invoices: scores are thrown into windows of the
 * order on disk, and each window is sorted in memory when its names are read.
 */
export async function writeLineScores(
  file: string,
  keys: LineKeys,
  spools: SpoolStore,
  book: SpooledBook,
  scoring: FraudScoring,
): Promise<void> {
  const windows = spools.open('scores', 2, Math.max(1, Math.ceil(book.lines / WINDOW)));
  const row = new Int32Array(2);
  const bits = new Float32Array(row.buffer, 4, 1);
  for (let p = 0; p < book.parts; p++) {
    const part = book.part(p);
    const { posterior } = scoring.scorePart(part);
    part.order.forEach((place, i) => {
      row[0] = place;
      bits[0] = posterior[i]!;
      windows.put(Math.floor(place / WINDOW), row);
    });
  }
  await writeText(file, async function* () {
    yield 'clinic_code,invoice_no,line_no,posterior\n';
    let window = new Float32Array(0);
    let place = 0;
    let rest = '';
    for await (const piece of keys.read()) {
      const names = (rest + piece).split('\0');
      rest = names.pop()!;
      let text = '';
      for (const name of names) {
        if (place % WINDOW === 0) window = inOrder(windows.take(place / WINDOW));
        text += `${name},${window[place % WINDOW]!.toFixed(6)}\n`;
        place++;
      }
      yield text;
    }
  });
}

/** Scores of one window by place. */
function inOrder(rows: Int32Array) {
  const scores = new Float32Array(rows.buffer, rows.byteOffset, rows.length);
  const sorted = new Float32Array(WINDOW);
  for (let i = 0; i < rows.length; i += 2) sorted[rows[i]! % WINDOW] = scores[i + 1]!;
  return sorted;
}

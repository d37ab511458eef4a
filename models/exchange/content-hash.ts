import { createHash } from 'node:crypto';
import type { InvoiceRow } from './invoice-rows';

/** Running hash of the lines of one invoice in any order: four 32-bit lanes that lines are added to. */
export interface ContentHash {
  lanes: Uint32Array;
  lines: number;
}

export function emptyContentHash(): ContentHash {
  return { lanes: new Uint32Array(4), lines: 0 };
}

/**
 * Adds a line. Sums make the hash independent of the order in which a clinic's software writes lines, and normal forms
 * make it the same for CSV and XLSX. It tells a changed invoice from one sent again; it is no defence against forgery
 * and needs none: the sender may change its invoice openly.
 */
export function addLine(hash: ContentHash, row: InvoiceRow): void {
  let a = 0x9e3779b9 ^ row.lineNo;
  let b = 0x85ebca6b ^ row.quantity;
  const word = (value: number): void => {
    a = Math.imul(a ^ value, 0xcc9e2d51);
    a ^= a >>> 15;
    b = Math.imul(b ^ value, 0x1b873593);
    b ^= b >>> 13;
  };
  const money = (kopecks: number): void => {
    word((kopecks % 0x1_0000_0000) | 0);
    word(Math.floor(kopecks / 0x1_0000_0000));
  };
  const text = (value: string): void => {
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x5bd1e995);
    }
    word(value.length);
  };
  word(row.invoiceDay);
  word(row.serviceDay);
  money(row.unitPriceKopecks);
  money(row.amountKopecks);
  money(row.patientShareKopecks);
  text(row.policyNo);
  text(row.diagnosisCode);
  text(row.itemCode);
  text(row.itemName);
  text(row.doctorId);
  text(row.tooth);
  text(row.letterNo);
  text(row.episodeNo);
  const { lanes } = hash;
  lanes[0]! += finish(a);
  lanes[1]! += finish(b);
  lanes[2]! += finish(a ^ Math.imul(b, 0x2545f491));
  lanes[3]! += finish(b ^ Math.imul(a, 0x27d4eb2d));
  hash.lines++;
}

/** 64 hex digits. */
export function contentHashText(hash: ContentHash): string {
  return createHash('sha256')
    .update(`${hash.lines}:${[...hash.lanes].join(':')}`)
    .digest('hex');
}

/** Final mix of MurmurHash3 (A. Appleby, public domain). */
function finish(value: number): number {
  let h = value;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

import { addLine, emptyContentHash } from '../../models/exchange/content-hash';
import type { ContentHash } from '../../models/exchange/content-hash';
import type { InvoiceRow } from '../../models/exchange/invoice-rows';
import type { OpenedInvoice } from '../../prisma/repositories/invoices-intake';
import { tooLargeError } from '../../models/tabular/limits';

/** What is known about one invoice of the file while it is read. */
export interface InvoiceState {
  readonly clinicId: number;
  readonly invoiceNo: string;
  opened: OpenedInvoice | null;
  readonly hash: ContentHash;
  billedKopecks: number;
  /** Bit per line number below 2^16, where nearly all are. */
  seenLow: Uint32Array;
  seenHigh: Set<number> | null;
}

/** All invoices of a file by business key; some 300 bytes each, whatever the number of their lines. */
export interface RegistryState {
  readonly invoices: InvoiceState[];
  find(clinicId: number, invoiceNo: string): InvoiceState;
}

const LOW = 65_536;

export function createRegistryState(maxInvoices: number): RegistryState {
  const byClinic = new Map<number, Map<string, InvoiceState>>();
  const invoices: InvoiceState[] = [];
  let last: InvoiceState | null = null;
  return {
    invoices,
    find(clinicId, invoiceNo) {
      // Lines of one invoice mostly follow one another.
      if (last !== null && last.invoiceNo === invoiceNo && last.clinicId === clinicId) return last;
      let numbers = byClinic.get(clinicId);
      if (numbers === undefined) byClinic.set(clinicId, (numbers = new Map()));
      let state = numbers.get(invoiceNo);
      if (state === undefined) {
        if (invoices.length >= maxInvoices) throw tooLargeError('invoices', maxInvoices, 422);
        state = {
          clinicId,
          invoiceNo: detached(invoiceNo),
          opened: null,
          hash: emptyContentHash(),
          billedKopecks: 0,
          seenLow: new Uint32Array(4),
          seenHigh: null,
        };
        numbers.set(state.invoiceNo, state);
        invoices.push(state);
      }
      last = state;
      return state;
    },
  };
}

/** Counts a line in; false when its number has occurred in the invoice before. */
export function admitLine(state: InvoiceState, row: InvoiceRow): boolean {
  if (!markSeen(state, row.lineNo)) return false;
  addLine(state.hash, row);
  state.billedKopecks += row.amountKopecks;
  return true;
}

function markSeen(state: InvoiceState, lineNo: number): boolean {
  if (lineNo >= LOW) {
    state.seenHigh ??= new Set();
    if (state.seenHigh.has(lineNo)) return false;
    state.seenHigh.add(lineNo);
    return true;
  }
  const word = lineNo >>> 5;
  if (word >= state.seenLow.length) {
    const larger = new Uint32Array(Math.max(word + 1, state.seenLow.length * 2));
    larger.set(state.seenLow);
    state.seenLow = larger;
  }
  const bit = 1 << (lineNo & 31);
  if ((state.seenLow[word]! & bit) !== 0) return false;
  state.seenLow[word]! |= bit;
  return true;
}

/** A copy of its own: a piece of a split line would keep the whole chunk of the file in memory. */
export function detached(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

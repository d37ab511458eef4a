import { addLine, contentHashText } from '../../models/exchange/content-hash';
import type { InvoiceRow } from '../../models/exchange/invoice-rows';
import type { IntakeLimits } from '../../models/tabular/limits';
import type { Pool, PoolClient } from '../../prisma/pool';
import { copyInto, createCopyWriter } from '../../prisma/repositories/copy-in';
import {
  addVersions,
  completeVersions,
  createWaitingLines,
  keptLines,
  LINES_TARGET,
  openInvoices,
  WAITING_LINES_TARGET,
  writeLine,
} from '../../prisma/repositories/invoices-intake';
import type { ChangedInvoice } from '../../prisma/repositories/invoices-intake';
import { createLineCodes } from './line-codes';
import { admitLine, createRegistryState } from './registry-state';
import type { InvoiceState } from './registry-state';

export interface LoadedInvoices {
  invoicesNew: number;
  invoicesChanged: number;
  invoicesUnchanged: number;
}

/** Loads checked lines in chunks: while Postgres takes one chunk, the next is being parsed. */
export interface LineLoader {
  /** False: the invoice has a line of this number already. */
  add(clinicId: number, row: InvoiceRow, raw: Record<string, string> | null): boolean;
  flushIfFull(): Promise<void>;
  /** Waits until the transaction's connection is free. */
  settle(): Promise<void>;
  finish(): Promise<LoadedInvoices>;
  readonly accepted: number;
}

interface WaitingLine {
  readonly clinicId: number;
  readonly row: InvoiceRow;
  readonly raw: Record<string, string> | null;
  readonly invoice: InvoiceState;
}

const CHUNK = 8_000;
/** Rows may be long: a chunk also ends after so many characters of names, so that buffers stay of one size. */
const CHUNK_CHARACTERS = 1_000_000;

export function createLineLoader(options: {
  pool: Pool;
  tx: PoolClient;
  fileId: string;
  limits: IntakeLimits;
  /** The file has mended rows that are added to their invoices. */
  mended: boolean;
}): LineLoader {
  const { pool, tx, fileId, limits, mended } = options;
  const registry = createRegistryState(limits.maxInvoices);
  const codes = createLineCodes(pool);
  const direct = createCopyWriter();
  const later = createCopyWriter(1 << 12);
  let lines: WaitingLine[] = [];
  let characters = 0;
  let copying: Promise<void> = Promise.resolve();
  let accepted = 0;
  let waitingTable = false;

  const settle = async (): Promise<void> => {
    const running = copying;
    copying = Promise.resolve();
    await running;
  };

  const flush = async (): Promise<void> => {
    const chunk = lines;
    lines = [];
    characters = 0;
    await codes.prepare(chunk);
    await settle();
    const unopened = [...new Set(chunk.map((line) => line.invoice))].filter((invoice) => invoice.opened === null);
    if (unopened.length > 0) {
      const opened = await openInvoices(tx, fileId, unopened);
      for (const [index, invoice] of unopened.entries()) invoice.opened = opened[index]!;
    }
    for (const line of chunk) encode(line);
    if (later.rows > 0 && !waitingTable) {
      await createWaitingLines(tx);
      waitingTable = true;
    }
    copying = copyChunk();
    // The error is met by the next settle(); until then it must not count as unhandled.
    copying.catch(() => undefined);
  };

  const encode = ({ clinicId, row, raw, invoice }: WaitingLine): void => {
    const { invoiceId, newVersionId } = invoice.opened!;
    const ids = {
      versionId: newVersionId ?? 0,
      invoiceId,
      clinicId,
      policyId: codes.policy(row.policyNo),
      diagnosisId: codes.diagnosis(row.diagnosisCode),
      clinicItemId: codes.item(clinicId, row.itemCode),
      doctorId: codes.doctor(row.doctorId),
      letterRefId: codes.letter(row.letterNo),
    };
    writeLine(newVersionId === null ? later : direct, ids, row, raw);
  };

  const copyChunk = async (): Promise<void> => {
    if (direct.rows > 0) await copyInto(tx, LINES_TARGET, direct.take());
    if (later.rows > 0) await copyInto(tx, WAITING_LINES_TARGET, later.take());
  };

  /** Adds the lines that a mended file leaves as they are to the totals of its known invoices. */
  const addKeptLines = async (known: readonly InvoiceState[]): Promise<void> => {
    const byId = new Map(known.map((invoice) => [invoice.opened!.invoiceId, invoice]));
    for (const { invoiceId, row } of await keptLines(
      tx,
      known.map((invoice) => invoice.opened!.known!.versionId),
    )) {
      const invoice = byId.get(invoiceId)!;
      addLine(invoice.hash, row);
      invoice.billedKopecks += row.amountKopecks;
    }
  };

  return {
    add(clinicId, row, raw) {
      const invoice = registry.find(clinicId, row.invoiceNo);
      if (!admitLine(invoice, row)) return false;
      accepted++;
      lines.push({ clinicId, row, raw, invoice });
      characters += row.itemName.length;
      return true;
    },
    async flushIfFull() {
      if (lines.length >= CHUNK || characters >= CHUNK_CHARACTERS) await flush();
    },
    settle,
    async finish() {
      if (lines.length > 0) await flush();
      await settle();
      const added = registry.invoices.filter((invoice) => invoice.opened!.newVersionId !== null);
      const known = registry.invoices.filter((invoice) => invoice.opened!.known !== null);
      await completeVersions(
        tx,
        added.map((invoice) => ({ versionId: invoice.opened!.newVersionId!, ...totalsOf(invoice) })),
      );
      if (mended && known.length > 0) await addKeptLines(known);
      const changed = known
        .map((invoice): ChangedInvoice => ({ known: invoice.opened!.known!, ...totalsOf(invoice) }))
        .filter((invoice) => invoice.contentHash !== invoice.known.contentHash);
      if (changed.length > 0) await addVersions(tx, fileId, changed, mended);
      return {
        invoicesNew: added.length,
        invoicesChanged: changed.length,
        invoicesUnchanged: known.length - changed.length,
      };
    },
    get accepted() {
      return accepted;
    },
  };
}

function totalsOf(invoice: InvoiceState): { contentHash: string; lineCount: number; billedKopecks: number } {
  return {
    contentHash: contentHashText(invoice.hash),
    lineCount: invoice.hash.lines,
    billedKopecks: invoice.billedKopecks,
  };
}

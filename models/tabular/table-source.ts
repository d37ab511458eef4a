import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isAppError } from '../errors';
import { createCsvSplitter, detectDelimiter } from '../exchange/csv-splitter';
import type { CsvSplitter, RowBatch } from '../exchange/csv-splitter';
import { mapHeader, missingColumnsError } from '../exchange/header';
import type { HeaderMap, TableFormat } from '../exchange/header';
import { DEFAULT_LIMITS, tooLargeError, unreadableFileError } from './limits';
import type { IntakeLimits } from './limits';
import { createStreamDecoder } from './text-decoder';
import { openXlsxArchive } from './xlsx-archive';
import { checkSheetSize, readSheetRows } from './xlsx-sheet';

/** A table with its header found: the rows below it, streamed. */
export interface OpenTable {
  header: HeaderMap;
  rows: AsyncGenerator<RowBatch>;
}

const HEADER_SEARCH_ROWS = 20;
const CHUNK_BYTES = 262_144;
const RATIO_FREE_BYTES = 16 * 2 ** 20;

/**
 * Opens a CSV (plain or gz) or XLSX file of a format and finds its header among the first rows. The kind is told by
 * the first bytes, never by the name. Memory stays flat: one chunk of the file at a time.
 *
 * @throws AppError file-columns-missing, file-encoding-unknown, file-unreadable, file-too-large
 */
export async function openTable(path: string, format: TableFormat, limits = DEFAULT_LIMITS): Promise<OpenTable> {
  const rows = readRows(path, limits);
  const first: RowBatch[] = [];
  let seen = 0;
  let missing: string[] = format.columns.filter((one) => one.required).map((one) => one.name);
  try {
    while (seen < HEADER_SEARCH_ROWS) {
      const next = await rows.next();
      if (next.done === true) break;
      first.push(next.value);
      for (const [index, cells] of next.value.rows.entries()) {
        if (seen++ >= HEADER_SEARCH_ROWS) break;
        const mapped = mapHeader(format, cells);
        if (!('missing' in mapped)) return { header: mapped, rows: below(next.value, index + 1, rows) };
        if (mapped.missing.length < missing.length) missing = mapped.missing;
      }
    }
    throw missingColumnsError(format, missing);
  } catch (error) {
    await rows.return(undefined);
    throw error;
  }
}

/**
 * Looks at a file before it is taken, within a second or two: kind, encoding, bombs, header. Throws what openTable
 * throws; a fault deeper in the file shows up while it is read.
 */
export async function inspectTable(path: string, format: TableFormat, limits = DEFAULT_LIMITS): Promise<void> {
  const { size } = await stat(path);
  if (size > limits.maxFileBytes) throw tooLargeError('bytes', limits.maxFileBytes);
  const kind = await kindOf(path);
  if (kind === 'gz') await probeGzip(path, limits);
  if (kind === 'xlsx') {
    const archive = await openXlsxArchive(path, size, limits);
    try {
      await checkSheetSize(archive, limits);
    } finally {
      archive.close();
    }
  }
  const table = await openTable(path, format, limits);
  await table.rows.return(undefined);
}

async function* below(batch: RowBatch, from: number, rest: AsyncGenerator<RowBatch>): AsyncGenerator<RowBatch> {
  try {
    yield { rows: batch.rows.slice(from), rowNos: batch.rowNos.slice(from), malformed: batch.malformed };
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

async function* readRows(path: string, limits: IntakeLimits): AsyncGenerator<RowBatch> {
  const kind = await kindOf(path);
  if (kind === 'xlsx') {
    const archive = await openXlsxArchive(path, (await stat(path)).size, limits);
    try {
      yield* readSheetRows(archive, limits);
    } finally {
      archive.close();
    }
    return;
  }
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const stream = kind === 'gz' ? gunzip(file, limits) : file;
  try {
    yield* readCsv(stream, limits);
  } catch (error) {
    if (isAppError(error)) throw error;
    if (kind === 'gz') throw unreadableFileError('damaged archive');
    throw error;
  } finally {
    stream.destroy();
    file.destroy();
  }
}

async function* readCsv(stream: Readable, limits: IntakeLimits): AsyncGenerator<RowBatch> {
  const decoder = createStreamDecoder();
  let splitter: CsvSplitter | null = null;
  const split = (text: string): RowBatch | null => {
    if (text === '') return null;
    splitter ??= createCsvSplitter(detectDelimiter(text));
    return splitter.push(text);
  };
  for await (const chunk of stream) {
    const batch = split(decoder.push(chunk as Buffer));
    if (batch && batch.rows.length > 0) yield checkedColumns(batch, limits);
  }
  const last = split(decoder.end());
  if (last && last.rows.length > 0) yield checkedColumns(last, limits);
  const end = (splitter as CsvSplitter | null)?.end();
  if (end && end.rows.length > 0) yield checkedColumns(end, limits);
}

function checkedColumns(batch: RowBatch, limits: IntakeLimits): RowBatch {
  for (const cells of batch.rows) {
    if (cells.length > limits.maxColumns) throw tooLargeError('columns', limits.maxColumns);
  }
  return batch;
}

/** Unpacks the beginning of a gz without reading it: a bomb shows its ratio in the first megabytes. */
async function probeGzip(path: string, limits: IntakeLimits): Promise<void> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const stream = gunzip(file, limits);
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += (chunk as Buffer).length;
      if (bytes > 4 * RATIO_FREE_BYTES) break;
    }
  } catch (error) {
    throw isAppError(error) ? error : unreadableFileError('damaged archive');
  } finally {
    stream.destroy();
    file.destroy();
  }
}

/** Unpacks a gz with a guard: total size, and the ratio once it is more than a few megabytes. */
function gunzip(file: Readable, limits: IntakeLimits): Readable {
  const unzip = createGunzip({ chunkSize: CHUNK_BYTES });
  let bytesIn = 0;
  let bytesOut = 0;
  file.on('data', (chunk: Buffer) => {
    bytesIn += chunk.length;
  });
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytesOut += chunk.length;
      if (bytesOut > limits.maxUnpackedBytes) done(tooLargeError('bytes after unpacking', limits.maxUnpackedBytes));
      else if (bytesOut > RATIO_FREE_BYTES && bytesOut > limits.maxRatio * bytesIn) {
        done(tooLargeError('packing ratio', limits.maxRatio));
      } else done(null, chunk);
    },
  });
  file.on('error', (error) => guard.destroy(error));
  unzip.on('error', (error) => guard.destroy(error));
  guard.on('close', () => unzip.destroy());
  return file.pipe(unzip).pipe(guard);
}

async function kindOf(path: string): Promise<'xlsx' | 'gz' | 'csv'> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    const head = buffer.subarray(0, bytesRead);
    if (bytesRead === 0) throw unreadableFileError('empty file');
    if (head.subarray(0, 4).equals(Buffer.from([0x50, 0x4b, 0x03, 0x04]))) return 'xlsx';
    if (head[0] === 0x1f && head[1] === 0x8b) return 'gz';
    if (head.subarray(0, 4).equals(Buffer.from([0xd0, 0xcf, 0x11, 0xe0]))) {
      throw unreadableFileError('old XLS or a workbook with a password', 415);
    }
    if (/^\s*(?:%PDF|<\?xml|<!DOCTYPE|<html|\{|\[)/i.test(head.toString('latin1').replace(/^\u00EF\u00BB\u00BF/, ''))) {
      throw unreadableFileError('not a table', 415);
    }
    return 'csv';
  } finally {
    await handle.close();
  }
}

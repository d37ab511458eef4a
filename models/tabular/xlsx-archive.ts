import type { Readable } from 'node:stream';
import { open } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { tooLargeError, unreadableFileError } from './limits';
import type { FileFault, IntakeLimits } from './limits';

/** The parts of an XLSX by name; nothing is unpacked before it is asked for. */
export interface XlsxArchive {
  has(name: string): boolean;
  /** Unpacked bytes of one part; fails as soon as they are more than declared or allowed. */
  stream(name: string, maxBytes: number): Promise<Readable>;
  close(): void;
}

const ENCRYPTED = 1;
const SYMLINK = 0o120000;
const FILE_TYPE = 0o170000;
const SMALL = 1_048_576;

/**
 * Opens an XLSX after a look at its directory alone (a millisecond even for a bomb): number and declared size of the
 * parts, the ratio of packing, overlapping parts, links, passwords, macros. What the directory declares is enforced
 * again while unpacking, since it may lie.
 */
export async function openXlsxArchive(path: string, fileBytes: number, limits: IntakeLimits): Promise<XlsxArchive> {
  const zip = await openZip(path);
  try {
    const entries = await readDirectory(zip, limits);
    checkSizes([...entries.values()], fileBytes, limits);
    if (!entries.has('xl/workbook.xml')) throw unreadableFileError('not an XLSX workbook', 415);
    return {
      has: (name) => entries.has(name),
      close: () => zip.close(),
      stream(name, maxBytes) {
        const entry = entries.get(name);
        if (!entry) return Promise.reject(unreadableFileError('a part is missing'));
        if (entry.uncompressedSize > maxBytes) return Promise.reject(tooLargeError('bytes of a part', maxBytes));
        return openEntry(zip, entry);
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) => {
      if (error) reject(unreadableFileError('damaged archive'));
      else resolve(zip);
    });
  });
}

function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(unreadableFileError('damaged archive'));
      else resolve(stream);
    });
  });
}

function readDirectory(zip: ZipFile, limits: IntakeLimits): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    if (zip.entryCount > limits.maxZipEntries) {
      reject(tooLargeError('archive parts', limits.maxZipEntries));
      return;
    }
    // yauzl itself refuses absolute names and names with "..".
    zip.on('error', () => reject(unreadableFileError('damaged archive')));
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      const fault = faultOf(entry, entries);
      if (fault !== null) {
        reject(unreadableFileError(fault));
        return;
      }
      entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}

function faultOf(entry: Entry, seen: ReadonlyMap<string, Entry>): FileFault | null {
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) return 'password';
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === SYMLINK) return 'link inside the archive';
  if (/vbaProject\.bin$/i.test(entry.fileName)) return 'macros';
  if (seen.has(entry.fileName)) return 'a part occurs twice';
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) return 'unknown packing method';
  return null;
}

function checkSizes(entries: readonly Entry[], fileBytes: number, limits: IntakeLimits): void {
  let packed = 0;
  let unpacked = 0;
  for (const entry of entries) {
    packed += entry.compressedSize;
    unpacked += entry.uncompressedSize;
    if (entry.uncompressedSize > SMALL && entry.uncompressedSize > limits.maxRatio * entry.compressedSize) {
      throw tooLargeError('packing ratio', limits.maxRatio);
    }
  }
  if (unpacked > limits.maxUnpackedBytes) throw tooLargeError('bytes after unpacking', limits.maxUnpackedBytes);
  // Parts that share the same packed bytes are the quine kind of bomb (D. Fifield, "A better zip bomb").
  if (packed > fileBytes) throw unreadableFileError('overlapping parts');
}

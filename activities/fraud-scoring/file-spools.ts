import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpoolStore } from '../../models/fraud/spool';

/** Rows of a bucket that gather in memory before they are written, bytes. */
const BUFFER_BYTES = 16_384;

export interface FileSpools extends SpoolStore {
  /** Descriptors of new empty files to write and read, closed with the spools. */
  readonly openFiles: (count: number) => number[];
  readonly close: () => void;
}

/**
 * Spools on disk, one file a bucket. The files lose their names as soon as they are open: nobody else can open them, and
 * they are gone with the process even where it is killed. Reads and writes are plain system calls on a local disk's cache,
 * so they are done synchronously.
 */
export function createFileSpools(parent = tmpdir()): FileSpools {
  mkdirSync(parent, { recursive: true });
  const files: number[] = [];
  const openFiles = (count: number): number[] => {
    const folder = mkdtempSync(join(parent, 'medex-fraud-'));
    try {
      const opened = Array.from({ length: count }, (_, n) => openSync(join(folder, `${n}`), 'w+', 0o600));
      files.push(...opened);
      return opened;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return {
    openFiles,
    open: (name, width, buckets) => {
      const capacity = Math.floor(BUFFER_BYTES / 4 / width) * width;
      const open = openFiles(buckets);
      const buffers = open.map(() => new Int32Array(0));
      const used = new Int32Array(buckets);
      const written = new Float64Array(buckets);
      const flush = (bucket: number): void => {
        const bytes = used[bucket]! * 4;
        for (let at = 0; at < bytes;) {
          at += writeSync(open[bucket]!, new Uint8Array(buffers[bucket]!.buffer, at, bytes - at), 0, bytes - at, null);
        }
        written[bucket]! += bytes;
        used[bucket] = 0;
      };
      return {
        width,
        put: (bucket, row) => {
          if (buffers[bucket]!.length === 0) buffers[bucket] = new Int32Array(capacity);
          const buffer = buffers[bucket]!;
          const at = used[bucket]!;
          for (let i = 0; i < width; i++) buffer[at + i] = row[i]!;
          used[bucket] = at + width;
          if (at + width === capacity) flush(bucket);
        },
        take: (bucket) => {
          flush(bucket);
          const rows = new Int32Array(written[bucket]! / 4);
          const bytes = new Uint8Array(rows.buffer);
          for (let at = 0; at < bytes.length;) {
            const read = readSync(open[bucket]!, bytes, at, bytes.length - at, at);
            if (read === 0) throw new Error(`spool ${name}.${bucket} ends early`);
            at += read;
          }
          return rows;
        },
      };
    },
    close: () => {
      for (const file of files.splice(0)) closeSync(file);
    },
  };
}

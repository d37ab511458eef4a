import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from } from 'pg-copy-streams';
import type { PoolClient } from '../pool';

/** Writes rows in Postgres' binary COPY format into one growing buffer: no text is built, no object per row. */
export interface CopyWriter {
  row(fields: number): void;
  int4(value: number | null): void;
  int8(value: number): void;
  /** Days since 1970-01-01. */
  date(day: number): void;
  bool(value: boolean): void;
  text(value: string | null): void;
  jsonb(json: string | null): void;
  readonly rows: number;
  /** The rows so far with header and trailer; the writer starts again empty. */
  take(): Buffer;
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const DAYS_FROM_1970_TO_2000 = 10_957;
const JSONB_VERSION = 1;

export function createCopyWriter(initialBytes = 1 << 20): CopyWriter {
  let buffer = Buffer.allocUnsafe(initialBytes);
  let at = SIGNATURE.copy(buffer);
  let rows = 0;

  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  };
  const nothing = (): void => {
    room(4);
    at = buffer.writeInt32BE(-1, at);
  };
  const varying = (value: string, prefix: number): void => {
    room(5 + value.length * 3);
    const start = at + 4;
    let end = start;
    if (prefix > 0) end = buffer.writeUInt8(prefix, end);
    end += buffer.write(value, end, 'utf8');
    buffer.writeInt32BE(end - start, at);
    at = end;
  };

  return {
    row(fields) {
      room(2);
      at = buffer.writeInt16BE(fields, at);
      rows++;
    },
    int4(value) {
      if (value === null) return nothing();
      room(8);
      at = buffer.writeInt32BE(4, at);
      at = buffer.writeInt32BE(value, at);
    },
    int8(value) {
      room(12);
      at = buffer.writeInt32BE(8, at);
      at = buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
      at = buffer.writeUInt32BE(value >>> 0, at);
    },
    date(day) {
      room(8);
      at = buffer.writeInt32BE(4, at);
      at = buffer.writeInt32BE(day - DAYS_FROM_1970_TO_2000, at);
    },
    bool(value) {
      room(5);
      at = buffer.writeInt32BE(1, at);
      at = buffer.writeUInt8(value ? 1 : 0, at);
    },
    text(value) {
      if (value === null) nothing();
      else varying(value, 0);
    },
    jsonb(json) {
      if (json === null) nothing();
      else varying(json, JSONB_VERSION);
    },
    get rows() {
      return rows;
    },
    take() {
      room(2);
      at = buffer.writeInt16BE(-1, at);
      const taken = buffer.subarray(0, at);
      buffer = Buffer.allocUnsafe(Math.max(initialBytes, at + (at >> 3)));
      at = SIGNATURE.copy(buffer);
      rows = 0;
      return taken;
    },
  };
}

/** Sends one buffer of a CopyWriter to `COPY <target> FROM STDIN BINARY`. */
export async function copyInto(tx: PoolClient, target: string, data: Buffer): Promise<void> {
  const stream = tx.query(from(`COPY ${target} FROM STDIN (FORMAT binary)`));
  await pipeline(Readable.from(slices(data), { objectMode: false }), stream);
}

/** Pieces small enough for the socket to drain while the next chunk of a file is being parsed. */
function* slices(data: Buffer): Generator<Buffer> {
  const size = 1 << 16;
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

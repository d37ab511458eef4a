import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { unreadableFileError } from './limits';

const MAX_BYTES = 64 * 2 ** 20;

/** Parses a JSON file, plain or gz, with or without BOM. */
export async function readJsonFile(path: string): Promise<unknown> {
  const bytes = await readFile(path);
  try {
    const plain =
      bytes[0] === 0x1f && bytes[1] === 0x8b ? await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
    return JSON.parse(plain.toString('utf8').replace(/^\uFEFF/, '')) as unknown;
  } catch {
    throw unreadableFileError('damaged JSON');
  }
}

import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { unreadableFileError } from './limits';

const MAX_BYTES = 64 * 2 ** 20;

/** Parses a JSON file, plain or gz, in UTF-8 (with or without BOM) or Windows-1251. @throws AppError file-unreadable */
export async function readJsonFile(path: string): Promise<unknown> {
  const bytes = await readFile(path);
  try {
    const plain =
      bytes[0] === 0x1f && bytes[1] === 0x8b ? await promisify(gunzip)(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
    const text = new TextDecoder(isUtf8(plain) ? 'utf-8' : 'windows-1251').decode(plain);
    return JSON.parse(text) as unknown;
  } catch {
    throw unreadableFileError('damaged JSON');
  }
}

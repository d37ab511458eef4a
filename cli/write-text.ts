import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../models/errors';

const BUFFER_CHARACTERS = 1 << 18;

/**
 * Writes pieces of text with back pressure, so that millions of lines never stand in memory at once.
 * @throws AppError `file-not-written` where the file cannot be opened or the disk takes no more; what `pieces` throws.
 */
export async function writeText(file: string, pieces: () => Iterable<string> | AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(inBuffers(pieces())), createWriteStream(file));
  } catch (error) {
    const { syscall = '', code = '' } = error as NodeJS.ErrnoException;
    if (!WRITING.has(syscall)) throw error;
    throw new AppError(
      'file-not-written',
      { ru: `Файл ${file} не записывается: ${code}.`, en: `${file} cannot be written: ${code}.` },
      { httpStatus: 422, cause: error, details: { file } },
    );
  }
}

const WRITING = new Set(['open', 'write', 'close']);

async function* inBuffers(pieces: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string, void> {
  let buffer = '';
  for await (const piece of pieces) {
    buffer += piece;
    if (buffer.length < BUFFER_CHARACTERS) continue;
    yield buffer;
    buffer = '';
  }
  yield buffer;
}

import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../models/errors';

const BUFFER_CHARACTERS = 1 << 18;

type Pieces = () => Iterable<string> | AsyncIterable<string>;

/**
 * Writes pieces of text with back pressure, so that millions of lines never stand in memory at once.
 * @throws AppError `file-not-written` where the file cannot be opened or the disk takes no more; what `pieces` throws.
 */
export async function writeText(file: string, pieces: Pieces): Promise<void> {
  await orNotWritten(file, () => pipeline(Readable.from(inBuffers(pieces())), createWriteStream(file)));
}

/**
 * The same into a file beside the wished one, which is moved there when it is whole; its folder is made.
 * @throws as {@link writeText}; nothing is left behind then.
 */
export async function writeWholeText(file: string, pieces: Pieces): Promise<void> {
  const draft = `${file}.part`;
  await orNotWritten(file, async () => {
    await mkdir(dirname(resolve(file)), { recursive: true });
    try {
      await pipeline(Readable.from(inBuffers(pieces())), createWriteStream(draft));
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  });
}

async function orNotWritten(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
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

const WRITING = new Set(['open', 'write', 'close', 'mkdir', 'rename']);

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

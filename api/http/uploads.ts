import type { Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import type { Request } from 'express';
import { AppError } from '../../models/errors';
import type { UploadedFile } from './context';
import { findHostile } from './hostile';
import { validationError } from './validation';

const MAX_FILES = 20;
const MAX_FIELDS = 50;
const MAX_FIELD_BYTES = 64 * 1024;

/**
 * The files of a multipart request, one after the other as they arrive: nothing is buffered, memory stays flat whatever
 * their size. `content` takes names and bytes for the idempotency fingerprint (the boundary differs between retries).
 *
 * @throws AppError malformed-upload (400), body-too-large (413), too-many-parts (413)
 */
export async function* readFiles(req: Request, maxBytes: number, content: Hash): AsyncIterable<UploadedFile> {
  const parser = openParser(req, maxBytes);
  const waiting: UploadedFile[] = [];
  const fields: Record<string, string> = {};
  const state: { done: boolean; error: unknown; wake: () => void } = {
    done: false,
    error: null,
    wake: () => undefined,
  };
  const fail = (error: unknown): void => {
    state.error ??= error;
    state.wake();
  };
  parser.on('field', (name, value, info) => {
    const hostile = findHostile({ [name]: value }, 'body');
    if (hostile !== null) fail(validationError([hostile]));
    else if (info.valueTruncated || info.nameTruncated) fail(tooLarge(MAX_FIELD_BYTES));
    content.update(`field ${name}\n${value}\n`);
    fields[name] = value;
  });
  parser.on('file', (field, stream, info) => {
    const filename = (info.filename ?? '').slice(0, 255);
    const hostile = findHostile({ field, filename }, 'body');
    if (hostile !== null) fail(validationError([hostile]));
    content.update(`file ${field}\n${filename}\n`);
    waiting.push({ field, filename, mimeType: info.mimeType, stream: tapped(stream, content, maxBytes), fields });
    state.wake();
  });
  for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) parser.on(limit, () => fail(tooMany()));
  parser.on('error', (cause) => fail(malformed(cause)));
  parser.on('close', () => {
    state.done = true;
    state.wake();
  });
  const aborted = (): void => {
    if (!req.complete) fail(malformed(new Error('aborted')));
  };
  req.on('close', aborted);
  req.pipe(parser);
  try {
    for (;;) {
      if (state.error !== null) throw state.error;
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (state.done) return;
      else await new Promise<void>((resolve) => (state.wake = resolve));
    }
  } finally {
    req.off('close', aborted);
    req.unpipe(parser);
    for (const file of waiting) file.stream.destroy();
    // What nobody reads any more is let go, so that the answer can be sent on the same connection.
    if (!req.complete) req.resume();
  }
}

/** A raw body as a stream with a size limit; its bytes go into the fingerprint. */
export function readRaw(req: Request, maxBytes: number, content: Hash): Readable {
  return tapped(req, content, maxBytes);
}

function openParser(req: Request, maxBytes: number): busboy.Busboy {
  try {
    const limits = { files: MAX_FILES, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES, fileSize: maxBytes + 1 };
    return busboy({ headers: req.headers, defParamCharset: 'utf8', limits });
  } catch (cause) {
    throw malformed(cause);
  }
}

function tapped(source: Readable, content: Hash, maxBytes: number): Readable {
  let size = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > maxBytes) return done(tooLarge(maxBytes));
      content.update(chunk);
      done(null, chunk);
    },
  });
  source.on('error', (cause) => tap.destroy(malformed(cause)));
  source.on('aborted', () => tap.destroy(malformed(new Error('aborted'))));
  tap.on('error', () => source.resume());
  tap.on('close', () => source.resume());
  return source.pipe(tap);
}

function malformed(cause: unknown): AppError {
  return new AppError(
    'malformed-upload',
    { ru: 'Загрузка оборвана или испорчена', en: 'The upload is cut off or damaged' },
    { httpStatus: 400, cause },
  );
}

function tooLarge(limitBytes: number): AppError {
  return new AppError(
    'body-too-large',
    { ru: 'Файл или поле слишком велики', en: 'The file or field is too large' },
    { httpStatus: 413, details: { limitBytes } },
  );
}

function tooMany(): AppError {
  return new AppError(
    'too-many-parts',
    { ru: 'Слишком много частей в загрузке', en: 'The upload has too many parts' },
    { httpStatus: 413, details: { maxFiles: MAX_FILES, maxFields: MAX_FIELDS } },
  );
}

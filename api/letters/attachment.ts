import { createHash } from 'node:crypto';
import { AppError } from '../../models/errors';
import type { Queryable } from '../../prisma/pool';
import { addAttachment } from '../../prisma/repositories/letter-files';

export const MAX_FILE_BYTES = 20 * 1024 * 1024;
/** What may be attached, and how such a file begins: a name does not make a picture. */
const MEDIA_TYPES: Readonly<Record<string, readonly number[]>> = {
  'application/pdf': [0x25, 0x50, 0x44, 0x46],
  'image/jpeg': [0xff, 0xd8, 0xff],
  'image/png': [0x89, 0x50, 0x4e, 0x47],
};

export interface NewFile {
  readonly kind: string;
  readonly fileName: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

/** @throws AppError `attachment.media-type` (415): another kind of file, or one that is not what it says */
export function assertMediaType(mediaType: string, content?: Buffer): void {
  const begin = MEDIA_TYPES[mediaType];
  const says = content === undefined || (begin?.every((byte, i) => content[i] === byte) ?? false);
  if (begin !== undefined && says) return;
  throw new AppError(
    'attachment.media-type',
    { ru: 'Приложите PDF, JPEG или PNG', en: 'Attach a PDF, JPEG or PNG' },
    { httpStatus: 415, details: { mediaType, allowed: Object.keys(MEDIA_TYPES) } },
  );
}

/** @throws AppError `attachment.too-large` (413) */
export function assertFileSize(bytes: number): void {
  if (bytes <= MAX_FILE_BYTES) return;
  throw new AppError(
    'attachment.too-large',
    { ru: 'Файл больше 20 МБ', en: 'The file is larger than 20 MB' },
    { httpStatus: 413, details: { maxBytes: MAX_FILE_BYTES } },
  );
}

/** Keeps a document of a request; the same bytes again are the same attachment. Its id. */
export function keepAttachment(db: Queryable, requestId: string, file: NewFile, addedBy: string): Promise<string> {
  assertMediaType(file.mediaType, file.content);
  return addAttachment(db, {
    requestId,
    kind: file.kind.slice(0, 60),
    fileName: file.fileName.slice(0, 200),
    mediaType: file.mediaType,
    sha256: createHash('sha256').update(file.content).digest('hex'),
    content: file.content,
    addedBy,
  });
}

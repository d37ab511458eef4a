import { createHash } from 'node:crypto';
import { digestFile } from '../../models/tabular/file-digest';
import { findWorldFiles } from './load-world';

/** A world folder by what is in its files: wherever it lies, the same content is the same world. */
export interface WorldContent {
  /** SHA-256 over the names and hashes of its files, hex. */
  readonly digest: string;
  /** As they are registered when they are loaded. */
  readonly files: readonly { readonly kind: string; readonly sha256: string }[];
}

/** @throws AppError what `findWorldFiles` throws */
export async function readWorldContent(folder: string): Promise<WorldContent> {
  const files: { kind: string; sha256: string }[] = [];
  for (const [part, path] of await findWorldFiles(folder)) {
    if (path !== null) files.push({ kind: part.name, sha256: (await digestFile(path)).sha256 });
  }
  const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  return { digest, files };
}

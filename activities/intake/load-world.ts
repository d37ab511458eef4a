import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError, isAppError } from '../../models/errors';
import { digestFile } from '../../models/tabular/file-digest';
import { withTransaction } from '../../prisma/pool';
import {
  forgetRejections,
  markImportFailed,
  markImportTaken,
  registerImportFile,
} from '../../prisma/repositories/import-files';
import type { RowCounts } from '../../prisma/repositories/import-files';
import { withoutTimeout } from '../../prisma/repositories/invoices-intake';
import { refreshStatistics } from '../../prisma/repositories/reference';
import { GUIDELINES_PART } from '../review/load-guidelines';
import { loadProgrammes } from './load-programmes';
import { REFERENCE_LOADERS } from './table-loads';
import { takeRegistry } from './take-registry';
import type { IntakeDeps } from './take-registry';
import type { WorldPart } from './world-part';

export interface WorldPartResult extends RowCounts {
  readonly name: string;
  /** The file as found (it may be packed, or an XLSX); null: the world has none. */
  readonly file: string | null;
  readonly fileId: string | null;
  readonly seconds: number;
}

export interface WorldResult {
  readonly parts: WorldPartResult[];
  readonly seconds: number;
}

/** Files in the order in which they build on one another. Others can be appended by whoever owns their content. */
export const WORLD_PARTS: readonly WorldPart[] = [
  { name: 'nomenclature', required: true, load: REFERENCE_LOADERS.nomenclature },
  { name: 'diagnoses', required: true, load: REFERENCE_LOADERS.diagnoses },
  { name: 'clinics', required: true, load: REFERENCE_LOADERS.clinics },
  { name: 'price-items', required: true, load: REFERENCE_LOADERS['price-items'] },
  { name: 'contracts', required: true, load: REFERENCE_LOADERS.contracts },
  { name: 'programmes', required: true, load: loadProgrammes },
  { name: 'insured', required: true, load: REFERENCE_LOADERS.insured },
  { name: 'letters', required: false, load: REFERENCE_LOADERS.letters },
  GUIDELINES_PART,
  { name: 'invoices', required: false, load: 'invoices' },
  { name: 'feedback', required: false, load: REFERENCE_LOADERS.feedback },
];

const SUFFIXES = ['.csv', '.csv.gz', '.xlsx', '.json', '.json.gz'];

/**
 * Loads a world folder (formats.md): every file in its own transaction, in order. Running it again changes nothing and
 * goes on where a killed run stopped; a registry that was taken before is recognised by its content.
 *
 * @param onProgress called with the file's name and counts, several times per file
 * @throws AppError what `findWorldFiles` throws, or what a file's reader throws with the file's name before it
 */
export async function loadWorld(
  deps: IntakeDeps,
  folder: string,
  onProgress: (name: string, counts: RowCounts) => void = () => undefined,
  parts: readonly WorldPart[] = WORLD_PARTS,
): Promise<WorldResult> {
  const started = performance.now();
  const found = await findWorldFiles(folder, parts);
  const results: WorldPartResult[] = [];
  for (const [part, path] of found) {
    const from = performance.now();
    const counts =
      path === null
        ? { fileId: null, rowsRead: 0, rowsAccepted: 0, rowsRejected: 0 }
        : await loadPart(deps, part, path, (progress) => onProgress(part.name, progress)).catch((error: unknown) => {
            throw isAppError(error) ? named(basename(path), error) : error;
          });
    const { fileId, rowsRead, rowsAccepted, rowsRejected } = counts;
    const file = path === null ? null : basename(path);
    results.push({ name: part.name, file, fileId, rowsRead, rowsAccepted, rowsRejected, seconds: since(from) });
  }
  await refreshStatistics(deps.pool);
  return { parts: results, seconds: since(started) };
}

async function loadPart(
  deps: IntakeDeps,
  part: WorldPart,
  path: string,
  onProgress: (counts: RowCounts) => void,
): Promise<RowCounts & { fileId: string }> {
  const digest = await digestFile(path);
  const draft = {
    id: randomUUID(),
    kind: part.name,
    fileName: basename(path),
    ...digest,
    clinicId: null,
    receivedBy: null,
  };
  const { file } = await registerImportFile(deps.pool, draft);
  const { load } = part;
  if (load === 'invoices') return takeRegistry(deps, { fileId: file.id, path, clinicId: null }, onProgress);
  try {
    // Reference files are read again even when they are known: what their codes point to may have come since.
    const counts = await withTransaction(deps.pool, async (tx) => {
      await withoutTimeout(tx);
      await forgetRejections(tx, file.id);
      const loaded = await load(tx, { fileId: file.id, path }, onProgress);
      await markImportTaken(tx, file.id, loaded);
      return loaded;
    });
    return { fileId: file.id, ...counts };
  } catch (error) {
    await markImportFailed(deps.pool, file.id, error instanceof AppError ? error.code : 'failed');
    throw error;
  }
}

/**
 * The file of each part (null: the world has none). Cheap, so it can be asked before anything is started.
 *
 * @throws AppError world-folder-missing; world-file-missing with the names of all required files that are not there
 */
export async function findWorldFiles(
  folder: string,
  parts: readonly WorldPart[] = WORLD_PARTS,
): Promise<Map<WorldPart, string | null>> {
  if (!(await is('isDirectory', folder))) {
    throw new AppError(
      'world-folder-missing',
      { ru: `Нет папки мира: ${folder}`, en: `There is no such world folder: ${folder}` },
      { httpStatus: 422, details: { folder } },
    );
  }
  const found = new Map<WorldPart, string | null>();
  for (const part of parts) found.set(part, await findFile(folder, part.name));
  const missing = parts.filter((part) => part.required && found.get(part) === null).map((part) => part.name);
  if (missing.length === 0) return found;
  const names = missing.join(', ');
  throw new AppError(
    'world-file-missing',
    { ru: `В папке ${folder} нет файлов: ${names}`, en: `The folder ${folder} lacks the files: ${names}` },
    { httpStatus: 422, details: { folder, missing } },
  );
}

async function findFile(folder: string, name: string): Promise<string | null> {
  for (const suffix of SUFFIXES) {
    const path = join(folder, name + suffix);
    if (await is('isFile', path)) return path;
  }
  return null;
}

async function is(kind: 'isFile' | 'isDirectory', path: string): Promise<boolean> {
  try {
    return (await stat(path))[kind]();
  } catch {
    return false;
  }
}

/** The same error with the file's name before its text: a folder has eleven files. */
function named(file: string, { code, text, httpStatus, retryable, details, cause }: AppError): AppError {
  const said = { ru: `${file}: ${text.ru}`, en: `${file}: ${text.en}` };
  return new AppError(code, said, { httpStatus, retryable, cause, details: { ...details, file } });
}

function since(from: number): number {
  return Math.round(performance.now() - from) / 1000;
}

import { rm } from 'node:fs/promises';
import { AppError } from '../../models/errors';
import { spoolPath } from '../../models/tabular/spool-path';
import type { Pool } from '../../prisma/pool';
import { setStatementTimeout, withTransaction } from '../../prisma/pool';
import {
  findImportFile,
  forgetRejections,
  markImportFailed,
  markImportTaken,
} from '../../prisma/repositories/import-files';
import { REFERENCE_LOADERS } from '../intake/table-loads';

const LOAD_TIMEOUT_MS = 600_000;

/**
 * Takes in an uploaded feedback.csv in bulk, in one transaction. Known answers are left alone, so the same file twice
 * changes nothing; rows that cannot be read are kept with their reason.
 */
export async function importFeedbackFile(deps: { pool: Pool; spoolDir: string }, fileId: string): Promise<void> {
  const { pool, spoolDir } = deps;
  const file = await findImportFile(pool, fileId, { kind: 'all' });
  if (file === null || file.kind !== 'feedback' || file.state === 'taken' || file.state === 'failed') return;
  const path = spoolPath(spoolDir, fileId);
  try {
    await withTransaction(pool, async (tx) => {
      await setStatementTimeout(tx, LOAD_TIMEOUT_MS);
      await forgetRejections(tx, fileId);
      await markImportTaken(tx, fileId, await REFERENCE_LOADERS.feedback(tx, { fileId, path }, () => undefined));
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    await markImportFailed(pool, fileId, error.code);
  }
  await rm(path, { force: true });
}

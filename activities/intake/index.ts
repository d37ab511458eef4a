import { access, rm } from 'node:fs/promises';
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { AppError, isAppError } from '../../models/errors';
import { spoolPath } from '../../models/tabular/spool-path';
import { findImportFile, markImportFailed } from '../../prisma/repositories/import-files';
import { takeRegistry } from './take-registry';
import type { IntakeDeps, RegistryResult } from './take-registry';

export interface IntakeActivityDeps extends IntakeDeps {
  /** Folder that the API writes uploads to; both processes see it. */
  readonly spoolDir: string;
}

/** Activities of the registry intake; they belong on the queue of the flow workers. */
export function createIntakeActivities(deps: IntakeActivityDeps) {
  return {
    /**
     * Takes an uploaded registry into the database and removes it from the spool. Idempotent; heartbeats every 20,000
     * rows. A file that cannot be read is an outcome (`failed` with its code), not a failure to retry.
     */
    async takeUploadedRegistry(input: { fileId: string }): Promise<RegistryResult | { failed: string }> {
      const path = spoolPath(deps.spoolDir, input.fileId);
      const file = await findImportFile(deps.pool, input.fileId, { kind: 'all' });
      if (file === null) throw ApplicationFailure.nonRetryable('no such import file', 'import-file-missing');
      const signal = cancellationSignal();
      try {
        if (file.state !== 'taken') await needFile(deps, path, input.fileId);
        const job = { fileId: input.fileId, path, clinicId: file.clinicId };
        const result = await takeRegistry(deps, job, (counts) => {
          signal.throwIfAborted();
          heartbeat(counts);
        });
        await rm(path, { force: true });
        return result;
      } catch (error) {
        if (!isAppError(error) || error.retryable) throw error;
        await rm(path, { force: true });
        return { failed: error.code };
      }
    },
  };
}

/** A missing upload may be a folder that is not mounted yet; only the last attempt gives it up. */
async function needFile(deps: IntakeActivityDeps, path: string, fileId: string): Promise<void> {
  try {
    await access(path);
  } catch (cause) {
    const retryable = activityInfo().attempt < 5;
    if (!retryable) await markImportFailed(deps.pool, fileId, 'registry-upload-lost');
    throw new AppError(
      'registry-upload-lost',
      { ru: 'Загруженный файл не найден', en: 'The uploaded file is not there' },
      { httpStatus: 410, retryable, cause },
    );
  }
}

import { withTransaction } from '../../prisma/pool';
import type { PoolClient } from '../../prisma/pool';
import { citedLetters } from '../../prisma/repositories/letter-use';
import { lockRoutedVersions } from '../../prisma/repositories/versions';
import type { ActivityDeps } from '../deps';
import { withLetterUse } from '../letters/use';
import { prepareRecheck, recheckLetters } from './recheck-letters';

/** What decisions need beside the database: the compiled reference, to look at letters again. */
export type CaseDeps = Pick<ActivityDeps, 'pool' | 'snapshots'>;

/** Lines of an invoice version (by its public id) whose verdicts a request is about to make or change. */
export interface DecidedLines {
  readonly versionId: string;
  readonly lineNos: readonly number[];
  readonly requestId: string;
}

/**
 * A transaction that makes verdicts. The letters that the lines cite are locked before anything else, then the versions
 * whose lines it may decide or route again; `work` calls `recheck` when its verdicts are written, so that over-use of
 * those letters is found or withdrawn at once; and when it has ended, what the verdicts leave of the letters is counted.
 */
export async function deciding<T>(
  { pool, snapshots }: CaseDeps,
  { versionId, lineNos, requestId }: DecidedLines,
  work: (tx: PoolClient, recheck: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const { letterRefIds } = await citedLetters(pool, versionId, lineNos);
  await prepareRecheck(pool, snapshots, letterRefIds);
  return withTransaction(pool, async (tx) => {
    const cited = await citedLetters(tx, versionId, lineNos);
    const recheck = (): Promise<void> =>
      recheckLetters(tx, snapshots, { key: requestId, letterRefIds: cited.letterRefIds });
    return withLetterUse(tx, cited, requestId, async () => {
      await lockRoutedVersions(tx, { publicId: versionId, letterRefIds: cited.letterRefIds });
      return work(tx, recheck);
    });
  });
}

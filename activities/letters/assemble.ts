import type { Pool } from '../../prisma/pool';
import { createLetterReview } from '../../prisma/facts/requested-review';
import { withTypedFailures } from '../failures';
import { createLetterActivities } from '../guarantee-letter';
import { createCurrentSnapshot } from '../../prisma/facts/current-snapshot';
import type { Snapshots } from '../../prisma/facts/snapshots';
import { STANDARD_TIMES } from './deps';
import type { LetterTimes } from './deps';

/** Letter activities of one worker process, sharing its compiled reference. */
export function assembleLetterActivities(options: {
  readonly pool: Pool;
  readonly snapshots: Snapshots;
  readonly engineVersion: string;
  readonly times?: LetterTimes;
}) {
  const current = createCurrentSnapshot(options.snapshots, options.engineVersion);
  // The first request should not wait for the compilation; when it fails, that request tells why.
  current(options.pool).catch(() => undefined);
  return withTypedFailures(
    createLetterActivities({
      pool: options.pool,
      review: createLetterReview(current),
      ruleSetVersion: current.version,
      times: options.times ?? STANDARD_TIMES,
      now: () => new Date(),
    }),
  );
}

import type { Pool } from '../../prisma/pool';
import type { ReviewRequested } from '../../prisma/facts/letter-facts';

/** Lengths of waits that no contract sets; parameters, so that tests use seconds. */
export interface LetterTimes {
  /** How long documents are waited for before the request is closed. */
  readonly documentsDays: number;
  /** How long a refusal or a cut can be appealed. */
  readonly appealDays: number;
  /** Milliseconds per day of these waits and of the term of a letter; 86,400,000 outside of tests. */
  readonly dayMs: number;
}

export const STANDARD_TIMES: LetterTimes = { documentsDays: 30, appealDays: 15, dayMs: 86_400_000 };

export interface LetterDeps {
  readonly pool: Pool;
  readonly review: ReviewRequested;
  readonly ruleSetVersion: () => string;
  readonly times: LetterTimes;
  readonly now: () => Date;
}

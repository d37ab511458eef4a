import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { AppError } from '../models/errors';
import type { Config } from '../config';
import type { ReviewRequested } from '../prisma/facts/letter-facts';
import type { Pool } from '../prisma/pool';
import type { Queues } from '../workflows/messages';

/** Answers within a second: true = works. The name shows up in /readyz. */
export interface Probe {
  readonly name: string;
  readonly check: () => Promise<boolean>;
}

/** What route modules are closed over. Tests leave `temporal` out where no workflow is involved. */
export interface ApiDeps {
  readonly config: Config;
  readonly pool: Pool;
  readonly log: Logger;
  readonly temporal?: Client;
  /** Other task queues than the product's: for tests that share one server. */
  readonly queues?: Queues;
  /** Coverage checks: the review engine over requested lines. */
  readonly reviewRequested?: ReviewRequested;
  /** Task queue of letters, for tests that share one server. */
  readonly letterQueue?: string;
  /** Task queue of trainings, for tests that share one server. */
  readonly mlQueue?: string;
  readonly probes?: readonly Probe[];
  /** Injected in tests. */
  readonly now?: () => Date;
}

/** The Temporal client, or 503 when this process runs without one. */
export function requireTemporal(deps: Pick<ApiDeps, 'temporal'>): Client {
  if (deps.temporal !== undefined) return deps.temporal;
  throw new AppError(
    'workflow-service-unavailable',
    { ru: 'Служба процессов сейчас недоступна', en: 'The workflow service is not available now' },
    { httpStatus: 503, retryable: true },
  );
}

import type { Logger } from 'pino';
import { anchorKeys } from '../models/audit/anchor';
import type { Pool } from '../prisma/pool';
import { isAnchorDue, writeAnchor } from '../prisma/repositories/audit';
import { purgeAnswers } from '../prisma/repositories/idempotency';
import { purgeHits } from '../prisma/repositories/rate-limits';
import { deleteEndedSessions } from '../prisma/repositories/sessions';
import type { Resource } from './http/lifecycle';

const EVERY_MS = 5 * 60_000;
const ANCHOR_MINUTES = 60;

/**
 * What has to happen now and then: old counters, sessions and answers go, and once an hour the heads of the audit chains
 * are signed. Any number of processes may do it: every step is safe to repeat.
 */
export function housekeeping(pool: Pool, secret: string, log: Logger): Resource {
  const keys = anchorKeys(secret);
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    try {
      await purgeHits(pool);
      await deleteEndedSessions(pool);
      await purgeAnswers(pool);
      if (await isAnchorDue(pool, ANCHOR_MINUTES)) await writeAnchor(pool, keys);
    } catch (err) {
      log.warn({ err }, 'housekeeping failed; it will be tried again');
    }
  };
  return {
    name: 'housekeeping',
    init: () => {
      timer = setInterval(() => void round(), EVERY_MS);
      timer.unref();
    },
    close: () => clearInterval(timer),
  };
}

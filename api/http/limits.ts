import { createHash } from 'node:crypto';
import type { Response } from 'express';
import type { Principal } from '../../models/access/roles';
import { AppError } from '../../models/errors';
import type { Queryable } from '../../prisma/pool';
import { countHits } from '../../prisma/repositories/rate-limits';

/** The counter's name: the account, or a digest of the address for callers without one. */
export function limitKey(principal: Principal | null, ip: string): string {
  if (principal !== null) return `account:${principal.id}`;
  return `ip:${createHash('sha256').update(ip).digest('hex').slice(0, 24)}`;
}

/** Counts requests; returns how many there were this minute with this one, and the seconds until the next minute. */
export type HitCounter = (key: string) => Promise<{ readonly hits: number; readonly resetSeconds: number }>;

/**
 * One statement per key at a time: requests of the same caller that come meanwhile are counted together by the next one,
 * instead of queueing for the lock on one row.
 */
export function createHitCounter(db: Queryable): HitCounter {
  const waiting = new Map<string, { count: number; result: ReturnType<HitCounter> }>();
  const running = new Map<string, Promise<unknown>>();
  return async (key) => {
    let batch = waiting.get(key);
    if (batch === undefined) {
      const opened = { count: 0, result: Promise.resolve({ hits: 0, resetSeconds: 0 }) };
      opened.result = (running.get(key) ?? Promise.resolve()).then(() => {
        waiting.delete(key);
        const counted = countHits(db, key, opened.count);
        const settled = counted
          .catch(() => undefined)
          .then(() => {
            if (running.get(key) === settled) running.delete(key);
          });
        running.set(key, settled);
        return counted;
      });
      waiting.set(key, opened);
      batch = opened;
    }
    batch.count += 1;
    const place = batch.count;
    const own = batch;
    const { hits, resetSeconds } = await own.result;
    return { hits: hits - own.count + place, resetSeconds };
  };
}

/**
 * Counts the request against `perMinute` over all API processes and tells the caller where it stands.
 * @throws AppError too-many-requests (429)
 */
export async function enforceLimit(count: HitCounter, res: Response, key: string, perMinute: number): Promise<void> {
  const { hits, resetSeconds } = await count(key);
  res.setHeader('RateLimit-Limit', perMinute);
  res.setHeader('RateLimit-Remaining', Math.max(0, perMinute - hits));
  res.setHeader('RateLimit-Reset', resetSeconds);
  if (hits <= perMinute) return;
  throw new AppError(
    'too-many-requests',
    { ru: 'Слишком много запросов: повторите через минуту', en: 'Too many requests: try again in a minute' },
    { httpStatus: 429, retryable: true, details: { retryAfterSeconds: resetSeconds } },
  );
}

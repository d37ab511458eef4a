import { createHash } from 'node:crypto';
import type { Response } from 'express';
import type { Principal } from '../../models/access/roles';
import { AppError } from '../../models/errors';
import type { Queryable } from '../../prisma/pool';
import { countHit } from '../../prisma/repositories/rate-limits';

/** The counter's name: the account, or a digest of the address for callers without one. */
export function limitKey(principal: Principal | null, ip: string): string {
  if (principal !== null) return `account:${principal.id}`;
  return `ip:${createHash('sha256').update(ip).digest('hex').slice(0, 24)}`;
}

/**
 * Counts the request against `perMinute` over all API processes and tells the caller where it stands.
 * @throws AppError too-many-requests (429)
 */
export async function enforceLimit(db: Queryable, res: Response, key: string, perMinute: number): Promise<void> {
  const { hits, resetSeconds } = await countHit(db, key);
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

import type { PoolClient, Queryable } from '../pool';

/** Kept 30 days: a retry after a long outage still finds the first answer. */
const KEPT_DAYS = 30;

export type IdempotencyClaim =
  /** Nobody has used this key: go on. */
  | { readonly kind: 'new' }
  /** The answer is known; the caller compares `fingerprint` with its own. */
  | { readonly kind: 'answered'; readonly fingerprint: Buffer; readonly answer: Buffer }
  /** A twin is at work. */
  | { readonly kind: 'busy'; readonly retrySeconds: number };

interface Row {
  readonly fingerprint: Buffer | null;
  readonly answer: Buffer | null;
  readonly leaseSeconds: number | null;
}

const SELECT = `SELECT fingerprint, answer, ceil(extract(epoch FROM lease_until - now()))::int AS "leaseSeconds"
  FROM idempotency_key WHERE key_hash = $1 AND expires_at > now()`;

/**
 * Claims the key for the length of the open transaction by an advisory lock: a crash leaves nothing behind, a twin is
 * told at once. Store the answer with `storeAnswer` in the same transaction.
 */
export async function claimInTransaction(tx: PoolClient, keyHash: Buffer): Promise<IdempotencyClaim> {
  const lock = await tx.query<{ got: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS got', [lockNumber(keyHash)]);
  if (lock.rows[0]?.got !== true) return { kind: 'busy', retrySeconds: 1 };
  return claimOf((await tx.query<Row>(SELECT, [keyHash])).rows[0]);
}

/** Claims the key by a lease that ends by itself when this process dies: for handlers with their own transactions. */
export async function claimByLease(db: Queryable, keyHash: Buffer, leaseSeconds: number): Promise<IdempotencyClaim> {
  const taken = await db.query(
    `INSERT INTO idempotency_key AS k (key_hash, lease_until, expires_at)
     VALUES ($1, now() + make_interval(secs => $2), now() + make_interval(days => $3))
     ON CONFLICT (key_hash) DO UPDATE SET lease_until = EXCLUDED.lease_until, expires_at = EXCLUDED.expires_at,
       fingerprint = NULL, answer = NULL
     WHERE (k.answer IS NULL AND k.lease_until < now()) OR k.expires_at < now()`,
    [keyHash, leaseSeconds, KEPT_DAYS],
  );
  if (taken.rowCount === 1) return { kind: 'new' };
  const known = claimOf((await db.query<Row>(SELECT, [keyHash])).rows[0]);
  // The twin gave the key back between the two statements: it is not ours, but will be at the next try.
  return known.kind === 'new' ? { kind: 'busy', retrySeconds: 1 } : known;
}

/** Prolongs a lease while a long upload is still at work. */
export async function prolongLease(db: Queryable, keyHash: Buffer, leaseSeconds: number): Promise<void> {
  await db.query(
    `UPDATE idempotency_key SET lease_until = now() + make_interval(secs => $2) WHERE key_hash = $1 AND answer IS NULL`,
    [keyHash, leaseSeconds],
  );
}

/** Gives a leased key back after a failure that may be tried again. */
export async function releaseLease(db: Queryable, keyHash: Buffer): Promise<void> {
  await db.query('DELETE FROM idempotency_key WHERE key_hash = $1 AND answer IS NULL', [keyHash]);
}

/** Keeps the first answer; a later one for the same key changes nothing. */
export async function storeAnswer(db: Queryable, keyHash: Buffer, fingerprint: Buffer, answer: Buffer): Promise<void> {
  await db.query(
    `INSERT INTO idempotency_key AS k (key_hash, fingerprint, answer, expires_at)
     VALUES ($1, $2, $3, now() + make_interval(days => $4))
     ON CONFLICT (key_hash) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, answer = EXCLUDED.answer,
       lease_until = NULL, expires_at = EXCLUDED.expires_at
     WHERE k.answer IS NULL OR k.expires_at < now()`,
    [keyHash, fingerprint, answer, KEPT_DAYS],
  );
}

export async function purgeAnswers(db: Queryable): Promise<number> {
  return (await db.query('DELETE FROM idempotency_key WHERE expires_at < now()')).rowCount ?? 0;
}

function claimOf(row: Row | undefined): IdempotencyClaim {
  if (row === undefined) return { kind: 'new' };
  if (row.answer !== null && row.fingerprint !== null) {
    return { kind: 'answered', fingerprint: row.fingerprint, answer: row.answer };
  }
  // A lease that ran out is free again for the one who holds the advisory lock.
  if ((row.leaseSeconds ?? 0) <= 0) return { kind: 'new' };
  return { kind: 'busy', retrySeconds: Math.min(row.leaseSeconds ?? 1, 30) };
}

function lockNumber(keyHash: Buffer): string {
  return keyHash.readBigInt64BE(0).toString();
}

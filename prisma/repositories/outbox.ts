import type { Queryable } from '../pool';

export interface OutboxMessage {
  readonly id: number;
  readonly topic: string;
  readonly key: string;
  readonly payload: unknown;
  /** 1 at the first try. */
  readonly attempts: number;
}

export interface OutboxDraft {
  readonly topic: string;
  /** Unique within the topic: queueing the same message twice is one message. */
  readonly key: string;
  /** Ids and small facts; never personal data. */
  readonly payload: unknown;
  /** ISO instant before which nobody shall take it. */
  readonly availableAt?: string;
}

export interface DeadLetter extends OutboxMessage {
  readonly lastError: string | null;
  readonly deadAt: string;
}

/** Queues messages in the transaction of the rows that they speak of. Returns how many were new. */
export async function enqueue(tx: Queryable, messages: readonly OutboxDraft[]): Promise<number> {
  if (messages.length === 0) return 0;
  const done = await tx.query(
    `INSERT INTO outbox (topic, key, payload, available_at)
     SELECT m.topic, m.key, m.payload::jsonb, COALESCE(m.available_at, now())
     FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS m(topic, key, payload, available_at)
     ON CONFLICT (topic, key) DO NOTHING`,
    [
      messages.map((message) => message.topic),
      messages.map((message) => message.key),
      messages.map((message) => JSON.stringify(message.payload)),
      messages.map((message) => message.availableAt ?? null),
    ],
  );
  return done.rowCount ?? 0;
}

/**
 * Takes up to `limit` waiting messages for `leaseSeconds`; other relays skip them (SKIP LOCKED). A relay that dies gives
 * them back when the lease ends, so handlers have to be idempotent.
 */
export async function claimOutbox(
  db: Queryable,
  options: { readonly topics: readonly string[]; readonly limit: number; readonly leaseSeconds: number },
): Promise<OutboxMessage[]> {
  const rows = await db.query<OutboxMessage>(
    `WITH due AS (
       SELECT id FROM outbox WHERE done_at IS NULL AND dead_at IS NULL AND topic = ANY($1) AND available_at <= now()
         AND (claimed_until IS NULL OR claimed_until < now())
       ORDER BY available_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
     UPDATE outbox o SET claimed_until = now() + make_interval(secs => $3), attempts = attempts + 1
     FROM due WHERE o.id = due.id RETURNING o.id, o.topic, o.key, o.payload, o.attempts`,
    [options.topics, options.limit, options.leaseSeconds],
  );
  return rows.rows.sort((a, b) => a.id - b.id);
}

/** Ends the claim of messages that nobody has tried to deliver: others may take them at once, and no try is counted. */
export async function giveBackOutbox(db: Queryable, ids: readonly number[]): Promise<void> {
  await db.query('UPDATE outbox SET claimed_until = NULL, attempts = attempts - 1 WHERE id = ANY($1)', [ids]);
}

export async function markOutboxDone(db: Queryable, ids: readonly number[]): Promise<void> {
  await db.query('UPDATE outbox SET done_at = now(), claimed_until = NULL, last_error = NULL WHERE id = ANY($1)', [
    ids,
  ]);
}

/**
 * Records a failed try: again after 2^attempts seconds (five minutes at most), or a dead letter after `maxAttempts`.
 * `error` is a code or class name: no personal data.
 */
export async function markOutboxFailed(
  db: Queryable,
  id: number,
  error: string,
  maxAttempts = 10,
): Promise<{ dead: boolean }> {
  const rows = await db.query<{ dead: boolean }>(
    `UPDATE outbox SET claimed_until = NULL, last_error = left($2, 500),
       available_at = now() + make_interval(secs => LEAST(300, power(2, LEAST(attempts, 9)))),
       dead_at = CASE WHEN attempts >= $3 THEN now() END
     WHERE id = $1 RETURNING dead_at IS NOT NULL AS dead`,
    [id, error, maxAttempts],
  );
  return { dead: rows.rows[0]?.dead ?? false };
}

export async function listDeadLetters(db: Queryable, after: number, limit: number): Promise<DeadLetter[]> {
  const rows = await db.query<DeadLetter>(
    `SELECT id, topic, key, payload, attempts, last_error AS "lastError", dead_at AS "deadAt" FROM outbox
     WHERE dead_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2`,
    [after, limit],
  );
  return rows.rows;
}

/** Gives a dead letter another life. False when there is none of this id. */
export async function reviveOutbox(db: Queryable, id: number): Promise<boolean> {
  const done = await db.query(
    `UPDATE outbox SET dead_at = NULL, attempts = 0, available_at = now(), claimed_until = NULL
     WHERE id = $1 AND dead_at IS NOT NULL`,
    [id],
  );
  return done.rowCount === 1;
}

/** Waiting, oldest age in seconds, dead: for readiness, metrics and the relay's summary. */
export async function outboxState(db: Queryable): Promise<{ waiting: number; oldestSeconds: number; dead: number }> {
  const rows = await db.query<{ waiting: number; oldestSeconds: number; dead: number }>(
    `SELECT count(*) FILTER (WHERE dead_at IS NULL)::int AS waiting, count(dead_at)::int AS dead,
       COALESCE(max(extract(epoch FROM now() - created_at)) FILTER (WHERE dead_at IS NULL), 0)::float8 AS "oldestSeconds"
     FROM outbox WHERE done_at IS NULL`,
  );
  return rows.rows[0]!;
}

/** Removes messages that were done `days` ago. */
export async function purgeOutbox(db: Queryable, days: number): Promise<number> {
  const done = await db.query('DELETE FROM outbox WHERE done_at < now() - make_interval(days => $1)', [days]);
  return done.rowCount ?? 0;
}

import type { Queryable } from '../pool';

export interface WebhookDraft {
  readonly event: string;
  readonly requestId: string;
  readonly body: Readonly<Record<string, string | number | null>>;
}

/** One delivery for each active subscription of the letter's clinic and for those without a clinic (the insurer's own). */
export async function queueWebhooks(tx: Queryable, draft: WebhookDraft): Promise<void> {
  await tx.query(
    `INSERT INTO webhook_delivery (subscription_id, event, body)
     SELECT s.id, $2, $3 FROM webhook_subscription s JOIN letter_request r ON r.id = $1
     WHERE s.active AND (s.clinic_id IS NULL OR s.clinic_id = r.clinic_id)`,
    [draft.requestId, draft.event, JSON.stringify(draft.body)],
  );
}

export interface DueDelivery {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  readonly event: string;
  readonly body: unknown;
  readonly attempts: number;
}

/** Takes due deliveries for a minute; other senders skip them. */
export async function claimDeliveries(db: Queryable, limit: number): Promise<DueDelivery[]> {
  const rows = await db.query<DueDelivery>(
    `WITH due AS (
       SELECT id FROM webhook_delivery WHERE state = 'pending' AND next_at <= now()
       ORDER BY next_at, id LIMIT $1 FOR UPDATE SKIP LOCKED)
     UPDATE webhook_delivery d SET next_at = now() + interval '1 minute', attempts = attempts + 1
     FROM due, webhook_subscription s WHERE d.id = due.id AND s.id = d.subscription_id
     RETURNING d.id, s.url, s.secret, d.event, d.body, d.attempts`,
    [limit],
  );
  return rows.rows;
}

export async function markDelivered(db: Queryable, id: string): Promise<void> {
  await db.query(`UPDATE webhook_delivery SET state = 'delivered', last_error = NULL WHERE id = $1`, [id]);
}

/** Again after 2^attempts seconds (an hour at most); a dead letter after `maxAttempts`. */
export async function markUndelivered(db: Queryable, id: string, error: string, maxAttempts: number): Promise<void> {
  await db.query(
    `UPDATE webhook_delivery SET last_error = left($2, 200),
       state = CASE WHEN attempts >= $3 THEN 'dead' ELSE 'pending' END,
       next_at = now() + make_interval(secs => LEAST(3600, power(2, LEAST(attempts, 12))))
     WHERE id = $1`,
    [id, error, maxAttempts],
  );
}

export interface SubscriptionRow {
  readonly id: string;
  readonly clinicId: number | null;
  readonly url: string;
  readonly active: boolean;
}

export async function addSubscription(
  tx: Queryable,
  subscription: { clinicId: number | null; url: string; secret: string },
): Promise<SubscriptionRow> {
  const rows = await tx.query<SubscriptionRow>(
    `INSERT INTO webhook_subscription (clinic_id, url, secret) VALUES ($1, $2, $3)
     RETURNING id, clinic_id AS "clinicId", url, active`,
    [subscription.clinicId, subscription.url, subscription.secret],
  );
  return rows.rows[0]!;
}

/** Deliveries that were given up, newest first. `clinicId` null = all. */
export async function listDeadDeliveries(
  db: Queryable,
  clinicId: number | null,
  limit: number,
): Promise<{ id: string; event: string; attempts: number; lastError: string | null; createdAt: string }[]> {
  const rows = await db.query<{
    id: string;
    event: string;
    attempts: number;
    lastError: string | null;
    createdAt: string;
  }>(
    `SELECT d.id, d.event, d.attempts, d.last_error AS "lastError", d.created_at AS "createdAt"
     FROM webhook_delivery d JOIN webhook_subscription s ON s.id = d.subscription_id
     WHERE d.state = 'dead' AND ($1::int IS NULL OR s.clinic_id = $1) ORDER BY d.created_at DESC, d.id LIMIT $2`,
    [clinicId, limit],
  );
  return rows.rows;
}

/** Gives a dead delivery another life. False when there is none of this id in the caller's rows. */
export async function reviveDelivery(db: Queryable, id: string, clinicId: number | null): Promise<boolean> {
  const done = await db.query(
    `UPDATE webhook_delivery d SET state = 'pending', attempts = 0, next_at = now() FROM webhook_subscription s
     WHERE d.id = $1 AND d.state = 'dead' AND s.id = d.subscription_id AND ($2::int IS NULL OR s.clinic_id = $2)`,
    [id, clinicId],
  );
  return done.rowCount === 1;
}

/** Ends a subscription; what is queued for it stays for the record. False when it is not the caller's. */
export async function removeSubscription(tx: Queryable, id: string, clinicId: number | null): Promise<boolean> {
  const done = await tx.query(
    `UPDATE webhook_subscription SET active = false WHERE id = $1 AND active AND ($2::int IS NULL OR clinic_id = $2)`,
    [id, clinicId],
  );
  return done.rowCount === 1;
}

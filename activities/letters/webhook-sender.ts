import { createHmac } from 'node:crypto';
import type { Pool } from '../../prisma/pool';
import { claimDeliveries, markDelivered, markUndelivered } from '../../prisma/repositories/webhooks';
import type { DueDelivery } from '../../prisma/repositories/webhooks';

const TIMEOUT_MS = 10_000;
const BATCH = 20;
const MAX_ATTEMPTS = 12;

/**
 * Sends what is due: POST of JSON, signed with HMAC-SHA256 over `<timestamp>.<body>` in `X-Medex-Signature`
 * (`t=...,v1=...`), delivery id in `X-Medex-Delivery` so that the receiver can drop a repeat. Retried with growing
 * pauses, then a dead letter. Redirects are not followed. Returns how many were tried.
 */
export async function sendDueWebhooks(pool: Pool, maxAttempts = MAX_ATTEMPTS): Promise<number> {
  const due = await claimDeliveries(pool, BATCH);
  await Promise.all(
    due.map(async (delivery) => {
      const error = await send(delivery);
      if (error === null) await markDelivered(pool, delivery.id);
      else await markUndelivered(pool, delivery.id, error, maxAttempts);
    }),
  );
  return due.length;
}

/** @returns null when the receiver took it, else a short reason without personal data */
async function send(delivery: DueDelivery): Promise<string | null> {
  const body = JSON.stringify({ event: delivery.event, data: delivery.body });
  const timestamp = Math.floor(Date.now() / 1000);
  try {
    const answer = await fetch(delivery.url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'x-medex-delivery': delivery.id,
        'x-medex-signature': `t=${timestamp},v1=${webhookSignature(delivery.secret, timestamp, body)}`,
      },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    return answer.ok ? null : `status ${answer.status}`;
  } catch (error) {
    return error instanceof Error ? error.name : 'unknown';
  }
}

/** What the receiver computes to check that a delivery is ours. */
export function webhookSignature(secret: string, timestamp: number, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

import type { LetterRecord } from '../../models/letters/record';
import { isInForce } from '../../models/letters/record';
import type { Queryable } from '../../prisma/pool';
import { enqueue } from '../../prisma/repositories/outbox';
import { queueWebhooks } from '../../prisma/repositories/webhooks';

/** Outbox topic of letters whose document has to be made and signed. */
export const ISSUE_TOPIC = 'letter-issue';

/** Queues what the outside is told, in the transaction of the change: the document, the webhooks. Ids and states only. */
export async function announce(
  tx: Queryable,
  record: LetterRecord,
  cause: { readonly kind: string; readonly requestKey: string },
): Promise<void> {
  // What invoices take says nothing new on paper: the promise is the same.
  if (isInForce(record) && cause.kind !== 'use') {
    const key = `${record.requestId}:${cause.requestKey}`;
    await enqueue(tx, [{ topic: ISSUE_TOPIC, key, payload: { requestId: record.requestId } }]);
  }
  await queueWebhooks(tx, {
    event: 'letter.changed',
    requestId: record.requestId,
    body: { requestId: record.requestId, number: record.number, state: record.state, pendedFor: record.pendedFor },
  });
}

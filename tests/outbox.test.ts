import { setTimeout } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { startOutboxRelay } from '../activities/outbox-relay';
import { withTransaction } from '../prisma/pool';
import {
  claimOutbox,
  enqueue,
  markOutboxDone,
  markOutboxFailed,
  outboxState,
  purgeOutbox,
} from '../prisma/repositories/outbox';
import type { TestApi } from './support/api';
import { startTestApi } from './support/api';
import { until } from './support/until';

describe('the outbox', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());
  beforeEach(() => api.pool.query('TRUNCATE outbox'));

  const claim = (limit = 100, leaseSeconds = 30) => claimOutbox(api.pool, { topics: ['review'], limit, leaseSeconds });
  const messages = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ topic: 'review', key: `k-${index}`, payload: { index } }));

  it('speaks with the transaction of its rows: nothing is queued by a rollback, and a key is queued once', async () => {
    const rolledBack = withTransaction(api.pool, async (tx) => {
      await enqueue(tx, messages(3));
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    expect((await outboxState(api.pool)).waiting).toBe(0);
    expect(await enqueue(api.pool, messages(3))).toBe(3);
    expect(await enqueue(api.pool, messages(5))).toBe(2);
    expect((await claim()).map((message) => message.payload)).toEqual([0, 1, 2, 3, 4].map((index) => ({ index })));
  });

  it('gives each message to exactly one of many racing relays', async () => {
    await enqueue(api.pool, messages(200));
    const taken = await Promise.all(Array.from({ length: 8 }, () => claim(40)));
    const ids = taken.flat().map((message) => message.id);
    expect(new Set(ids).size).toBe(ids.length);
    let rest = await claim(200);
    while (rest.length > 0) {
      ids.push(...rest.map((message) => message.id));
      rest = await claim(200);
    }
    expect(new Set(ids).size).toBe(200);
  });

  it('gives the messages of a dead relay to the next one when the lease has ended', async () => {
    await enqueue(api.pool, messages(1));
    expect(await claim(1, 30)).toHaveLength(1);
    expect(await claim()).toHaveLength(0);
    await api.pool.query(`UPDATE outbox SET claimed_until = now() - interval '1 second'`);
    expect(await claim()).toMatchObject([{ attempts: 2 }]);
  });

  it('waits longer after each failure, buries after the last try, and lives again on request', async () => {
    await enqueue(api.pool, messages(1));
    const [message] = await claim();
    expect(await markOutboxFailed(api.pool, message!.id, 'UNAVAILABLE', 2)).toEqual({ dead: false });
    expect(await claim()).toHaveLength(0);
    await api.pool.query('UPDATE outbox SET available_at = now()');
    await claim();
    expect(await markOutboxFailed(api.pool, message!.id, 'UNAVAILABLE', 2)).toEqual({ dead: true });
    const admin = await api.as('administrator');
    const dead = await admin.get('/v1/outbox/dead-letters').expect(200);
    expect(dead.body.items).toMatchObject([{ id: message!.id, lastError: 'UNAVAILABLE', attempts: 2 }]);
    await admin.post(`/v1/outbox/dead-letters/${message!.id}/retry`).expect(204);
    await admin.post(`/v1/outbox/dead-letters/${message!.id}/retry`).expect(404);
    expect(await claim()).toMatchObject([{ attempts: 1 }]);
  });

  it('forgets what was done long ago, and only that', async () => {
    await enqueue(api.pool, messages(3));
    const ids = (await claim()).map((message) => message.id);
    await markOutboxDone(api.pool, ids.slice(0, 2));
    await api.pool.query(`UPDATE outbox SET done_at = now() - interval '40 days' WHERE id = $1`, [ids[0]]);
    expect(await purgeOutbox(api.pool, 30)).toBe(1);
    expect(await outboxState(api.pool)).toMatchObject({ waiting: 1, dead: 0 });
  });

  const starts = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      topic: 'invoice-review-start',
      key: `i-${index}`,
      payload: { versionId: `v-${index}`, start: true },
    }));
  const settled = async (): Promise<void> => {
    for (let tries = 0; tries < 600 && (await outboxState(api.pool)).waiting > 0; tries += 1) await setTimeout(50);
  };

  it('starts the invoices of a batch two at a time; what people do to invoices, and all else, does not wait behind them', async () => {
    await enqueue(api.pool, starts(300));
    await enqueue(api.pool, messages(25));
    const acts = messages(25).map((message) => ({ ...message, topic: 'invoice-review' }));
    await enqueue(api.pool, acts);
    const started = { invoices: 0, atOnce: 0, most: 0, before: Number.NaN };
    let others = 0;
    const other = async (): Promise<void> => {
      await setTimeout(5);
      others += 1;
      if (others === 50) started.before = started.invoices;
    };
    const relay = startOutboxRelay({
      pool: api.pool,
      client: {} as Client,
      idleMs: 20,
      handlers: {
        'invoice-review-start': async () => {
          started.most = Math.max(started.most, (started.atOnce += 1));
          await setTimeout(5);
          started.atOnce -= 1;
          started.invoices += 1;
        },
        'invoice-review': other,
        review: other,
      },
    });
    await settled();
    await relay.close();
    expect(started).toMatchObject({ invoices: 300, most: 2 });
    expect(started.before).toBeLessThan(150);
  });

  it('starts the workflow of an invoice under either topic, and only signals one whose case has changed', async () => {
    const changed = { topic: 'invoice-review', key: 'v-9/superseded', payload: { versionId: 'v-9', start: false } };
    // Queued before batches had a topic of their own for their starts.
    const earlier = { topic: 'invoice-review', key: 'v-8/waiting', payload: { versionId: 'v-8', start: true } };
    await enqueue(api.pool, [...starts(1), earlier, changed]);
    const told: string[] = [];
    const client = {
      workflow: {
        signalWithStart: (_type: string, { workflowId }: { workflowId: string }) =>
          Promise.resolve(told.push(`start ${workflowId}`)),
        getHandle: (workflowId: string) => ({ signal: () => Promise.resolve(told.push(`signal ${workflowId}`)) }),
      },
    } as unknown as Client;
    const relay = startOutboxRelay({ pool: api.pool, client, idleMs: 20 });
    await settled();
    await relay.close();
    expect(told.sort()).toEqual(['signal invoice-review/v-9', 'start invoice-review/v-0', 'start invoice-review/v-8']);
  });

  it('claims what its lanes can deliver within the lease; closed, it ends what runs and gives the rest back', async () => {
    await enqueue(api.pool, starts(100));
    const running: (() => void)[] = [];
    let delivered = 0;
    const relay = startOutboxRelay({
      pool: api.pool,
      client: {} as Client,
      handlers: {
        'invoice-review-start': async () => {
          await new Promise<void>((resolve) => {
            running.push(resolve);
          });
          delivered += 1;
        },
      },
    });
    await until(() => Promise.resolve(running.length === 2));
    const claimed = await api.pool.query('SELECT id FROM outbox WHERE claimed_until > now()');
    expect(claimed.rows).toHaveLength(20);
    const closed = relay.close();
    for (const end of running) end();
    await closed;
    expect([running.length, delivered]).toEqual([2, 2]);
    const rest = await claimOutbox(api.pool, { topics: ['invoice-review-start'], limit: 100, leaseSeconds: 30 });
    expect([rest.length, ...new Set(rest.map((message) => message.attempts))]).toEqual([98, 1]);
  });
});

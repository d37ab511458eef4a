import { randomUUID } from 'node:crypto';
import { idempotencySlot } from '../api/http/idempotency';
import type { TestApi, TestCaller } from './support/api';
import { startTestApi } from './support/api';
import type { SampleState } from './support/sample-routes';
import { createNotes, sampleRoutes } from './support/sample-routes';

const note = { title: 'первая', amountKopecks: 100, day: '2026-03-01' };

describe('Idempotency-Key', () => {
  const state: SampleState = { runs: 0, hold: null, fail: null };
  let api: TestApi;
  let caller: TestCaller;
  beforeAll(async () => {
    api = await startTestApi({ routes: (deps) => sampleRoutes(deps, state) });
    await createNotes(api);
    caller = await api.as('analyst');
  });
  afterAll(() => api.close());
  beforeEach(() => Object.assign(state, { runs: 0, hold: null, fail: null }));

  const post = (key: string, body: object, path = '/v1/notes') => caller.post(path, body).set('Idempotency-Key', key);
  const notes = async (): Promise<number> =>
    (await api.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM note')).rows[0]!.n;

  describe.each(['/v1/notes', '/v1/own-notes'])('on %s', (path) => {
    const body = path === '/v1/notes' ? note : { title: 'первая' };

    it('gives the first answer again for the same content, without running again', async () => {
      const key = randomUUID();
      const before = await notes();
      const first = await post(key, body, path).expect(201);
      const again = await post(key, body, path).expect(201);
      expect(again.text).toBe(first.text);
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect({ runs: state.runs, added: (await notes()) - before }).toEqual({ runs: 1, added: 1 });
    });

    it('takes the same content in another order of keys for the same', async () => {
      const key = randomUUID();
      await post(key, body, path).expect(201);
      const turned = Object.fromEntries(Object.entries(body).toReversed());
      expect((await post(key, turned, path)).status).toBe(201);
    });

    it('answers 422 to other content under the same key', async () => {
      const key = randomUUID();
      await post(key, body, path).expect(201);
      const other = await post(key, { ...body, title: 'вторая' }, path).expect(422);
      expect(other.body.code).toBe('idempotency-key-reused');
    });

    it('answers 409 with Retry-After to a twin that comes while the first is at work', async () => {
      const key = randomUUID();
      let release = (): void => undefined;
      state.hold = new Promise((resolve) => (release = resolve));
      const first = post(key, body, path).then((answer) => answer);
      while (state.runs === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const twin = await post(key, body, path).expect(409);
      expect(twin.body.code).toBe('request-in-progress');
      expect(Number(twin.headers['retry-after'])).toBeGreaterThan(0);
      release();
      state.hold = null;
      const done = await first;
      expect((await post(key, body, path).expect(201)).text).toBe(done.text);
      expect(state.runs).toBe(1);
    });

    it('lets exactly one of many racing twins act', async () => {
      const key = randomUUID();
      const before = await notes();
      const answers = await Promise.all(Array.from({ length: 16 }, () => post(key, body, path)));
      const statuses = new Set(answers.map((answer) => answer.status));
      expect([...statuses].every((status) => status === 201 || status === 409)).toBe(true);
      expect((await notes()) - before).toBe(1);
    });

    it('keeps a refusal of the domain too, and leaves nothing of its transaction', async () => {
      const key = randomUUID();
      const before = await notes();
      state.fail = 'conflict';
      const refused = await post(key, body, path).expect(409);
      expect(refused.body).toMatchObject({ code: 'held', details: { holder: 'u-1' } });
      state.fail = null;
      expect((await post(key, body, path).expect(409)).text).toBe(refused.text);
      expect((await notes()) - before).toBe(path === '/v1/notes' ? 0 : 1);
    });

    it('keeps nothing of a crash: the same request may succeed later', async () => {
      const key = randomUUID();
      state.fail = 'crash';
      await post(key, body, path).expect(500);
      state.fail = null;
      await post(key, body, path).expect(201);
      expect(state.runs).toBe(2);
    });

    it('keeps nothing of a request that failed validation', async () => {
      const key = randomUUID();
      await post(key, { ...body, title: '' }, path).expect(400);
      await post(key, body, path).expect(201);
      expect(state.runs).toBe(1);
    });

    it('keeps the keys of two callers apart', async () => {
      const key = randomUUID();
      const other = await api.as('analyst');
      const first = await post(key, body, path).expect(201);
      const second = await other.post(path, body).set('Idempotency-Key', key).expect(201);
      expect(second.body.run).not.toBe(first.body.run);
    });
  });

  it('leaves nothing of a request whose database connection died, and the retry acts once', async () => {
    const key = randomUUID();
    const before = await notes();
    let release = (): void => undefined;
    state.hold = new Promise((resolve) => (release = resolve));
    const first = post(key, note).then((answer) => answer);
    while (state.runs === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const killed = await api.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'idle in transaction'`,
    );
    expect(killed.rowCount).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    state.hold = null;
    const lost = await first;
    expect({ status: lost.status, retry: lost.headers['retry-after'] }).toEqual({ status: 503, retry: '1' });
    await post(key, note).expect(201);
    await post(key, note).expect(201);
    expect((await notes()) - before).toBe(1);
  });

  it('takes over the lease of a process that died', async () => {
    const key = randomUUID();
    const { keyHash } = idempotencySlot(api.deps.config.MEDEX_SECRET, caller.user.id, key);
    await api.pool.query(
      `INSERT INTO idempotency_key (key_hash, lease_until, expires_at)
       VALUES ($1, now() + interval '9 seconds', now() + interval '1 day')`,
      [keyHash],
    );
    const busy = await post(key, { title: 'x' }, '/v1/own-notes').expect(409);
    expect(busy.headers['retry-after']).toBe('9');
    await api.pool.query(`UPDATE idempotency_key SET lease_until = now() - interval '1 second' WHERE key_hash = $1`, [
      keyHash,
    ]);
    await post(key, { title: 'x' }, '/v1/own-notes').expect(201);
  });

  it('holds for 30 days and keeps the answer sealed', async () => {
    const key = randomUUID();
    await post(key, { ...note, title: 'тайное слово' }).expect(201);
    const { keyHash } = idempotencySlot(api.deps.config.MEDEX_SECRET, caller.user.id, key);
    const rows = await api.pool.query<{ answer: Buffer; days: number }>(
      `SELECT answer, round(extract(epoch FROM expires_at - now()) / 86400)::int AS days
       FROM idempotency_key WHERE key_hash = $1`,
      [keyHash],
    );
    expect(rows.rows[0]?.days).toBe(30);
    expect(rows.rows[0]?.answer.toString('utf8')).not.toContain('тайное');
    await api.pool.query(`UPDATE idempotency_key SET expires_at = now() - interval '1 day' WHERE key_hash = $1`, [
      keyHash,
    ]);
    await post(key, note).expect(201);
    expect(state.runs).toBe(2);
  });

  it.each([
    ['empty', '', 400],
    ['with a blank', 'a b', 400],
    ['too long', 'a'.repeat(256), 400],
    ['as long as allowed', 'a'.repeat(255), 201],
  ])('checks the form of the key: %s', async (_name, key, status) => {
    expect((await post(key, note)).status).toBe(status);
  });

  it('recognises a repeated upload by its bytes, whatever the boundary', async () => {
    const key = randomUUID();
    const upload = (content: string) =>
      caller.post('/v1/uploads').set('Idempotency-Key', key).attach('file', Buffer.from(content), 'реестр.csv');
    const first = await upload('строка 1').expect(200);
    expect(first.body.files).toMatchObject([{ name: 'реестр.csv', bytes: 14 }]);
    const again = await upload('строка 1').expect(200);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await upload('строка 2').expect(422)).body.code).toBe('idempotency-key-reused');
    expect(state.runs).toBe(1);
  });
});

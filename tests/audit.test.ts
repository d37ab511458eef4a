import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Command } from 'commander';
import { registerAuditCommands } from '../cli/audit';
import { anchorKeys, isGenuineAnchor, signAnchor } from '../models/audit/anchor';
import { canonicalJson, EMPTY_HEAD, extendChain, linkHash, streamOf } from '../models/audit/chain';
import type { AuditDraft, ChainedEvent } from '../models/audit/event';
import { verifyStream } from '../models/audit/verify';
import { withTransaction } from '../prisma/pool';
import { appendAudit, recordAudit, verifyAudit, writeAnchor } from '../prisma/repositories/audit';
import type { TestApi } from './support/api';
import { startTestApi } from './support/api';
import type { SampleState } from './support/sample-routes';
import { createNotes, sampleRoutes } from './support/sample-routes';

const AT = '2026-03-01T10:00:00.000Z';
const keys = anchorKeys('a secret of this installation');
const draft = (id: string, over: Partial<AuditDraft> = {}): AuditDraft => ({
  kind: 'decision',
  action: 'task:decide',
  actor: 'doctor-1',
  subjectType: 'line',
  subjectIds: [id],
  facts: { verdict: 'refuse', reason: 'CLIN-01' },
  ...over,
});

describe('the chain', () => {
  const links = extendChain(
    's',
    EMPTY_HEAD,
    [1, 2, 3, 4, 5, 6, 7, 8].map((n) => draft(`line-${n}`)),
    AT,
  ).links;
  const head = { seq: 8, hash: links[7]!.hash };
  const check = (chain: readonly ChainedEvent[], known = head, anchors = [signAnchor(keys, AT, { s: head })]) => {
    const verifier = verifyStream('s', anchors);
    chain.forEach(verifier.push);
    return verifier.finish(known).map((fault) => fault.fault);
  };
  /** Re-computes hashes from `from` on: the forger who knows the code. */
  const rehash = (chain: readonly ChainedEvent[], from: number): ChainedEvent[] => {
    let prev = from === 0 ? EMPTY_HEAD.hash : chain[from - 1]!.hash;
    return chain.map((link, index) => {
      if (index < from) return link;
      const next = { ...link, seq: index + 1, prev };
      prev = linkHash(prev, next);
      return { ...next, hash: prev };
    });
  };

  it('is whole as it was written', () => {
    expect(check(links)).toEqual([]);
  });

  it('shows every flip of every field, every deletion, insertion and swap', () => {
    const index = fc.integer({ min: 0, max: 7 });
    const flip = fc.constantFrom<(link: ChainedEvent) => ChainedEvent>(
      (link) => ({ ...link, actor: 'doctor-2' }),
      (link) => ({ ...link, facts: { ...link.facts, verdict: 'accept' } }),
      (link) => ({ ...link, at: '2026-03-01T10:00:00.001Z' }),
      (link) => ({ ...link, subjectIds: ['line-99'] }),
      (link) => ({ ...link, purpose: 'other' }),
      (link) => ({ ...link, subjectCount: 2 }),
      (link) => ({ ...link, hash: link.hash.replace(/^./, (c) => (c === '0' ? '1' : '0')) }),
      (link) => ({ ...link, prev: link.prev.replace(/.$/, (c) => (c === '0' ? '1' : '0')) }),
    );
    const tamper = fc.oneof(
      fc.tuple(index, flip).map(([at, change]) => links.map((link, i) => (i === at ? change(link) : link))),
      index.map((at) => links.filter((_link, i) => i !== at)),
      index.map((at) => [...links.slice(0, at + 1), links[at]!, ...links.slice(at + 1)]),
      fc
        .tuple(index, index)
        .filter(([a, b]) => a !== b)
        .map(([a, b]) => links.with(a, links[b]!).with(b, links[a]!)),
      index.map((at) => links.slice(0, at)),
    );
    fc.assert(
      fc.property(tamper, (chain) => check(chain).length > 0),
      { numRuns: 500 },
    );
  });

  it('shows a forger who re-computes hashes and heads, by the anchor alone', () => {
    for (let from = 0; from < 8; from += 1) {
      const forged = rehash(links.with(from, { ...links[from]!, actor: 'doctor-2' }), from);
      expect(check(forged, { seq: 8, hash: forged[7]!.hash })).toContain('anchor');
      const cut = rehash(
        links.filter((_link, index) => index !== from),
        from,
      );
      expect(check(cut, { seq: 7, hash: cut[6]!.hash })).toContain('anchor');
    }
  });

  it('shows a tail that was cut off together with its head, by the anchor alone', () => {
    expect(check(links.slice(0, 5), { seq: 5, hash: links[4]!.hash })).toEqual(['anchor']);
    expect(check(links.slice(0, 5), { seq: 5, hash: links[4]!.hash }, [])).toEqual([]);
  });

  it('knows a forged anchor', () => {
    const anchor = signAnchor(keys, AT, { s: head });
    expect(isGenuineAnchor(keys, anchor)).toBe(true);
    expect(isGenuineAnchor(keys, { ...anchor, heads: { s: { ...head, seq: 7 } } })).toBe(false);
    expect(isGenuineAnchor(anchorKeys('another secret here'), anchor)).toBe(false);
  });

  it('spells one value one way (RFC 8785)', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'ж"' }], a: -0, é: 1e21, A: true })).toBe(
      '{"A":true,"a":0,"b":[1,{"c":"ж\\"","d":null}],"é":1e+21}',
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        return canonicalJson(turned) === canonicalJson(value);
      }),
    );
  });
});

describe('the table', () => {
  let api: TestApi;
  const state: SampleState = { runs: 0, hold: null, fail: null };
  beforeAll(async () => {
    api = await startTestApi({ routes: (deps) => sampleRoutes(deps, state) });
    await createNotes(api);
  });
  afterAll(() => api.close());
  const verify = () => verifyAudit(api.pool, anchorKeys(api.deps.config.MEDEX_SECRET));

  it('takes racing writers of many subjects without gaps, forks or deadlocks', async () => {
    const writers = Array.from({ length: 40 }, (_, writer) =>
      recordAudit(
        api.pool,
        Array.from({ length: 25 }, (_unused, index) => draft(`line-${(writer * 7 + index * 13) % 50}`)),
      ),
    );
    await Promise.all(writers);
    const report = await verify();
    expect(report.faults).toEqual([]);
    expect(report.events).toBe(1_000);
    expect(report.streams).toBeGreaterThan(8);
  });

  it('leaves no trace of a transaction that was rolled back, and no gap', async () => {
    const before = (await verify()).events;
    const broken = withTransaction(api.pool, async (tx) => {
      await appendAudit(tx, draft('line-1'));
      throw new Error('rolled back');
    });
    await expect(broken).rejects.toThrow('rolled back');
    await recordAudit(api.pool, draft('line-1'));
    expect(await verify()).toMatchObject({ events: before + 1, faults: [] });
  });

  it.each([
    ['UPDATE', `UPDATE audit_event SET actor = 'x'`],
    ['DELETE', 'DELETE FROM audit_event'],
    ['TRUNCATE', 'TRUNCATE audit_event'],
    ['a head that goes back', 'UPDATE audit_stream SET seq = 0'],
    ['DELETE of heads', 'DELETE FROM audit_stream'],
    ['UPDATE of anchors', 'TRUNCATE audit_anchor'],
  ])('refuses %s even to its owner', async (_name, sql) => {
    await expect(api.pool.query(sql)).rejects.toThrow(/append-only/);
  });

  it('shows what went past the triggers', async () => {
    await writeAnchor(api.pool, anchorKeys(api.deps.config.MEDEX_SECRET));
    const stream = streamOf(draft('line-1'));
    const attack = async (sql: string): Promise<string[]> => {
      const client = await api.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(`SET LOCAL session_replication_role = replica`);
        await client.query(sql, [stream]);
        await client.query('COMMIT');
      } finally {
        client.release();
      }
      return (await verify()).faults.filter((fault) => fault.stream === stream).map((fault) => fault.fault);
    };
    expect(await attack(`UPDATE audit_event SET actor = 'x' WHERE stream = $1 AND seq = 2`)).toEqual(['changed']);
    expect(await attack('DELETE FROM audit_event WHERE stream = $1 AND seq = 3')).toEqual([
      'changed',
      'gap',
      'unlinked',
    ]);
    const cut = await attack(`WITH cut AS (DELETE FROM audit_event WHERE stream = $1 AND seq > 4 RETURNING 1)
      UPDATE audit_stream s SET seq = 4, hash = e.hash FROM audit_event e WHERE s.stream = $1 AND e.stream = $1 AND e.seq = 4`);
    expect(cut).toContain('anchor');
    expect(cut).not.toContain('head');
  });
});

describe('what requests leave in the trail', () => {
  let api: TestApi;
  const state: SampleState = { runs: 0, hold: null, fail: null };
  beforeAll(async () => {
    api = await startTestApi({ routes: (deps) => sampleRoutes(deps, state) });
    await createNotes(api);
  });
  afterAll(() => api.close());
  const trail = async (actor: string) =>
    (
      await api.pool.query(
        `SELECT kind, action, subject_type, subject_ids, purpose, request_id, facts FROM audit_event WHERE actor = $1 ORDER BY at`,
        [actor],
      )
    ).rows;

  it('is who, what, why and which request for a read of medical data, and none of its values', async () => {
    const doctor = await api.as('medical-expert');
    const answer = await doctor.get('/v1/person').set('X-Access-Purpose', 'dispute').expect(200);
    expect(answer.body.diagnosisCode).toBe('J06.9');
    const rows = await trail(doctor.user.id);
    expect(rows).toEqual([
      {
        kind: 'read',
        action: 'account:self',
        subject_type: 'person',
        subject_ids: ['p-1'],
        purpose: 'dispute',
        request_id: answer.headers['x-request-id'],
        facts: {},
      },
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/J06|Иванов/);
    await doctor.get('/v1/person').set('X-Access-Purpose', 'Ivanov has J06').expect(200);
    expect((await trail(doctor.user.id)).at(-1)).toMatchObject({ purpose: 'account:self' });
  });

  it('is one event per write, none for a replay or a rolled-back one', async () => {
    const doctor = await api.as('medical-expert');
    const send = () =>
      doctor.post('/v1/notes', { title: 'a', amountKopecks: 1, day: '2026-01-01' }).set('Idempotency-Key', 'same');
    await send().expect(201);
    await send().expect(201);
    state.fail = 'conflict';
    await doctor.post('/v1/notes', { title: 'b', amountKopecks: 1, day: '2026-01-01' }).expect(409);
    state.fail = null;
    expect((await trail(doctor.user.id)).map((row) => row.kind)).toEqual(['change']);
  });

  it('shows a refused access to those who watch over it, by page', async () => {
    const product = await startTestApi();
    const clinic = await product.as('clinic');
    await clinic.get('/v1/users').expect(403);
    await clinic.get('/v1/audit/events').expect(403);
    const admin = await product.as('administrator');
    const first = await admin.get(`/v1/audit/events?limit=1&actor=${clinic.user.id}`).expect(200);
    const second = await admin
      .get(`/v1/audit/events?limit=1&actor=${clinic.user.id}&cursor=${first.body.next}`)
      .expect(200);
    expect([first.body.items[0].action, second.body.items[0].action]).toEqual([
      'denied:audit:read',
      'denied:user:read',
    ]);
    expect(second.body.next).toBeNull();
    expect((await admin.get('/v1/audit/verification').expect(200)).body).toMatchObject({ whole: true, faults: [] });
    expect((await admin.get('/v1/audit/events?kind=read').expect(200)).body.items[0]).toMatchObject({
      subjectType: 'audit',
    });
    await product.close();
  });
});

describe('medex audit', () => {
  let api: TestApi;
  let folder: string;
  beforeAll(async () => {
    api = await startTestApi();
    folder = mkdtempSync(join(tmpdir(), 'medex-audit-'));
    await recordAudit(api.pool, [draft('line-1'), draft('line-2')]);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await api.close();
  });

  it('verifies with exit code 0, exports anchors, and ends with 4 when the trail is cut', async () => {
    const anchors = join(folder, 'anchors.json');
    const before = process.env;
    process.env = { ...before, DATABASE_URL: String(api.pool.options.connectionString) };
    const written: string[] = [];
    const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const medex = async (...args: string[]): Promise<unknown> => {
      const program = new Command().exitOverride();
      registerAuditCommands(program);
      await program.parseAsync(['node', 'medex', 'audit', ...args]);
      return JSON.parse(written.splice(0).join(''));
    };
    try {
      await medex('anchor', '--out', anchors, '--json');
      expect(JSON.parse(readFileSync(anchors, 'utf8'))).toHaveLength(1);
      expect(await medex('verify', '--anchors', anchors, '--json')).toMatchObject({
        whole: true,
        events: 2,
        anchors: 2,
      });
      expect(process.exitCode).toBeUndefined();
      const client = await api.pool.connect();
      await client.query('SET session_replication_role = replica');
      await client.query('TRUNCATE audit_event, audit_stream, audit_anchor');
      client.release(true);
      expect(await medex('verify', '--anchors', anchors, '--json')).toMatchObject({ whole: false, events: 0 });
      expect(process.exitCode).toBe(4);
    } finally {
      process.exitCode = undefined;
      process.env = before;
      spy.mockRestore();
    }
  });
});

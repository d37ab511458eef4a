import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBatchByKey } from '../prisma/repositories/batches';
import { registerImportFile } from '../prisma/repositories/import-files';
import { batchWorkflowId } from '../workflows/messages';
import { until } from './support/until';
import { findingsOf, loadInsurer, moneyOf, openReviewHouse, someInvoices } from './support/review-house';
import type { ReviewHouse } from './support/review-house';

const TRUTH = join(__dirname, 'fixtures', 'open-world', 'truth.csv');

describe('a batch of the whole open world', () => {
  let house: ReviewHouse;
  beforeAll(async () => {
    house = await openReviewHouse();
    await loadInsurer(house.pool);
    await house.review({ key: 'whole' });
  }, 180_000);
  afterAll(() => house.close());

  test('finds exactly what is true, code by code', async () => {
    const truth = new Set(readFileSync(TRUTH, 'utf8').trim().split('\n').slice(1));
    const found = new Set((await findingsOf(house.pool)).map((finding) => finding.split(',').slice(0, 4).join()));
    const codes = [...new Set([...truth, ...found].map((key) => key.split(',')[3]!))].sort();
    const table = codes.map((code) => {
      const wanted = [...truth].filter((key) => key.endsWith(code));
      const got = [...found].filter((key) => key.endsWith(code));
      const right = got.filter((key) => truth.has(key)).length;
      return { code, truth: wanted.length, precision: right / got.length, recall: right / wanted.length };
    });
    console.table(table);
    expect(table.filter((row) => row.precision !== 1 || row.recall !== 1)).toEqual([]);
    expect(found.size).toBe(truth.size);
  });

  test('decides the clean lines and what the policy allows, leaves the rest to people, and loses no kopeck', async () => {
    const states = await house.pool.query<{ state: string; verdicts: number; lines: number }>(
      `SELECT l.state, count(*)::int AS lines, count(v.id)::int AS verdicts FROM invoice_line l
       LEFT JOIN verdict v ON v.line_id = l.id AND v.active GROUP BY 1 ORDER BY 1`,
    );
    expect(states.rows.map((row) => row.state)).toEqual(['auto-accepted', 'decided', 'queued']);
    for (const row of states.rows) expect(row.verdicts).toBe(row.state === 'queued' ? 0 : row.lines);
    const wrong = await house.pool.query(
      `SELECT v.id FROM verdict v WHERE v.billed_kopecks <> v.accepted_kopecks + v.reduced_kopecks + v.refused_kopecks
         + v.patient_share_kopecks OR v.author_kind <> 'rule' OR v.ground = 'medical'`,
    );
    expect(wrong.rows).toEqual([]);
  });

  test('gives every queued line exactly one task, of its person and invoice, with a deadline and an escalation before it', async () => {
    const loose = await house.pool.query(
      `SELECT l.id FROM invoice_line l LEFT JOIN review_task_line r ON r.line_id = l.id LEFT JOIN review_task t ON t.id = r.task_id
       WHERE (l.state = 'queued') <> (t.id IS NOT NULL) OR t.version_id <> l.version_id OR t.policy_id <> l.policy_id
         OR t.escalate_at >= t.deadline OR (t.id IS NOT NULL AND t.clock IS NULL)`,
    );
    expect(loose.rows).toEqual([]);
  });

  test('issues the act of every invoice that is decided as a whole, and starts one workflow for each that waits', async () => {
    const rows = await house.pool.query<{ state: string; versions: number; acts: number; starts: number }>(
      `SELECT v.state, count(*)::int AS versions, count(a.id)::int AS acts, count(o.id)::int AS starts FROM invoice_version v
       LEFT JOIN review_act a ON a.version_id = v.id LEFT JOIN outbox o ON o.key = v.public_id || '/waiting'
         AND o.topic = 'invoice-review-start' GROUP BY 1 ORDER BY 1`,
    );
    const [settled, waiting] = rows.rows;
    expect(rows.rows.map((row) => row.state)).toEqual(['settle-ready', 'waiting']);
    expect(settled).toMatchObject({ acts: settled!.versions, starts: 0 });
    expect(waiting).toMatchObject({ acts: 0, starts: waiting!.versions });
  });

  test('the same business key again is the same batch, and a second batch has nothing to take', async () => {
    const before = await findingsOf(house.pool);
    expect(await house.review({ key: 'again' })).toBeNull();
    const batches = await house.pool.query('SELECT id FROM batch');
    expect(batches.rows).toHaveLength(1);
    expect(await findingsOf(house.pool)).toEqual(before);
  });
});

describe('how a batch is cut', () => {
  const some = someInvoices(60, 60);
  const reviewed = async (tuning: object): Promise<{ findings: string[]; money: object }> => {
    const house = await openReviewHouse();
    try {
      await loadInsurer(house.pool, some);
      await house.review({ tuning });
      return { findings: await findingsOf(house.pool), money: await moneyOf(house.pool) };
    } finally {
      await house.close();
    }
  };

  test('changes nothing: one chunk, many small ones side by side, or a run that continues as new all the time', async () => {
    const whole = await reviewed({ window: 1 });
    const small = { person: 37, 'doctor-day': 5, letter: 3, invoice: 4 };
    const parallel = await reviewed({ window: 8, chunk: small });
    const renewed = await reviewed({ window: 2, chunk: small, maxEvents: 40 });
    expect(whole.findings.length).toBeGreaterThan(20);
    expect(parallel).toEqual(whole);
    expect(renewed).toEqual(whole);
  });
});

describe('a batch that is paused', () => {
  test('starts no new chunk until it is resumed, and says how far it is', async () => {
    const house = await openReviewHouse();
    try {
      await loadInsurer(house.pool, someInvoices(10));
      const businessKey = `${house.queues.flow}/paused`;
      const handle = await house.client.workflow.start('batchReview', {
        workflowId: batchWorkflowId(businessKey),
        taskQueue: house.queues.flow,
        args: [{ selection: { kind: 'untaken' }, queues: house.queues, tuning: { window: 1, chunk: { person: 10 } } }],
      });
      const paused = (await handle.executeUpdate('pause')) as { paused: boolean };
      expect(paused.paused).toBe(true);
      const look = async () => (await handle.query('progress')) as { chunksDone: number; chunksTotal: number };
      await until(async () => (await look()).chunksTotal > 0);
      const first = await look();
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
      const second = (await handle.query('progress')) as { chunksDone: number };
      expect(second.chunksDone).toBe(first.chunksDone);
      expect(first.chunksDone).toBeLessThan(first.chunksTotal);
      await handle.executeUpdate('resume');
      const end = (await handle.result()) as { phase: string; chunksDone: number; chunksTotal: number };
      expect(end).toMatchObject({ phase: 'done', chunksDone: end.chunksTotal });
      const batch = await findBatchByKey(house.pool, businessKey);
      const late = await (await house.api.as('lead-expert')).post(`/v1/batches/${batch!.id}/pause`).expect(409);
      expect(late.body).toMatchObject({ code: 'process-ended', status: 409 });
    } finally {
      await house.close();
    }
  });
});

describe('a batch of one registry', () => {
  let house: ReviewHouse;
  beforeAll(async () => {
    house = await openReviewHouse();
    await loadInsurer(house.pool, someInvoices(6));
    await loadInsurer(house.pool, someInvoices(4, 6));
  });
  afterAll(() => house.close());

  const ended = async ({ body }: { body: { businessKey: string } }): Promise<number> => {
    await house.client.workflow.getHandle(batchWorkflowId(body.businessKey)).result();
    return (await findBatchByKey(house.pool, body.businessKey))?.invoiceCount ?? 0;
  };

  test('takes what that registry brought and leaves the rest to the next batch of everything', async () => {
    const lead = await house.api.as('lead-expert');
    const registries = await lead.get('/v1/invoice-registries').expect(200);
    const [later] = registries.body.items as { registryId: string }[];
    const { registryId } = later!;
    expect(await ended(await lead.post('/v1/batches', { registryId }).expect(202))).toBe(4);
    expect(await ended(await lead.post('/v1/batches', { registryId }).expect(202))).toBe(0);
    expect(await ended(await lead.post('/v1/batches').expect(202))).toBe(6);
  });

  test('is refused for a registry that is unknown or still being read, and to whoever manages no batches', async () => {
    const lead = await house.api.as('lead-expert');
    await lead.post('/v1/batches', { registryId: randomUUID() }).expect(404);
    const waiting = { kind: 'invoices', fileName: 'r.csv', sha256: 'ab'.repeat(32), bytes: 1, receivedBy: null };
    const { file } = await registerImportFile(house.pool, { ...waiting, id: randomUUID(), clinicId: null });
    const early = await lead.post('/v1/batches', { registryId: file.id }).expect(409);
    expect(early.body).toMatchObject({ code: 'registry-not-taken', details: { state: 'receiving' } });
    await lead.post('/v1/batches', { fileId: file.id }).expect(400);
    await (await house.api.as('medical-expert')).post('/v1/batches', { registryId: file.id }).expect(403);
    const { body } = await house.api.anonymous().get('/openapi.json').expect(200);
    expect(JSON.stringify(body.paths['/v1/batches'].post.requestBody)).toContain('"registryId"');
  });
});

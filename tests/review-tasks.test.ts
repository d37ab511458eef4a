import { randomUUID } from 'node:crypto';
import type { Response } from 'supertest';
import type { TestCaller } from './support/api';
import { loadInsurer, moneyOf, openReviewHouse, someInvoices } from './support/review-house';
import type { ReviewHouse } from './support/review-house';
import { textOfPdf } from './support/pdf-text';
import { until } from './support/until';

interface Task {
  taskId: string;
  versionId: string;
  state: string;
  priority: number;
  atRiskKopecks: number;
  deadline: string;
  codes: string[];
  revision: number;
  lineCount: number;
}
interface Detail extends Task {
  lines: { lineNo: number; amountKopecks: number; patientShareKopecks: number; findings: { code: string }[] }[];
}

let house: ReviewHouse;
let expert: TestCaller;
let other: TestCaller;
let lead: TestCaller;

beforeAll(async () => {
  house = await openReviewHouse();
  await loadInsurer(house.pool, someInvoices(60));
  await house.review();
  [expert, other, lead] = await Promise.all([
    house.api.as('medical-expert'),
    house.api.as('medical-expert', { fullName: 'Лебедев Павел Игоревич' }),
    house.api.as('lead-expert', { fullName: 'Морозова Елена Дмитриевна' }),
  ]);
}, 180_000);
afterAll(() => house.close());

const queue = async (caller: TestCaller, query = ''): Promise<{ items: Task[]; next: string | null }> =>
  (await caller.get(`/v1/review-tasks${query}`).expect(200)).body as { items: Task[]; next: string | null };
const openTask = async (): Promise<Task> => (await queue(expert, '?state=open&limit=1')).items[0]!;
const detail = async (task: Task): Promise<Detail> =>
  (await expert.get(`/v1/review-tasks/${task.taskId}`).expect(200)).body as Detail;
const claim = (caller: TestCaller, task: Task) => caller.post(`/v1/review-tasks/${task.taskId}/claim`, {});
const decide = (caller: TestCaller, task: Task, revision: number | string, decisions: object[]) =>
  caller.post(`/v1/review-tasks/${task.taskId}/decisions`, { decisions }).set('If-Match', `"${revision}"`);

describe('the queue', () => {
  test.each([
    ['priority', (a: Task, b: Task) => b.priority - a.priority || b.atRiskKopecks - a.atRiskKopecks],
    [
      'at-risk',
      (a: Task, b: Task) => b.atRiskKopecks - a.atRiskKopecks || Date.parse(a.deadline) - Date.parse(b.deadline),
    ],
    [
      'deadline',
      (a: Task, b: Task) => Date.parse(a.deadline) - Date.parse(b.deadline) || b.atRiskKopecks - a.atRiskKopecks,
    ],
  ] as const)('sorted by %s, page by page, shows every task once', async (sort, order) => {
    const all: Task[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page = await queue(expert, `?sort=${sort}&limit=7${next === '' ? '' : `&cursor=${next}`}`);
      all.push(...page.items);
      next = page.next;
    }
    const total = await house.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM review_task');
    expect(new Set(all.map((task) => task.taskId)).size).toBe(total.rows[0]!.n);
    expect(all).toHaveLength(total.rows[0]!.n);
    for (let at = 1; at < all.length; at += 1) expect(order(all[at - 1]!, all[at]!)).toBeLessThanOrEqual(0);
  });

  test('is filtered by code, money and clinic', async () => {
    const [first] = (await queue(expert)).items;
    const code = first!.codes[0]!;
    const byCode = await queue(expert, `?code=${code}&limit=200`);
    expect(byCode.items.length).toBeGreaterThan(0);
    expect(byCode.items.every((task) => task.codes.includes(code))).toBe(true);
    const rich = await queue(expert, `?minAtRiskKopecks=${first!.atRiskKopecks}&limit=200`);
    expect(rich.items.every((task) => task.atRiskKopecks >= first!.atRiskKopecks)).toBe(true);
    expect((await queue(expert, '?clinic=NONE')).items).toEqual([]);
  });

  test('a doctor of another hub sees nothing of it, nor the task by its id', async () => {
    await house.pool.query(`INSERT INTO hub (code, name) VALUES ('VVO', 'Владивосток') ON CONFLICT DO NOTHING`);
    const hub = await house.pool.query<{ id: number }>(`SELECT id FROM hub WHERE code = 'VVO'`);
    const far = await house.api.as('medical-expert', { hubId: hub.rows[0]!.id });
    expect((await queue(far)).items).toEqual([]);
    await far.get(`/v1/review-tasks/${(await openTask()).taskId}`).expect(404);
  });

  test('a line says why it was flagged, and by which rules it was not', async () => {
    const task = await detail(await openTask());
    const [line] = task.lines;
    const trace = await expert.get(`/v1/invoices/${task.versionId}/lines/${line!.lineNo}/trace`).expect(200);
    const { rules } = trace.body as { rules: { code: string; outcome: string }[] };
    expect(rules).toHaveLength(35);
    const hits = rules.filter((rule) => rule.outcome === 'hit').map((rule) => rule.code);
    expect(hits.sort()).toEqual(line!.findings.map((finding) => finding.code).sort());
  });
});

describe('the routing policy', () => {
  const rules = [{ codes: ['LIMI-03'], maxAtRiskKopecks: 10_000, action: 'accept' }];

  test('is changed by a lead expert as a new version, and never so that a machine cuts on medical grounds', async () => {
    await expert.post('/v1/routing-policies', { effectiveFrom: '2099-01-01', rules }).expect(403);
    const unlawful = [{ codes: ['CLIN-01'], action: 'refuse' }];
    const refused = await lead
      .post('/v1/routing-policies', { effectiveFrom: '2099-01-01', rules: unlawful })
      .expect(422);
    expect(refused.body).toMatchObject({ code: 'routing.unlawful-rule' });
    const made = await lead.post('/v1/routing-policies', { effectiveFrom: '2099-01-01', rules }).expect(201);
    expect(made.body).toEqual({ version: 2, effectiveFrom: '2099-01-01', rules });
    const { items } = (await expert.get('/v1/routing-policies').expect(200)).body as { items: { version: number }[] };
    expect(items.map((policy) => policy.version)).toEqual([2, 1]);
  });
});

describe('claiming', () => {
  test('200 experts race for 50 tasks: each has one winner, every loser gets 409 and learns who it was', async () => {
    const { items } = await queue(expert, '?state=open&limit=50');
    expect(items).toHaveLength(50);
    const experts = await Promise.all(
      Array.from({ length: 200 }, (_, index) => house.api.as('medical-expert', { fullName: `Эксперт Номер ${index}` })),
    );
    const answers = await Promise.all(
      experts.map(async (caller, index) => {
        const task = items[index % items.length]!;
        const { status, body } = await claim(caller, task);
        return { task: task.taskId, caller: caller.user.id, status, body: body as { details?: { holderId: string } } };
      }),
    );
    for (const { taskId } of items) {
      const racers = answers.filter((answer) => answer.task === taskId);
      const winners = racers.filter((answer) => answer.status === 200);
      expect(racers).toHaveLength(4);
      expect(winners).toHaveLength(1);
      for (const loser of racers.filter((answer) => answer.status !== 200)) {
        expect(loser).toMatchObject({ status: 409, body: { code: 'task.held' } });
        expect(loser.body.details!.holderId).toBe(winners[0]!.caller);
      }
    }
    await house.pool.query(
      `UPDATE review_task SET state = 'open', holder_id = NULL, holder_name = NULL, lease_until = NULL WHERE state = 'claimed'`,
    );
  });

  test('a lease that has run out holds nobody off; a released task is open to all', async () => {
    const task = await openTask();
    await claim(expert, task).expect(200);
    expect((await claim(other, task)).status).toBe(409);
    await house.pool.query(`UPDATE review_task SET lease_until = now() - interval '1 minute' WHERE id = $1`, [
      task.taskId,
    ]);
    await claim(other, task).expect(200);
    await expert.post(`/v1/review-tasks/${task.taskId}/release`).expect(409);
    await other.post(`/v1/review-tasks/${task.taskId}/release`).expect(200);
    await claim(expert, task).expect(200);
    await expert.post(`/v1/review-tasks/${task.taskId}/release`).expect(200);
  });

  test.each(['analyst', 'administrator', 'clinic', 'insured'] as const)('%s cannot claim', async (role) => {
    const answer = await claim(await house.api.as(role), await openTask());
    expect(answer.status).toBe(403);
  });
});

describe('deciding', () => {
  test('without a claim, with an old revision or by somebody else nothing is decided', async () => {
    const task = await detail(await openTask());
    const accept = task.lines.map((line) => ({ lineNo: line.lineNo, kind: 'accept' }));
    await decide(expert, task, task.revision, accept).expect(409);
    const claimed = (await claim(expert, task).expect(200)).body as { revision: number };
    await decide(expert, task, claimed.revision + 5, accept).expect(412);
    const held = await decide(other, task, claimed.revision, accept).expect(409);
    expect(held.body).toMatchObject({ code: 'task.held', details: { holderId: expert.user.id } });
    await expert.post(`/v1/review-tasks/${task.taskId}/decisions`, { decisions: accept }).expect(428);
    await expert.post(`/v1/review-tasks/${task.taskId}/release`).expect(200);
    expect((await detail(task)).lines.every((line) => 'verdict' in line)).toBe(true);
  });

  test.each([
    ['without a reason', { kind: 'refuse' }],
    ['with a reason that is none', { kind: 'refuse', reasonCode: 'OTHER-01' }],
    ['more than was asked', { kind: 'reduce', reasonCode: 'LIMI-01', acceptedKopecks: 999_999_999_999 }],
  ])('a cut %s is a 422', async (_name, decision) => {
    const task = await detail(await openTask());
    const { revision } = (await claim(expert, task).expect(200)).body as { revision: number };
    const answer = await decide(expert, task, revision, [{ lineNo: task.lines[0]!.lineNo, ...decision }]);
    expect(answer.status).toBe(422);
    await expert.post(`/v1/review-tasks/${task.taskId}/release`).expect(200);
  });

  test.each([
    ['a billed quantity', 'UPDATE invoice_line SET quantity = quantity + 1'],
    ['a billed price', 'UPDATE invoice_line SET unit_price_kopecks = unit_price_kopecks - 1'],
    ['a billed amount', 'UPDATE invoice_line SET amount_kopecks = amount_kopecks - 1'],
    ['a billed line', 'DELETE FROM invoice_line'],
    ['a verdict', "UPDATE verdict SET kind = 'accept', reason_code = NULL"],
    ['a verdict beside its reversal', 'UPDATE verdict SET active = false, billed_kopecks = billed_kopecks + 1'],
    ['a verdict on record', 'DELETE FROM verdict'],
    ['a finding', 'UPDATE finding SET at_risk_kopecks = 0'],
    ['a finding on record', 'DELETE FROM finding'],
  ])('the database itself keeps %s as it is', async (_name, sql) => {
    await expect(house.pool.query(sql)).rejects.toMatchObject({ code: '23001' });
  });

  test('the database itself refuses a medical refusal by a machine, and a second active verdict', async () => {
    const line = await house.pool.query<{ id: number; amount: number }>(
      `SELECT id, amount_kopecks AS amount FROM invoice_line WHERE state = 'queued' LIMIT 1`,
    );
    const { id, amount } = line.rows[0]!;
    const insert = (ground: string, code: string, author: string) =>
      house.pool.query(
        `INSERT INTO verdict (line_id, kind, ground, reason_code, billed_kopecks, accepted_kopecks, reduced_kopecks,
           refused_kopecks, patient_share_kopecks, author_kind, rule_set_version)
         VALUES ($1, 'refuse', $2, $3, $4, 0, 0, $4, 0, $5, 'RS-1')`,
        [id, ground, code, amount, author],
      );
    await expect(insert('medical', 'CLIN-01', 'rule')).rejects.toMatchObject({ code: '23514' });
    await expect(insert('administrative', 'CLIN-01', 'rule')).rejects.toMatchObject({ code: '23514' });
    await expect(insert('medical', 'CLIN-01', 'doctor')).rejects.toMatchObject({ code: '23514' });
    const decided = await house.pool.query<{ line: number }>(
      'SELECT line_id AS line FROM verdict WHERE active LIMIT 1',
    );
    await expect(
      house.pool.query(
        `INSERT INTO verdict (line_id, kind, billed_kopecks, accepted_kopecks, reduced_kopecks, refused_kopecks,
           patient_share_kopecks, author_kind, rule_set_version) VALUES ($1, 'accept', 1, 1, 0, 0, 0, 'rule', 'RS-1')`,
        [decided.rows[0]!.line],
      ),
    ).rejects.toMatchObject({ code: '23505' });
  });

  test('two doctors who decide at once: one verdict a line; the same request twice is one decision', async () => {
    const task = await detail(await openTask());
    const { revision } = (await claim(expert, task).expect(200)).body as { revision: number };
    const accept = task.lines.map((line) => ({ lineNo: line.lineNo, kind: 'accept' }));
    const key = randomUUID();
    const [first, second] = await Promise.all([
      decide(expert, task, revision, accept).set('Idempotency-Key', key),
      decide(other, task, revision, accept),
    ]);
    expect([first.status, second.status]).toEqual([200, 409]);
    const again = await decide(expert, task, revision, accept).set('Idempotency-Key', key).expect(200);
    expect(again.body).toEqual(first.body);
    const verdicts = await house.pool.query(
      'SELECT v.id FROM verdict v JOIN review_task_line r ON r.line_id = v.line_id WHERE r.task_id = $1',
      [task.taskId],
    );
    expect(verdicts.rows).toHaveLength(task.lines.length);
  });
});

describe('documents', () => {
  test('a hold stops the clock and asks the clinic; its answer starts the clock and opens the task', async () => {
    const task = await openTask();
    const { revision } = (await claim(expert, task).expect(200)).body as { revision: number };
    const held = await expert
      .post(`/v1/review-tasks/${task.taskId}/hold`, { textToClinic: 'Пришлите выписку из карты' })
      .set('If-Match', `"${revision}"`)
      .expect(200);
    expect(held.body).toMatchObject({ taskState: 'on-hold' });
    await claim(other, task).expect(409);
    const clinic = await house.pool.query<{ id: number }>(
      `SELECT i.clinic_id AS id FROM review_task t JOIN invoice_version v ON v.id = t.version_id JOIN invoice i ON i.id = v.invoice_id
       WHERE t.id = $1`,
      [task.taskId],
    );
    const asked = await house.api.as('clinic', { clinicId: clinic.rows[0]!.id });
    const list = (await asked.get('/v1/document-requests').expect(200)).body as {
      items: { documentRequestId: string }[];
    };
    const path = `/v1/review-tasks/${task.taskId}/documents/${list.items[0]!.documentRequestId}/answer`;
    const stranger = await house.api.as('clinic', { clinicId: clinic.rows[0]!.id + 1 });
    await stranger.post(path, { answerText: 'Чужой' }).expect(404);
    const answered = await asked.post(path, { answerText: 'Выписка приложена' }).expect(200);
    expect(answered.body).toMatchObject({ taskState: 'open' });
    await asked.post(path, { answerText: 'Другая' }).expect(409);
    const clock = await house.pool.query<{ clock: { pausedAt: string | null; dueAt: string } }>(
      'SELECT clock FROM review_task WHERE id = $1',
      [task.taskId],
    );
    expect(clock.rows[0]!.clock).toMatchObject({ pausedAt: null, dueAt: expect.any(String) });
  });
});

describe('the whole way of an invoice', () => {
  test('after the last decision its act is issued with totals to the kopeck; a reversal issues a supplement', async () => {
    const first = await openTask();
    const { versionId } = first;
    const own = async (): Promise<Task[]> => (await queue(expert, `?state=open&limit=200&invoice=${versionId}`)).items;
    for (const task of await own()) {
      const { lines } = await detail(task);
      const { revision } = (await claim(expert, task).expect(200)).body as { revision: number };
      const decisions = lines.map((line, index) =>
        index % 2 === 0
          ? { lineNo: line.lineNo, kind: 'refuse', reasonCode: 'CLIN-01', noteToClinic: 'Нет показаний' }
          : { lineNo: line.lineNo, kind: 'accept' },
      );
      await decide(expert, task, revision, decisions).expect(200);
    }
    const state = async () =>
      ((await expert.get(`/v1/invoices/${versionId}`).expect(200)).body as { state: string }).state;
    await until(async () => (await state()) === 'settle-ready');
    const invoice = (await expert.get(`/v1/invoices/${versionId}`).expect(200)).body as Record<string, number>;
    expect(
      invoice.acceptedKopecks! + invoice.reducedKopecks! + invoice.refusedKopecks! + invoice.patientShareKopecks!,
    ).toBe(invoice.billedKopecks);

    const acts = (await expert.get(`/v1/invoices/${versionId}/acts`).expect(200)).body as {
      items: { actId: string }[];
    };
    expect(acts.items).toHaveLength(1);
    const act = (await expert.get(`/v1/acts/${acts.items[0]!.actId}`).expect(200)).body as {
      act: { totals: Record<string, number>; doctors: string[]; lines: { lineNo: number; kind: string }[] };
    };
    expect(act.act.totals).toEqual({
      billedKopecks: invoice.billedKopecks,
      acceptedKopecks: invoice.acceptedKopecks,
      reducedKopecks: invoice.reducedKopecks,
      refusedKopecks: invoice.refusedKopecks,
      patientShareKopecks: invoice.patientShareKopecks,
    });
    expect(act.act.doctors).toEqual(['Иванова Мария Петровна']);
    const pdf = await expert.get(`/v1/acts/${acts.items[0]!.actId}/pdf`).buffer(true).parse(bytes).expect(200);
    const text = await textOfPdf(pdf.body as Buffer);
    expect(text).toContain('Акт медицинской экспертизы');
    expect(text).toContain((invoice.acceptedKopecks! / 100).toFixed(2));

    const refused = act.act.lines.find((line) => line.kind === 'refuse')!;
    const reversal = { lineNo: refused.lineNo, kind: 'accept' };
    await expert.post(`/v1/invoices/${versionId}/reversals`, reversal).expect(403);
    await lead.post(`/v1/invoices/${versionId}/reversals`, reversal).expect(200);
    await until(async () => {
      const list = await expert.get(`/v1/invoices/${versionId}/acts`).expect(200);
      return (list.body as { items: object[] }).items.length === 2;
    });
    const verdicts = await house.pool.query<{ active: boolean; reverses: boolean }>(
      `SELECT v.active, v.reverses_id IS NOT NULL AS reverses FROM verdict v JOIN invoice_line l ON l.id = v.line_id
       JOIN invoice_version iv ON iv.id = l.version_id WHERE iv.public_id = $1 AND l.line_no = $2 ORDER BY v.id`,
      [versionId, refused.lineNo],
    );
    expect(verdicts.rows).toEqual([
      { active: false, reverses: false },
      { active: true, reverses: true },
    ]);
  }, 120_000);

  test('an act that nobody had to decide is rendered when it is first asked for', async () => {
    const row = await house.pool.query<{ id: string }>('SELECT id FROM review_act WHERE pdf IS NULL LIMIT 1');
    const first = await expert.get(`/v1/acts/${row.rows[0]!.id}/pdf`).buffer(true).parse(bytes).expect(200);
    const second = await expert.get(`/v1/acts/${row.rows[0]!.id}/pdf`).buffer(true).parse(bytes).expect(200);
    expect(first.body).toEqual(second.body);
    expect(await textOfPdf(first.body as Buffer)).toContain('Принято к оплате');
  });

  test('not a kopeck is lost on the way', async () => {
    const money = await house.pool.query<{ wrong: number }>(
      `SELECT count(*)::int AS wrong FROM verdict WHERE active AND billed_kopecks <>
         accepted_kopecks + reduced_kopecks + refused_kopecks + patient_share_kopecks`,
    );
    expect(money.rows[0]!.wrong).toBe(0);
    expect((await moneyOf(house.pool)).decided).toBeGreaterThan(0);
  });
});

function bytes(res: Response, done: (error: Error | null, body: unknown) => void): void {
  const parts: Buffer[] = [];
  res.on('data', (part: Buffer) => parts.push(part));
  res.on('end', () => done(null, Buffer.concat(parts)));
}

import type { TestCaller } from './support/api';
import { loadInsurer, openReviewHouse, someInvoices } from './support/review-house';
import type { ReviewHouse } from './support/review-house';

interface Task {
  taskId: string;
  versionId: string;
  state: string;
  superseded: boolean;
  holder: { id: string } | null;
  leaseUntil: string | null;
  revision: number;
}
interface Page<T> {
  items: T[];
  next: string | null;
}
interface Owed {
  documentRequestId: string;
  taskId: string;
}

let house: ReviewHouse;
let expert: TestCaller;
let other: TestCaller;
let clinic: TestCaller;

beforeAll(async () => {
  house = await openReviewHouse();
  await loadInsurer(house.pool, someInvoices(30));
  await house.review();
  const [{ id: clinicId } = { id: 0 }] = (
    await house.pool.query<{ id: number }>(
      `SELECT i.clinic_id AS id FROM review_task t JOIN invoice_version v ON v.id = t.version_id
       JOIN invoice i ON i.id = v.invoice_id GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`,
    )
  ).rows;
  [expert, other, clinic] = await Promise.all([
    house.api.as('medical-expert'),
    house.api.as('medical-expert', { fullName: 'Лебедев Павел Игоревич' }),
    house.api.as('clinic', { clinicId }),
  ]);
}, 180_000);
afterAll(() => house.close());

const queue = async (caller: TestCaller, query = ''): Promise<Task[]> =>
  ((await caller.get(`/v1/review-tasks?limit=200${query}`).expect(200)).body as Page<Task>).items;
const idsOf = (tasks: readonly { taskId: string }[]): string[] => tasks.map((task) => task.taskId);
const read = async (task: Task): Promise<Task & { lines: { lineNo: number }[] }> =>
  (await expert.get(`/v1/review-tasks/${task.taskId}`).expect(200)).body as Task & { lines: { lineNo: number }[] };
const claim = (caller: TestCaller, task: Task) => caller.post(`/v1/review-tasks/${task.taskId}/claim`, {});
const release = (caller: TestCaller, task: Task) => caller.post(`/v1/review-tasks/${task.taskId}/release`);
const accept = async (caller: TestCaller, task: Task) => {
  const { lines } = await read(task);
  const decisions = lines.map(({ lineNo }) => ({ lineNo, kind: 'accept' }));
  return caller.post(`/v1/review-tasks/${task.taskId}/decisions`, { decisions }).set('If-Match', '*');
};
const hold = async (task: Task): Promise<void> => {
  await claim(expert, task).expect(200);
  const body = { textToClinic: 'Пришлите выписку из карты' };
  await expert.post(`/v1/review-tasks/${task.taskId}/hold`, body).set('If-Match', '*').expect(200);
};
const owed = async (query = ''): Promise<Page<Owed>> =>
  (await clinic.get(`/v1/document-requests${query}`).expect(200)).body as Page<Owed>;
/** Open tasks of the clinic's invoices. */
const open = async (): Promise<Task[]> => {
  const rows = await house.pool.query<{ code: string }>('SELECT code FROM clinic WHERE id = $1', [
    clinic.user.clinicId,
  ]);
  return queue(expert, `&state=open&clinic=${rows.rows[0]!.code}`);
};

describe('a claim whose lease has run out', () => {
  test('counts and shows as open: in the list, in the task, with an ETag of its own', async () => {
    const [task] = await open();
    await claim(expert, task!).expect(200);
    const seen = await expert.get(`/v1/review-tasks/${task!.taskId}`).expect(200);
    expect(seen.body).toMatchObject({ state: 'claimed', holder: { id: expert.user.id } });
    expect(idsOf(await queue(expert, '&mine=true'))).toContain(task!.taskId);
    await house.pool.query(`UPDATE review_task SET lease_until = now() - interval '1 second' WHERE id = $1`, [
      task!.taskId,
    ]);

    const free = { state: 'open', holder: null, leaseUntil: null, superseded: false };
    expect((await queue(other, '&state=open')).find((each) => each.taskId === task!.taskId)).toMatchObject(free);
    expect((await queue(other)).find((each) => each.taskId === task!.taskId)).toMatchObject(free);
    expect(idsOf(await queue(other, '&state=claimed'))).not.toContain(task!.taskId);
    expect(idsOf(await queue(expert, '&mine=true'))).not.toContain(task!.taskId);
    const again = await expert
      .get(`/v1/review-tasks/${task!.taskId}`)
      .set('If-None-Match', seen.headers.etag!)
      .expect(200);
    expect(again.body).toMatchObject(free);

    expect((await accept(other, task!)).body).toMatchObject({ status: 409, code: 'task.not-held' });
    expect((await release(other, task!)).body).toMatchObject({ status: 409, code: 'task.not-held' });
    await claim(other, task!).expect(200);
    expect((await accept(expert, task!)).body).toMatchObject({
      code: 'task.held',
      details: { holderId: other.user.id },
    });
    await release(other, task!).expect(200);
  });

  test('an ETag of the task is what a decision needs in If-Match', async () => {
    const [task] = await open();
    await claim(expert, task!).expect(200);
    const { headers, body } = await expert.get(`/v1/review-tasks/${task!.taskId}`).expect(200);
    const decisions = [{ lineNo: (body as { lines: { lineNo: number }[] }).lines[0]!.lineNo, kind: 'accept' }];
    const path = `/v1/review-tasks/${task!.taskId}/decisions`;
    const decided = await expert.post(path, { decisions }).set('If-Match', headers.etag!);
    expect(decided.status).toBe(200);
  });
});

describe('document requests', () => {
  test('are listed page by page, oldest first, as long as they can be answered', async () => {
    const tasks = (await open()).slice(0, 5);
    for (const task of tasks) await hold(task);
    const pages: Owed[][] = [];
    for (let next: string | null = ''; next !== null;) {
      const page: Page<Owed> = await owed(`?limit=2${next === '' ? '' : `&cursor=${next}`}`);
      pages.push(page.items);
      next = page.next;
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(idsOf(pages.flat())).toEqual(idsOf(tasks));
    await clinic.get('/v1/document-requests?cursor=eyJhIjoxfQ').expect(400);

    const [answered, cancelled, ...rest] = pages.flat();
    const path = `/v1/review-tasks/${answered!.taskId}/documents/${answered!.documentRequestId}/answer`;
    await clinic.post(path, { answerText: 'Приложена' }).expect(200);
    await house.pool.query(`UPDATE review_task SET state = 'cancelled' WHERE id = $1`, [cancelled!.taskId]);
    expect((await owed()).items).toEqual(rest);
  });
});

describe('an invoice that gets a newer version', () => {
  test('its tasks are no longer offered nor handed out, before any batch has cancelled them', async () => {
    const tasks = await open();
    const versionId = tasks.find(
      (task) => tasks.filter((each) => each.versionId === task.versionId).length >= 3,
    )!.versionId;
    const [mine, asked, left] = tasks.filter((task) => task.versionId === versionId);
    await hold(asked!);
    await claim(expert, mine!).expect(200);
    const row = await house.pool.query<{ key: string }>(
      `SELECT c.code || ',' || i.invoice_no || ',' AS key FROM invoice_version v JOIN invoice i ON i.id = v.invoice_id
       JOIN clinic c ON c.id = i.clinic_id WHERE v.public_id = $1`,
      [versionId],
    );
    await loadInsurer(
      house.pool,
      (each) => each.startsWith(row.rows[0]!.key),
      (rows) => rows.slice(1),
    );

    const ofInvoice = `&invoice=${versionId}`;
    for (const state of ['', '&state=open', '&state=claimed', '&state=on-hold']) {
      expect(await queue(other, ofInvoice + state)).toEqual([]);
    }
    expect((await claim(other, left!)).body).toMatchObject({ status: 409, code: 'invoice.superseded' });
    expect(idsOf((await owed()).items)).not.toContain(asked!.taskId);

    // Who is at work on one is told, and can let go of it.
    expect(await queue(expert, ofInvoice)).toMatchObject([{ taskId: mine!.taskId, superseded: true }]);
    expect(await read(mine!)).toMatchObject({ state: 'claimed', superseded: true });
    expect((await claim(expert, mine!)).body).toMatchObject({ status: 409, code: 'invoice.superseded' });
    expect((await accept(expert, mine!)).body).toMatchObject({ status: 409, code: 'invoice.superseded' });
    await release(expert, mine!).expect(200);
    expect(await queue(expert, ofInvoice)).toEqual([]);
  });
});

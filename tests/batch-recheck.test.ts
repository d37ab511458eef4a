import { findingsOf, loadInsurer, moneyOf, openReviewHouse, someInvoices } from './support/review-house';
import type { ReviewHouse } from './support/review-house';
import { until } from './support/until';

const FIRST = 40;
const all = someInvoices(80);

/** An invoice of the first batch under a new content: its first line is gone. */
function withoutFirstLine(rows: string[]): string[] {
  return rows.slice(1);
}

describe('invoices that come late', () => {
  let whole: ReviewHouse;
  let parts: ReviewHouse;
  beforeAll(async () => {
    [whole, parts] = await Promise.all([openReviewHouse(), openReviewHouse()]);
    await loadInsurer(whole.pool, all);
    await whole.review();
    // The later half comes first: its lines are checked without the history that the earlier half brings afterwards.
    await loadInsurer(parts.pool, someInvoices(80 - FIRST, FIRST));
    await parts.review();
    await loadInsurer(parts.pool, someInvoices(FIRST));
    await parts.review();
  }, 240_000);
  afterAll(() => Promise.all([whole.close(), parts.close()]));

  test('undecided lines get the findings that they would have had at once; decided ones stay, with a notice', async () => {
    const wanted = new Set(await findingsOf(whole.pool));
    const found = new Set(await findingsOf(parts.pool));
    const noticed = await parts.pool.query<{ line: string; were: string[]; now: string[] }>(
      `SELECT concat_ws(',', c.code, i.invoice_no, l.line_no) AS line, n.codes_were AS were, n.codes_now AS now
       FROM recheck_notice n JOIN invoice_line l ON l.id = n.line_id JOIN invoice i ON i.id = l.invoice_id
       JOIN clinic c ON c.id = l.clinic_id`,
    );
    const lineOf = (finding: string): string => finding.split(',').slice(0, 3).join();
    const listed = new Set(noticed.rows.map((row) => row.line));
    const differing = [...wanted]
      .filter((each) => !found.has(each))
      .concat([...found].filter((each) => !wanted.has(each)));
    // Lines refused by rule leave the history of later batches: what they would have changed is not a difference.
    const unexplained = differing.filter((finding) => !listed.has(lineOf(finding)));
    const refusedBefore = await parts.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM verdict v JOIN batch b ON b.id = v.batch_id WHERE v.kind = 'refuse'`,
    );
    expect(refusedBefore.rows[0]!.n).toBeGreaterThan(0);
    expect(unexplained).toEqual([]);
    for (const row of noticed.rows) expect(row.were ?? []).not.toEqual(row.now ?? []);
  });

  test('what was decided before is never changed by a later batch', async () => {
    const changed = await parts.pool.query(
      `SELECT v.id FROM verdict v WHERE NOT v.active OR (SELECT count(*) FROM verdict o WHERE o.line_id = v.line_id) > 1`,
    );
    expect(changed.rows).toEqual([]);
  });

  test('tasks follow the findings of their lines', async () => {
    const wrong = await parts.pool.query(
      `SELECT t.id FROM review_task t WHERE t.state = 'open' AND t.codes <> (
         SELECT array_agg(DISTINCT f.code ORDER BY f.code) FROM review_task_line r
         JOIN finding f ON f.line_id = r.line_id AND f.active WHERE r.task_id = t.id)`,
    );
    expect(wrong.rows).toEqual([]);
  });
});

describe('a new version of an invoice', () => {
  test('supersedes the old one: open tasks are cancelled, the old workflow ends, the new lines are reviewed', async () => {
    const house = await openReviewHouse();
    try {
      await loadInsurer(house.pool, someInvoices(12));
      await house.review();
      await until(async () => {
        const left = await house.pool.query('SELECT 1 FROM outbox WHERE done_at IS NULL');
        return left.rows.length === 0;
      });
      const old = await house.pool.query<{ id: number; publicId: string; key: string }>(
        `SELECT v.id, v.public_id AS "publicId", c.code || ',' || i.invoice_no || ',' AS key FROM invoice_version v
         JOIN invoice i ON i.id = v.invoice_id JOIN clinic c ON c.id = i.clinic_id
         WHERE v.state = 'waiting' ORDER BY v.id LIMIT 1`,
      );
      const { id, publicId, key } = old.rows[0]!;
      await loadInsurer(house.pool, (row) => row.startsWith(key), withoutFirstLine);
      await house.review();

      const versions = await house.pool.query<{ version: number; state: string; current: boolean }>(
        `SELECT n.version, n.state, n.current FROM invoice_version o JOIN invoice_version n ON n.invoice_id = o.invoice_id
         WHERE o.id = $1 ORDER BY n.version`,
        [id],
      );
      expect(versions.rows[0]).toMatchObject({ version: 1, state: 'superseded', current: false });
      expect(versions.rows[1]).toMatchObject({ version: 2, current: true });
      const open = await house.pool.query(
        `SELECT id FROM review_task WHERE version_id = $1 AND state NOT IN ('cancelled', 'decided')`,
        [id],
      );
      expect(open.rows).toEqual([]);
      const handle = house.client.workflow.getHandle(`invoice-review/${publicId}`);
      await until(async () => (await handle.describe()).status.name === 'COMPLETED');
      const money = await moneyOf(house.pool);
      const queued = await house.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM invoice_line WHERE current AND state = 'queued'`,
      );
      expect(money.decided + queued.rows[0]!.n).toBe(money.lines);
    } finally {
      await house.close();
    }
  }, 120_000);
});

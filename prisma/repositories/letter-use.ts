import type { Queryable } from '../pool';
import { lockPeopleOf } from './letter-limits';
import { lockLetterRefs } from './letter-recheck';

/** Outbox topic: what invoices have taken of a letter may have changed; its workflow counts anew. */
export const LETTER_USE_TOPIC = 'letter-use';

/**
 * Queues every letter that a batch's lines cite, in the transaction that ends the batch: lines that it brought, lines of
 * older versions that it took away, and earlier lines that it has decided.
 */
export async function queueLetterUses(tx: Queryable, batchId: string, rerouted: readonly number[]): Promise<void> {
  await tx.query(
    `INSERT INTO outbox (topic, key, payload)
     SELECT DISTINCT $2, r.request_id || ':' || $1, jsonb_build_object('requestId', r.request_id)
     FROM (
       SELECT l.letter_ref_id FROM invoice_version n
         JOIN invoice_version v ON v.invoice_id = n.invoice_id AND (v.id = n.id OR NOT v.current)
         JOIN invoice_line l ON l.version_id = v.id WHERE n.batch_id = $1::uuid
       UNION SELECT l.letter_ref_id FROM invoice_line l WHERE l.id = ANY($3::bigint[])) cited
       JOIN letter_request_line r ON r.letter_ref_id = cited.letter_ref_id
     ON CONFLICT (topic, key) DO NOTHING`,
    [batchId, LETTER_USE_TOPIC, rerouted],
  );
}

/** What invoices have taken of one line of a letter, in all. */
export interface LineUse {
  readonly lineNo: number;
  readonly quantity: number;
  readonly kopecks: number;
}

/**
 * What current invoice lines have taken of letters: all of a line without a verdict, nothing of a refused one, and of a
 * reduced one its units and what is still paid for it, by the insurer and the patient. By request.
 */
export async function readLetterUse(
  db: Queryable,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, readonly LineUse[]>> {
  const rows = await db.query<{ requestId: string; lines: LineUse[] }>(
    `SELECT u.request_id AS "requestId", json_agg(json_build_object('lineNo', u.line_no, 'quantity', u.quantity,
       'kopecks', u.kopecks) ORDER BY u.line_no) AS lines
     FROM (
       SELECT r.request_id, r.line_no, sum(l.quantity) AS quantity,
         sum(l.amount_kopecks - coalesce(v.reduced_kopecks, 0)) AS kopecks
       FROM letter_request_line r JOIN invoice_line l ON l.letter_ref_id = r.letter_ref_id AND l.current
         LEFT JOIN verdict v ON v.line_id = l.id AND v.active
       WHERE r.request_id = ANY($1::uuid[]) AND v.kind IS DISTINCT FROM 'refuse'
       GROUP BY r.request_id, r.line_no) u
     GROUP BY u.request_id`,
    [requestIds],
  );
  return new Map(rows.rows.map((row) => [row.requestId, row.lines]));
}

/** Letters that invoice lines cite: requests of this product, and the numbers of every kind of letter. */
export interface CitedLetters {
  readonly requestIds: readonly string[];
  readonly letterRefIds: readonly number[];
}

/** What these lines of an invoice version (by its public id) cite. */
export async function citedLetters(
  db: Queryable,
  versionId: string,
  lineNos: readonly number[],
): Promise<CitedLetters> {
  const rows = await db.query<{ refId: number; requestId: string | null }>(
    `SELECT DISTINCT l.letter_ref_id AS "refId", r.request_id AS "requestId"
     FROM invoice_version v JOIN invoice_line l ON l.version_id = v.id
       LEFT JOIN letter_request_line r ON r.letter_ref_id = l.letter_ref_id
     WHERE v.public_id = $1 AND l.line_no = ANY($2::int[]) AND l.letter_ref_id IS NOT NULL ORDER BY 1`,
    [versionId, lineNos],
  );
  const requestIds = rows.rows.flatMap(({ requestId }) => (requestId === null ? [] : [requestId]));
  return { requestIds: [...new Set(requestIds)].sort(), letterRefIds: rows.rows.map(({ refId }) => refId) };
}

/**
 * Locks what a change of verdicts will move, before anything else is locked: the requests, then their people, then the
 * numbers (letters that came by file have nothing else), each in order, so that no two changes wait for each other.
 */
export async function lockCited(tx: Queryable, { requestIds, letterRefIds }: CitedLetters): Promise<void> {
  await tx.query('SELECT 1 FROM letter_request WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE', [requestIds]);
  await lockPeopleOf(tx, requestIds);
  await lockLetterRefs(tx, letterRefIds);
}

/** One invoice line that cites a letter, and what it takes of it. */
export interface LetterUseRow {
  readonly lineNo: number;
  readonly versionId: string;
  readonly invoiceNo: string;
  readonly invoiceLineNo: number;
  readonly serviceDate: string;
  readonly quantity: number;
  /** What it takes: nothing when refused, less than billed when reduced. */
  readonly takenQuantity: number;
  readonly takenKopecks: number;
  /** accept, reduce or refuse; null: not decided yet. */
  readonly verdict: string | null;
  /** This line and those before it take more than was promised. */
  readonly beyond: boolean;
}

/**
 * The invoice lines that cite a request's letter, in the order in which they take of it.
 * @param ownOnly for readers outside: without lines of other people or clinics that cite it by mistake (they count)
 */
export async function listLetterUses(db: Queryable, requestId: string, ownOnly: boolean): Promise<LetterUseRow[]> {
  const rows = await db.query<LetterUseRow & Record<string, unknown>>(
    `SELECT "lineNo", "versionId", "invoiceNo", "invoiceLineNo", "serviceDate", quantity, "takenQuantity", "takenKopecks",
       verdict, beyond
     FROM (
       SELECT u.*, "takenQuantity" > 0 AND (sum("takenQuantity") OVER takes > promised OR sum("takenKopecks") OVER takes > kopecks)
         AS beyond
       FROM (
         SELECT r.line_no AS "lineNo", v.public_id AS "versionId", i.invoice_no AS "invoiceNo",
           l.line_no AS "invoiceLineNo", l.service_date AS "serviceDate", l.quantity, d.kind AS verdict,
           CASE WHEN d.kind = 'refuse' THEN 0 ELSE l.quantity END AS "takenQuantity",
           CASE WHEN d.kind = 'refuse' THEN 0 ELSE l.amount_kopecks - coalesce(d.reduced_kopecks, 0) END AS "takenKopecks",
           r.approved_quantity AS promised, r.approved_kopecks AS kopecks,
           c.code AS clinic, l.policy_id = q.policy_id AND l.clinic_id = q.clinic_id AS own
         FROM letter_request q JOIN letter_request_line r ON r.request_id = q.id
           JOIN invoice_line l ON l.letter_ref_id = r.letter_ref_id AND l.current
           JOIN invoice_version v ON v.id = l.version_id JOIN invoice i ON i.id = v.invoice_id
           JOIN clinic c ON c.id = l.clinic_id LEFT JOIN verdict d ON d.line_id = l.id AND d.active
         WHERE q.id = $1) u
       WINDOW takes AS (PARTITION BY "lineNo" ORDER BY "serviceDate", clinic COLLATE "C", "invoiceNo" COLLATE "C", "invoiceLineNo")) w
     WHERE own OR NOT $2 ORDER BY "lineNo", "serviceDate", clinic COLLATE "C", "invoiceNo" COLLATE "C", "invoiceLineNo"`,
    [requestId, ownOnly],
  );
  return rows.rows;
}

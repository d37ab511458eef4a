import type { RowFilter } from '../../models/access/policy';
import type { Deadline } from '../../models/calendar';
import type { BilledLine } from '../../models/review-case/money';
import type { Queryable } from '../pool';
import { filterSql } from './row-filter';

export interface DisputedAct {
  readonly actId: string;
  readonly number: string;
  readonly issuedAt: string;
  readonly versionId: number;
  readonly current: boolean;
  readonly clinicId: number;
  readonly hubId: number;
}

/** The act that a clinic answers; null when it is not there or somebody else's. */
export async function actToDispute(db: Queryable, actId: string, filter: RowFilter): Promise<DisputedAct | null> {
  const values: unknown[] = [actId];
  const rows = await db.query<DisputedAct & Record<string, unknown>>(
    `SELECT a.id AS "actId", a.number, a.issued_at AS "issuedAt", v.id AS "versionId", v.current, c.id AS "clinicId",
       c.hub_id AS "hubId"
     FROM review_act a JOIN invoice_version v ON v.id = a.version_id JOIN invoice i ON i.id = v.invoice_id
     JOIN clinic c ON c.id = i.clinic_id
     WHERE a.id = $1 AND ${filterSql(filter, { clinicId: 'c.id', hubId: 'c.hub_id' }, values)}`,
    values,
  );
  return rows.rows[0] ?? null;
}

export interface CutLine {
  readonly lineId: number;
  readonly lineNo: number;
  readonly verdictId: number;
  readonly cutKopecks: number;
  /** Doctors of the active verdict and of every one before it. */
  readonly doctors: string[];
  /** Reason code, and with its guideline where it has one. */
  readonly rules: string[];
  readonly disputed: boolean;
}

/** Lines of a version that were refused or reduced, locked. */
export async function cutLines(tx: Queryable, versionId: number, lineNos: readonly number[]): Promise<CutLine[]> {
  // Locked by a statement of its own: the one that reads then sees what was disputed while it waited.
  await tx.query(
    'SELECT 1 FROM invoice_line WHERE version_id = $1 AND line_no = ANY($2::int[]) ORDER BY line_no FOR UPDATE',
    [versionId, lineNos],
  );
  const rows = await tx.query<CutLine & Record<string, unknown>>(
    `SELECT l.id AS "lineId", l.line_no AS "lineNo", d.id AS "verdictId",
       d.reduced_kopecks + d.refused_kopecks AS "cutKopecks",
       ARRAY(SELECT DISTINCT e.doctor_id FROM verdict e WHERE e.line_id = l.id AND e.doctor_id IS NOT NULL) AS doctors,
       array_remove(ARRAY[d.reason_code, (SELECT d.reason_code || '/' || f.guideline_id FROM finding f
         WHERE f.line_id = l.id AND f.active AND f.code = d.reason_code AND f.guideline_id IS NOT NULL)], NULL) AS rules,
       EXISTS (SELECT 1 FROM dispute_line x WHERE x.verdict_id = d.id) AS disputed
     FROM invoice_line l JOIN verdict d ON d.line_id = l.id AND d.active AND d.kind <> 'accept'
     WHERE l.version_id = $1 AND l.line_no = ANY($2::int[]) ORDER BY l.line_no`,
    [versionId, lineNos],
  );
  return rows.rows;
}

export interface DisputeDraft {
  readonly id: string;
  readonly act: DisputedAct;
  readonly filedBy: string;
  readonly filingDeadline: string;
  readonly clock: Deadline;
  readonly escalateAt: string | null;
  readonly lines: readonly (CutLine & { readonly claim: string })[];
}

/** Files a dispute; its lines are disputed from now on. */
export async function insertDispute(tx: Queryable, draft: DisputeDraft): Promise<void> {
  await tx.query(
    `INSERT INTO dispute (id, version_id, act_id, clinic_id, hub_id, filed_by, filing_deadline, clock, deadline, escalate_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      draft.id,
      draft.act.versionId,
      draft.act.actId,
      draft.act.clinicId,
      draft.act.hubId,
      draft.filedBy,
      draft.filingDeadline,
      JSON.stringify(draft.clock),
      draft.clock.dueAt,
      draft.escalateAt,
    ],
  );
  await tx.query(
    `INSERT INTO dispute_line (dispute_id, line_id, verdict_id, first_doctors, rules, claim, cut_kopecks)
     SELECT $1, n.line, n.verdict, string_to_array(NULLIF(n.doctors, ''), ',')::uuid[], string_to_array(n.rules, ','), n.claim, n.cut
     FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[])
       AS n(line, verdict, doctors, rules, claim, cut)`,
    [
      draft.id,
      draft.lines.map((line) => line.lineId),
      draft.lines.map((line) => line.verdictId),
      draft.lines.map((line) => line.doctors.join()),
      draft.lines.map((line) => line.rules.join()),
      draft.lines.map((line) => line.claim),
      draft.lines.map((line) => line.cutKopecks),
    ],
  );
}

export interface DisputeRow {
  readonly id: string;
  readonly internalVersionId: number;
  readonly versionId: string;
  readonly actId: string;
  readonly actNumber: string;
  readonly clinicCode: string;
  readonly invoiceNo: string;
  readonly state: 'open' | 'decided';
  readonly filedAt: string;
  readonly deadline: string;
  readonly escalateAt: string | null;
  readonly escalatedAt: string | null;
  readonly decidedAt: string | null;
  readonly lineCount: number;
  readonly openLines: number;
  readonly cutKopecks: number;
  readonly returnedKopecks: number;
  readonly revision: number;
}

const SELECT_DISPUTE = `SELECT d.id, d.version_id AS "internalVersionId", v.public_id AS "versionId", d.act_id AS "actId",
    a.number AS "actNumber", c.code AS "clinicCode", i.invoice_no AS "invoiceNo", d.state, d.filed_at AS "filedAt",
    d.deadline, d.escalate_at AS "escalateAt", d.escalated_at AS "escalatedAt", d.decided_at AS "decidedAt",
    s.lines AS "lineCount", s.open AS "openLines", s.cut AS "cutKopecks", s.returned AS "returnedKopecks", d.revision
  FROM dispute d JOIN invoice_version v ON v.id = d.version_id JOIN invoice i ON i.id = v.invoice_id
  JOIN clinic c ON c.id = d.clinic_id JOIN review_act a ON a.id = d.act_id
  JOIN LATERAL (SELECT count(*)::int AS lines, count(*) FILTER (WHERE state = 'open')::int AS open,
      COALESCE(sum(cut_kopecks), 0)::bigint AS cut, COALESCE(sum(returned_kopecks), 0)::bigint AS returned
    FROM dispute_line WHERE dispute_id = d.id) s ON true`;
const OWNERS = { clinicId: 'd.clinic_id', hubId: 'd.hub_id' } as const;

/** Nearest deadline first, by keyset. */
export async function listDisputes(
  db: Queryable,
  query: {
    readonly filter: RowFilter;
    readonly state: string | null;
    readonly after: { readonly deadline: string; readonly id: string } | null;
    readonly limit: number;
  },
): Promise<DisputeRow[]> {
  const values: unknown[] = [query.state, query.after?.deadline ?? null, query.after?.id ?? null, query.limit];
  const rows = await db.query<DisputeRow & Record<string, unknown>>(
    `${SELECT_DISPUTE} WHERE ${filterSql(query.filter, OWNERS, values)} AND ($1::text IS NULL OR d.state = $1)
       AND ($2::timestamptz IS NULL OR (d.deadline, d.id) > ($2, $3::uuid)) ORDER BY d.deadline, d.id LIMIT $4`,
    values,
  );
  return rows.rows;
}

export async function findDispute(db: Queryable, id: string, filter: RowFilter): Promise<DisputeRow | null> {
  const values: unknown[] = [id];
  const rows = await db.query<DisputeRow & Record<string, unknown>>(
    `${SELECT_DISPUTE} WHERE d.id = $1 AND ${filterSql(filter, OWNERS, values)}`,
    values,
  );
  return rows.rows[0] ?? null;
}

/** Locks a dispute: of several decisions at once each sees the others. */
export async function lockDispute(tx: Queryable, id: string): Promise<DisputeRow | null> {
  await tx.query('SELECT 1 FROM dispute WHERE id = $1 FOR UPDATE', [id]);
  return findDispute(tx, id, { kind: 'all' });
}

export interface DisputeLineRow extends BilledLine {
  readonly lineId: number;
  readonly lineNo: number;
  readonly itemName: string;
  readonly verdictId: number;
  readonly reasonCode: string | null;
  readonly clause: string | null;
  readonly acceptedKopecks: number;
  readonly cutKopecks: number;
  readonly firstDoctors: string[];
  readonly claim: string;
  readonly state: 'open' | 'upheld' | 'overturned' | 'partly';
  readonly decidedByName: string | null;
  readonly decidedAt: string | null;
  readonly note: string | null;
  readonly returnedKopecks: number;
  readonly requestId: string | null;
}

export async function disputeLines(db: Queryable, id: string): Promise<DisputeLineRow[]> {
  const rows = await db.query<DisputeLineRow & Record<string, unknown>>(
    `SELECT x.line_id AS "lineId", l.line_no AS "lineNo", l.item_name AS "itemName", l.amount_kopecks AS "amountKopecks",
       l.patient_share_kopecks AS "patientShareKopecks", x.verdict_id AS "verdictId", d.reason_code AS "reasonCode", d.clause,
       d.accepted_kopecks AS "acceptedKopecks", x.cut_kopecks AS "cutKopecks", x.first_doctors AS "firstDoctors", x.claim,
       x.state, x.decided_by_name AS "decidedByName", x.decided_at AS "decidedAt", x.note,
       x.returned_kopecks AS "returnedKopecks", x.request_id AS "requestId"
     FROM dispute_line x JOIN invoice_line l ON l.id = x.line_id JOIN verdict d ON d.id = x.verdict_id
     WHERE x.dispute_id = $1 ORDER BY l.line_no`,
    [id],
  );
  return rows.rows.map((row) => ({ ...row, firstDoctors: row.firstDoctors ?? [] }));
}

/** Records how one line ended. The database refuses a doctor who had a verdict on it (23514). */
export async function decideDisputeLine(
  tx: Queryable,
  disputeId: string,
  line: {
    readonly lineId: number;
    readonly state: 'upheld' | 'overturned' | 'partly';
    readonly doctor: { readonly id: string; readonly name: string };
    readonly note: string;
    readonly returnedKopecks: number;
    readonly newVerdictId: number | null;
    readonly requestId: string;
  },
): Promise<void> {
  await tx.query(
    `UPDATE dispute_line SET state = $3, decided_by = $4, decided_by_name = $5, decided_at = now(), note = $6,
       returned_kopecks = $7, new_verdict_id = $8, request_id = $9 WHERE dispute_id = $1 AND line_id = $2 AND state = 'open'`,
    [
      disputeId,
      line.lineId,
      line.state,
      line.doctor.id,
      line.doctor.name,
      line.note,
      line.returnedKopecks,
      line.newVerdictId,
      line.requestId,
    ],
  );
}

/** Ends a dispute of which every line is decided. */
export async function closeDispute(tx: Queryable, id: string): Promise<boolean> {
  const done = await tx.query(
    `UPDATE dispute SET state = 'decided', decided_at = now(), escalate_at = NULL, revision = revision + 1
     WHERE id = $1 AND state = 'open' AND NOT EXISTS (SELECT 1 FROM dispute_line WHERE dispute_id = $1 AND state = 'open')`,
    [id],
  );
  return done.rowCount === 1;
}

/** Tells the lead expert, once. */
export async function escalateDispute(db: Queryable, id: string): Promise<void> {
  await db.query(
    `UPDATE dispute SET escalated_at = now(), escalate_at = NULL, revision = revision + 1
     WHERE id = $1 AND state = 'open' AND escalated_at IS NULL`,
    [id],
  );
}

export interface DisputeDocumentRow {
  readonly documentId: string;
  readonly fileName: string;
  readonly mediaType: string;
  readonly uploadedAt: string;
}

/** Keeps a document; the same content again is the same document. */
export async function insertDisputeDocument(
  tx: Queryable,
  document: {
    readonly disputeId: string;
    readonly fileName: string;
    readonly mediaType: string;
    readonly sha256: string;
    readonly content: Buffer;
    readonly uploadedBy: string;
  },
): Promise<string> {
  const rows = await tx.query<{ id: string }>(
    `INSERT INTO dispute_document (dispute_id, file_name, media_type, sha256, content, uploaded_by)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (dispute_id, sha256) DO UPDATE SET file_name = dispute_document.file_name RETURNING id`,
    [document.disputeId, document.fileName, document.mediaType, document.sha256, document.content, document.uploadedBy],
  );
  return rows.rows[0]!.id;
}

export async function disputeDocuments(db: Queryable, disputeId: string): Promise<DisputeDocumentRow[]> {
  const rows = await db.query<DisputeDocumentRow & Record<string, unknown>>(
    `SELECT id AS "documentId", file_name AS "fileName", media_type AS "mediaType", uploaded_at AS "uploadedAt"
     FROM dispute_document WHERE dispute_id = $1 ORDER BY uploaded_at, id`,
    [disputeId],
  );
  return rows.rows;
}

export async function disputeDocument(
  db: Queryable,
  disputeId: string,
  documentId: string,
): Promise<{ readonly fileName: string; readonly content: Buffer } | null> {
  const rows = await db.query<{ fileName: string; content: Buffer }>(
    `SELECT file_name AS "fileName", content FROM dispute_document WHERE dispute_id = $1 AND id = $2`,
    [disputeId, documentId],
  );
  return rows.rows[0] ?? null;
}

export async function activeVerdictId(tx: Queryable, lineId: number): Promise<number | null> {
  const rows = await tx.query<{ id: number }>('SELECT id FROM verdict WHERE line_id = $1 AND active', [lineId]);
  return rows.rows[0]?.id ?? null;
}

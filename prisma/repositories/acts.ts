import type { ActContent, ActInvoice, ActLine } from '../../models/review-case/act';
import { actNumber } from '../../models/review-case/act';
import type { VerdictMoney } from '../../models/review-case/money';
import { textForClinic } from '../../models/review/catalogue/for-clinic';
import type { Queryable } from '../pool';

/** Everything an act is built from, of one version. `through`: the youngest verdict that it covers. */
export interface ActSource {
  readonly versionId: number;
  readonly invoice: ActInvoice;
  readonly accepted: { readonly lines: number; readonly money: VerdictMoney };
  readonly lines: readonly ActLine[];
  readonly doctors: readonly string[];
  readonly ruleSetVersions: readonly string[];
  readonly through: number;
}

interface HeaderRow extends ActInvoice {
  versionId: number;
  through: number;
  doctors: string[] | null;
  ruleSetVersions: string[] | null;
  acceptedLines: number;
  acceptedBilled: number;
  acceptedKopecks: number;
  acceptedShare: number;
}

interface LineRow extends VerdictMoney {
  versionId: number;
  lineNo: number;
  policyNo: string;
  serviceDate: string;
  itemCode: string;
  itemName: string;
  kind: 'accept' | 'reduce' | 'refuse';
  reasonCode: string | null;
  clause: string | null;
  ru: string | null;
  en: string | null;
  evidence: Record<string, unknown> | null;
  clinicCode: string;
  noteToClinic: string | null;
  authorKind: 'rule' | 'doctor';
  authorName: string;
}

/** Reads what the acts of wholly decided versions are built from, in two statements for all of them. */
export async function readActSources(tx: Queryable, versionIds: readonly number[]): Promise<ActSource[]> {
  const headers = await tx.query<HeaderRow & Record<string, unknown>>(
    `SELECT v.id AS "versionId", c.code AS "clinicCode", c.name AS "clinicName", i.invoice_no AS "invoiceNo",
       min(l.invoice_date) AS "invoiceDate", v.version, v.line_count AS "lineCount", v.received_at AS "receivedAt",
       max(d.id) AS through,
       array_agg(DISTINCT d.doctor_name) FILTER (WHERE d.doctor_name IS NOT NULL) AS doctors,
       array_agg(DISTINCT d.rule_set_version) FILTER (WHERE d.rule_set_version IS NOT NULL) AS "ruleSetVersions",
       count(*) FILTER (WHERE d.kind = 'accept')::int AS "acceptedLines",
       COALESCE(sum(d.billed_kopecks) FILTER (WHERE d.kind = 'accept'), 0)::bigint AS "acceptedBilled",
       COALESCE(sum(d.accepted_kopecks) FILTER (WHERE d.kind = 'accept'), 0)::bigint AS "acceptedKopecks",
       COALESCE(sum(d.patient_share_kopecks) FILTER (WHERE d.kind = 'accept'), 0)::bigint AS "acceptedShare"
     FROM invoice_version v JOIN invoice i ON i.id = v.invoice_id JOIN clinic c ON c.id = i.clinic_id
     JOIN invoice_line l ON l.version_id = v.id JOIN verdict d ON d.line_id = l.id AND d.active
     WHERE v.id = ANY($1::int[]) GROUP BY v.id, c.code, c.name, i.invoice_no ORDER BY v.id`,
    [versionIds],
  );
  const lines = await tx.query<LineRow & Record<string, unknown>>(
    `SELECT l.version_id AS "versionId", l.line_no AS "lineNo", p.policy_no AS "policyNo",
       l.service_date AS "serviceDate", ci.item_code AS "itemCode", l.item_name AS "itemName", d.kind,
       d.reason_code AS "reasonCode", d.clause, f.explanation_ru AS ru, f.explanation_en AS en,
       f.evidence, c.code AS "clinicCode",
       d.note_to_clinic AS "noteToClinic", d.author_kind AS "authorKind",
       COALESCE(d.doctor_name, d.rule_set_version) AS "authorName", d.billed_kopecks AS "billedKopecks",
       d.accepted_kopecks AS "acceptedKopecks", d.reduced_kopecks AS "reducedKopecks",
       d.refused_kopecks AS "refusedKopecks", d.patient_share_kopecks AS "patientShareKopecks"
     FROM invoice_line l JOIN verdict d ON d.line_id = l.id AND d.active AND d.kind <> 'accept'
     JOIN clinic c ON c.id = l.clinic_id JOIN policy p ON p.id = l.policy_id JOIN clinic_item ci ON ci.id = l.clinic_item_id
     LEFT JOIN finding f ON f.line_id = l.id AND f.code = d.reason_code AND f.active
     WHERE l.version_id = ANY($1::int[]) ORDER BY l.version_id, l.line_no`,
    [versionIds],
  );
  const byVersion = new Map<number, ActLine[]>();
  for (const row of lines.rows) {
    const group = byVersion.get(row.versionId) ?? [];
    group.push(actLine(row));
    byVersion.set(row.versionId, group);
  }
  return headers.rows.map((row) => ({
    versionId: row.versionId,
    invoice: {
      clinicCode: row.clinicCode,
      clinicName: row.clinicName,
      invoiceNo: row.invoiceNo,
      invoiceDate: row.invoiceDate,
      version: row.version,
      lineCount: row.lineCount,
      receivedAt: row.receivedAt,
    },
    accepted: {
      lines: row.acceptedLines,
      money: {
        billedKopecks: row.acceptedBilled,
        acceptedKopecks: row.acceptedKopecks,
        reducedKopecks: 0,
        refusedKopecks: 0,
        patientShareKopecks: row.acceptedShare,
      },
    },
    lines: byVersion.get(row.versionId) ?? [],
    doctors: row.doctors ?? [],
    ruleSetVersions: row.ruleSetVersions ?? [],
    through: row.through,
  }));
}

/** An act leaves the house: its explanations do not name invoices of other clinics. */
function actLine({
  versionId: _version,
  ru,
  en,
  evidence,
  clinicCode,
  authorKind,
  authorName,
  ...row
}: LineRow): ActLine {
  return {
    ...row,
    explanation: ru === null || en === null ? null : textForClinic({ ru, en }, evidence ?? {}, clinicCode),
    author: { kind: authorKind, name: authorName },
  };
}

/** Numbers for `count` acts, from the sequence, in the issuing transaction. */
export async function nextActNumbers(tx: Queryable, count: number, year: number): Promise<string[]> {
  const rows = await tx.query<{ n: number }>(
    `SELECT nextval('review_act_number') AS n FROM generate_series(1, $1::int)`,
    [count],
  );
  return rows.rows.map((row) => actNumber(year, row.n, 0));
}

/** What is stored: the content and the youngest verdict that it covers. */
export type StoredActContent = ActContent & { readonly through: number };

export interface ActDraft {
  readonly versionId: number;
  readonly content: StoredActContent;
  readonly pdf: Buffer | null;
  readonly pdfSha256: string | null;
}

/** Issues acts. The same version and supplement number again changes nothing. */
export async function insertActs(tx: Queryable, acts: readonly ActDraft[]): Promise<void> {
  if (acts.length === 0) return;
  await tx.query(
    `INSERT INTO review_act (number, version_id, supplement_no, content, pdf, pdf_sha256, issued_at)
     SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::jsonb[], $5::bytea[], $6::text[], $7::timestamptz[])
     ON CONFLICT (version_id, supplement_no) DO NOTHING`,
    [
      acts.map((act) => act.content.number),
      acts.map((act) => act.versionId),
      acts.map((act) => act.content.supplementNo),
      acts.map((act) => JSON.stringify(act.content)),
      acts.map((act) => act.pdf),
      acts.map((act) => act.pdfSha256),
      acts.map((act) => act.content.issuedAt),
    ],
  );
}

export interface ActRow {
  readonly id: string;
  readonly number: string;
  readonly supplementNo: number;
  readonly content: StoredActContent;
  readonly pdfSha256: string | null;
  readonly issuedAt: string;
}

const ACT_COLUMNS = `a.id, a.number, a.supplement_no AS "supplementNo", a.content, a.pdf_sha256 AS "pdfSha256",
  a.issued_at AS "issuedAt"`;

/** The act and its supplements, first to last. */
export async function actsOfVersion(db: Queryable, versionId: number): Promise<ActRow[]> {
  const rows = await db.query<ActRow & Record<string, unknown>>(
    `SELECT ${ACT_COLUMNS} FROM review_act a WHERE a.version_id = $1 ORDER BY a.supplement_no`,
    [versionId],
  );
  return rows.rows;
}

export async function actPdf(db: Queryable, id: string): Promise<Buffer | null> {
  const rows = await db.query<{ pdf: Buffer | null }>('SELECT pdf FROM review_act WHERE id = $1', [id]);
  return rows.rows[0]?.pdf ?? null;
}

/** Fills in the rendering of an act that has none yet; the first one stays. */
export async function storeActPdf(db: Queryable, id: string, pdf: Buffer, sha256: string): Promise<void> {
  await db.query('UPDATE review_act SET pdf = $2, pdf_sha256 = $3 WHERE id = $1 AND pdf IS NULL', [id, pdf, sha256]);
}

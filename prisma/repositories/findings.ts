import type { FindingRecord } from '../../models/exchange/findings-file';
import type { PoolClient, Queryable } from '../pool';

/** One finding to store. Money in kopecks, evidence as plain JSON. */
export interface FindingDraft {
  readonly lineId: number;
  readonly code: string;
  readonly ruleId: string;
  readonly ruleVersion: string;
  readonly severity: string;
  readonly atRiskKopecks: number;
  readonly guidelineId: string | null;
  readonly clause: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly explanationRu: string;
  readonly explanationEn: string;
}

/** Lines in these states have no verdict yet: a re-check may still change their findings. */
const UNDECIDED = ['received', 'normalised', 'priced', 'checked', 'queued'];

/** Writes findings in one statement. */
export async function insertFindings(tx: Queryable, batchId: string, findings: readonly FindingDraft[]): Promise<void> {
  if (findings.length === 0) return;
  await tx.query(
    `INSERT INTO finding (line_id, code, rule_id, rule_version, severity, at_risk_kopecks, guideline_id, clause,
       evidence, explanation_ru, explanation_en, batch_id)
     SELECT f.*, $12::uuid FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
       $7::text[], $8::text[], $9::jsonb[], $10::text[], $11::text[]) AS f`,
    [
      findings.map((finding) => finding.lineId),
      findings.map((finding) => finding.code),
      findings.map((finding) => finding.ruleId),
      findings.map((finding) => finding.ruleVersion),
      findings.map((finding) => finding.severity),
      findings.map((finding) => finding.atRiskKopecks),
      findings.map((finding) => finding.guidelineId),
      findings.map((finding) => finding.clause),
      findings.map((finding) => JSON.stringify(finding.evidence)),
      findings.map((finding) => finding.explanationRu),
      findings.map((finding) => finding.explanationEn),
      batchId,
    ],
  );
}

/** Codes of expert tables that these lines carry now, whatever table gave them and whether or not it is still in force. */
export async function expertCodes(db: Queryable, lineIds: readonly number[]): Promise<string[]> {
  if (lineIds.length === 0) return [];
  const rows = await db.query<{ code: string }>(
    `SELECT DISTINCT code FROM finding WHERE active AND line_id = ANY($1::bigint[]) AND rule_id LIKE 'table/%'`,
    [lineIds],
  );
  return rows.rows.map((row) => row.code);
}

export interface RecheckInput {
  readonly batchId: string;
  /** Earlier lines that were checked again. */
  readonly lineIds: readonly number[];
  /** The codes that this scope can give: findings of other scopes are not looked at. */
  readonly codes: readonly string[];
  readonly findings: readonly FindingDraft[];
}

interface ActiveFinding {
  id: number;
  lineId: number;
  code: string;
  atRisk: number;
  ru: string;
}

/**
 * Brings the findings of earlier lines up to date with what later invoices have changed. Undecided lines: what no longer
 * holds is superseded, what is new is written. Decided lines stay as they are; if their codes would be others now, a
 * notice goes to people. Returns how many findings were written.
 */
export async function recheckFindings(tx: PoolClient, input: RecheckInput): Promise<number> {
  if (input.lineIds.length === 0) return 0;
  const active = await tx.query<ActiveFinding & Record<string, unknown>>(
    `SELECT id, line_id AS "lineId", code, at_risk_kopecks AS "atRisk", explanation_ru AS ru FROM finding
     WHERE active AND line_id = ANY($1::bigint[]) AND code = ANY($2)`,
    [input.lineIds, input.codes],
  );
  const were = groupByLine(active.rows);
  const now = groupByLine(input.findings);
  const changed = [...new Set([...were.keys(), ...now.keys()])].filter(
    (lineId) => !sameFindings(were.get(lineId) ?? [], now.get(lineId) ?? []),
  );
  if (changed.length === 0) return 0;
  const states = await tx.query<{ id: number; state: string }>(
    'SELECT id, state FROM invoice_line WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE',
    [changed],
  );
  const undecided = new Set(states.rows.filter((row) => UNDECIDED.includes(row.state)).map((row) => row.id));
  const gone = active.rows.filter((row) => undecided.has(row.lineId) && changed.includes(row.lineId));
  await tx.query('UPDATE finding SET active = false, superseded_by = $2 WHERE id = ANY($1::bigint[]) AND active', [
    gone.map((row) => row.id),
    input.batchId,
  ]);
  const fresh = changed.filter((lineId) => undecided.has(lineId)).flatMap((lineId) => now.get(lineId) ?? []);
  await insertFindings(tx, input.batchId, fresh);
  const decided = changed.filter((lineId) => !undecided.has(lineId));
  await noteDecided(
    tx,
    input.batchId,
    decided.map((lineId) => ({ lineId, were: codesOf(were.get(lineId)), now: codesOf(now.get(lineId)) })),
  );
  return fresh.length;
}

async function noteDecided(
  tx: PoolClient,
  batchId: string,
  lines: readonly { lineId: number; were: string[]; now: string[] }[],
): Promise<void> {
  const differing = lines.filter((line) => line.were.join() !== line.now.join());
  if (differing.length === 0) return;
  await tx.query(
    `INSERT INTO recheck_notice (line_id, batch_id, codes_were, codes_now)
     SELECT n.line_id, $2::uuid, string_to_array(NULLIF(n.were, ''), ','), string_to_array(NULLIF(n.now, ''), ',')
     FROM unnest($1::bigint[], $3::text[], $4::text[]) AS n(line_id, were, now)
     ON CONFLICT (line_id, batch_id) DO UPDATE SET
       codes_were = recheck_notice.codes_were || EXCLUDED.codes_were,
       codes_now = recheck_notice.codes_now || EXCLUDED.codes_now`,
    [
      differing.map((line) => line.lineId),
      batchId,
      differing.map((line) => line.were.join()),
      differing.map((line) => line.now.join()),
    ],
  );
}

function groupByLine<T extends { readonly lineId: number }>(rows: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.lineId);
    if (group) group.push(row);
    else groups.set(row.lineId, [row]);
  }
  return groups;
}

function sameFindings(were: readonly ActiveFinding[], now: readonly FindingDraft[]): boolean {
  if (were.length !== now.length) return false;
  const byCode = new Map(were.map((finding) => [finding.code, finding]));
  return now.every((finding) => {
    const before = byCode.get(finding.code);
    return before !== undefined && before.atRisk === finding.atRiskKopecks && before.ru === finding.explanationRu;
  });
}

function codesOf(findings: readonly { readonly code: string }[] | undefined): string[] {
  return (findings ?? []).map((finding) => finding.code).sort();
}

export interface LineFinding {
  readonly code: string;
  readonly ruleId: string;
  readonly ruleVersion: string;
  readonly severity: string;
  readonly atRiskKopecks: number;
  readonly guidelineId: string | null;
  readonly clause: string | null;
  readonly evidence: Record<string, unknown>;
  readonly explanationRu: string;
  readonly explanationEn: string;
}

/** Active findings of some lines, by line id, in code order. */
export async function findingsOfLines(db: Queryable, lineIds: readonly number[]): Promise<Map<number, LineFinding[]>> {
  const rows = await db.query<LineFinding & { lineId: number } & Record<string, unknown>>(
    `SELECT line_id AS "lineId", code, rule_id AS "ruleId", rule_version AS "ruleVersion", severity,
       at_risk_kopecks AS "atRiskKopecks", guideline_id AS "guidelineId", clause, evidence,
       explanation_ru AS "explanationRu", explanation_en AS "explanationEn"
     FROM finding WHERE active AND line_id = ANY($1::bigint[]) ORDER BY line_id, code`,
    [lineIds],
  );
  const byLine = new Map<number, LineFinding[]>();
  for (const { lineId, ...finding } of rows.rows) {
    const group = byLine.get(lineId);
    if (group) group.push(finding);
    else byLine.set(lineId, [finding]);
  }
  return byLine;
}

/** A row of findings.csv with its key for paging. */
export interface ExportedFinding extends FindingRecord {
  readonly findingId: number;
}

/** Active findings of current lines in (clinic, invoice, line, code) order, page by page behind `after`. */
export async function* exportFindings(
  client: PoolClient,
  options: { readonly batchId: string | null; readonly locale: 'ru' | 'en' },
): AsyncGenerator<ExportedFinding[]> {
  await client.query('BEGIN TRANSACTION READ ONLY ISOLATION LEVEL REPEATABLE READ');
  try {
    await client.query(
      `DECLARE findings_out NO SCROLL CURSOR FOR
       SELECT f.id AS "findingId", c.code AS "clinicCode", i.invoice_no AS "invoiceNo", COALESCE(l.raw->>'line_no', l.line_no::text) AS "lineNo", f.code,
         f.rule_id AS "ruleId", f.rule_version AS "ruleVersion", f.severity, f.at_risk_kopecks AS "atRiskKopecks",
         f.guideline_id AS "guidelineId", f.clause,
         ${options.locale === 'ru' ? 'f.explanation_ru' : 'f.explanation_en'} AS explanation
       FROM finding f JOIN invoice_line l ON l.id = f.line_id AND l.current JOIN invoice i ON i.id = l.invoice_id
       JOIN clinic c ON c.id = l.clinic_id
       WHERE f.active AND ($1::uuid IS NULL OR f.batch_id = $1)
       ORDER BY c.code COLLATE "C", i.invoice_no COLLATE "C", l.line_no, f.code`,
      [options.batchId],
    );
    for (;;) {
      const rows = await client.query<ExportedFinding & Record<string, unknown>>('FETCH 5000 FROM findings_out');
      if (rows.rows.length === 0) break;
      yield rows.rows;
    }
  } finally {
    await client.query('ROLLBACK');
  }
}

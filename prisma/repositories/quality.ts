import type { DisputeOutcome, VerdictCount } from '../../models/library/quality';
import type { Queryable } from '../pool';

/** Decided dispute lines since a day: what they stood on, whose verdict it was, how they ended. */
export async function disputeOutcomes(db: Queryable, since: string): Promise<DisputeOutcome[]> {
  const rows = await db.query<DisputeOutcome & Record<string, unknown>>(
    `SELECT x.rules, v.doctor_id AS doctor, x.state <> 'upheld' AS overturned, x.returned_kopecks AS "amountKopecks"
     FROM dispute_line x JOIN verdict v ON v.id = x.verdict_id WHERE x.state <> 'open' AND x.decided_at >= $1`,
    [since],
  );
  return rows.rows.map((row) => ({ ...row, rules: row.rules ?? [] }));
}

/** First verdicts that cut a bill, by reason code and by reason code with its guideline. */
export async function verdictsByRule(db: Queryable, since: string): Promise<VerdictCount[]> {
  const rows = await db.query<VerdictCount & Record<string, unknown>>(
    `SELECT r.id, count(*)::int AS verdicts FROM verdict v
     LEFT JOIN finding f ON f.line_id = v.line_id AND f.active AND f.code = v.reason_code AND f.guideline_id IS NOT NULL
     CROSS JOIN LATERAL unnest(array_remove(ARRAY[v.reason_code, v.reason_code || '/' || f.guideline_id], NULL)) AS r(id)
     WHERE v.kind <> 'accept' AND v.reverses_id IS NULL AND v.created_at >= $1 GROUP BY r.id`,
    [since],
  );
  return rows.rows;
}

/** First verdicts of each doctor that cut a bill, with the name that they carry. */
export async function verdictsByDoctor(
  db: Queryable,
  since: string,
): Promise<(VerdictCount & { readonly name: string })[]> {
  const rows = await db.query<VerdictCount & { name: string } & Record<string, unknown>>(
    `SELECT doctor_id AS id, max(doctor_name) AS name, count(*)::int AS verdicts FROM verdict
     WHERE author_kind = 'doctor' AND kind <> 'accept' AND reverses_id IS NULL AND created_at >= $1 GROUP BY doctor_id`,
    [since],
  );
  return rows.rows;
}

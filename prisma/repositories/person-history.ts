import type { Queryable } from '../pool';

/** A billed line of one person as ids and plain values; days are counted from 1970-01-01. */
export interface HistoryLine {
  readonly clinicId: number;
  readonly invoiceNo: string;
  readonly lineNo: number;
  readonly serviceDay: number;
  readonly invoiceDay: number;
  readonly diagnosisId: number;
  readonly clinicItemId: number;
  readonly quantity: number;
  readonly unitPrice: number;
  readonly amount: number;
  readonly patientShare: number;
  readonly tooth: string | null;
}

/** Current lines of a person that are not refused, from `sinceDay` on. */
export async function readHistory(db: Queryable, policyId: number, sinceDay: number): Promise<HistoryLine[]> {
  const rows = await db.query<HistoryLine & Record<string, unknown>>(
    `SELECT l.clinic_id AS "clinicId", i.invoice_no AS "invoiceNo", l.line_no AS "lineNo",
       l.service_date - date '1970-01-01' AS "serviceDay", l.invoice_date - date '1970-01-01' AS "invoiceDay",
       l.diagnosis_id AS "diagnosisId", l.clinic_item_id AS "clinicItemId", l.quantity,
       l.unit_price_kopecks AS "unitPrice", l.amount_kopecks AS amount, l.patient_share_kopecks AS "patientShare", l.tooth
     FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
     WHERE l.policy_id = $1 AND l.current AND l.service_date >= date '1970-01-01' + $2::int
       AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.line_id = l.id AND v.active AND v.kind = 'refuse')`,
    [policyId, sinceDay],
  );
  return rows.rows;
}

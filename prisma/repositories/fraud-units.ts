import type { Queryable } from '../pool';

/** A clinic, or a doctor at it, by the codes of the exchange formats; null when there is no such one. */
export async function findUnit(
  db: Queryable,
  clinicCode: string,
  doctorCode: string | null,
): Promise<{ readonly clinicId: number; readonly doctorId: number | null } | null> {
  const rows = await db.query<{ clinicId: number; doctorId: number | null }>(
    `SELECT c.id AS "clinicId", d.id AS "doctorId" FROM clinic c LEFT JOIN doctor d ON d.code = $2
     WHERE c.code = $1 AND ($2::text IS NULL OR EXISTS (
       SELECT FROM invoice_line l WHERE l.doctor_id = d.id AND l.clinic_id = c.id AND l.current))`,
    [clinicCode, doctorCode],
  );
  return rows.rows[0] ?? null;
}

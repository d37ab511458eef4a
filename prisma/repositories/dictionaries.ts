import type { Queryable } from '../pool';

/** Dictionaries that hold every code that was ever seen, known or not, so that lines are stored as integers. */
export type CodeDictionary = 'policy' | 'doctor' | 'letter_ref' | 'diagnosis';

interface DictionarySql {
  readonly column: string;
  readonly insert: string;
}

const SQL: Readonly<Record<CodeDictionary, DictionarySql>> = {
  policy: { column: 'policy_no', insert: 'INSERT INTO policy (policy_no) SELECT code' },
  doctor: { column: 'code', insert: 'INSERT INTO doctor (code) SELECT code' },
  letter_ref: { column: 'letter_no', insert: 'INSERT INTO letter_ref (letter_no) SELECT code' },
  diagnosis: {
    column: 'code',
    insert: `INSERT INTO diagnosis (code, name, known, billable) SELECT code, '', false, false`,
  },
};

/**
 * Ids of codes, unseen ones added. Give the pool rather than an open transaction: entries are harmless by themselves,
 * and two files that bring the same new code then never wait for each other's end.
 */
export async function resolveCodes(
  db: Queryable,
  dictionary: CodeDictionary,
  codes: readonly string[],
): Promise<Map<string, number>> {
  const { column, insert } = SQL[dictionary];
  const found = new Map<string, number>();
  const look = async (wanted: readonly string[]): Promise<void> => {
    const rows = await db.query<{ id: number; code: string }>(
      `SELECT id, ${column} AS code FROM ${dictionary} WHERE ${column} = ANY($1::text[])`,
      [wanted],
    );
    for (const row of rows.rows) found.set(row.code, row.id);
  };
  if (codes.length === 0) return found;
  await look(codes);
  const missing = codes.filter((code) => !found.has(code));
  if (missing.length === 0) return found;
  // Sorted, so that two loads that add the same codes lock them in the same order.
  await db.query(`${insert} FROM unnest($1::text[]) AS code ORDER BY code COLLATE "C" ON CONFLICT DO NOTHING`, [
    missing,
  ]);
  await look(missing);
  return found;
}

/** As resolveCodes, for the clinics' own item codes. The answer has the order of the question. */
export async function resolveClinicItems(
  db: Queryable,
  clinicIds: readonly number[],
  itemCodes: readonly string[],
): Promise<number[]> {
  if (clinicIds.length === 0) return [];
  const look = async (): Promise<(number | null)[]> => {
    const rows = await db.query<{ id: number | null }>(
      `SELECT i.id FROM unnest($1::int[], $2::text[]) WITH ORDINALITY AS g(clinic_id, item_code, ord)
       LEFT JOIN clinic_item i ON i.clinic_id = g.clinic_id AND i.item_code = g.item_code ORDER BY g.ord`,
      [clinicIds, itemCodes],
    );
    return rows.rows.map((row) => row.id);
  };
  let ids = await look();
  if (ids.includes(null)) {
    const missing = ids.flatMap((id, index) => (id === null ? [index] : []));
    await db.query(
      `INSERT INTO clinic_item (clinic_id, item_code)
       SELECT clinic_id, item_code FROM unnest($1::int[], $2::text[]) AS g(clinic_id, item_code)
       ORDER BY clinic_id, item_code COLLATE "C" ON CONFLICT DO NOTHING`,
      [missing.map((index) => clinicIds[index]), missing.map((index) => itemCodes[index])],
    );
    ids = await look();
  }
  return ids.map((id) => id!);
}

/** Ids of all rows of a small reference table by code. */
export async function idsByCode(
  db: Queryable,
  table: 'clinic' | 'service' | 'programme',
): Promise<Map<string, number>> {
  const rows = await db.query<{ id: number; code: string }>(`SELECT id, code FROM ${table}`);
  return new Map(rows.rows.map((row) => [row.code, row.id]));
}

interface NamedCode {
  readonly code: string;
  readonly name: string;
}

/** Every service of the insurer's nomenclature. */
export async function namedServices(db: Queryable): Promise<NamedCode[]> {
  return (await db.query<NamedCode & Record<string, unknown>>('SELECT code, name FROM service')).rows;
}

/** Diagnoses that the insurer's classification has; others were only seen in invoices. */
export async function knownDiagnoses(db: Queryable): Promise<NamedCode[]> {
  return (await db.query<NamedCode & Record<string, unknown>>('SELECT code, name FROM diagnosis WHERE known')).rows;
}

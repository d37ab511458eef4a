import type { Queryable } from '../pool';
import type { ReferenceSnapshot } from './reference-snapshot';
import { placesOf } from './reference-snapshot';

/** Tables that a snapshot is read from: number of rows and youngest row version of each. */
export type ReferenceMark = Readonly<Record<ReferenceTable, TableMark>>;

type ReferenceTable = (typeof RULING)[number] | (typeof DICTIONARIES)[number];

interface TableMark {
  readonly rows: number;
  readonly youngest: number;
}

/** What a change of which changes findings. */
const RULING = [
  'clinic',
  'service',
  'price_item',
  'contract',
  'programme',
  'programme_clinic',
  'guideline_pack',
] as const;
/** Lines add the codes that they bring to these: by themselves such codes are unknown and unpriced. */
const DICTIONARIES = ['diagnosis', 'clinic_item'] as const;

/**
 * Changes whenever a row of the reference changes. Cheaper by far than reading them, so a worker asks before each batch
 * and reuses what it has compiled.
 */
export async function referenceMark(db: Queryable): Promise<ReferenceMark> {
  const parts = [...RULING, ...DICTIONARIES].map(
    (table) =>
      `SELECT '${table}' AS name, count(*) AS rows, COALESCE(max(xmin::text::bigint), 0) AS youngest FROM ${table}`,
  );
  const { rows } = await db.query<TableMark & { name: ReferenceTable }>(parts.join(' UNION ALL '));
  return Object.fromEntries(rows.map(({ name, ...mark }) => [name, mark])) as ReferenceMark;
}

export function sameMark(a: ReferenceMark, b: ReferenceMark): boolean {
  return sameTables([...RULING, ...DICTIONARIES], a, b);
}

/**
 * The snapshot taken at `from` with the codes that lines have brought until `to`, read alone: every intake brings some,
 * and the whole reference is thousands of rows. Null when anything else has changed.
 */
export async function withNewCodes(
  db: Queryable,
  snapshot: ReferenceSnapshot,
  from: ReferenceMark,
  to: ReferenceMark,
): Promise<ReferenceSnapshot | null> {
  if (!sameTables(RULING, from, to)) return null;
  const diagnoses = await youngerThan<{ id: number; code: string; name: string; known: boolean; billable: boolean }>(
    db,
    'SELECT id, code, name, known, billable FROM diagnosis',
    from.diagnosis,
  );
  const items = await youngerThan<{ id: number; clinicId: number; code: string }>(
    db,
    'SELECT id, clinic_id AS "clinicId", item_code AS code FROM clinic_item',
    from.clinic_item,
  );
  const { reference, diagnosisAt, itemAt, clinicAt } = snapshot;
  const changed =
    diagnoses.some(({ id }) => (diagnosisAt[id] ?? -1) >= 0) || items.some(({ id }) => (itemAt[id] ?? -1) >= 0);
  const complete =
    reference.diagnoses.length + diagnoses.length === to.diagnosis.rows &&
    reference.priceItems.length + items.length === to.clinic_item.rows;
  if (changed || !complete) return null;
  return {
    ...snapshot,
    reference: {
      ...reference,
      diagnoses: [...reference.diagnoses, ...diagnoses.map(({ id: _id, ...diagnosis }) => diagnosis)],
      priceItems: [
        ...reference.priceItems,
        ...items.map(({ clinicId, code }) => ({ clinic: clinicAt[clinicId]!, code, name: '', periods: [] })),
      ],
    },
    diagnosisAt: placesOf(diagnoses, diagnosisAt, reference.diagnoses.length),
    itemAt: placesOf(items, itemAt, reference.priceItems.length),
  };
}

async function youngerThan<R extends object>(db: Queryable, select: string, { youngest }: TableMark): Promise<R[]> {
  const sql = `${select} WHERE xmin::text::bigint > $1 ORDER BY id`;
  return (await db.query<R & Record<string, unknown>>(sql, [youngest])).rows;
}

function sameTables(tables: readonly ReferenceTable[], a: ReferenceMark, b: ReferenceMark): boolean {
  return tables.every((table) => a[table].rows === b[table].rows && a[table].youngest === b[table].youngest);
}

import type { Queryable } from '../pool';
import type { ReferenceSnapshot } from './reference-snapshot';
import { placesOf } from './reference-snapshot';

/** Tables that a snapshot is read from. Packs are pinned by the rule set's version. */
const TABLES = [
  'clinic',
  'service',
  'diagnosis',
  'clinic_item',
  'price_item',
  'contract',
  'programme',
  'programme_clinic',
] as const;

/** What has happened to the reference since some moment. */
export interface ReferenceChanges {
  /** What is visible by now: a pg_snapshot as text, from which the next changes are asked. */
  readonly seen: string;
  /** False: at most codes were added, as every registry brings some; by themselves they are unknown and unpriced. */
  readonly ruling: boolean;
  /** Ids of added codes. */
  readonly diagnoses: readonly number[];
  readonly items: readonly number[];
}

/** The moment before a snapshot is read: what commits while it is read is asked for again by the next changes. */
export async function referenceSeenNow(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ seen: string }>('SELECT pg_current_snapshot()::text AS seen');
  return rows[0]!.seen;
}

/**
 * What the log of the reference holds that was not visible at a moment. By transactions, not by time: a change that
 * was made before and is committed after is among them. Cheaper by far than reading the reference, so a worker asks
 * before each batch and reuses what it has compiled.
 */
export async function changesSince(db: Queryable, seen: string): Promise<ReferenceChanges> {
  const { rows } = await db.query<ReferenceChanges>(
    `WITH change AS (
       SELECT tbl, key, old IS NOT NULL OR tbl NOT IN ('diagnosis', 'clinic_item') AS ruling FROM reference_log
       WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
         AND tbl = ANY($2))
     SELECT pg_current_snapshot()::text AS seen, EXISTS (SELECT 1 FROM change WHERE ruling) AS ruling,
       ARRAY(SELECT DISTINCT key::int FROM change WHERE tbl = 'diagnosis' AND NOT ruling) AS diagnoses,
       ARRAY(SELECT DISTINCT key::int FROM change WHERE tbl = 'clinic_item' AND NOT ruling) AS items`,
    [seen, TABLES],
  );
  return rows[0]!;
}

/** A snapshot with codes that were added since, read alone: the whole reference is thousands of rows. */
export async function withNewCodes(
  db: Queryable,
  snapshot: ReferenceSnapshot,
  changes: Pick<ReferenceChanges, 'diagnoses' | 'items'>,
): Promise<ReferenceSnapshot> {
  const { reference, diagnosisAt, itemAt, clinicAt } = snapshot;
  const missing = (ids: readonly number[], places: Int32Array): number[] => ids.filter((id) => (places[id] ?? -1) < 0);
  const diagnoses = await db.query<{ id: number; code: string; name: string; known: boolean; billable: boolean }>(
    'SELECT id, code, name, known, billable FROM diagnosis WHERE id = ANY($1::int[]) ORDER BY id',
    [missing(changes.diagnoses, diagnosisAt)],
  );
  const items = await db.query<{ id: number; clinicId: number; code: string }>(
    'SELECT id, clinic_id AS "clinicId", item_code AS code FROM clinic_item WHERE id = ANY($1::int[]) ORDER BY id',
    [missing(changes.items, itemAt)],
  );
  return {
    ...snapshot,
    reference: {
      ...reference,
      diagnoses: [...reference.diagnoses, ...diagnoses.rows.map(({ id: _id, ...diagnosis }) => diagnosis)],
      priceItems: [
        ...reference.priceItems,
        ...items.rows.map(({ clinicId, code }) => ({ clinic: clinicAt[clinicId]!, code, name: '', periods: [] })),
      ],
    },
    diagnosisAt: placesOf(diagnoses.rows, diagnosisAt, reference.diagnoses.length),
    itemAt: placesOf(items.rows, itemAt, reference.priceItems.length),
  };
}

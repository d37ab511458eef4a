import { createLineTable, isFdiTooth, NONE, NO_LETTER, takeRows, UNKNOWN_LETTER } from '../../models/review/table';
import type { LineTable, SubjectData } from '../../models/review/table';
import type { PoolClient } from '../pool';
import type { BatchRow } from './batches';
import { readSubjects } from './chunk-subjects';
import type { TextCache } from './chunk-subjects';
import { copyRows, POSTGRES_EPOCH_DAY } from './copy-out';
import type { ReferenceSnapshot } from './reference-snapshot';

export interface ChunkRange {
  readonly scope: 'person' | 'doctor-day' | 'letter';
  readonly offset: number;
  readonly length: number;
}

export interface ChunkRead {
  readonly table: LineTable;
  readonly subjects: SubjectData;
  /** Lines under review that an earlier batch brought: their findings are compared, not just written. */
  readonly rechecked: readonly number[];
}

export interface ChunkReadInput {
  readonly batch: BatchRow;
  readonly range: ChunkRange;
  readonly snapshot: ReferenceSnapshot;
  /** Versions that belong to the batch. */
  readonly own: ReadonlySet<number>;
  /** How many days before a subject's first touched day a line may still be affected (bundled pairs look ahead). */
  readonly lookBackDays: number;
  readonly texts: TextCache;
}

const COLUMNS = 17;
/** Values of the fixed-size columns: two int8 and a dozen int4, see SELECT_LINES. */
const FIXED_BYTES = 4 * 8 + 9 * 4;
const DAY_SLOTS = 100_000;

const SELECT_LINES = `l.id, l.policy_id, l.clinic_id, l.version_id, l.line_no, l.service_date, l.invoice_date,
  l.diagnosis_id, l.clinic_item_id, l.quantity, l.unit_price_kopecks, l.amount_kopecks, l.patient_share_kopecks,
  l.doctor_id, l.letter_ref_id, l.tooth, l.episode_no`;

/**
 * Reads all lines of a chunk's subjects, with their people and letters, as the engine's table: one COPY of narrow
 * columns, no text but tooth and episode. History is what the batch saw when it was taken: current lines of versions up
 * to its watermark that were not refused by then, so a retry after days still reads the same.
 */
export async function readChunk(client: PoolClient, input: ChunkReadInput): Promise<ChunkRead> {
  const { batch, snapshot } = input;
  const late = await lateVersions(client, batch);
  const firstDay = await firstDays(client, batch.id, input.range);
  const rows = await copyRows(client, linesQuery(batch, input.range, late));
  const capacity = rows.maxRows(COLUMNS, FIXED_BYTES);
  const table = createLineTable(capacity);
  const ids = {
    persons: new Interner(),
    invoices: new Interner(),
    doctors: new Interner(),
    letters: new Interner(),
    teeth: new Map<string, number>(),
    episodes: new Map<string, number>(),
  };
  const episodeTexts: string[] = [];
  const invoiceDay: number[] = [];
  const subjectOf = new Int32Array(capacity);
  const versionOf = new Int32Array(capacity);
  let count = 0;
  while (rows.next()) {
    const at = count;
    table.lineId[at] = rows.big();
    const policy = rows.int();
    const clinic = snapshot.clinicAt[rows.int()] ?? NONE;
    const version = rows.int();
    table.lineNo[at] = rows.int();
    table.serviceDay[at] = rows.int() + POSTGRES_EPOCH_DAY;
    const dated = rows.int() + POSTGRES_EPOCH_DAY;
    table.diagnosis[at] = snapshot.diagnosisAt[rows.int()] ?? NONE;
    table.item[at] = snapshot.itemAt[rows.int()] ?? NONE;
    table.quantity[at] = rows.int();
    table.unitPrice[at] = rows.big();
    table.amount[at] = rows.big();
    table.patientShare[at] = rows.big();
    const doctor = rows.int();
    const letter = rows.int();
    const tooth = rows.text();
    const episode = rows.text();

    table.person[at] = ids.persons.of(policy);
    table.clinic[at] = clinic;
    const invoice = ids.invoices.of(version * DAY_SLOTS + dated);
    invoiceDay[invoice] = dated;
    table.invoice[at] = invoice;
    table.doctor[at] = doctor < 0 ? NONE : ids.doctors.of(doctor);
    table.letter[at] = letter < 0 ? NO_LETTER : ids.letters.of(letter);
    table.tooth[at] = tooth === null || tooth === '' ? NONE : placeOf(ids.teeth, tooth);
    if (episode !== null && episode !== '') {
      const place = placeOf(ids.episodes, `${policy}/${clinic}/${episode}`);
      episodeTexts[place] = episode;
      table.episode[at] = place;
    }
    versionOf[at] = version;
    subjectOf[at] = input.range.scope === 'person' ? policy : input.range.scope === 'letter' ? letter : doctor;
    count += 1;
  }

  const data = await readSubjects(client, {
    policyIds: ids.persons.keys,
    letterIds: ids.letters.keys,
    doctorIds: ids.doctors.keys,
    versionIds: [...new Set(ids.invoices.keys.map((key) => Math.floor(key / DAY_SLOTS)))],
    snapshot,
    texts: input.texts,
  });
  const teeth = [...ids.teeth.keys()];
  Object.assign(table, {
    invoices: {
      no: ids.invoices.keys.map((key) => data.invoiceNo(Math.floor(key / DAY_SLOTS))),
      dateDay: Int32Array.from(invoiceDay),
    },
    teeth: { text: teeth, validTooth: Uint8Array.from(teeth, (text) => (isFdiTooth(text) ? 1 : 0)) },
    doctors: data.doctorCodes,
    episodes: episodeTexts,
  });
  const rechecked: number[] = [];
  for (let row = 0; row < count; row += 1) {
    if (table.letter[row]! >= 0) table.letter[row] = data.letterAt[table.letter[row]!] ?? UNKNOWN_LETTER;
    if (input.own.has(versionOf[row]!)) continue;
    const from = input.range.scope === 'doctor-day' ? 0 : (firstDay.get(subjectOf[row]!) ?? 0) - input.lookBackDays;
    if (table.serviceDay[row]! >= from) rechecked.push(table.lineId[row]!);
    else table.review[row] = 0;
  }
  return { table: shorten(table, count), subjects: data.subjects, rechecked };
}

/** Versions that were not there for this batch although their id is below its watermark: taken later, or not yet. */
async function lateVersions(client: PoolClient, batch: BatchRow): Promise<number[]> {
  const rows = await client.query<{ id: number }>(
    `SELECT id FROM invoice_version WHERE batch_id IS NULL AND current AND id <= $1
     UNION ALL SELECT v.id FROM batch b JOIN invoice_version v ON v.batch_id = b.id WHERE b.seq > $2 AND v.id <= $1`,
    [batch.versionWatermark, batch.seq],
  );
  return rows.rows.map((row) => row.id);
}

/** First touched day by subject (for doctor's days the day is part of the key, so it is not needed). */
async function firstDays(client: PoolClient, batchId: string, range: ChunkRange): Promise<Map<number, number>> {
  if (range.scope === 'doctor-day') return new Map();
  const rows = await client.query<{ id: number; day: number }>(
    `SELECT subject_id AS id, day - date '1970-01-01' AS day FROM batch_subject
     WHERE batch_id = $1 AND scope = $2 AND ordinal >= $3 AND ordinal < $4`,
    [batchId, range.scope, range.offset, range.offset + range.length],
  );
  return new Map(rows.rows.map((row) => [row.id, row.day]));
}

const JOIN_BY_SCOPE = {
  person: 'l.policy_id = s.subject_id',
  'doctor-day': 'l.doctor_id = s.subject_id AND l.service_date = s.day',
  letter: 'l.letter_ref_id = s.subject_id',
} as const;

/** COPY takes no parameters: everything that goes in is a number or the batch's own uuid. */
function linesQuery(batch: BatchRow, range: ChunkRange, late: readonly number[]): string {
  const id = checkedUuid(batch.id);
  const [from, to] = [Math.trunc(range.offset), Math.trunc(range.offset + range.length)];
  const notLate = late.length === 0 ? '' : `AND l.version_id <> ALL ('{${late.map(Math.trunc).join(',')}}'::int[])`;
  const refused = `EXISTS (SELECT 1 FROM verdict f WHERE f.line_id = l.id AND f.kind = 'refuse'
    AND f.id <= ${Math.trunc(batch.verdictWatermark)} AND NOT EXISTS (SELECT 1 FROM verdict r
      WHERE r.reverses_id = f.id AND r.id <= ${Math.trunc(batch.verdictWatermark)}))`;
  return `SELECT ${SELECT_LINES} FROM batch_subject s JOIN invoice_line l ON ${JOIN_BY_SCOPE[range.scope]} AND l.current
    WHERE s.batch_id = '${id}' AND s.scope = '${range.scope}' AND s.ordinal >= ${from} AND s.ordinal < ${to}
      AND l.version_id <= ${Math.trunc(batch.versionWatermark)} ${notLate}
      AND (l.state IN ('received', 'normalised', 'priced', 'checked', 'auto-accepted', 'queued') OR NOT ${refused})`;
}

function checkedUuid(id: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw new Error('not a batch id');
  return id;
}

/** The first `count` rows of a table that was made with room to spare. */
function shorten(table: LineTable, count: number): LineTable {
  return takeRows(
    table,
    Int32Array.from({ length: count }, (_, row) => row),
  );
}

/** Dense numbers for sparse keys, in order of appearance. */
class Interner {
  readonly keys: number[] = [];
  private readonly places = new Map<number, number>();

  of(key: number): number {
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.keys.length;
      this.places.set(key, place);
      this.keys.push(key);
    }
    return place;
  }
}

function placeOf(places: Map<string, number>, key: string): number {
  let place = places.get(key);
  if (place === undefined) {
    place = places.size;
    places.set(key, place);
  }
  return place;
}

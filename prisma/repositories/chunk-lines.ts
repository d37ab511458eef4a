import type { LineTable, SubjectData } from '../../models/review/table';
import type { PoolClient } from '../pool';
import type { BatchRow } from './batches';
import type { TextCache } from './chunk-subjects';
import { LINE_COLUMNS, readLineTable } from './line-table';
import type { LineTableRead } from './line-table';
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

/**
 * Reads all lines of a chunk's subjects. History is what the batch saw when it was taken: current lines of versions up
 * to its watermark that were not refused by then, so a retry after days still reads the same.
 */
export async function readChunk(client: PoolClient, input: ChunkReadInput): Promise<ChunkRead> {
  const { batch, range } = input;
  const late = await lateVersions(client, batch);
  const firstDay = await firstDays(client, batch.id, range);
  const read = await readLineTable(client, chunkQuery(batch, range, late), input.snapshot, input.texts);
  const { table } = read;
  const subjectId = range.scope === 'person' ? read.policyId : read.letterRefId;
  const rechecked: number[] = [];
  for (let row = 0; row < table.rows; row += 1) {
    if (input.own.has(read.versionId[row]!)) continue;
    // A doctor's day is checked as a whole; for the others nothing before the first touched day can have changed.
    const from = range.scope === 'doctor-day' ? 0 : (firstDay.get(subjectId[row]!) ?? 0) - input.lookBackDays;
    if (table.serviceDay[row]! >= from) rechecked.push(table.lineId[row]!);
    else table.review[row] = 0;
  }
  return { table, subjects: read.subjects, rechecked };
}

export interface TracedLine {
  readonly id: number;
  readonly policyId: number;
  readonly doctorId: number | null;
  readonly serviceDate: string;
  readonly letterRefId: number | null;
}

/** Everything that rules read for one line: its person's history, its doctor's day and its letter, as its batch saw them. */
export async function readTraceLines(
  client: PoolClient,
  input: {
    readonly batch: BatchRow;
    readonly line: TracedLine;
    readonly snapshot: ReferenceSnapshot;
    readonly texts: TextCache;
  },
): Promise<LineTableRead> {
  const { batch, line } = input;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(line.serviceDate)) throw new Error('not a date');
  const parts = [`l.policy_id = ${Math.trunc(line.policyId)}`];
  if (line.doctorId !== null) {
    parts.push(`(l.doctor_id = ${Math.trunc(line.doctorId)} AND l.service_date = '${line.serviceDate}')`);
  }
  if (line.letterRefId !== null) parts.push(`l.letter_ref_id = ${Math.trunc(line.letterRefId)}`);
  const late = await lateVersions(client, batch);
  const query = `SELECT ${LINE_COLUMNS} FROM invoice_line l
    WHERE (l.id = ${Math.trunc(line.id)} OR ((${parts.join(' OR ')}) AND l.current AND ${seenBy(batch, late)}))`;
  return readLineTable(client, query, input.snapshot, input.texts);
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
function chunkQuery(batch: BatchRow, range: ChunkRange, late: readonly number[]): string {
  const [from, to] = [Math.trunc(range.offset), Math.trunc(range.offset + range.length)];
  return `SELECT ${LINE_COLUMNS} FROM batch_subject s JOIN invoice_line l ON ${JOIN_BY_SCOPE[range.scope]} AND l.current
    WHERE s.batch_id = '${checkedUuid(batch.id)}' AND s.scope = '${range.scope}'
      AND s.ordinal >= ${from} AND s.ordinal < ${to} AND ${seenBy(batch, late)}`;
}

/** Lines that were there and not refused when the batch was taken. Most states say at once that nobody refused. */
function seenBy(batch: BatchRow, late: readonly number[]): string {
  const verdicts = Math.trunc(batch.verdictWatermark);
  const notLate = late.length === 0 ? '' : `AND l.version_id <> ALL ('{${late.map(Math.trunc).join(',')}}'::int[])`;
  return `l.version_id <= ${Math.trunc(batch.versionWatermark)} ${notLate}
    AND (l.state IN ('received', 'normalised', 'priced', 'checked', 'auto-accepted', 'queued') OR NOT EXISTS (
      SELECT 1 FROM verdict f WHERE f.line_id = l.id AND f.kind = 'refuse' AND f.id <= ${verdicts} AND NOT EXISTS (
        SELECT 1 FROM verdict r WHERE r.reverses_id = f.id AND r.id <= ${verdicts})))`;
}

function checkedUuid(id: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw new Error('not a batch id');
  return id;
}

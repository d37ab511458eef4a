import { NONE, SEX_FEMALE, SEX_MALE, SEX_UNKNOWN } from '../../models/review/table';
import type { EnrolmentColumns, LetterColumns, PersonColumns, SubjectData } from '../../models/review/table';
import type { Queryable } from '../pool';
import type { ReferenceSnapshot } from './reference-snapshot';

/** Texts that never change once they have an id: kept per worker process, forgotten when they grow too many. */
export interface TextCache {
  readonly invoiceNo: Map<number, string>;
  readonly doctorCode: Map<number, string>;
}

const MAX_TEXTS = 300_000;

export function createTextCache(): TextCache {
  return { invoiceNo: new Map(), doctorCode: new Map() };
}

export interface SubjectQuery {
  readonly policyIds: readonly number[];
  readonly letterIds: readonly number[];
  readonly doctorIds: readonly number[];
  readonly versionIds: readonly number[];
  readonly snapshot: ReferenceSnapshot;
  readonly texts: TextCache;
}

export interface SubjectRead {
  readonly subjects: SubjectData;
  readonly doctorCodes: string[];
  readonly invoiceNo: (versionId: number) => string;
  /** Position in subjects.letters by position in letterIds; undefined: nobody issued such a letter. */
  readonly letterAt: readonly (number | undefined)[];
}

/** People, letters and names behind the ids of a chunk: a handful of set-based reads. */
export async function readSubjects(db: Queryable, query: SubjectQuery): Promise<SubjectRead> {
  const persons = await readPersons(db, query.policyIds);
  const enrolments = await readEnrolments(db, query, persons);
  const { letters, letterAt } = await readLetters(db, query);
  await fillTexts(
    db,
    query.texts.doctorCode,
    query.doctorIds,
    'SELECT id, code AS text FROM doctor WHERE id = ANY($1)',
  );
  await fillTexts(
    db,
    query.texts.invoiceNo,
    query.versionIds,
    `SELECT v.id, i.invoice_no AS text FROM invoice_version v JOIN invoice i ON i.id = v.invoice_id WHERE v.id = ANY($1)`,
  );
  return {
    subjects: { persons, enrolments, letters },
    doctorCodes: query.doctorIds.map((id) => query.texts.doctorCode.get(id)!),
    invoiceNo: (versionId) => query.texts.invoiceNo.get(versionId)!,
    letterAt,
  };
}

async function readPersons(db: Queryable, ids: readonly number[]): Promise<PersonColumns> {
  const rows = await db.query<{ place: number; policyNo: string; sex: string | null; birth: number | null }>(
    `SELECT w.place::int - 1 AS place, p.policy_no AS "policyNo", i.sex, i.birth_date - date '1970-01-01' AS birth
     FROM unnest($1::int[]) WITH ORDINALITY AS w(id, place) JOIN policy p ON p.id = w.id
     LEFT JOIN insured i ON i.policy_id = p.id`,
    [ids],
  );
  const persons: PersonColumns = {
    policyNo: Array.from({ length: ids.length }, () => ''),
    known: new Uint8Array(ids.length),
    sex: new Uint8Array(ids.length),
    birthDay: new Int32Array(ids.length),
    enrolmentStart: new Int32Array(ids.length + 1),
  };
  for (const row of rows.rows) {
    persons.policyNo[row.place] = row.policyNo;
    persons.known[row.place] = row.sex === null ? 0 : 1;
    persons.sex[row.place] = row.sex === 'M' ? SEX_MALE : row.sex === 'F' ? SEX_FEMALE : SEX_UNKNOWN;
    persons.birthDay[row.place] = row.birth ?? 0;
  }
  return persons;
}

async function readEnrolments(db: Queryable, query: SubjectQuery, persons: PersonColumns): Promise<EnrolmentColumns> {
  const rows = await db.query<{ place: number; programme: number; from: number; to: number }>(
    `SELECT w.place::int - 1 AS place, e.programme_id AS programme, e.enrolled_from - date '1970-01-01' AS "from",
       e.enrolled_to - date '1970-01-01' AS "to"
     FROM unnest($1::int[]) WITH ORDINALITY AS w(id, place) JOIN enrolment e ON e.policy_id = w.id
     ORDER BY w.place, e.enrolled_from, e.id`,
    [query.policyIds],
  );
  for (const row of rows.rows) persons.enrolmentStart[row.place + 1]! += 1;
  for (let place = 0; place < query.policyIds.length; place += 1) {
    persons.enrolmentStart[place + 1]! += persons.enrolmentStart[place]!;
  }
  return {
    programme: Int32Array.from(rows.rows, (row) => query.snapshot.programmeAt[row.programme] ?? NONE),
    fromDay: Int32Array.from(rows.rows, (row) => row.from),
    toDay: Int32Array.from(rows.rows, (row) => row.to),
  };
}

interface LetterRow {
  place: number;
  letterNo: string;
  policyId: number;
  clinicId: number;
  serviceCode: string;
  quantity: number;
  amount: number;
  from: number;
  to: number;
}

async function readLetters(
  db: Queryable,
  query: SubjectQuery,
): Promise<{ letters: LetterColumns; letterAt: (number | undefined)[] }> {
  const rows =
    query.letterIds.length === 0
      ? []
      : (
          await db.query<LetterRow & Record<string, unknown>>(
            `SELECT w.place::int - 1 AS place, r.letter_no AS "letterNo", g.policy_id AS "policyId",
               g.clinic_id AS "clinicId", g.service_code AS "serviceCode", g.quantity, g.amount_kopecks AS amount,
               g.valid_from - date '1970-01-01' AS "from", g.valid_to - date '1970-01-01' AS "to"
             FROM unnest($1::int[]) WITH ORDINALITY AS w(id, place) JOIN letter_ref r ON r.id = w.id
             JOIN guarantee_letter g ON g.letter_ref_id = r.id ORDER BY w.place`,
            [query.letterIds],
          )
        ).rows;
  const personAt = new Map(query.policyIds.map((id, place) => [id, place]));
  const letterAt: (number | undefined)[] = Array.from({ length: query.letterIds.length }, () => undefined);
  rows.forEach((row, index) => {
    letterAt[row.place] = index;
  });
  const letters: LetterColumns = {
    letterNo: rows.map((row) => row.letterNo),
    person: Int32Array.from(rows, (row) => personAt.get(row.policyId) ?? NONE),
    clinic: Int32Array.from(rows, (row) => query.snapshot.clinicAt[row.clinicId] ?? NONE),
    service: Int32Array.from(rows, (row) => query.snapshot.serviceByCode.get(row.serviceCode) ?? NONE),
    quantity: Float64Array.from(rows, (row) => row.quantity),
    amount: Float64Array.from(rows, (row) => row.amount),
    fromDay: Int32Array.from(rows, (row) => row.from),
    toDay: Int32Array.from(rows, (row) => row.to),
  };
  return { letters, letterAt };
}

async function fillTexts(
  db: Queryable,
  cache: Map<number, string>,
  ids: readonly number[],
  sql: string,
): Promise<void> {
  if (cache.size > MAX_TEXTS) cache.clear();
  const missing = ids.filter((id) => !cache.has(id));
  if (missing.length === 0) return;
  const rows = await db.query<{ id: number; text: string }>(sql, [missing]);
  for (const row of rows.rows) cache.set(row.id, row.text);
}

import { expandPairs } from '../../models/fraud/bundled-pairs';
import { QUESTIONS, SERVICE_KINDS } from '../../models/fraud/types';
import type { AnswerColumns, FraudInput, LineColumns, ServiceColumns } from '../../models/fraud/types';
import { createDictionary, growingColumn } from '../../models/fraud/world';
import type { WorldRules } from '../../models/fraud/world';
import type { PoolClient, Queryable } from '../pool';
import { copyRows, POSTGRES_EPOCH_DAY } from './copy-out';

/** The whole book as columns, with the database ids behind the dense numbers. */
export interface FraudBook {
  readonly input: FraudInput;
  /** Database id of each line. */
  readonly lineId: Float64Array;
  readonly clinicIds: readonly number[];
  readonly doctorIds: readonly number[];
}

/** Lines read in one COPY: bounds the memory that raw rows take beside the columns. */
const SLICE = 250_000;
const HIGHEST_KOPECKS = 2_147_483_647;

/** Rules of visits, days and bundles from the guideline packs in force. */
export async function readFraudRules(db: Queryable): Promise<WorldRules> {
  interface Pack {
    readonly pairs?: readonly { kind: string; service: string; with: string; window_days: number }[];
    readonly visits?: { primary_suffix?: string; repeat_suffix?: string };
    readonly day?: { max_doctor_minutes?: number };
  }
  const rows = await db.query<{ data: Pack }>(
    `SELECT data FROM guideline_pack WHERE state = 'published' ORDER BY name`,
  );
  const packs = rows.rows.map((row) => row.data);
  return {
    primarySuffix: packs.find((pack) => pack.visits?.primary_suffix)?.visits?.primary_suffix ?? '.001',
    repeatSuffix: packs.find((pack) => pack.visits?.repeat_suffix)?.visits?.repeat_suffix ?? '.002',
    maxDoctorMinutes: Math.min(720, ...packs.map((pack) => pack.day?.max_doctor_minutes ?? 720)),
    bundled: packs
      .flatMap((pack) => pack.pairs ?? [])
      .filter((pair) => pair.kind === 'bundled')
      .map((pair) => ({ service: pair.service, with: pair.with, windowDays: pair.window_days })),
  };
}

/** Small integers by a database id, in order of arrival. */
function numbering() {
  const at: number[] = [];
  const ids: number[] = [];
  return {
    ids,
    find: (id: number): number => at[id] ?? -1,
    of: (id: number): number => (at[id] ??= ids.push(id) - 1),
  };
}

/**
 * Reads all current lines and all answers. Set-based: a few COPYs of narrow integer columns; services are resolved from
 * the price lists in memory. `classify` maps a comment to COMMENT_*.
 */
export async function readFraudBook(client: PoolClient, classify: (text: string) => number): Promise<FraudBook> {
  const rules = await readFraudRules(client);
  const { services, codes, indexOf } = await readServices(client, rules);
  const serviceOf = await readPrices(client, indexOf);
  const categories = await readCategories(client);
  const clinics = numbering();
  const doctors = numbering();
  const column = growingColumn;
  const [clinic, doctor, person, day, service] = [column(), column(), column(), column(), column()];
  const [diagnosis, episode, quantity, payable] = [column(), column(), column(), column()];
  const bounds = await client.query<{ last: number }>('SELECT COALESCE(max(id), 0) AS last FROM invoice_line');
  const last = bounds.rows[0]!.last;
  const lineId: Float64Array[] = [];
  for (let from = 0; from < last; from += SLICE) {
    // Episodes are told apart within their clinic; the hash only has to be unlikely to meet another one there.
    const rows = await copyRows(
      client,
      `SELECT id, clinic_id, doctor_id, policy_id, service_date, clinic_item_id, diagnosis_id,
         CASE WHEN episode_no <> '' THEN hashtext(policy_id || '/' || episode_no) & 2147483647 END, quantity,
         LEAST(${HIGHEST_KOPECKS}, GREATEST(0, amount_kopecks - patient_share_kopecks))::int4
       FROM invoice_line WHERE current AND id > ${from} AND id <= ${from + SLICE} ORDER BY id`,
    );
    const ids = new Float64Array(rows.maxRows(10, 40));
    let count = 0;
    for (; rows.next(); count++) {
      ids[count] = rows.big();
      clinic.push(clinics.of(rows.int()));
      const who = rows.int();
      doctor.push(who < 0 ? -1 : doctors.of(who));
      person.push(rows.int());
      const date = rows.int() + POSTGRES_EPOCH_DAY;
      day.push(date);
      service.push(serviceOf(rows.int(), date));
      diagnosis.push(categories[rows.int()] ?? -1);
      episode.push(rows.int());
      quantity.push(rows.int());
      payable.push(rows.int());
    }
    lineId.push(ids.slice(0, count));
  }
  const ids = concatenate(lineId);
  const lines: LineColumns = {
    length: ids.length,
    clinic: clinic.done(),
    doctor: doctor.done(),
    person: person.done(),
    day: day.done(),
    service: service.done(),
    diagnosis: diagnosis.done(),
    episode: episode.done(),
    quantity: quantity.done(),
    payable: Float64Array.from(payable.done()),
  };
  const answers = await readAnswers(client, ids, clinics.find, classify);
  const input: FraudInput = {
    clinics: clinics.ids.length,
    doctors: doctors.ids.length,
    lines,
    services,
    answers,
    bundled: expandPairs(rules.bundled, codes),
    maxDoctorMinutes: rules.maxDoctorMinutes,
  };
  return { input, lineId: ids, clinicIds: clinics.ids, doctorIds: doctors.ids };
}

async function readServices(db: Queryable, rules: WorldRules) {
  const rows = await db.query<{
    id: number;
    code: string;
    kind: string;
    specialty: string | null;
    minutes: number | null;
  }>('SELECT id, code, kind, specialty, minutes FROM service ORDER BY id');
  const all = rows.rows;
  const specialties = createDictionary();
  const visitType = ({ kind, code }: { kind: string; code: string }): number => {
    if (kind !== 'consultation') return 0;
    if (code.endsWith(rules.primarySuffix)) return 1;
    return code.endsWith(rules.repeatSuffix) ? 2 : 0;
  };
  const kindOf = (kind: string): number => {
    const at = (SERVICE_KINDS as readonly string[]).indexOf(kind);
    return at < 0 ? SERVICE_KINDS.length - 1 : at;
  };
  const services: ServiceColumns = {
    length: all.length,
    kind: Uint8Array.from(all, ({ kind }) => kindOf(kind)),
    minutes: Float64Array.from(all, ({ minutes }) => minutes ?? 0),
    visitType: Uint8Array.from(all, visitType),
    specialty: Int32Array.from(all, ({ specialty }) => (specialty === null ? -1 : specialties.of(specialty))),
  };
  const indexOf = new Map(all.map(({ id }, index) => [id, index]));
  return { services, codes: all.map(({ code }) => code), indexOf };
}

/** Service of a clinic's item on a day: the price in force with the latest start. */
async function readPrices(db: Queryable, indexOf: ReadonlyMap<number, number>) {
  const rows = await db.query<{ item: number; service: number | null; from: number; to: number | null }>(
    `SELECT clinic_item_id AS item, service_id AS service, valid_from - DATE '1970-01-01' AS from,
       valid_to - DATE '1970-01-01' AS to FROM price_item ORDER BY clinic_item_id, valid_from DESC`,
  );
  const byItem: { from: number; to: number; service: number }[][] = [];
  for (const { item, service, from, to } of rows.rows) {
    const entry = {
      from,
      to: to ?? Number.MAX_SAFE_INTEGER,
      service: service === null ? -1 : (indexOf.get(service) ?? -1),
    };
    (byItem[item] ??= []).push(entry);
  }
  return (item: number, day: number): number =>
    byItem[item]?.find((price) => price.from <= day && price.to >= day)?.service ?? -1;
}

/** Dense number of the three-character category by diagnosis id. */
async function readCategories(db: Queryable): Promise<number[]> {
  const rows = await db.query<{ id: number; category: string }>('SELECT id, left(code, 3) AS category FROM diagnosis');
  const categories = createDictionary();
  const found: number[] = [];
  for (const { id, category } of rows.rows) found[id] = categories.of(category);
  return found;
}

async function readAnswers(
  client: PoolClient,
  lineIds: Float64Array,
  clinicOf: (id: number) => number,
  classify: (text: string) => number,
): Promise<AnswerColumns> {
  const cases = QUESTIONS.map((question, at) => `WHEN '${question}' THEN ${at}`).join(' ');
  const rows = await copyRows(
    client,
    `SELECT CASE f.question ${cases} END::int4, CASE f.answer WHEN 'no' THEN 0 WHEN 'yes' THEN 1 WHEN 'unsure' THEN 2 END::int4,
       f.clinic_id, f.policy_id, f.visit_date, l.id, f.answer, f.line_no
     FROM feedback_answer f
       LEFT JOIN invoice i ON f.line_no IS NOT NULL AND i.clinic_id = f.clinic_id AND i.invoice_no = f.invoice_no
       LEFT JOIN invoice_version v ON v.invoice_id = i.id AND v.current
       LEFT JOIN invoice_line l ON l.version_id = v.id AND l.line_no = f.line_no`,
  );
  const columns = Array.from({ length: 5 }, growingColumn);
  const values: number[] = [];
  while (rows.next()) {
    const question = rows.int();
    const said = rows.int();
    const clinic = clinicOf(rows.int());
    const person = rows.int();
    const day = rows.int() + POSTGRES_EPOCH_DAY;
    const id = rows.big();
    const text = rows.text() ?? '';
    const named = rows.int() >= 0;
    const line = id < 0 ? -1 : find(lineIds, id);
    // An answer on a line or clinic that was never billed says nothing about the book.
    if (clinic < 0 || question < 0 || (named && line < 0)) continue;
    const kind = QUESTIONS[question]!;
    const number = kind === 'duration-minutes' || kind === 'rating' ? Number(text) : said;
    values.push(kind === 'comment' ? classify(text) : number);
    [line, clinic, person, day, question].forEach((value, at) => columns[at]!.push(value));
  }
  const [line, clinic, person, day, question] = columns.map((one) => one.done());
  return {
    length: values.length,
    line: line!,
    clinic: clinic!,
    person: person!,
    day: day!,
    question: Uint8Array.from(question!),
    value: Float32Array.from(values),
  };
}

/** Position of an id in the ascending ids; -1 when it is not there. */
function find(ids: Float64Array, id: number): number {
  let low = 0;
  let high = ids.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (ids[middle] === id) return middle;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

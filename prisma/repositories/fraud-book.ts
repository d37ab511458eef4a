import { createBookWriter, type BookWriter, type SpooledBook } from '../../models/fraud/book-writer';
import { expandPairs } from '../../models/fraud/bundled-pairs';
import {
  createDictionary,
  describeServices,
  rulesOf,
  type RulePack,
  type WorldRules,
} from '../../models/fraud/reference';
import type { SpoolStore } from '../../models/fraud/spool';
import { QUESTIONS } from '../../models/fraud/types';
import type { PoolClient, Queryable } from '../pool';
import { copyRows, POSTGRES_EPOCH_DAY } from './copy-out';

/** The book in spools, with the database ids behind the dense numbers. */
export interface FraudBook {
  readonly book: SpooledBook;
  readonly clinicIds: readonly number[];
  readonly doctorIds: readonly number[];
}

/** Ids read in one COPY: bounds the memory that raw rows take. */
const SLICE = 50_000;
const HIGHEST_KOPECKS = 2_147_483_647;
const LOW = 2 ** 31;

/** Rules of visits, days and bundles from the guideline packs in force. */
export async function readFraudRules(db: Queryable): Promise<WorldRules> {
  const rows = await db.query<{ data: RulePack }>(
    `SELECT data FROM guideline_pack WHERE state = 'published' ORDER BY name`,
  );
  return rulesOf(rows.rows.map((row) => row.data));
}

/** A database id of any size as the key of a line. */
function keyOf(id: number, into: Int32Array): Int32Array {
  into[0] = Math.floor(id / LOW);
  into[1] = id % LOW;
  return into;
}

/** The id behind a line's key. */
export function lineIdOf(high: number, low: number): number {
  return high * LOW + low;
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
 * Reads all current lines and all answers into spools. Set-based: COPYs of narrow integer columns in slices; services
 * are resolved from the price lists in memory. `classify` maps a comment to COMMENT_*.
 */
export async function readFraudBook(
  client: PoolClient,
  spools: SpoolStore,
  classify: (text: string) => number,
): Promise<FraudBook> {
  const rules = await readFraudRules(client);
  const { services, codes, indexOf } = await readServices(client, rules);
  const writer = createBookWriter(spools, services);
  const clinics = numbering();
  const doctors = numbering();
  await readLines(client, writer, { indexOf, clinics, doctors });
  await readAnswers(client, writer, clinics.find, classify);
  const bundled = expandPairs(rules.bundled, codes);
  const book = writer.finish({ clinics: clinics.ids.length, bundled, maxDoctorMinutes: rules.maxDoctorMinutes });
  return { book, clinicIds: clinics.ids, doctorIds: doctors.ids };
}

interface LineNumbers {
  readonly indexOf: ReadonlyMap<number, number>;
  readonly clinics: ReturnType<typeof numbering>;
  readonly doctors: ReturnType<typeof numbering>;
}

async function readLines(
  client: PoolClient,
  writer: BookWriter,
  { indexOf, clinics, doctors }: LineNumbers,
): Promise<void> {
  const serviceOf = await readPrices(client, indexOf);
  const categories = await readCategories(client);
  const person = new Int32Array(2);
  const key = new Int32Array(3);
  const bounds = await client.query<{ last: number }>('SELECT COALESCE(max(id), 0) AS last FROM invoice_line');
  const last = bounds.rows[0]!.last;
  for (let from = 0; from < last; from += SLICE) {
    // Episodes are told apart within their person and clinic; the hash only has to be unlikely to meet another there.
    const rows = await copyRows(
      client,
      `SELECT id, clinic_id, doctor_id, policy_id, service_date, clinic_item_id, diagnosis_id,
         CASE WHEN episode_no <> '' THEN hashtext(episode_no) & 2147483647 END, quantity,
         LEAST(${HIGHEST_KOPECKS}, GREATEST(0, amount_kopecks - patient_share_kopecks))::int4
       FROM invoice_line WHERE current AND id > ${from} AND id <= ${from + SLICE} ORDER BY id`,
    );
    while (rows.next()) {
      keyOf(rows.big(), key);
      const clinic = clinics.of(rows.int());
      const who = rows.int();
      const doctor = who < 0 ? -1 : doctors.of(who);
      person[0] = rows.int();
      const day = rows.int() + POSTGRES_EPOCH_DAY;
      const service = serviceOf(rows.int(), day);
      const diagnosis = categories[rows.int()] ?? -1;
      const episode = rows.int();
      const quantity = rows.int();
      const payable = rows.int();
      writer.line({ clinic, doctor, person, day, service, diagnosis, episode, quantity, payable, key });
    }
  }
}

async function readServices(db: Queryable, rules: WorldRules) {
  const rows = await db.query<{
    id: number;
    serviceCode: string;
    kind: string;
    specialty: string | null;
    minutes: number | null;
  }>('SELECT id, code AS "serviceCode", kind, specialty, minutes FROM service ORDER BY id');
  const indexOf = new Map(rows.rows.map(({ id }, index) => [id, index]));
  const codes = rows.rows.map(({ serviceCode }) => serviceCode);
  return { services: describeServices(rows.rows, rules), codes, indexOf };
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

/** A person's answers go with the person of the line that they name. */
async function readAnswers(
  client: PoolClient,
  writer: BookWriter,
  clinicOf: (id: number) => number,
  classify: (text: string) => number,
): Promise<void> {
  const cases = QUESTIONS.map((question, at) => `WHEN '${question}' THEN ${at}`).join(' ');
  const person = new Int32Array(2);
  const key = new Int32Array(3);
  const bounds = await client.query<{ last: number }>('SELECT COALESCE(max(id), 0) AS last FROM feedback_answer');
  const last = bounds.rows[0]!.last;
  for (let from = 0; from < last; from += SLICE) {
    const rows = await copyRows(
      client,
      `SELECT CASE f.question ${cases} END::int4,
         CASE f.answer WHEN 'no' THEN 0 WHEN 'yes' THEN 1 WHEN 'unsure' THEN 2 END::int4,
         f.clinic_id, COALESCE(l.policy_id, f.policy_id), f.visit_date, l.id, f.answer, f.line_no
       FROM feedback_answer f
         LEFT JOIN invoice i ON f.line_no IS NOT NULL AND i.clinic_id = f.clinic_id AND i.invoice_no = f.invoice_no
         LEFT JOIN invoice_version v ON v.invoice_id = i.id AND v.current
         LEFT JOIN invoice_line l ON l.version_id = v.id AND l.line_no = f.line_no
       WHERE f.id > ${from} AND f.id <= ${from + SLICE} ORDER BY f.id`,
    );
    while (rows.next()) {
      const question = rows.int();
      const said = rows.int();
      const clinic = clinicOf(rows.int());
      person[0] = rows.int();
      const day = rows.int() + POSTGRES_EPOCH_DAY;
      const id = rows.big();
      const text = rows.text() ?? '';
      const named = rows.int() >= 0;
      // An answer on a line or clinic that was never billed says nothing about the book.
      if (clinic < 0 || question < 0 || (named && id < 0)) continue;
      const kind = QUESTIONS[question]!;
      const number = kind === 'duration-minutes' || kind === 'rating' ? Number(text) : said;
      const value = kind === 'comment' ? classify(text) : number;
      writer.answer({ clinic, person, day, question, value, key: id < 0 ? null : keyOf(id, key) });
    }
  }
}

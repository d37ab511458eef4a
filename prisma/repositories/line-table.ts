import { createLineTable, isFdiTooth, NONE, NO_LETTER, takeRows, UNKNOWN_LETTER } from '../../models/review/table';
import type { LineTable, SubjectData } from '../../models/review/table';
import type { PoolClient } from '../pool';
import { readSubjects } from './chunk-subjects';
import type { TextCache } from './chunk-subjects';
import { copyRows, POSTGRES_EPOCH_DAY } from './copy-out';
import type { ReferenceSnapshot } from './reference-snapshot';

export interface LineTableRead {
  readonly table: LineTable;
  readonly subjects: SubjectData;
  /** Database ids by row of the table. */
  readonly versionId: Int32Array;
  readonly policyId: Int32Array;
  /** -1: none. */
  readonly letterRefId: Int32Array;
}

const COLUMNS = 17;
/** Values of the fixed-size columns of LINE_COLUMNS: four int8 and nine int4 that are never null. */
const FIXED_BYTES = 4 * 8 + 9 * 4;
const DAY_SLOTS = 100_000;

/** What a query for `readLineTable` selects, from `invoice_line l`. */
export const LINE_COLUMNS = `l.id, l.policy_id, l.clinic_id, l.version_id, l.line_no, l.service_date, l.invoice_date,
  l.diagnosis_id, l.clinic_item_id, l.quantity, l.unit_price_kopecks, l.amount_kopecks, l.patient_share_kopecks,
  l.doctor_id, l.letter_ref_id, l.tooth, l.episode_no`;

/**
 * Reads lines with their people and letters as the engine's table: one COPY of narrow columns, no text but tooth and
 * episode. `query` selects LINE_COLUMNS and has no parameters.
 */
export async function readLineTable(
  client: PoolClient,
  query: string,
  snapshot: ReferenceSnapshot,
  texts: TextCache,
): Promise<LineTableRead> {
  const rows = await copyRows(client, query);
  const capacity = rows.maxRows(COLUMNS, FIXED_BYTES);
  const table = createLineTable(capacity);
  const persons = new Interner();
  const invoices = new Interner();
  const doctors = new Interner();
  const letters = new Interner();
  const teeth = new Map<string, number>();
  const episodes = new Map<string, number>();
  const episodeTexts: string[] = [];
  const invoiceDay: number[] = [];
  const versionId = new Int32Array(capacity);
  const policyId = new Int32Array(capacity);
  const letterRefId = new Int32Array(capacity);
  let count = 0;
  for (; rows.next(); count += 1) {
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

    const invoice = invoices.of(version * DAY_SLOTS + dated);
    invoiceDay[invoice] = dated;
    table.person[at] = persons.of(policy);
    table.clinic[at] = clinic;
    table.invoice[at] = invoice;
    table.doctor[at] = doctor < 0 ? NONE : doctors.of(doctor);
    table.letter[at] = letter < 0 ? NO_LETTER : letters.of(letter);
    table.tooth[at] = tooth === null || tooth === '' ? NONE : placeOf(teeth, tooth);
    if (episode !== null && episode !== '') {
      // The same number of another person or clinic is another case.
      const place = placeOf(episodes, `${policy}/${clinic}/${episode}`);
      episodeTexts[place] = episode;
      table.episode[at] = place;
    }
    versionId[at] = version;
    policyId[at] = policy;
    letterRefId[at] = letter;
  }
  const versionOf = (key: number): number => Math.floor(key / DAY_SLOTS);
  const data = await readSubjects(client, {
    policyIds: persons.keys,
    letterIds: letters.keys,
    doctorIds: doctors.keys,
    versionIds: [...new Set(invoices.keys.map(versionOf))],
    snapshot,
    texts,
  });
  for (let row = 0; row < count; row += 1) {
    if (table.letter[row]! >= 0) table.letter[row] = data.letterAt[table.letter[row]!] ?? UNKNOWN_LETTER;
  }
  const toothTexts = [...teeth.keys()];
  Object.assign(table, {
    invoices: {
      no: invoices.keys.map((key) => data.invoiceNo(versionOf(key))),
      dateDay: Int32Array.from(invoiceDay),
    },
    teeth: { text: toothTexts, validTooth: Uint8Array.from(toothTexts, (text) => (isFdiTooth(text) ? 1 : 0)) },
    doctors: data.doctorCodes,
    episodes: episodeTexts,
  });
  return { table: shorten(table, count), subjects: data.subjects, versionId, policyId, letterRefId };
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

/**
 * The columnar contract of the review engine: what a caller hands in. Rows are invoice lines, columns are typed
 * arrays, everything textual is interned. The same table type serves all three scopes (see `scopes.ts`).
 *
 * A table must hold ALL lines (`review` 0 or 1) of the subjects that are reviewed: every line of a person for the
 * person scope, every line of a doctor's day for the doctor-day scope, every line that cites a letter for the letter
 * scope. History means every line that was not refused; refused lines are simply left out by the caller.
 */

/** Days since 1970-01-01 (UTC); no time of day exists in the product's dates. */
export type DayNumber = number;

/** Stands for "open end" wherever a last day is optional. */
export const OPEN_END: DayNumber = 0x7fffffff;

/** Begins the invoice number of a line that is only asked for: sorts behind every real number of the day. */
export const NOT_BILLED = '\uffff';

/** `letter` column: nothing was cited. */
export const NO_LETTER = -1;
/** `letter` column: a number was cited that no letter has. */
export const UNKNOWN_LETTER = -2;
/** Any other column: absent. */
export const NONE = -1;

/** `sex` of a person. */
export const SEX_UNKNOWN = 0;
export const SEX_MALE = 1;
export const SEX_FEMALE = 2;

/** Distinct (clinic, invoice number, invoice date) triples of the table's lines. */
export interface InvoiceColumns {
  no: string[];
  dateDay: Int32Array;
}

/** People by policy number. Enrolments of person p are rows enrolmentStart[p] .. enrolmentStart[p + 1] - 1. */
export interface PersonColumns {
  policyNo: string[];
  /** 1 = the policy number is known to the insurer; 0 = ELIG-01. */
  known: Uint8Array;
  /** SEX_UNKNOWN | SEX_MALE | SEX_FEMALE. */
  sex: Uint8Array;
  birthDay: Int32Array;
  /** Length = people + 1. */
  enrolmentStart: Int32Array;
}

export interface EnrolmentColumns {
  /** Index in reference.programmes. */
  programme: Int32Array;
  fromDay: Int32Array;
  /** Inclusive; OPEN_END when open. */
  toDay: Int32Array;
}

export interface LetterColumns {
  letterNo: string[];
  /** Index in persons; NONE when the letter's person has no line in the table (then it is another person's letter). */
  person: Int32Array;
  /** Index in reference.clinics; NONE when unknown. */
  clinic: Int32Array;
  /** Index in reference.services; NONE when the nomenclature lacks it. */
  service: Int32Array;
  quantity: Float64Array;
  /** Kopecks. */
  amount: Float64Array;
  fromDay: Int32Array;
  /** Inclusive; OPEN_END when open. */
  toDay: Int32Array;
}

/** What is known about the people and letters that the lines name. */
export interface SubjectData {
  persons: PersonColumns;
  enrolments: EnrolmentColumns;
  letters: LetterColumns;
}

/**
 * Invoice lines, sorted for the person scope by (person, service date, clinic code, invoice no, line no as a number),
 * texts by code point (SQL: COLLATE "C"); `sortLineTable` puts any table into that order. The order of persons among
 * each other is free.
 */
export interface LineTable {
  readonly rows: number;
  /** Key of the line for the caller (database id); the engine only carries it. */
  lineId: Float64Array;
  person: Int32Array;
  /** Index in reference.clinics, which holds unknown codes too (known: false). */
  clinic: Int32Array;
  invoice: Int32Array;
  lineNo: Int32Array;
  serviceDay: Int32Array;
  /** Index in reference.diagnoses, which holds unknown codes too (known: false); NONE = no code at all. */
  diagnosis: Int32Array;
  /** Index in reference.priceItems (clinic + item code with its price periods; none for a code that the price list
   * lacks, which is how findings can name it); NONE works like an item without periods. */
  item: Int32Array;
  quantity: Float64Array;
  /** Kopecks, as billed. */
  unitPrice: Float64Array;
  /** Kopecks, as billed, before the patient's share. */
  amount: Float64Array;
  /** Kopecks. */
  patientShare: Float64Array;
  /** Interned doctor code, one space for all clinics; NONE = empty. */
  doctor: Int32Array;
  /** Index in `teeth`; NONE = empty. */
  tooth: Int32Array;
  /** Index in subjects.letters, NO_LETTER or UNKNOWN_LETTER. */
  letter: Int32Array;
  /** Interned (person, clinic, episode_no): the same number of another person or clinic is another case. NONE = empty. */
  episode: Int32Array;
  /** 1 = produce findings, 0 = history only. */
  review: Uint8Array;
  invoices: InvoiceColumns;
  /** Interned tooth texts; `validTooth` = 1 when the text is an FDI number (`isFdiTooth`). */
  teeth: { text: string[]; validTooth: Uint8Array };
  /** Interned texts, for explanations only. */
  doctors: string[];
  episodes: string[];
}

const INT_COLUMNS = [
  'person',
  'clinic',
  'invoice',
  'lineNo',
  'serviceDay',
  'diagnosis',
  'item',
  'doctor',
  'tooth',
  'letter',
  'episode',
] as const;
const FLOAT_COLUMNS = ['lineId', 'quantity', 'unitPrice', 'amount', 'patientShare'] as const;

/** An empty table of `rows` rows: optional columns NONE, review 1; the caller fills the columns in place. */
export function createLineTable(rows: number, texts: Partial<LineTexts> = {}): LineTable {
  const ints = Object.fromEntries(INT_COLUMNS.map((name) => [name, new Int32Array(rows).fill(NONE)]));
  const floats = Object.fromEntries(FLOAT_COLUMNS.map((name) => [name, new Float64Array(rows)]));
  return {
    rows,
    ...(ints as Record<(typeof INT_COLUMNS)[number], Int32Array>),
    ...(floats as Record<(typeof FLOAT_COLUMNS)[number], Float64Array>),
    review: new Uint8Array(rows).fill(1),
    invoices: texts.invoices ?? { no: [], dateDay: new Int32Array(0) },
    teeth: texts.teeth ?? { text: [], validTooth: new Uint8Array(0) },
    doctors: texts.doctors ?? [],
    episodes: texts.episodes ?? [],
  };
}

export type LineTexts = Pick<LineTable, 'invoices' | 'teeth' | 'doctors' | 'episodes'>;

/** The rows `order[0], order[1], ...` of a table as a new table that shares the interned texts. */
export function takeRows(table: LineTable, order: ArrayLike<number>): LineTable {
  const out = createLineTable(order.length, table);
  for (const name of [...INT_COLUMNS, ...FLOAT_COLUMNS, 'review' as const]) {
    const from = table[name];
    const to = out[name];
    for (let i = 0; i < order.length; i += 1) to[i] = from[order[i]!]!;
  }
  return out;
}

/** FDI tooth number: permanent quadrants 1-4 with teeth 1-8, deciduous quadrants 5-8 with teeth 1-5. */
export function isFdiTooth(text: string): boolean {
  return /^(?:[1-4][1-8]|[5-8][1-5])$/.test(text);
}

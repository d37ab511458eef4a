import { packFromFile, programmesFromFile } from './from-files';
import type { PackFile, ProgrammeFile } from './from-files';
import { dayOfIso } from './days';
import type { PaymentMode, ReviewClinic, ReviewDiagnosis, ReviewPriceItem, ReviewReference } from './reference';
import type { ServiceKind } from '../service-kinds';
import type { LineTable, SubjectData } from './table';
import { NONE, NO_LETTER, OPEN_END, SEX_FEMALE, SEX_MALE, UNKNOWN_LETTER, createLineTable, isFdiTooth } from './table';

/** One record of a CSV file of `formats.md`: column name to text. */
export type Row = Readonly<Record<string, string>>;

/** The files of a world that the review reads, as parsed rows and parsed JSON. */
export interface WorldRows {
  nomenclature: readonly Row[];
  diagnoses: readonly Row[];
  clinics: readonly Row[];
  priceItems: readonly Row[];
  contracts: readonly Row[];
  programmes: readonly ProgrammeFile[];
  insured: readonly Row[];
  letters: readonly Row[];
  guidelines: readonly PackFile[];
  invoices: readonly Row[];
}

export interface ReviewWorld {
  reference: ReviewReference;
  subjects: SubjectData;
  /** In file order: sort it with `sortLineTable`. lineId is the row's position in the file. */
  table: LineTable;
}

/** Builds the engine's input from the files of a world, in memory: for tests, benchmarks and small worlds. */
export function worldFromRows(files: WorldRows, version: string): ReviewWorld {
  const serviceIndex = new Map<string, number>();
  const services = files.nomenclature.map((row, i) => {
    serviceIndex.set(row.service_code!, i);
    return {
      code: row.service_code!,
      name: row.name!,
      kind: row.kind as ServiceKind,
      specialty: row.specialty || null,
      minutes: row.minutes ? Number(row.minutes) : null,
    };
  });
  const serviceOf = (code: string): number => serviceIndex.get(code) ?? NONE;
  const clinics = readClinics(files);
  const clinicOf = new Map(clinics.map((clinic, i) => [clinic.code, i]));
  const diagnoses = readDiagnoses(files);
  const items = readPriceItems(files, clinicOf, serviceOf);
  const contractOf = new Map(files.contracts.map((row, i) => [row.contract_no!, i]));
  const reference: ReviewReference = {
    version,
    clinics,
    services,
    diagnoses,
    priceItems: items.list,
    contracts: files.contracts.map((row) => ({
      no: row.contract_no!,
      start: dayOfIso(row.start_date!),
      end: row.end_date ? dayOfIso(row.end_date) : null,
    })),
    programmes: programmesFromFile(files.programmes, contractOf, clinicOf),
    packs: files.guidelines.map(packFromFile),
  };
  const people = readPeople(files);
  const letterOf = new Map(files.letters.map((row, i) => [row.letter_no!, i]));
  const subjects: SubjectData = {
    persons: people.persons,
    enrolments: people.enrolments,
    letters: {
      letterNo: files.letters.map((row) => row.letter_no!),
      person: Int32Array.from(files.letters, (row) => people.index.get(row.policy_no!) ?? NONE),
      clinic: Int32Array.from(files.letters, (row) => clinicOf.get(row.clinic_code!) ?? NONE),
      service: Int32Array.from(files.letters, (row) => serviceOf(row.service_code!)),
      quantity: Float64Array.from(files.letters, (row) => Number(row.quantity)),
      amount: Float64Array.from(files.letters, (row) => kopecks(row.amount_rub!)),
      fromDay: Int32Array.from(files.letters, (row) => dayOfIso(row.valid_from!)),
      toDay: Int32Array.from(files.letters, (row) => (row.valid_to ? dayOfIso(row.valid_to) : OPEN_END)),
    },
  };
  const diagnosisOf = new Map(diagnoses.map((diagnosis, i) => [diagnosis.code, i]));
  const table = readLines(files, { clinicOf, diagnosisOf, itemOf: items.index, personOf: people.index, letterOf });
  return { reference, subjects, table };
}

/** Kopecks of a sum in roubles with a dot and up to two decimals, without binary rounding. */
export function kopecks(roubles: string): number {
  const [whole, decimals = ''] = roubles.split('.');
  const sign = whole!.startsWith('-') ? -1 : 1;
  return Number(whole) * 100 + sign * Number(decimals.padEnd(2, '0'));
}

function readClinics({ clinics, invoices }: WorldRows): ReviewClinic[] {
  const known = clinics.map((row) => ({
    code: row.clinic_code!,
    name: row.name!,
    known: true,
    paymentMode: row.payment_mode as PaymentMode,
    openSunday: row.open_sunday === '1',
    billingTermDays: row.billing_term_days ? Number(row.billing_term_days) : null,
  }));
  const codes = new Set(known.map((clinic) => clinic.code));
  const others = [...new Set(invoices.map((row) => row.clinic_code!))].filter((code) => !codes.has(code));
  const blank = { name: '', known: false, paymentMode: null, openSunday: true, billingTermDays: null };
  return [...known, ...others.map((code) => ({ code, ...blank }))];
}

function readDiagnoses({ diagnoses, invoices }: WorldRows): ReviewDiagnosis[] {
  const known = diagnoses.map((row) => ({
    code: row.diagnosis_code!,
    name: row.name!,
    known: true,
    billable: row.billable !== '0',
  }));
  const codes = new Set(known.map((diagnosis) => diagnosis.code));
  const others = [...new Set(invoices.map((row) => row.diagnosis_code!))].filter((code) => code && !codes.has(code));
  return [...known, ...others.map((code) => ({ code, name: '', known: false, billable: false }))];
}

function readPriceItems(
  { priceItems, invoices }: WorldRows,
  clinicOf: ReadonlyMap<string, number>,
  serviceOf: (code: string) => number,
): { list: ReviewPriceItem[]; index: Map<string, number> } {
  const list: ReviewPriceItem[] = [];
  const index = new Map<string, number>();
  const itemOf = (row: Row): ReviewPriceItem => {
    const key = itemKey(row);
    if (!index.has(key)) {
      index.set(key, list.length);
      list.push({ clinic: clinicOf.get(row.clinic_code!)!, code: row.item_code!, name: row.item_name!, periods: [] });
    }
    return list[index.get(key)!]!;
  };
  for (const row of priceItems) {
    itemOf(row).periods.push({
      service: row.service_code ? serviceOf(row.service_code) : NONE,
      price: kopecks(row.price_rub!),
      from: dayOfIso(row.valid_from!),
      to: row.valid_to ? dayOfIso(row.valid_to) : null,
    });
  }
  // Codes that the price list lacks become items without periods, so that findings can name them.
  for (const row of invoices) itemOf(row);
  return { list, index };
}

function itemKey(row: Row): string {
  return `${row.clinic_code}\n${row.item_code}`;
}

function readPeople({ insured, invoices, programmes }: WorldRows) {
  const index = new Map<string, number>();
  const rowsOf = new Map<string, Row[]>();
  for (const row of insured) {
    const rows = rowsOf.get(row.policy_no!) ?? [];
    rowsOf.set(row.policy_no!, [...rows, row]);
  }
  for (const row of insured) if (!index.has(row.policy_no!)) index.set(row.policy_no!, index.size);
  for (const row of invoices) if (!index.has(row.policy_no!)) index.set(row.policy_no!, index.size);
  const policyNo = [...index.keys()];
  const enrolled = policyNo.map((policy) => rowsOf.get(policy) ?? []);
  const programmeOf = new Map(programmes.map((programme, i) => [programme.programme_code, i]));
  const enrolmentStart = new Int32Array(policyNo.length + 1);
  enrolled.forEach((rows, p) => (enrolmentStart[p + 1] = enrolmentStart[p]! + rows.length));
  const flat = enrolled.flat();
  return {
    index,
    persons: {
      policyNo,
      known: Uint8Array.from(enrolled, (rows) => (rows.length > 0 ? 1 : 0)),
      sex: Uint8Array.from(enrolled, ([row]) => (row === undefined ? 0 : row.sex === 'M' ? SEX_MALE : SEX_FEMALE)),
      birthDay: Int32Array.from(enrolled, ([row]) => (row ? dayOfIso(row.birth_date!) : 0)),
      enrolmentStart,
    },
    enrolments: {
      programme: Int32Array.from(flat, (row) => programmeOf.get(row.programme_code!)!),
      fromDay: Int32Array.from(flat, (row) => dayOfIso(row.enrolled_from!)),
      toDay: Int32Array.from(flat, (row) => (row.enrolled_to ? dayOfIso(row.enrolled_to) : OPEN_END)),
    },
  };
}

interface Indexes {
  clinicOf: ReadonlyMap<string, number>;
  diagnosisOf: ReadonlyMap<string, number>;
  itemOf: ReadonlyMap<string, number>;
  personOf: ReadonlyMap<string, number>;
  letterOf: ReadonlyMap<string, number>;
}

function readLines({ invoices }: WorldRows, at: Indexes): LineTable {
  const invoice = interner();
  const tooth = interner();
  const doctor = interner();
  const episode = interner();
  const table = createLineTable(invoices.length);
  invoices.forEach((row, i) => {
    table.lineId[i] = i;
    table.person[i] = at.personOf.get(row.policy_no!)!;
    table.clinic[i] = at.clinicOf.get(row.clinic_code!)!;
    table.invoice[i] = invoice.of(`${row.clinic_code}\n${row.invoice_no}\n${row.invoice_date}`);
    table.lineNo[i] = Number(row.line_no);
    table.serviceDay[i] = dayOfIso(row.service_date!);
    table.diagnosis[i] = at.diagnosisOf.get(row.diagnosis_code!) ?? NONE;
    table.item[i] = at.itemOf.get(itemKey(row)) ?? NONE;
    table.quantity[i] = Number(row.quantity);
    table.unitPrice[i] = kopecks(row.unit_price_rub!);
    table.amount[i] = kopecks(row.amount_rub!);
    table.patientShare[i] = kopecks(row.patient_share_rub!);
    table.doctor[i] = row.doctor_id ? doctor.of(row.doctor_id) : NONE;
    table.tooth[i] = row.tooth ? tooth.of(row.tooth) : NONE;
    table.letter[i] = row.letter_no ? (at.letterOf.get(row.letter_no) ?? UNKNOWN_LETTER) : NO_LETTER;
    table.episode[i] = row.episode_no ? episode.of(`${row.policy_no}\n${row.clinic_code}\n${row.episode_no}`) : NONE;
  });
  const triples = invoice.texts.map((text) => text.split('\n'));
  table.invoices = {
    no: triples.map(([, no]) => no!),
    dateDay: Int32Array.from(triples, ([, , date]) => dayOfIso(date!)),
  };
  table.teeth = { text: tooth.texts, validTooth: Uint8Array.from(tooth.texts, (text) => (isFdiTooth(text) ? 1 : 0)) };
  table.doctors = doctor.texts;
  table.episodes = episode.texts.map((text) => text.split('\n')[2]!);
  return table;
}

function interner(): { texts: string[]; of: (text: string) => number } {
  const index = new Map<string, number>();
  const texts: string[] = [];
  const of = (text: string): number => {
    let at = index.get(text);
    if (at === undefined) {
      at = texts.length;
      index.set(text, at);
      texts.push(text);
    }
    return at;
  };
  return { texts, of };
}

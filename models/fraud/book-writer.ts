import type { Book, BookPart, DoctorMinutes } from './book';
import { groupRows, hashTriple, type Grouping } from './group';
import type { RowSpool, SpoolStore } from './spool';
import type { AnswerColumns, BundledPair, ServiceColumns } from './types';

/** A billed line on its way into a book. Numbers are dense where columns of `LineColumns` are. */
export interface LineRecord {
  clinic: number;
  doctor: number;
  /** Whoever the person is: any two integers that are theirs alone. */
  person: Int32Array;
  day: number;
  service: number;
  diagnosis: number;
  episode: number;
  quantity: number;
  /** Kopecks, at most 2^31 - 1. */
  payable: number;
  /** What answers and readers know the line by: any three integers that are its alone. */
  key: Int32Array;
}

export interface AnswerRecord {
  clinic: number;
  person: Int32Array;
  day: number;
  question: number;
  value: number;
  /** Key of the line that the answer names, null for the whole visit. */
  key: Int32Array | null;
}

/** A book whose lines wait in spools. Its parts also know the lines' keys and their place in order of arrival. */
export interface SpooledBook extends Book {
  readonly part: (index: number) => SpooledPart;
}
export interface SpooledPart extends BookPart {
  readonly order: Int32Array;
  readonly keys: readonly [Int32Array, Int32Array, Int32Array];
}

export interface BookWriter {
  readonly line: (record: LineRecord) => void;
  readonly answer: (record: AnswerRecord) => void;
  readonly finish: (rest: {
    clinics: number;
    bundled: readonly BundledPair[];
    maxDoctorMinutes: number;
  }) => SpooledBook;
}

/** Parts of a book: a five-million-line book has 40,000 lines a part, some 10 MB while it is read. */
const PARTS = 128;
const MOST_CLINICS = 1_000_000;
const LINE_WIDTH = 14;
const ANSWER_WIDTH = 10;
const MINUTES_WIDTH = 4;

/** Writes lines and answers of a book, in any order, into spools: by person, and lines with minutes by doctor too. */
export function createBookWriter(spools: SpoolStore, services: ServiceColumns): BookWriter {
  const lines = spools.open('lines', LINE_WIDTH, PARTS);
  const answers = spools.open('answers', ANSWER_WIDTH, PARTS);
  const minutes = spools.open('minutes', MINUTES_WIDTH, PARTS);
  const unitOf = new Map<number, number>();
  const unitClinic: number[] = [];
  const unitDoctor: number[] = [];
  const row = new Int32Array(LINE_WIDTH);
  let count = 0;
  let answerCount = 0;
  let firstDay = Infinity;
  let lastDay = -Infinity;
  const unit = (clinic: number, doctor: number): number => {
    if (doctor < 0) return -1;
    const key = doctor * MOST_CLINICS + clinic;
    const known = unitOf.get(key);
    if (known !== undefined) return known;
    unitOf.set(key, unitClinic.length);
    unitDoctor.push(doctor);
    return unitClinic.push(clinic) - 1;
  };
  const bucketOf = (person: Int32Array): number => hashTriple(person[0]!, person[1]!, 0) % PARTS;
  return {
    line: (record) => {
      const who = unit(record.clinic, record.doctor);
      row.set([count++, record.clinic, who, record.person[0]!, record.person[1]!, record.day, record.service]);
      row.set([record.diagnosis, record.episode, record.quantity, record.payable], 7);
      row.set(record.key, 11);
      lines.put(bucketOf(record.person), row);
      firstDay = Math.min(firstDay, record.day);
      lastDay = Math.max(lastDay, record.day);
      const taken = record.service < 0 ? 0 : services.minutes[record.service]! * record.quantity;
      if (who < 0 || taken === 0) return;
      row.set([who, record.day, Math.round(taken), record.payable]);
      minutes.put(record.doctor % PARTS, row);
    },
    answer: ({ clinic, person, day, question, value, key }) => {
      row.set([clinic, person[0]!, person[1]!, day, question, Math.round(value), key === null ? 0 : 1, 0, 0, 0]);
      if (key !== null) row.set(key, 7);
      answers.put(bucketOf(person), row);
      answerCount++;
    },
    finish: ({ clinics, bundled, maxDoctorMinutes }) => ({
      clinics,
      units: { count: unitClinic.length, clinic: Int32Array.from(unitClinic), doctor: Int32Array.from(unitDoctor) },
      services,
      bundled,
      maxDoctorMinutes,
      lines: count,
      answers: answerCount,
      firstDay,
      lastDay,
      parts: PARTS,
      part: (index) => readPart(lines, answers, index),
      doctorParts: PARTS,
      doctorPart: (index) => readMinutes(minutes, index),
    }),
  };
}

/** Columns of a bucket's rows. */
function columns(spool: RowSpool, bucket: number): { length: number; column: (at: number) => Int32Array } {
  const rows = spool.take(bucket);
  const length = rows.length / spool.width;
  return {
    length,
    column: (at) => {
      const column = new Int32Array(length);
      for (let row = 0, from = at; row < length; row++, from += spool.width) column[row] = rows[from]!;
      return column;
    },
  };
}

function readPart(lineSpool: RowSpool, answerSpool: RowSpool, index: number): SpooledPart {
  const { length, column } = columns(lineSpool, index);
  const personA = column(3);
  const personB = column(4);
  const people = groupRows(length, personA, personB, personB);
  const keys = [column(11), column(12), column(13)] as const;
  const clinic = column(1);
  const lines = {
    length,
    clinic,
    unit: column(2),
    person: people.id,
    day: column(5),
    service: column(6),
    diagnosis: column(7),
    episode: column(8),
    quantity: column(9),
    payable: column(10),
  };
  return { lines, order: column(0), keys, ...readAnswers(answerSpool, index, people, keys) };
}

function readAnswers(
  spool: RowSpool,
  index: number,
  people: Grouping,
  keys: SpooledPart['keys'],
): Pick<BookPart, 'answers' | 'strayAnswers'> {
  const { length, column } = columns(spool, index);
  const named = column(6);
  const lineOf = named.includes(1) ? groupRows(keys[0].length, ...keys) : undefined;
  const [clinic, personA, personB, day, question, value] = [0, 1, 2, 3, 4, 5].map(column);
  const [keyA, keyB, keyC] = [column(7), column(8), column(9)];
  const kept: number[] = [];
  const person = new Int32Array(length);
  const line = new Int32Array(length).fill(-1);
  for (let a = 0; a < length; a++) {
    person[a] = people.find(personA![a]!, personB![a]!, personB![a]!);
    if (named[a] === 1) {
      const found = lineOf!.find(keyA[a]!, keyB[a]!, keyC[a]!);
      // A line of somebody else is not what this person can have answered about.
      if (found < 0 || people.id[lineOf!.first[found]!] !== person[a]) continue;
      line[a] = lineOf!.first[found]!;
    }
    kept.push(a);
  }
  const pick = (from: Int32Array): Int32Array => Int32Array.from(kept, (a) => from[a]!);
  const answers: AnswerColumns = {
    length: kept.length,
    line: pick(line),
    clinic: pick(clinic!),
    person: pick(person),
    day: pick(day!),
    question: Uint8Array.from(pick(question!)),
    value: Float32Array.from(pick(value!)),
  };
  return { answers, strayAnswers: length - kept.length };
}

function readMinutes(spool: RowSpool, index: number): DoctorMinutes {
  const { length, column } = columns(spool, index);
  return { length, unit: column(0), day: column(1), minutes: column(2), payable: column(3) };
}

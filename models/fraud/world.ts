import { expandPairs, type PairRule } from './bundled-pairs';
import type { AnswerColumns, FraudInput, LineColumns, ServiceColumns } from './types';
import { ANSWER_NO, ANSWER_UNSURE, ANSWER_YES, QUESTIONS, SERVICE_KINDS } from './types';

/** The fields of exchange rows that the fraud models read (rows of `models/exchange` fit as they are). */
export interface WorldService {
  serviceCode: string;
  kind: string;
  specialty: string | null;
  minutes: number | null;
}
export interface WorldPrice {
  clinicCode: string;
  itemCode: string;
  serviceCode: string;
  validFrom: number;
  validTo: number | null;
}
export interface WorldLine {
  clinicCode: string;
  invoiceNo: string;
  lineNo: number;
  policyNo: string;
  serviceDay: number;
  diagnosisCode: string;
  itemCode: string;
  quantity: number;
  amountKopecks: number;
  patientShareKopecks: number;
  doctorId: string;
  episodeNo: string;
}
export interface WorldAnswer {
  clinicCode: string;
  invoiceNo: string;
  lineNo: number | null;
  policyNo: string;
  visitDay: number;
  question: string;
  answer: string;
}

export interface FraudWorld {
  readonly input: FraudInput;
  readonly clinicCodes: readonly string[];
  readonly doctorCodes: readonly string[];
  readonly serviceCodes: readonly string[];
  /** Invoice number (index into `invoices`) and line number of each row. */
  readonly invoiceOf: Int32Array;
  readonly invoices: readonly string[];
  readonly lineNo: Int32Array;
  /** Answers that name a line or visit that was never billed. */
  readonly strayAnswers: number;
}

export interface WorldRules {
  readonly primarySuffix: string;
  readonly repeatSuffix: string;
  readonly maxDoctorMinutes: number;
  readonly bundled: readonly PairRule[];
}

export interface WorldBuilder {
  readonly service: (row: WorldService) => void;
  readonly price: (row: WorldPrice) => void;
  readonly line: (row: WorldLine) => void;
  readonly answer: (row: WorldAnswer) => void;
  readonly build: (rules: WorldRules) => FraudWorld;
}

/** Codes to dense numbers in order of arrival. */
export function createDictionary(): { codes: string[]; of: (code: string) => number; find: (code: string) => number } {
  const numbers = new Map<string, number>();
  const codes: string[] = [];
  return {
    codes,
    find: (code) => numbers.get(code) ?? -1,
    of: (code) => {
      const known = numbers.get(code);
      if (known !== undefined) return known;
      numbers.set(code, codes.length);
      codes.push(code);
      return codes.length - 1;
    },
  };
}

/** An Int32 column that grows by doubling: rows may stream in without being counted first. */
export function growingColumn() {
  let data = new Int32Array(1024);
  let length = 0;
  return {
    push: (value: number): void => {
      if (length === data.length) {
        const grown = new Int32Array(length * 2);
        grown.set(data);
        data = grown;
      }
      data[length++] = value;
    },
    done: (): Int32Array => data.subarray(0, length),
  };
}

/**
 * Turns the rows of a world into columns, one at a time. Services, prices and lines come before answers, since an
 * answer names its line. `classify` maps a comment to COMMENT_*.
 */
export function createWorldBuilder(classify: (comment: string) => number): WorldBuilder {
  const clinics = createDictionary();
  const doctors = createDictionary();
  const people = createDictionary();
  const services = createDictionary();
  const serviceRows: WorldService[] = [];
  const diagnoses = createDictionary();
  const episodes = createDictionary();
  const invoices = createDictionary();
  const prices = new Map<string, WorldPrice[]>();
  const rowOf = new Map<string, number>();
  const names = [
    'clinic',
    'doctor',
    'person',
    'day',
    'service',
    'diagnosis',
    'episode',
    'quantity',
    'payable',
  ] as const;
  const column = Object.fromEntries(names.map((name) => [name, growingColumn()])) as Record<
    (typeof names)[number],
    ReturnType<typeof growingColumn>
  >;
  const invoiceOf = growingColumn();
  const lineNo = growingColumn();
  const answers = ['line', 'clinic', 'person', 'day', 'question', 'value'].map(() => growingColumn());
  let count = 0;
  let strayAnswers = 0;
  let answerCount = 0;

  const resolve = (row: WorldLine): number => {
    let best: WorldPrice | undefined;
    for (const price of prices.get(`${row.clinicCode}\n${row.itemCode}`) ?? []) {
      const inForce = price.validFrom <= row.serviceDay && (price.validTo === null || price.validTo >= row.serviceDay);
      if (inForce && (best === undefined || price.validFrom > best.validFrom)) best = price;
    }
    return best === undefined || best.serviceCode === '' ? -1 : services.find(best.serviceCode);
  };

  return {
    service: (row) => {
      if (services.of(row.serviceCode) === serviceRows.length) serviceRows.push(row);
    },
    price: (row) => {
      const key = `${row.clinicCode}\n${row.itemCode}`;
      const list = prices.get(key);
      if (list) list.push(row);
      else prices.set(key, [row]);
    },
    line: (row) => {
      rowOf.set(`${row.clinicCode}\n${row.invoiceNo}\n${row.lineNo}`, count++);
      const clinic = clinics.of(row.clinicCode);
      column.clinic.push(clinic);
      column.doctor.push(row.doctorId === '' ? -1 : doctors.of(row.doctorId));
      column.person.push(people.of(row.policyNo));
      column.day.push(row.serviceDay);
      column.service.push(resolve(row));
      column.diagnosis.push(diagnoses.of(row.diagnosisCode.slice(0, 3)));
      column.episode.push(row.episodeNo === '' ? -1 : episodes.of(row.episodeNo));
      column.quantity.push(row.quantity);
      column.payable.push(Math.min(2_147_483_647, Math.max(0, row.amountKopecks - row.patientShareKopecks)));
      invoiceOf.push(invoices.of(row.invoiceNo));
      lineNo.push(row.lineNo);
    },
    answer: (row) => {
      const clinic = clinics.find(row.clinicCode);
      const line = row.lineNo === null ? -1 : (rowOf.get(`${row.clinicCode}\n${row.invoiceNo}\n${row.lineNo}`) ?? -1);
      const question = (QUESTIONS as readonly string[]).indexOf(row.question);
      if (clinic < 0 || question < 0 || (row.lineNo !== null && line < 0)) {
        strayAnswers++;
        return;
      }
      const value = answerValue(row, classify);
      [line, clinic, people.find(row.policyNo), row.visitDay, question, value].forEach((v, i) => answers[i]!.push(v));
      answerCount++;
    },
    build: (rules) => {
      const lines: LineColumns = {
        length: count,
        clinic: column.clinic.done(),
        doctor: column.doctor.done(),
        person: column.person.done(),
        day: column.day.done(),
        service: column.service.done(),
        diagnosis: column.diagnosis.done(),
        episode: column.episode.done(),
        quantity: column.quantity.done(),
        payable: Float64Array.from(column.payable.done()),
      };
      const done = answers.map((one) => one.done());
      const answerColumns: AnswerColumns = {
        length: answerCount,
        line: done[0]!,
        clinic: done[1]!,
        person: done[2]!,
        day: done[3]!,
        question: Uint8Array.from(done[4]!),
        value: Float32Array.from(done[5]!),
      };
      return {
        input: {
          clinics: clinics.codes.length,
          doctors: doctors.codes.length,
          lines,
          services: describeServices(serviceRows, rules),
          answers: answerColumns,
          bundled: expandPairs(rules.bundled, services.codes),
          maxDoctorMinutes: rules.maxDoctorMinutes,
        },
        clinicCodes: clinics.codes,
        doctorCodes: doctors.codes,
        serviceCodes: services.codes,
        invoiceOf: invoiceOf.done(),
        invoices: invoices.codes,
        lineNo: lineNo.done(),
        strayAnswers,
      };
    },
  };
}

function answerValue(row: WorldAnswer, classify: (comment: string) => number): number {
  if (row.question === 'comment') return classify(row.answer);
  if (row.question === 'duration-minutes' || row.question === 'rating') return Number(row.answer);
  if (row.answer === 'yes') return ANSWER_YES;
  return row.answer === 'no' ? ANSWER_NO : ANSWER_UNSURE;
}

function describeServices(rows: readonly WorldService[], rules: WorldRules): ServiceColumns {
  const specialties = createDictionary();
  const visitType = (row: WorldService): number => {
    if (row.kind !== 'consultation') return 0;
    if (row.serviceCode.endsWith(rules.primarySuffix)) return 1;
    return row.serviceCode.endsWith(rules.repeatSuffix) ? 2 : 0;
  };
  return {
    length: rows.length,
    kind: Uint8Array.from(rows, (row) => {
      const kind = (SERVICE_KINDS as readonly string[]).indexOf(row.kind);
      return kind < 0 ? SERVICE_KINDS.length - 1 : kind;
    }),
    minutes: Float64Array.from(rows, (row) => row.minutes ?? 0),
    visitType: Uint8Array.from(rows, visitType),
    specialty: Int32Array.from(rows, (row) => (row.specialty === null ? -1 : specialties.of(row.specialty))),
  };
}

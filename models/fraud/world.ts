import { createBookWriter, type SpooledBook } from './book-writer';
import { expandPairs } from './bundled-pairs';
import { createDictionary, describeServices, type WorldRules, type WorldService } from './reference';
import type { SpoolStore } from './spool';
import { hashText } from './text-hash';
import { ANSWER_NO, ANSWER_UNSURE, ANSWER_YES, QUESTIONS } from './types';

/** The fields of exchange rows that the fraud models read (rows of `models/exchange` fit as they are). */
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
  readonly book: SpooledBook;
  readonly clinicCodes: readonly string[];
  readonly doctorCodes: readonly string[];
  /** Answers that name a clinic which billed nothing. */
  readonly strayAnswers: number;
}

/** Services and prices of a world: small, and known before its lines. */
export interface WorldReference {
  readonly service: (row: WorldService) => void;
  readonly price: (row: WorldPrice) => void;
  /** Starts the lines; answers come after them, since they name the lines' clinics. */
  readonly open: (spools: SpoolStore, classify: (comment: string) => number) => WorldWriter;
}
export interface WorldWriter {
  readonly line: (row: WorldLine) => void;
  readonly answer: (row: WorldAnswer) => void;
  readonly finish: () => FraudWorld;
}

const HIGHEST_KOPECKS = 2_147_483_647;

/** Turns the rows of a world into a book, one at a time. `classify` maps a comment to COMMENT_*. */
export function createWorld(rules: WorldRules): WorldReference {
  const services = createDictionary();
  const serviceRows: WorldService[] = [];
  const prices = new Map<string, WorldPrice[]>();
  const serviceOn = (row: WorldLine): number => {
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
    open: (spools, classify) => {
      const writer = createBookWriter(spools, describeServices(serviceRows, rules));
      const bundled = expandPairs(rules.bundled, services.codes);
      return writeWorld(writer, serviceOn, classify, (clinics) =>
        writer.finish({ clinics, bundled, maxDoctorMinutes: rules.maxDoctorMinutes }),
      );
    },
  };
}

function writeWorld(
  writer: ReturnType<typeof createBookWriter>,
  serviceOn: (row: WorldLine) => number,
  classify: (comment: string) => number,
  finish: (clinics: number) => SpooledBook,
): WorldWriter {
  const clinics = createDictionary();
  const doctors = createDictionary();
  const diagnoses = createDictionary();
  const person = new Int32Array(2);
  const key = new Int32Array(3);
  const episode = new Int32Array(2);
  let strayAnswers = 0;
  const nameLine = (row: { clinicCode: string; invoiceNo: string }, lineNo: number): void => {
    hashText(`${row.clinicCode}\n${row.invoiceNo}`, key, 0);
    key[2] = lineNo;
  };
  return {
    line: (row) => {
      hashText(row.policyNo, person, 0);
      nameLine(row, row.lineNo);
      if (row.episodeNo !== '') hashText(row.episodeNo, episode, 0);
      writer.line({
        clinic: clinics.of(row.clinicCode),
        doctor: row.doctorId === '' ? -1 : doctors.of(row.doctorId),
        person,
        day: row.serviceDay,
        service: serviceOn(row),
        diagnosis: diagnoses.of(row.diagnosisCode.slice(0, 3)),
        // Told apart among one person's episodes in one clinic, so one half of the hash is plenty.
        episode: row.episodeNo === '' ? -1 : episode[0]! & 0x7fffffff,
        quantity: row.quantity,
        payable: Math.min(HIGHEST_KOPECKS, Math.max(0, row.amountKopecks - row.patientShareKopecks)),
        key,
      });
    },
    answer: (row) => {
      const clinic = clinics.find(row.clinicCode);
      const question = (QUESTIONS as readonly string[]).indexOf(row.question);
      if (clinic < 0 || question < 0) {
        strayAnswers++;
        return;
      }
      hashText(row.policyNo, person, 0);
      if (row.lineNo !== null) nameLine(row, row.lineNo);
      const value = answerValue(row, classify);
      writer.answer({ clinic, person, day: row.visitDay, question, value, key: row.lineNo === null ? null : key });
    },
    finish: () => ({
      book: finish(clinics.codes.length),
      clinicCodes: clinics.codes,
      doctorCodes: doctors.codes,
      strayAnswers,
    }),
  };
}

function answerValue(row: WorldAnswer, classify: (comment: string) => number): number {
  if (row.question === 'comment') return classify(row.answer);
  if (row.question === 'duration-minutes' || row.question === 'rating') return Number(row.answer);
  if (row.answer === 'yes') return ANSWER_YES;
  return row.answer === 'no' ? ANSWER_NO : ANSWER_UNSURE;
}

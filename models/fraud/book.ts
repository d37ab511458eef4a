import { groupRows } from './group';
import type { AnswerColumns, BundledPair, FraudInput, ServiceColumns } from './types';

/** Who can be accused beside a clinic: a doctor in a clinic, by dense number. */
export interface Units {
  readonly count: number;
  readonly clinic: Int32Array;
  readonly doctor: Int32Array;
}

/** Lines of some people, all of theirs: columns as in `LineColumns`, the doctor as a unit (-1 without one). */
export interface PartLines {
  readonly length: number;
  readonly clinic: Int32Array;
  readonly unit: Int32Array;
  /** Dense within the part. */
  readonly person: Int32Array;
  readonly day: Int32Array;
  readonly service: Int32Array;
  readonly diagnosis: Int32Array;
  readonly episode: Int32Array;
  readonly quantity: Int32Array;
  /** Insurer's share, kopecks. */
  readonly payable: Int32Array | Float64Array;
}

export interface BookPart {
  readonly lines: PartLines;
  /** Answers of the part's people; `line` is a row of this part. */
  readonly answers: AnswerColumns;
  /** Answers that name a line which was never billed. */
  readonly strayAnswers: number;
}

/** Lines with doctor's minutes, all those of some doctors. */
export interface DoctorMinutes {
  readonly length: number;
  readonly unit: Int32Array;
  readonly day: Int32Array;
  /** Nomenclature minutes x quantity. */
  readonly minutes: Int32Array | Float64Array;
  readonly payable: Int32Array | Float64Array;
}

/**
 * A book of billed lines and answers that need not be in memory: it is read in parts, as often as wanted. A part has
 * all lines of its people, so that visits, episodes and shared patients are whole in it; a doctor part has all lines with
 * minutes of its doctors, so that days are whole.
 */
export interface Book {
  readonly clinics: number;
  readonly units: Units;
  readonly services: ServiceColumns;
  readonly bundled: readonly BundledPair[];
  readonly maxDoctorMinutes: number;
  readonly lines: number;
  readonly answers: number;
  /** First and last service day; Infinity and -Infinity without lines. */
  readonly firstDay: number;
  readonly lastDay: number;
  readonly parts: number;
  readonly part: (index: number) => BookPart;
  readonly doctorParts: number;
  readonly doctorPart: (index: number) => DoctorMinutes;
}

/** Columns that are in memory anyway, as a book of one part; rows of the part are rows of the input. */
export function memoryBook(input: FraudInput): Book {
  const { lines, services } = input;
  const groups = groupRows(lines.length, lines.clinic, lines.doctor, lines.doctor, (row) => lines.doctor[row]! < 0);
  const units: Units = {
    count: groups.count,
    clinic: Int32Array.from(groups.first, (row) => lines.clinic[row]!),
    doctor: Int32Array.from(groups.first, (row) => lines.doctor[row]!),
  };
  let firstDay = Infinity;
  let lastDay = -Infinity;
  const timed: number[] = [];
  const minutesOf = (row: number): number => {
    const service = lines.service[row]!;
    return service < 0 ? 0 : services.minutes[service]! * lines.quantity[row]!;
  };
  for (let row = 0; row < lines.length; row++) {
    firstDay = Math.min(firstDay, lines.day[row]!);
    lastDay = Math.max(lastDay, lines.day[row]!);
    if (groups.id[row]! >= 0 && minutesOf(row) > 0) timed.push(row);
  }
  return {
    clinics: input.clinics,
    units,
    services,
    bundled: input.bundled,
    maxDoctorMinutes: input.maxDoctorMinutes,
    lines: lines.length,
    answers: input.answers.length,
    firstDay,
    lastDay,
    parts: 1,
    part: () => ({ lines: { ...lines, unit: groups.id }, answers: input.answers, strayAnswers: 0 }),
    doctorParts: 1,
    doctorPart: () => ({
      length: timed.length,
      unit: Int32Array.from(timed, (row) => groups.id[row]!),
      day: Int32Array.from(timed, (row) => lines.day[row]!),
      minutes: Float64Array.from(timed, minutesOf),
      payable: Float64Array.from(timed, (row) => lines.payable[row]!),
    }),
  };
}

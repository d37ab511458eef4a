/**
 * Scores synthetic books of 0.5 and 5 million lines (a tenth as many answers) and records seconds and memory. Run:
 * npm run bench:fraud. The book is drawn straight into columns, so that the figures are the model's and not a parser's.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { seededRandom } from '../models/fraud/math';
import { scoreFraud } from '../models/fraud/score';
import type { FraudInput } from '../models/fraud/types';

const SERVICES = 300;
const LINES_PER_CLINIC = 10_000;

interface Book {
  input: FraudInput;
  guilty: number;
}

function drawBook(lineCount: number, answerCount: number): Book {
  const random = seededRandom(lineCount);
  const clinics = Math.max(10, Math.round(lineCount / LINES_PER_CLINIC));
  const int = (): Int32Array => new Int32Array(lineCount);
  const lines = {
    length: lineCount,
    clinic: int(),
    doctor: int(),
    person: int(),
    day: int(),
    service: int(),
    diagnosis: int(),
    episode: int(),
    quantity: new Int32Array(lineCount).fill(1),
    payable: new Float64Array(lineCount),
  };
  const guilty = Math.floor(clinics / 20);
  const doctorsEach = 40;
  let row = 0;
  for (let episode = 0; row < lineCount; episode++) {
    const clinic = Math.floor(random() * clinics);
    const doctor = clinic * doctorsEach + Math.floor(random() * doctorsEach);
    const person = Math.floor(random() * (lineCount / 8));
    const start = 20_000 + Math.floor(random() * 350);
    const size = 1 + Math.floor(random() * 7 * (clinic < guilty ? 1.25 : 1));
    for (let i = 0; i < size && row < lineCount; i++, row++) {
      lines.clinic[row] = clinic;
      lines.doctor[row] = doctor;
      lines.person[row] = person;
      lines.day[row] = start + (i < 3 ? 0 : Math.floor(random() * 14));
      lines.service[row] = i === 0 ? (doctor % 20) * 2 : 40 + Math.floor(random() * (SERVICES - 40));
      lines.diagnosis[row] = doctor % 97;
      lines.episode[row] = episode;
      lines.payable[row] = 50_000 + Math.floor(random() * 300_000);
    }
  }
  return {
    input: { ...tables(clinics, doctorsEach), lines, answers: drawAnswers(lines, answerCount, guilty, random) },
    guilty,
  };
}

function tables(clinics: number, doctorsEach: number) {
  const indices = Array.from({ length: SERVICES }, (_, s) => s);
  return {
    clinics,
    doctors: clinics * doctorsEach,
    bundled: [{ part: 50, whole: 60, windowDays: 0 }],
    maxDoctorMinutes: 720,
    services: {
      length: SERVICES,
      kind: Uint8Array.from(indices, (s) => (s < 40 ? 0 : 1 + (s % 5))),
      minutes: Float64Array.from(indices, (s) => (s < 40 ? 20 : 0)),
      visitType: Uint8Array.from(indices, (s) => (s < 40 ? 1 + (s % 2) : 0)),
      specialty: Int32Array.from(indices, (s) => (s < 40 ? s >> 1 : -1)),
    },
  };
}

function drawAnswers(lines: FraudInput['lines'], count: number, guilty: number, random: () => number) {
  const int = (): Int32Array => new Int32Array(count);
  const answers = {
    length: count,
    line: int(),
    clinic: int(),
    person: int(),
    day: int(),
    question: new Uint8Array(count),
    value: new Float32Array(count),
  };
  for (let a = 0; a < count; a++) {
    const row = Math.floor(random() * lines.length);
    const whole = random() < 0.3;
    // Invented lines stand beside real ones, so the visit itself is rarely denied.
    const denied = random() < (lines.clinic[row]! < guilty && !whole ? 0.18 : 0.025);
    const timed = whole && random() < 0.4;
    answers.line[a] = whole ? -1 : row;
    answers.clinic[a] = lines.clinic[row]!;
    answers.person[a] = lines.person[row]!;
    answers.day[a] = lines.day[row]!;
    answers.question[a] = timed ? 2 : whole ? 0 : 1;
    answers.value[a] = timed ? 10 + Math.floor(15 * random()) : denied ? 0 : 1;
  }
  return answers;
}

interface Measurement {
  lines: number;
  answers: number;
  seconds: number;
  microsecondsPerLine: number;
  inputMegabytes: number;
  peakRssMegabytes: number;
  bytesPerLineOverInput: number;
  opened: number;
  guiltyClinics: number;
}

function measure(lineCount: number, answerCount: number): Measurement {
  const { input, guilty } = drawBook(lineCount, answerCount);
  const before = process.memoryUsage().rss;
  const started = process.hrtime.bigint();
  const result = scoreFraud(input);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const peak = process.resourceUsage().maxRSS * 1024;
  return {
    lines: lineCount,
    answers: answerCount,
    seconds,
    microsecondsPerLine: (seconds * 1e6) / lineCount,
    inputMegabytes: Math.round(before / 2 ** 20),
    peakRssMegabytes: Math.round(peak / 2 ** 20),
    bytesPerLineOverInput: Math.round((peak - before) / lineCount),
    opened: result.alerts.filter((alert) => alert.decision === 'open').length,
    guiltyClinics: guilty,
  };
}

const small = measure(500_000, 50_000);
const large = measure(5_000_000, 500_000);
const report = {
  bench: 'fraud',
  machine: { cpus: os.cpus().length, model: os.cpus()[0]?.model, node: process.version },
  runs: [small, large],
  linearity: large.microsecondsPerLine / small.microsecondsPerLine,
  underLimit: large.seconds < 120,
};
const folder = path.join(process.cwd(), 'bench', 'results');
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'fraud.json'), `${JSON.stringify(report, null, 2)}\n`);
console.log(JSON.stringify(report, null, 2));

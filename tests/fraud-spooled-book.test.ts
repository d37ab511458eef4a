import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { createFileSpools } from '../activities/fraud-scoring/file-spools';
import { createBookWriter, type SpooledBook } from '../models/fraud/book-writer';
import { fitFraud, fitInSteps } from '../models/fraud/scoring';
import { scoreFraud } from '../models/fraud/score';
import { createMemorySpools, type SpoolStore } from '../models/fraud/spool';
import type { FraudInput } from '../models/fraud/types';
import { simulateWorld } from './support/fraud-simulator';

/** The same book by way of spools. */
function spooled(input: FraudInput, spools: SpoolStore): SpooledBook {
  const writer = createBookWriter(spools, input.services);
  const { lines, answers } = input;
  const key = (row: number): Int32Array => Int32Array.of(0, row, 7);
  for (let row = 0; row < lines.length; row++) {
    const [person, id] = [Int32Array.of(lines.person[row]!, 5), key(row)];
    writer.line({
      clinic: lines.clinic[row]!,
      doctor: lines.doctor[row]!,
      person,
      day: lines.day[row]!,
      service: lines.service[row]!,
      diagnosis: lines.diagnosis[row]!,
      episode: lines.episode[row]!,
      quantity: lines.quantity[row]!,
      payable: lines.payable[row]!,
      key: id,
    });
  }
  for (let a = 0; a < answers.length; a++) {
    writer.answer({
      clinic: answers.clinic[a]!,
      person: Int32Array.of(answers.person[a]!, 5),
      day: answers.day[a]!,
      question: answers.question[a]!,
      value: answers.value[a]!,
      key: answers.line[a]! < 0 ? null : key(answers.line[a]!),
    });
  }
  const { clinics, bundled, maxDoctorMinutes } = input;
  return writer.finish({ clinics, bundled, maxDoctorMinutes });
}

describe('a book read in parts', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'medex-spools-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const schemes = ['phantom-clinic', 'phantom-doctor', 'upcoding-doctor'] as const;
  const { input } = simulateWorld({ seed: 21, clinics: 5, episodes: 90, schemes });
  // Whole kopecks: that is what a spool keeps.
  const whole = { ...input, lines: { ...input.lines, payable: input.lines.payable.map(Math.round) } };
  const plain = scoreFraud(whole);

  test.each([
    ['memory', () => ({ ...createMemorySpools(), close: (): void => undefined })],
    ['files', () => createFileSpools(folder)],
  ])('scores as one that is in memory whole (%s)', (_name, open) => {
    const spools = open();
    const book = spooled(whole, spools);
    const scoring = fitFraud(book);
    const posterior = new Float64Array(book.lines);
    for (let p = 0; p < book.parts; p++) {
      const part = book.part(p);
      const scores = scoring.scorePart(part).posterior;
      part.order.forEach((place, i) => (posterior[place] = scores[i]!));
    }
    const alerts = scoring.alerts();
    spools.close();
    expect(scoring.strayAnswers).toBe(0);
    expect(alerts).toHaveLength(plain.alerts.length);
    expect(alerts.filter((one) => one.decision === 'open').length).toBeGreaterThan(0);
    for (const alert of plain.alerts) {
      const twin = alerts.find((one) => one.clinic === alert.clinic && one.doctor === alert.doctor)!;
      expect(twin.score).toBeCloseTo(alert.score, 9);
      expect(twin.expected / 100).toBeCloseTo(alert.expected / 100, 2);
    }
    plain.posterior.forEach((p, row) => expect(Math.abs(posterior[row]! - p)).toBeLessThan(1e-6));
  });

  it('is fitted in steps: a host gets its turn after every part of every reading and every round of a fit', () => {
    const book = spooled(whole, createMemorySpools());
    const parts = { people: 0, doctors: 0 };
    const watched: SpooledBook = {
      ...book,
      part: (p) => (parts.people++, book.part(p)),
      doctorPart: (p) => (parts.doctors++, book.doctorPart(p)),
    };
    const steps = fitInSteps(watched);
    let turns = 0;
    const most = { people: 0, doctors: 0 };
    for (let before = { ...parts }; steps.next().done !== true; before = { ...parts }) {
      turns++;
      most.people = Math.max(most.people, parts.people - before.people);
      most.doctors = Math.max(most.doctors, parts.doctors - before.doctors);
    }
    expect(most).toEqual({ people: 1, doctors: 1 });
    expect(turns).toBeGreaterThanOrEqual(parts.people + parts.doctors + 20);
  });

  it('has no file that a killed process could leave behind', () => {
    const spools = createFileSpools(folder);
    const spool = spools.open('lines', 2, 3);
    // More than the buffers hold, so that the disk is written to and read from.
    for (let n = 0; n < 10_000; n++) spool.put(1, Int32Array.of(n, -n));
    expect(readdirSync(folder)).toEqual([]);
    const rows = spool.take(1);
    expect(rows).toHaveLength(20_000);
    expect(rows.every((value, at) => value === (at % 2 === 0 ? at / 2 : -(at - 1) / 2))).toBe(true);
    spools.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes answers of somebody else, or on lines never billed, as said of nothing', () => {
    const spools = createMemorySpools();
    const writer = createBookWriter(spools, input.services);
    const line = { clinic: 0, doctor: 0, day: 20_000, service: 0, diagnosis: 0, episode: 1, quantity: 1, payable: 100 };
    const key = Int32Array.of(1, 2, 3);
    writer.line({ ...line, person: Int32Array.of(1, 1), key });
    const answer = { clinic: 0, day: 20_000, question: 1, value: 0 };
    writer.answer({ ...answer, person: Int32Array.of(1, 1), key });
    writer.answer({ ...answer, person: Int32Array.of(2, 2), key });
    writer.answer({ ...answer, person: Int32Array.of(1, 1), key: Int32Array.of(1, 2, 4) });
    const scoring = fitFraud(writer.finish({ clinics: 1, bundled: [], maxDoctorMinutes: 720 }));
    expect(scoring.strayAnswers).toBe(2);
    expect(scoring.phantom.clinicAnswered[0]).toBe(1);
  });
});

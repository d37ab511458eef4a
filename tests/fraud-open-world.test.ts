import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { parse } from 'csv-parse/sync';
import { encode } from 'iconv-lite';
import { commentData, registerFraudCommands } from '../cli/fraud';
import { readFraudWorld } from '../cli/fraud-world';
import { createProgram } from '../cli';
import { computeBaselines } from '../models/fraud/baselines';
import { areaUnderCurve, calibration, precisionAt } from '../models/fraud/metrics';
import { fitFraud } from '../models/fraud/scoring';
import { createMemorySpools } from '../models/fraud/spool';
import type { FraudResult } from '../models/fraud/score';
import type { FraudWorld } from '../models/fraud/world';
import { commentEvidence } from '../models/feedback/comments/evidence';
import { loadCommentModel } from '../models/feedback/comments/store';

const WORLD = path.join(__dirname, '..', 'demo', 'world');
const TRUTH = path.join(__dirname, 'fixtures', 'open-world');

type Row = Record<string, string>;
function table(file: string): Row[] {
  return parse(readFileSync(file), { columns: true, bom: true });
}

const planted = table(path.join(TRUTH, 'fraud-truth.csv'));
const isPlanted = (clinic: string, doctor: string, scheme?: string): boolean =>
  planted.some(
    (one) =>
      one['clinic_code'] === clinic &&
      one['doctor_id'] === doctor &&
      (scheme === undefined || one['scheme'] === scheme),
  );

describe('medex fraud score on the open world', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'medex-fraud-'));
  const alertsFile = path.join(folder, 'alerts.csv');
  const linesFile = path.join(folder, 'lines.csv');
  const unitsFile = path.join(folder, 'units.csv');
  let world: FraudWorld;
  let result: Omit<FraudResult, 'posterior'>;

  beforeAll(async () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const program = new Command().exitOverride();
    registerFraudCommands(program);
    const files = `--out ${alertsFile} --lines ${linesFile} --units ${unitsFile}`.split(' ');
    await program.parseAsync(['node', 'medex', 'fraud', 'score', '--world', WORLD, ...files]);
    log.mockRestore();
    const model = loadCommentModel(path.join(commentData(), 'model'));
    const classify = (text: string): number => commentEvidence(model, text);
    world = (await readFraudWorld(WORLD, { spools: createMemorySpools(), classify })).world;
    const { book } = world;
    const scoring = fitFraud(book);
    for (let p = 0; p < book.parts; p++) scoring.scorePart(book.part(p));
    result = { ...scoring, units: book.units, alerts: scoring.alerts() };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('names every planted scheme first, with its unit and kind, and opens nothing else', () => {
    const alerts = table(alertsFile);
    const first = alerts.slice(0, planted.length);
    expect(first.filter((a) => isPlanted(a['clinic_code']!, a['doctor_id']!, a['scheme']))).toHaveLength(
      planted.length,
    );
    // Twice as many rows are wanted at most; what is listed has to be right.
    expect(alerts).toHaveLength(planted.length);
    expect(alerts.every((a) => a['decision'] === 'open')).toBe(true);
    expect(alerts.map((a) => Number(a['rank']))).toEqual(alerts.map((_a, i) => i + 1));
  });

  it('reads packed files and those of Windows as well', async () => {
    const packed = path.join(folder, 'packed');
    mkdirSync(packed);
    for (const name of ['nomenclature.csv', 'price-items.csv', 'invoices.csv', 'feedback.csv', 'guidelines.json']) {
      const bytes = readFileSync(path.join(WORLD, name));
      if (/invoices|guidelines/.test(name)) writeFileSync(path.join(packed, `${name}.gz`), gzipSync(bytes));
      else writeFileSync(path.join(packed, name), encode(bytes.toString('utf8'), 'win1251'));
    }
    const read = await readFraudWorld(packed, { spools: createMemorySpools(), classify: () => 0 });
    expect(read.world.book.lines).toBe(world.book.lines);
    expect(read.world.book.answers).toBe(world.book.answers);
    expect(read.world.book.bundled).toEqual(world.book.bundled);
    expect(Object.values(read.unread).every((rows) => rows === 0)).toBe(true);
  });

  it('says which file it cannot write, and leaves nothing of the book on disk', async () => {
    const temporary = path.join(folder, 'temporary');
    mkdirSync(temporary);
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = temporary;
    const lost = path.join(folder, 'no', 'such', 'lines.csv');
    try {
      const args = ['--world', WORLD, '--out', alertsFile, '--lines', lost];
      const failed = createProgram().parseAsync(['node', 'medex', 'fraud', 'score', ...args]);
      await expect(failed).rejects.toMatchObject({
        code: 'file-not-written',
        text: { en: `${lost} cannot be written: ENOENT.` },
      });
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('reads one pack of guidelines or an array of them', async () => {
    const several = path.join(folder, 'several');
    mkdirSync(several);
    for (const name of ['nomenclature.csv', 'price-items.csv', 'invoices.csv']) {
      symlinkSync(path.join(WORLD, name), path.join(several, name));
    }
    const pack = JSON.parse(readFileSync(path.join(WORLD, 'guidelines.json'), 'utf8')) as Record<string, unknown>;
    const strict = { ...pack, pairs: [], day: { max_doctor_minutes: 300 } };
    writeFileSync(path.join(several, 'guidelines.json'), JSON.stringify([strict, pack]));
    const read = await readFraudWorld(several, { spools: createMemorySpools(), classify: () => 0 });
    expect(world.book.bundled.length).toBeGreaterThan(0);
    expect(read.world.book.bundled).toEqual(world.book.bundled);
    expect(world.book.maxDoctorMinutes).toBeGreaterThan(300);
    expect(read.world.book.maxDoctorMinutes).toBe(300);
  });

  it('says in words what the alert rests on', () => {
    const [clinic] = table(alertsFile);
    expect(clinic!['evidence']).toMatch(/пациенты отрицают \d+ из \d+/);
    expect(clinic!['evidence']).toMatch(/оценка доли неоказанного: \d+%/);
  });

  it('estimates the planted shares from the answers', () => {
    for (const one of planted) {
      const alert = result.alerts.find(
        (a) =>
          world.clinicCodes[a.clinic] === one['clinic_code'] &&
          (a.doctor < 0 ? '' : world.doctorCodes[a.doctor]) === one['doctor_id'],
      )!;
      const share = alert.parts.find((part) => part.scheme === one['scheme'])!.share!;
      expect(Math.abs(share - Number(one['share']))).toBeLessThan(0.15);
    }
  });

  it('ranks the lines that were never rendered (AUC over 0.95) and adds up to their number', () => {
    const phantom = new Set(
      table(path.join(TRUTH, 'phantom-truth.csv')).map((r) => `${r['clinic_code']}|${r['invoice_no']}|${r['line_no']}`),
    );
    const lines = table(linesFile);
    expect(lines).toHaveLength(world.book.lines);
    const posterior = lines.map((r) => Number(r['posterior']));
    const truth = lines.map((r) => phantom.has(`${r['clinic_code']}|${r['invoice_no']}|${r['line_no']}`));
    expect(areaUnderCurve(posterior, truth)).toBeGreaterThan(0.95);
    const expected = posterior.reduce((sum, p) => sum + p, 0);
    expect(expected / phantom.size).toBeGreaterThan(0.8);
    expect(expected / phantom.size).toBeLessThan(1.25);
  });

  it('beats the three baselines at capacity, in AUC and in calibration', () => {
    const k = planted.length;
    const base = computeBaselines(result);
    const code = (clinic: number, doctor: number): boolean =>
      isPlanted(world.clinicCodes[clinic]!, doctor < 0 ? '' : world.doctorCodes[doctor]!);
    const truth = base.candidates.map((c) => code(c.clinic, c.doctor));
    const own = base.candidates.map(
      (c) => result.alerts.find((a) => a.clinic === c.clinic && a.doctor === c.doctor)!.score,
    );
    const max = (values: Float64Array): number => Math.max(...values);
    const methods: [string, ArrayLike<number>, ArrayLike<number>][] = [
      ['model', own, own],
      ['share of denials', base.denialShare, base.denialShare],
      ['isolation forest', base.isolationForest, base.isolationForest],
      ['robust peer score', base.peerScore, base.peerScore.map((v) => v / max(base.peerScore))],
    ];
    const rows = methods.map(([method, scores, scaled]) => ({
      method,
      precisionAtK: precisionAt(scores, truth, k),
      foundAt2k: (precisionAt(scores, truth, 2 * k) * 2 * k) / k,
      auc: areaUnderCurve(scores, truth),
      brier: calibration(scaled, truth).brier,
      calibrationError: calibration(scaled, truth).error,
    }));
    process.stdout.write(`${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
    const [model, ...others] = rows;
    expect(model!.precisionAtK).toBe(1);
    expect(model!.auc).toBeGreaterThan(0.99);
    expect(model!.calibrationError).toBeLessThan(0.01);
    for (const other of others) {
      expect(other.precisionAtK).toBeLessThan(model!.precisionAtK);
      expect(other.auc).toBeLessThanOrEqual(model!.auc);
      expect(other.brier).toBeGreaterThan(model!.brier);
    }
  });
});

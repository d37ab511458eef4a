import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runTrainingChild } from '../../activities/model-retraining/run-child';
import { parseCatalogue } from '../../models/underwriting/catalogue';
import { withTransaction } from '../../prisma/pool';
import type { Pool } from '../../prisma/pool';
import { registerModel, releaseModel } from '../../prisma/repositories/risk-models';

const DATA = join(__dirname, '..', '..', 'data', 'underwriting');
export const FACTORS = parseCatalogue(readFileSync(join(DATA, 'factors.csv')));

let lines: readonly string[] | null = null;

/** The shipped portfolio, read once: header first. */
function shippedLines(): readonly string[] {
  return (lines ??= gunzipSync(readFileSync(join(DATA, 'portfolio.csv.gz')))
    .toString('utf8')
    .trim()
    .split('\n'));
}

/** Rows of every `step`-th contract of the shipped portfolio as CSV, header first, in the order of the file. */
export function portfolioLines(step: number, keep: (cells: Record<string, string>) => boolean = () => true): string[] {
  const [header, ...rows] = shippedLines();
  const names = header!.split(',');
  const own = rows.filter((row) => step === 1 || Number(row.slice(2, 8)) % step === 1);
  const kept = own.filter((row) => {
    const cells = row.split(',');
    return keep(Object.fromEntries(names.map((name, i) => [name, cells[i]!])));
  });
  return [header!, ...kept];
}

/** Rows of one contract and year, header first. */
export function contractLines(contractNo: string, year: number): string[] {
  const own = shippedLines().filter(
    (line) => line.startsWith(`${contractNo},`) && line.split(',', 3)[2] === String(year),
  );
  return [shippedLines()[0]!, ...own];
}

/** Trains a small real model in the product's own child process and makes it the champion. */
export async function releaseSmallModel(pool: Pool, people: { proposer: string; confirmer: string }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'medex-model-'));
  try {
    const data = join(folder, 'portfolio.csv');
    writeFileSync(data, portfolioLines(40, ({ year }) => Number(year) <= 2023).join('\n'));
    await runTrainingChild({
      kind: 'train',
      data,
      out: join(folder, 'model'),
      checkpoint: join(folder, 'checkpoint'),
      key: 'small',
      request: {
        factors: FACTORS,
        target: 'payout_rub',
        exposure: 'person_years',
        group: 'contract_no',
        time: 'year',
        entity: 'clinic_code',
        effort: 'quick',
        search: false,
      },
    });
    const file = (name: string): Buffer => readFileSync(join(folder, 'model', name));
    const { model } = JSON.parse(file('model.json').toString('utf8')) as { model: { version: string } };
    await withTransaction(pool, async (tx) => {
      const files = { 'model.json': file('model.json'), 'model.bin': file('model.bin') };
      const card = file('model-card.md').toString('utf8');
      const gate = { passed: true };
      await registerModel(tx, {
        version: model.version,
        trainingId: null,
        card,
        report: {},
        gate,
        gatePassed: true,
        files,
      });
      const release = { version: model.version, proposedBy: people.proposer, confirmedBy: people.confirmer };
      await releaseModel(tx, { ...release, reason: 'first' });
    });
    return model.version;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The body of a quote: one contract's rows of one year from the shipped portfolio. */
export function quoteBody(contractNo: string, year: number, known: boolean) {
  const [header, ...rows] = contractLines(contractNo, year);
  const names = header!.split(',');
  const cellsOf = (row: string) => Object.fromEntries(row.split(',').map((cell, i) => [names[i]!, cell]));
  const { contractNo: _contractNo, ...body } = quoteBodyOf(rows.map(cellsOf));
  return { ...(known ? { contractNo } : {}), ...body };
}

/** The body of a quote of the rows of one contract and year, as cells by column. */
export function quoteBodyOf(rows: readonly Readonly<Record<string, string>>[]) {
  const valueOf = (cell: string | undefined): number | null =>
    cell === undefined || cell === '' ? null : Number(cell);
  const first = rows[0]!;
  const ofClinic = FACTORS.filter(
    ({ code, group }) => ['clinic', 'pair'].includes(group) || /clinic|enrolled/.test(code),
  );
  const ofContract = FACTORS.filter((factor) => !ofClinic.includes(factor));
  return {
    contractNo: first['contract_no']!,
    year: Number(first['year']),
    personYears: Number(first['person_years']),
    contract: Object.fromEntries(ofContract.map(({ code }) => [code, valueOf(first[code])])),
    clinics: rows.map((cells) => {
      const factors = Object.fromEntries(ofClinic.map(({ code }) => [code, valueOf(cells[code])]));
      return { clinicCode: cells['clinic_code']!, factors };
    }),
  };
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOOK_CATALOGUE, bookCsv } from './support/underwriting-book';
import { runModel } from './support/model-command';

/** A model in use: years after its training, a renewal brings its newest year in the history columns of the request. */

const HISTORY = ['prior_payout_per_person', 'prior_clinic_payout_per_person', 'prior_person_years'] as const;
type Cells = Record<string, string>;

let folder: string;
let rows: Cells[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'medex-renewals-'));
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const catalogue = `${BOOK_CATALOGUE}${HISTORY.map((code) => `${code},history,number,,,,,,`).join('\n')}\n`;
  writeFileSync(path('factors.csv'), catalogue);
  rows = withHistory(bookCsv({ contracts: 120, years: 4 }));
  writeFileSync(path('book.csv'), csvOf(rows));
  const columns = ['--target', 'payout_rub', '--exposure', 'person_years', '--group', 'contract_no', '--time', 'year'];
  const quick = ['--train-until', '2022', '--effort', 'quick', '--out', path('m'), '--quiet'];
  await runModel('train', '--factors', path('factors.csv'), '--data', path('book.csv'), ...columns, ...quick);
}, 180_000);
afterAll(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test('a renewal two years after the training costs more when its last year was dear, less when it was cheap', async () => {
  const asked = rows.filter(({ year }) => year === '2024');
  const [told, dear, cheap] = await Promise.all([1, 2, 0.5].map((factor) => pricesOf(asked.map(paidTimes(factor)))));
  const silent = await pricesOf(asked.map(without(...HISTORY)));
  expect(dear!).toBeGreaterThan(1.05 * told!);
  expect(cheap!).toBeLessThan(0.95 * told!);
  expect(silent).not.toBeCloseTo(told!, 0);
});

test('a year that the model has learnt from counts once, whatever the columns repeat of it', async () => {
  const asked = rows.filter(({ year }) => year === '2023');
  const prices = [1, 2].map((factor) => pricesOf(asked.map(paidTimes(factor))));
  expect(await prices[1]).toBe(await prices[0]);
});

test('a clinic that was paid nothing is experience, a clinic without a figure is none', async () => {
  const asked = rows.filter(({ year, contract_no }) => year === '2024' && contract_no === rows[0]!['contract_no']);
  const told = (value: string): Cells[] =>
    asked.map((cells, i) => ({
      ...cells,
      contract_no: 'unknown to the model',
      ...(i === 0 ? { prior_clinic_payout_per_person: value } : {}),
    }));
  expect(await pricesOf(told('0'))).toBeLessThan(await pricesOf(told('')));
});

/** Sum of the forecasts of rows. */
async function pricesOf(asked: readonly Cells[]): Promise<number> {
  const name = `asked-${Math.random()}.csv`;
  writeFileSync(path(name), csvOf(asked.map(without('payout_rub'))));
  await runModel('score', '--model', path('m'), '--data', path(name), '--out', path(`${name}.out`));
  const [header, ...lines] = readFileSync(path(`${name}.out`), 'utf8')
    .trim()
    .split('\n');
  const at = header!.split(',').indexOf('prediction');
  return lines.reduce((sum, line) => sum + Number(line.split(',')[at]), 0);
}

function withHistory(book: string): Cells[] {
  const [header, ...lines] = book.trim().split('\n');
  const names = header!.split(',');
  const all = lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell])) as Cells);
  const before = (cells: Cells): Cells[] =>
    all.filter(
      (one) => one['contract_no'] === cells['contract_no'] && Number(one['year']) === Number(cells['year']) - 1,
    );
  const perPerson = (own: readonly Cells[]): string =>
    own.length === 0
      ? ''
      : (own.reduce((sum, one) => sum + Number(one['payout_rub']), 0) / Number(own[0]!['person_years'])).toFixed(2);
  return all.map((cells) => {
    const past = before(cells);
    return {
      ...cells,
      prior_payout_per_person: perPerson(past),
      prior_clinic_payout_per_person: perPerson(past.filter((one) => one['clinic_code'] === cells['clinic_code'])),
      prior_person_years: past[0]?.['person_years'] ?? '',
    };
  });
}

function paidTimes(factor: number): (cells: Cells) => Cells {
  const scaled = (text: string): string => (text === '' ? '' : String(Number(text) * factor));
  return (cells) => ({
    ...cells,
    prior_payout_per_person: scaled(cells['prior_payout_per_person']!),
    prior_clinic_payout_per_person: scaled(cells['prior_clinic_payout_per_person']!),
  });
}

function without(...codes: readonly string[]): (cells: Cells) => Cells {
  return (cells) => Object.fromEntries(Object.entries(cells).filter(([code]) => !codes.includes(code)));
}

function csvOf(all: readonly Cells[]): string {
  const names = Object.keys(all[0]!);
  return `${[names, ...all.map((cells) => names.map((name) => cells[name]!))].map((line) => line.join(',')).join('\n')}\n`;
}

function path(name: string): string {
  return join(folder, name);
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scoreForMeasure, scoreTable } from '../models/underwriting/score';
import { loadModel } from '../models/underwriting/model-files';
import { readTableFile } from '../models/underwriting/table-file';
import { runModel } from './support/model-command';
import { PERIOD_CATALOGUE, periodCsv } from './support/period-book';
import { PLAIN_CATALOGUE, plainCsv, plainRows } from './support/plain-book';

/** What the command line refuses at once, and what it says of rows that it does not take as they are. */

let folder: string;
let written: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medex-said-'));
  written = [];
  writeFileSync(path('factors.csv'), PLAIN_CATALOGUE);
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => (written.push(String(text)), true));
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const POLICIES = ['--target', 'paid', '--exposure', 'expo', '--group', 'policy'];

test.each([
  [['--train-until', '2022'], /--train-until needs --time/],
  [['--time', 'policy', '--train-until', 'spring'], /a period: 2023, 2023-06.*2023Q2/],
  [['--effort', 'fulll'], /Allowed choices are full, quick/],
  [['--backend', 'xyz'], /Allowed choices are native, wasm, cpu/],
  [['--seed', 'one'], /a number/],
])('%j is wrong use', async (flags, message) => {
  writeFileSync(path('book.csv'), plainCsv(plainRows(60, 4)));
  await expect(train([...POLICIES, ...flags])).rejects.toThrow(expect.objectContaining({ name: 'CommanderError' }));
  expect(written.join('')).toMatch(message);
});

test.each([['--entity'], ['--index'], ['--time']])('an unknown %s column is refused by name', async (flag) => {
  writeFileSync(path('book.csv'), plainCsv(plainRows(60, 4)));
  await expect(train([...POLICIES, flag, 'nowhere'])).rejects.toMatchObject({
    code: 'UNDERWRITING_COLUMNS',
    details: { field: 'nowhere' },
  });
});

test('a target of zeros is refused', async () => {
  writeFileSync(path('book.csv'), plainCsv(plainRows(60, 4).map((cells) => [...cells.slice(0, 8), '0'])));
  await expect(train(POLICIES)).rejects.toMatchObject({ code: 'UNDERWRITING_TARGET', details: { field: 'paid' } });
});

test('scoring says by kind what it had to do without, and keeps the keys as they came', async () => {
  writeFileSync(path('book.csv'), plainCsv(plainRows(300, 1)));
  await train(POLICIES);
  writeFileSync(
    path('fresh.csv'),
    'policy,claim_no,age (лет),Регион;код,price index,expo\n7.1,9007199254740993,30,Москва,1,0\n7.10,9007199254740992,200,Марс,9,1\n7.10,007,40,Марс,1,1\n',
  );
  written = [];
  await score('fresh.csv');
  const said = written.join('');
  expect(said).toMatch(/1 rows with exposure expo missing or not above 0: their forecast is 0/);
  expect(said).toMatch(/no columns of factors bmi, fr,%: taken as unknown in all 3 rows/);
  expect(said).toMatch(/2 rows with values that training has not seen \(Регион;код\)/);
  expect(said).toMatch(/1 rows with values outside the declared range of the catalogue \(age \(лет\)\)/);
  expect(said).toMatch(/1 rows with values outside the range of the training \(price index\)/);
  const lines = readFileSync(path('p.csv'), 'utf8').split('\n');
  expect(lines[0]).toBe('policy,claim_no,prediction,lower,upper,row_lower,row_upper');
  expect(lines.slice(1, 4).map((line) => line.split(',').slice(0, 2).join())).toEqual([
    '7.1,9007199254740993',
    '7.10,9007199254740992',
    '7.10,007',
  ]);
}, 60_000);

test('without exposure, group and period columns that is said; rows without a group are numbered', async () => {
  writeFileSync(path('factors.csv'), PERIOD_CATALOGUE);
  writeFileSync(path('book.csv'), periodCsv(['2021', '2022', '2023']));
  await train([...POLICIES, '--time', 'when', '--train-until', '2022']);
  expect(written.join('')).toContain('monotone has no effect on a category: plan');
  writeFileSync(path('fresh.csv'), 'age,plan,year\n30,A,2023\n40,B,2023\n');
  written = [];
  await score('fresh.csv');
  expect(written.join('')).toMatch(/no exposure column expo: each of 2 rows counts as 1/);
  expect(written.join('')).toMatch(/no columns policy, when: 2 rows are forecast without experience/);
  const [header, first] = readFileSync(path('p.csv'), 'utf8').split('\n');
  expect(header).toBe('row,year,prediction,lower,upper,row_lower,row_upper');
  expect(first).toMatch(/^1,2023,/);
}, 60_000);

test('rows of the training among others are measured by members that never saw them, and counted', async () => {
  const rows = plainRows(300, 1);
  writeFileSync(path('book.csv'), plainCsv(rows));
  await train(POLICIES);
  const others = plainRows(50, 8).map(([name, ...cells]) => [`new ${name}`, ...cells.slice(0, 7), '-5']);
  writeFileSync(path('mixed.csv'), plainCsv([...rows.slice(0, 20), ...others, [...others[0]!.slice(0, 8), '']]));
  await runModel('evaluate', '--model', path('m'), '--data', path('mixed.csv'), '--out', path('e'));
  const { warnings } = JSON.parse(readFileSync(path('e/evaluation.json'), 'utf8')) as { warnings: string[] };
  expect(warnings).toEqual(
    expect.arrayContaining([
      expect.stringContaining('20 of 71 rows belong to groups and periods of the training'),
      '1 rows without paid left out',
      '50 rows with negative paid counted as 0',
    ]),
  );
  expect(readFileSync(path('e/evaluation.md'), 'utf8')).toContain('- 20 of 71 rows belong');
  const model = loadModel(path('m'));
  const table = readTableFile(path('mixed.csv'));
  const measured = scoreForMeasure(null, model, table).prediction;
  const allSpeak = scoreTable(null, model, table).prediction;
  const neverSaw = scoreTable(null, { ...model, outOfFold: true }, table).prediction;
  expect([...measured]).toEqual([...neverSaw]);
  const moved = (row: number): number => Math.abs(measured[row]! / allSpeak[row]! - 1);
  const rowsMoved = Array.from(measured.keys()).filter((row) => moved(row) > 1e-6);
  expect(rowsMoved).toEqual(Array.from({ length: 20 }, (_, row) => row));
}, 60_000);

async function train(flags: readonly string[]): Promise<void> {
  const files = ['--factors', path('factors.csv'), '--data', path('book.csv'), '--out', path('m')];
  await runModel('train', ...files, '--quiet', ...(flags.includes('--effort') ? [] : ['--effort', 'quick']), ...flags);
}

async function score(name: string): Promise<void> {
  await runModel('score', '--model', path('m'), '--data', path(name), '--out', path('p.csv'));
}

function path(name: string): string {
  return join(folder, name);
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadModel } from '../models/underwriting/model-files';
import { PLAIN_CATALOGUE, plainCsv, plainRows } from './support/plain-book';
import { runModel } from './support/model-command';

/** Books of other hands through the command line: their shapes, their dirt, and what is said of what cannot be used. */

let folder: string;
let written: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medex-books-'));
  written = [];
  writeFileSync(path('factors.csv'), PLAIN_CATALOGUE);
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => (written.push(String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => (written.push(String(text)), true));
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const COLUMNS = ['--target', 'paid', '--exposure', 'expo', '--group', 'policy'];

test('semicolons, decimal commas, quotes, BOM, CRLF and gzip give the same model as the plain file', async () => {
  const rows = plainRows(300, 1);
  writeFileSync(path('plain.csv'), plainCsv(rows));
  writeFileSync(path('semicolon.csv'), plainCsv(rows, { delimiter: ';', bom: true }));
  writeFileSync(path('quoted.csv.gz'), gzipSync(plainCsv(rows, { quoted: true, bom: true, crlf: true })));
  const versions = [];
  for (const name of ['plain.csv', 'semicolon.csv', 'quoted.csv.gz']) {
    await train(name, COLUMNS);
    versions.push(loadModel(path('m')).version);
  }
  expect(new Set(versions).size).toBe(1);
}, 180_000);

test('a dirty book is learnt and measured, and what was left out is said', async () => {
  const rows = plainRows(360, 2, 40).map((cells, i) => {
    const paid = i % 7 === 0 ? '-50' : i % 13 === 0 ? '' : cells[8]!;
    return [...cells.slice(0, 7), i % 11 === 0 ? '0' : cells[7]!, paid];
  });
  writeFileSync(path('book.csv'), plainCsv(rows));
  await train('book.csv', COLUMNS);
  expect(written.join('')).toMatch(
    /not in the data: not_there[^]*const: one value only[^]*rows without target left out/,
  );
  expect(written.join('')).toMatch(/rows without exposure left out\n\d+ negative targets counted as 0/);
  await runModel('evaluate', '--model', path('m'), '--data', path('book.csv'), '--out', path('e'));
  const evaluation = JSON.parse(readFileSync(path('e/evaluation.json'), 'utf8')) as {
    rowDeviance: Record<string, number>;
    segments: { groups: number; figures: { model: { ratio: number } } }[];
  };
  for (const value of Object.values(evaluation.rowDeviance)) expect(value).toBeGreaterThan(0);
  expect(evaluation.segments[0]!.groups).toBe(40);
}, 180_000);

test('without a group, with categories only; unknown levels, empty cells and absent columns are scored', async () => {
  writeFileSync(path('factors.csv'), 'code,kind\nage (лет),category\nРегион;код,category\n');
  const rows = plainRows(300, 3).map(([owner, age, ...rest]) => [owner!, Number(age) > 45 ? 'old' : 'young', ...rest]);
  writeFileSync(path('book.csv'), plainCsv(rows));
  await train('book.csv', ['--target', 'paid']);
  writeFileSync(path('fresh.csv'), 'Регион;код,expo\nМосква,1\nМарс,1\n,1\n');
  await runModel('score', '--model', path('m'), '--data', path('fresh.csv'), '--out', path('p.csv'));
  const [header, ...lines] = readFileSync(path('p.csv'), 'utf8').trim().split('\n');
  expect(header).toBe('row,prediction,lower,upper,row_lower,row_upper');
  const predictions = lines.map((line) => Number(line.split(',')[1]));
  expect(predictions).toHaveLength(3);
  for (const value of predictions) expect(value).toBeGreaterThan(0);
}, 120_000);

test.each([
  ['a column that is not there', ['--target', 'payd'], 'payd'],
  ['a target of words', ['--target', 'Регион;код'], 'Регион;код'],
])('%s is refused, named', async (_name, flags, field) => {
  writeFileSync(path('book.csv'), plainCsv(plainRows(60, 4)));
  const error = await train('book.csv', flags).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: expect.stringMatching(/^UNDERWRITING_/), details: { field } });
});

test('a missing file is refused, named', async () => {
  await expect(train('nowhere.csv', ['--target', 'paid'])).rejects.toThrow(/nowhere\.csv/);
});

test('a catalogue that lists the target itself does not let it forecast itself', async () => {
  writeFileSync(path('factors.csv'), `${PLAIN_CATALOGUE}\npaid,number,,,\n`);
  writeFileSync(path('book.csv'), plainCsv(plainRows(120, 7)));
  await train('book.csv', ['--target', 'paid', '--exposure', 'expo']);
  const model = loadModel(path('m'));
  expect([...model.encoding.factors, ...(model.trees?.factors ?? [])].map(({ code }) => code)).not.toContain('paid');
}, 60_000);

test('a measurement without totals is refused, named', async () => {
  const rows = plainRows(120, 6);
  writeFileSync(path('book.csv'), plainCsv(rows));
  await train('book.csv', ['--target', 'paid', '--exposure', 'expo']);
  writeFileSync(path('blank.csv'), plainCsv(rows.map((cells) => [...cells.slice(0, 8), ''])));
  await expect(
    runModel('evaluate', '--model', path('m'), '--data', path('blank.csv'), '--out', path('e')),
  ).rejects.toMatchObject({ code: 'UNDERWRITING_COLUMNS', details: { field: 'paid' } });
}, 60_000);

async function train(book: string, flags: readonly string[]): Promise<void> {
  const quick = ['--out', path('m'), '--effort', 'quick', '--quiet'];
  await runModel('train', '--factors', path('factors.csv'), '--data', path(book), ...flags, ...quick);
}

function path(name: string): string {
  return join(folder, name);
}

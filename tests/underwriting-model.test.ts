import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openBackend } from '../models/underwriting/backend';
import type { Backend } from '../models/underwriting/backend';
import { evaluateScored } from '../models/underwriting/evaluate';
import { explainRows } from '../models/underwriting/explain';
import type { UnderwritingModel } from '../models/underwriting/model';
import { loadModel, packModel, unpackModel } from '../models/underwriting/model-files';
import { quote, quoteWithClinics } from '../models/underwriting/quote';
import { createRandom, shuffle } from '../models/underwriting/random';
import { scoreTable } from '../models/underwriting/score';
import { foldOf } from '../models/underwriting/sets';
import type { Table } from '../models/underwriting/table';
import { levelsOf, numbersOf, pickRows, textAt, withColumn } from '../models/underwriting/table';
import { changesForTarget } from '../models/underwriting/target-price';
import { trainModel } from '../models/underwriting/train';
import { BOOK_CATALOGUE, BOOK_COLUMNS, bookCsv, bookFactors, bookTable } from './support/underwriting-book';
import { runModel } from './support/model-command';

let backend: Backend;
let model: UnderwritingModel;
let book: Table;
let last: Table;

const request = { factors: bookFactors(), ...BOOK_COLUMNS, trainUntil: 2022, effort: 'quick' as const, seed: 3 };

beforeAll(async () => {
  backend = await openBackend('native');
  book = bookTable();
  model = await trainModel(backend, book, request);
  const years = numbersOf(book, 'year');
  last = pickRows(
    book,
    Array.from({ length: book.rows }, (_, row) => row).filter((row) => years[row] === 2023),
  );
}, 240_000);

test('the columns that were left open are found: the clinic crosses the contracts, the index is divided out', () => {
  expect(model.columns).toMatchObject({ entity: 'clinic_code', index: 'inflation_index' });
  expect(model.shape.compete).toBe(true);
});

test('the forecast of the next year beats the tariff, and a quote carries its model version', () => {
  const [all] = evaluateScored(model, scoreTable(backend.tf, model, last)).segments;
  expect(all!.figures.model.error.value).toBeLessThan(0.75 * all!.figures.tariff.error.value);
  expect(quote(model, firstRequest()).modelVersion).toBe(model.version);
});

test('contributions sum to the price from the portfolio mean, row by row', () => {
  const scored = scoreTable(backend.tf, model, last);
  const explained = explainRows(model, scored.rows, scored.inputs, scored.experience);
  explained.forEach(({ start, contributions }, row) => {
    const sum = [...contributions.values()].reduce((a, b) => a + b, start);
    expect(Math.abs(sum / scored.prediction[row]! - 1)).toBeLessThan(1e-5);
  });
});

test('native, wasm and the plain loop give the same forecasts from the same files', async () => {
  const { json, binary } = packModel(model);
  const copy = unpackModel(json, binary);
  const native = scoreTable(backend.tf, copy, last).prediction;
  const plain = scoreTable(null, model, last).prediction;
  const wasm = scoreTable((await openBackend('wasm')).tf, copy, last).prediction;
  await backend.tf.setBackend('tensorflow');
  for (let row = 0; row < last.rows; row++) {
    expect(Math.abs(plain[row]! / native[row]! - 1)).toBeLessThan(1e-5);
    expect(Math.abs(wasm[row]! / native[row]! - 1)).toBeLessThan(1e-5);
  }
});

test('a contract is priced by the members that never saw it, mixed in any order with new business', () => {
  const { codes, levels } = levelsOf(last, 'contract_no');
  const named = levels.map((name, k) => (k % 3 === 0 ? `new ${name}` : name));
  const mixed = withColumn(last, 'contract_no', { kind: 'text', codes, levels: named });
  const order = shuffle(
    Int32Array.from({ length: mixed.rows }, (_, row) => row),
    createRandom(4),
  );
  const { rows, prediction } = scoreTable(backend.tf, model, mixed);
  const shuffled = scoreTable(backend.tf, model, pickRows(mixed, order)).prediction;
  order.forEach((row, i) => expect(Math.abs(shuffled[i]! / prediction[row]! - 1)).toBeLessThan(1e-5));
  const { sets } = rows.keyed;
  for (let set = 0; set < sets.count; set++) {
    const own = sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!);
    const contract = pickRows(mixed, own);
    const name = rows.groupNames[own[0]!]!;
    const fold = foldOf(name, model.folds, model.foldSeed);
    const members = model.members.filter((member) => !model.trainGroups.has(name) || member.fold === fold);
    const alone = scoreTable(backend.tf, model, contract).prediction;
    const byMembers = scoreTable(backend.tf, { ...model, members, outOfFold: false }, contract).prediction;
    own.forEach((row, i) => {
      expect(Math.abs(alone[i]! / prediction[row]! - 1)).toBeLessThan(1e-5);
      expect(Math.abs(byMembers[i]! / prediction[row]! - 1)).toBeLessThan(1e-5);
    });
  }
});

test('the same data, request and seed give the same model', async () => {
  const small = bookTable({ contracts: 40 });
  const first = await trainModel(backend, small, request);
  const second = await trainModel(backend, small, request);
  expect(second.version).toBe(first.version);
}, 120_000);

test.each([
  ['clinic_price_index', 1],
  ['franchise_percent', -1],
])('%s moves a row’s risk only the declared way', (code, direction) => {
  const sorted = [...numbersOf(last, code)].sort((a, b) => a - b);
  const levels = [0, 0.25, 0.5, 0.75, 1].map((share) => sorted[Math.floor(share * (sorted.length - 1))]!);
  const one = pickRows(last, [0]);
  const prices = levels.map(
    (value) =>
      scoreTable(null, model, withColumn(one, code, { kind: 'number', values: Float64Array.of(value) })).prediction[0]!,
  );
  prices.slice(1).forEach((price, k) => expect(direction * (price - prices[k]!)).toBeGreaterThanOrEqual(-1e-6));
});

test('missing columns, missing values and unknown categories still give a finite positive forecast', () => {
  const without = ['region', 'age_mean', 'yandex_rating'].reduce(
    (table, code) => withColumn(table, code, { kind: 'number', values: new Float64Array(table.rows).fill(Number.NaN) }),
    last,
  );
  const strange = withColumn(last, 'region', { kind: 'text', codes: new Int32Array(last.rows), levels: ['Марс'] });
  const bare = { rows: last.rows, columns: ['age_mean'], data: new Map([['age_mean', last.data.get('age_mean')!]]) };
  for (const table of [without, strange, bare])
    for (const value of scoreTable(null, model, table).prediction) expect(value).toBeGreaterThan(0);
  expect(
    quote(model, { ...firstRequest(), contract: { ...firstRequest().contract, region: 'Марс' } }).warnings,
  ).toContainEqual(expect.objectContaining({ factor: 'region', kind: 'unknown-level' }));
});

test('experience of a contract moves its price only after the period in which it was made', () => {
  const scored = scoreTable(null, model, pickRows(book, firstYearRows()));
  expect([...scored.experience.renewal].every((flag) => flag === 0)).toBe(true);
  expect([...scoreTable(null, model, last).experience.renewal].every((flag) => flag === 1)).toBe(true);
});

test('taking a clinic away moves its people to the others', () => {
  const asked = firstRequest();
  const before = quote(model, asked);
  const gone = String(asked.clinics[0]!['clinic_code']);
  const after = quoteWithClinics(model, asked, { remove: [gone] });
  expect(after.clinics).toHaveLength(before.clinics.length - 1);
  expect(after.clinics.reduce((sum, clinic) => sum + clinic.peopleShare, 0)).toBeCloseTo(1, 9);
  const stayed = before.clinics.find(({ clinic }) => clinic !== gone)!;
  expect(after.clinics.find(({ clinic }) => clinic === stayed.clinic)!.prediction).toBeGreaterThan(
    stayed.prediction * 0.95,
  );
});

test('a lower target price is approached by what a negotiation can move', () => {
  const asked = firstRequest();
  const now = quote(model, asked).prediction;
  const options = changesForTarget(model, asked, now * 0.9);
  expect(options.length).toBeGreaterThan(0);
  for (const option of options) expect(option.prediction).toBeLessThan(now);
});

test('train, score and evaluate run through the command line on a gzipped book', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medex-model-'));
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('factors.csv'), BOOK_CATALOGUE);
  writeFileSync(path('book.csv.gz'), gzipSync(bookCsv({ contracts: 40 })));
  const data = ['--data', path('book.csv.gz')];
  const silent = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const columns = ['--target', 'payout_rub', '--exposure', 'person_years', '--group', 'contract_no', '--time', 'year'];
  await runModel(
    'train',
    '--factors',
    path('factors.csv'),
    ...data,
    ...columns,
    '--train-until',
    '2022',
    '--effort',
    'quick',
    '--out',
    path('m'),
    '--quiet',
  );
  await runModel('score', '--model', path('m'), ...data, '--out', path('predictions.csv'));
  await runModel('evaluate', '--model', path('m'), ...data, '--out', path('e'));
  silent.mockRestore();
  const lines = readFileSync(path('predictions.csv'), 'utf8').trim().split('\n');
  const table = bookTable({ contracts: 40 });
  expect(lines[0]).toBe('contract_no,clinic_code,year,prediction,lower,upper,row_lower,row_upper');
  expect(lines).toHaveLength(table.rows + 1);
  const cells = lines[1]!.split(',');
  expect(cells.slice(0, 3)).toEqual(['contract_no', 'clinic_code', 'year'].map((name) => textAt(table, name, 0)));
  expect(Number(cells[4])).toBeLessThan(Number(cells[3]));
  expect(Number(cells[5])).toBeGreaterThan(Number(cells[3]));
  const evaluation = JSON.parse(readFileSync(path('e/evaluation.json'), 'utf8')) as { rows: number; version: string };
  expect(evaluation.version).toBe(loadModel(path('m')).version);
  expect(evaluation.rows).toBe([...numbersOf(table, 'year')].filter((year) => year === 2023).length);
  rmSync(folder, { recursive: true });
}, 120_000);

test('an aborted training keeps its members and goes on from them', async () => {
  const small = bookTable({ contracts: 40 });
  const whole = await trainModel(backend, small, request);
  const stop = new AbortController();
  let kept: UnderwritingModel['members'] = [];
  const save = (members: UnderwritingModel['members']): void => {
    kept = [...members];
    if (members.length === 2) stop.abort(new Error('stopped'));
  };
  await expect(
    trainModel(backend, small, request, { signal: stop.signal, checkpoint: { members: [], save } }),
  ).rejects.toThrow('stopped');
  expect(kept).toHaveLength(2);
  const resumed = await trainModel(backend, small, request, { checkpoint: { members: kept, save: () => undefined } });
  expect(resumed.version).toBe(whole.version);
}, 180_000);

test('a thousand quotes leave no tensor behind', () => {
  const before = backend.tf.memory().numTensors;
  for (let i = 0; i < 200; i++) quote(model, firstRequest());
  scoreTable(backend.tf, model, last);
  expect(backend.tf.memory().numTensors).toBe(before);
});

function firstYearRows(): number[] {
  const years = numbersOf(book, 'year');
  return Array.from({ length: book.rows }, (_, row) => row).filter((row) => years[row] === 2021);
}

function firstRequest(): { contract: Record<string, unknown>; clinics: Record<string, unknown>[] } {
  const contract = textAt(last, 'contract_no', 0);
  const rows = Array.from({ length: last.rows }, (_, row) => row).filter(
    (row) => textAt(last, 'contract_no', row) === contract,
  );
  const own = ['clinic_code', 'clinic_price_index', 'yandex_rating', 'office_clinic_km'];
  const read = (row: number, code: string): unknown =>
    code === 'contract_no' || code === 'clinic_code' ? textAt(last, code, row) : numbersOf(last, code)[row];
  return {
    contract: Object.fromEntries(
      last.columns.filter((code) => !own.includes(code)).map((code) => [code, read(rows[0]!, code)]),
    ),
    clinics: rows.map((row) => Object.fromEntries(own.map((code) => [code, read(row, code)]))),
  };
}

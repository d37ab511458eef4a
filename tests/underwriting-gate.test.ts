import { openBackend } from '../models/underwriting/backend';
import type { Backend } from '../models/underwriting/backend';
import { measureDrift } from '../models/underwriting/drift';
import { runGate } from '../models/underwriting/gate';
import type { UnderwritingModel } from '../models/underwriting/model';
import { createRandom } from '../models/underwriting/random';
import { scoreTable } from '../models/underwriting/score';
import type { Table } from '../models/underwriting/table';
import { numbersOf, pickRows, withColumn } from '../models/underwriting/table';
import { trainModel } from '../models/underwriting/train';
import { BOOK_COLUMNS, bookFactors, bookTable } from './support/underwriting-book';

let backend: Backend;
let book: Table;
let held: Table;
let champion: UnderwritingModel;

const request = { factors: bookFactors(), ...BOOK_COLUMNS, trainUntil: 2022, effort: 'quick' as const };

beforeAll(async () => {
  backend = await openBackend('native');
  book = bookTable({ contracts: 120 });
  const years = numbersOf(book, 'year');
  held = pickRows(
    book,
    Array.from({ length: book.rows }, (_, row) => row).filter((row) => years[row] === 2023),
  );
  champion = await trainModel(backend, book, { ...request, seed: 1 });
}, 180_000);

const judge = (challenger: UnderwritingModel, table = held) =>
  runGate(
    { model: champion, scored: scoreTable(backend.tf, champion, table) },
    { model: challenger, scored: scoreTable(backend.tf, challenger, table) },
    { deviance: 0.05, total: 0.1, segment: 0.15, influence: 0.7, inputs: 1.5 },
  );

test('a challenger as good as the champion passes and moves nothing', () => {
  const result = judge(champion);
  expect(result.checks.filter(({ passed }) => !passed)).toEqual([]);
  expect(result).toMatchObject({ passed: true, movedShare: 0 });
});

test('a challenger that learnt from a shuffled target is refused', async () => {
  const paid = numbersOf(book, 'payout_rub').slice();
  const random = createRandom(8);
  for (let i = paid.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [paid[i], paid[j]] = [paid[j]!, paid[i]!];
  }
  const bad = await trainModel(backend, withColumn(book, 'payout_rub', { kind: 'number', values: paid }), request);
  const result = judge(bad);
  expect(result.passed).toBe(false);
  expect(result.checks.find(({ name }) => name === 'deviance')?.passed).toBe(false);
}, 120_000);

test('a challenger that learnt from a factor scaled by 1000 is refused, and told by which', async () => {
  const scaled = numbersOf(book, 'age_mean').map((age) => age * 1000);
  const bad = await trainModel(backend, withColumn(book, 'age_mean', { kind: 'number', values: scaled }), request);
  const result = judge(bad);
  expect(result.passed).toBe(false);
  expect(result.checks.find(({ name }) => name === 'inputs')).toMatchObject({ passed: false });
  expect(result.checks.find(({ name }) => name === 'inputs')?.text.en).toContain('age_mean');
}, 120_000);

test('drift is quiet on the same book and acts on a shifted factor', () => {
  const older = numbersOf(held, 'age_mean').map((age) => age + 25);
  const shifted = withColumn(held, 'age_mean', { kind: 'number', values: older });
  expect(measureDrift(champion, held).find(({ code }) => code === 'age_mean')?.state).toBe('quiet');
  expect(measureDrift(champion, shifted)[0]).toMatchObject({ code: 'age_mean', state: 'act' });
});

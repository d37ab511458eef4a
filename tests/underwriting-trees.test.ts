import { openBackend } from '../models/underwriting/backend';
import type { Backend } from '../models/underwriting/backend';
import { evaluateScored } from '../models/underwriting/evaluate';
import { explainRows } from '../models/underwriting/explain';
import type { UnderwritingModel } from '../models/underwriting/model';
import { modelCard } from '../models/underwriting/model-card';
import { packModel, unpackModel } from '../models/underwriting/model-files';
import { scoreTable } from '../models/underwriting/score';
import type { Table } from '../models/underwriting/table';
import { numbersOf, pickRows, withColumn } from '../models/underwriting/table';
import { readTableText } from '../models/underwriting/table-text';
import { trainModel } from '../models/underwriting/train';
import { plainCsv, plainFactors, plainRows } from './support/plain-book';

let backend: Backend;
let model: UnderwritingModel;
let fresh: Table;

const request = {
  factors: plainFactors(),
  target: 'paid',
  exposure: 'expo',
  group: 'policy',
  effort: 'quick' as const,
};

beforeAll(async () => {
  backend = await openBackend('native');
  model = await trainModel(backend, readTableText(plainCsv(plainRows(3000, 1))), request);
  fresh = readTableText(plainCsv(plainRows(1500, 2)));
}, 240_000);

test('steps that smooth shapes find hard bring trees in; fresh rows are forecast better than by networks, trees or GLM alone', () => {
  const weight = model.trees!.weight;
  expect(weight).toBeGreaterThan(0);
  const devianceAt = (own: number): number => {
    const changed = { ...model, trees: { ...model.trees!, weight: own } };
    return evaluateScored(changed, scoreTable(backend.tf, changed, fresh)).rowDeviance.model;
  };
  const { rowDeviance } = evaluateScored(model, scoreTable(backend.tf, model, fresh));
  expect(rowDeviance.model).toBeLessThan(devianceAt(0));
  expect(rowDeviance.model).toBeLessThan(rowDeviance.glm);
  expect(modelCard(model)).toContain(`boosted trees with weight ${weight}`);
});

test('contributions sum to the price row by row, trees included', () => {
  const scored = scoreTable(
    null,
    model,
    pickRows(
      fresh,
      Array.from({ length: 60 }, (_, row) => row),
    ),
  );
  explainRows(model, scored.rows, scored.inputs, scored.experience).forEach(({ start, contributions }, row) => {
    const sum = [...contributions.values()].reduce((a, b) => a + b, start);
    expect(Math.abs(sum / scored.prediction[row]! - 1)).toBeLessThan(1e-9);
  });
});

test.each([
  ['price index', 1],
  ['fr,%', -1],
])('%s moves every price only the declared way', (code, direction) => {
  const sample = pickRows(
    fresh,
    Array.from({ length: 200 }, (_, row) => row),
  );
  const values = numbersOf(fresh, code);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  let before: Float64Array | null = null;
  for (let step = 0; step <= 12; step++) {
    const value = low + ((high - low) * step) / 12;
    const changed = withColumn(sample, code, { kind: 'number', values: new Float64Array(sample.rows).fill(value) });
    const prices = scoreTable(null, model, changed).prediction;
    before?.forEach((price, row) => expect(direction * (prices[row]! / price - 1)).toBeGreaterThanOrEqual(-1e-9));
    before = prices;
  }
});

test('saved and loaded, native and plain loops give the same forecasts; missing and unknown values give finite ones', () => {
  const { json, binary } = packModel(model);
  const copy = unpackModel(json, binary);
  const native = scoreTable(backend.tf, model, fresh).prediction;
  scoreTable(null, copy, fresh).prediction.forEach((price, row) =>
    expect(Math.abs(price / native[row]! - 1)).toBeLessThan(1e-5),
  );
  const bare: Table = {
    rows: 5,
    columns: ['bmi'],
    data: new Map([['bmi', { kind: 'number', values: new Float64Array(5).fill(Number.NaN) }]]),
  };
  const strange = withColumn(fresh, 'Регион;код', {
    kind: 'text',
    codes: new Int32Array(fresh.rows),
    levels: ['Марс'],
  });
  for (const table of [bare, strange])
    for (const price of scoreTable(null, copy, table).prediction) expect(price).toBeGreaterThan(0);
});

test('the same data and seed give the same trees', async () => {
  const small = readTableText(plainCsv(plainRows(600, 3)));
  const first = await trainModel(backend, small, request);
  const second = await trainModel(backend, small, request);
  expect(second.version).toBe(first.version);
}, 120_000);

test('without a group rows of equal factors are twins: measured on the training they stay out of fold, elsewhere all members speak', async () => {
  const rows = plainRows(400, 5);
  const twins = readTableText(plainCsv([...rows, ...rows, ...rows]));
  const plain = await trainModel(backend, twins, { ...request, group: undefined });
  expect(plain.trainedOn.groups).toBe(400);
  const all = scoreTable(null, plain, twins).prediction;
  const own = scoreTable(null, { ...plain, outOfFold: true }, twins).prediction;
  expect([...all].some((price, row) => Math.abs(price / own[row]! - 1) > 1e-3)).toBe(true);
}, 120_000);

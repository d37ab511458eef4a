import { join } from 'node:path';
import { accumulatedEffects } from '../models/underwriting/ale';
import { cutStatistics } from '../models/underwriting/cuts';
import { loadModel } from '../models/underwriting/model-files';
import { scoreTable } from '../models/underwriting/score';
import { numbersOf, pickRows } from '../models/underwriting/table';
import { readTableFile } from '../models/underwriting/table-file';

const DATA = join(__dirname, '..', 'data', 'underwriting');
const model = loadModel(join(DATA, 'model'));
const book = readTableFile(join(DATA, 'portfolio.csv.gz'));
const last = numbersOf(book, 'year').reduce((a, b) => Math.max(a, b));
const years = numbersOf(book, 'year');
const rows = Array.from(years.keys()).filter((row) => years[row] === last);
const table = pickRows(book, rows.slice(0, 300));

test('dearer clinics cost more, all else equal: the accumulated effect of the price index only rises', () => {
  const effects = accumulatedEffects(null, model, table, 'clinic_price_index').map((point) => point.effect);
  expect(effects.length).toBeGreaterThan(3);
  for (let k = 1; k < effects.length; k += 1) expect(effects[k]).toBeGreaterThanOrEqual(effects[k - 1]! * 0.98);
});

test('the cuts of a factor hold every row once, and what was paid adds up', () => {
  const scored = scoreTable(null, model, table);
  const cells = cutStatistics(scored, model.factors, ['programme_level', 'dental_included']);
  const paid = numbersOf(table, 'payout_rub').reduce((a, b) => a + b, 0);
  expect(cells.reduce((sum, cell) => sum + cell.rows, 0)).toBe(300);
  expect(cells.reduce((sum, cell) => sum + cell.paid, 0)).toBeCloseTo(paid, 0);
  for (const cell of cells) {
    expect(cell.ratioLow).toBeLessThanOrEqual(cell.ratio);
    expect(cell.ratioHigh).toBeGreaterThanOrEqual(cell.ratio);
  }
});

test('a factor that is not there is refused by name', () => {
  const refused = expect.objectContaining({
    code: 'UNDERWRITING_COLUMNS',
    details: expect.objectContaining({ field: 'nope' }),
  });
  expect(() => accumulatedEffects(null, model, table, 'nope')).toThrow(refused);
  expect(() => cutStatistics(scoreTable(null, model, table), model.factors, ['nope', 'programme_level'])).toThrow(
    refused,
  );
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UnderwritingModel } from '../models/underwriting/model';
import { loadModel } from '../models/underwriting/model-files';
import { runModel } from './support/model-command';
import { PERIOD_CATALOGUE, periodCsv } from './support/period-book';

/** Periods in the forms that books write them in, through the command line. */

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medex-periods-'));
  writeFileSync(path('factors.csv'), PERIOD_CATALOGUE);
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const YEARS = [2020, 2021, 2022, 2023];

test('years, months, quarters and dates of one yearly book give one model, and its last year stays out', async () => {
  const forms: ((year: number) => string)[] = [
    (year) => String(year),
    (year) => `${year}-03`,
    (year) => `${year}03`,
    (year) => `${year}Q1`,
    (year) => `Q1 ${year}`,
    (year) => `${year}-03-15T00:00:00`,
    (year) => `15.03.${year}`,
    (year) => `15/03/${year}`,
  ];
  const models: UnderwritingModel[] = [];
  const fresh: string[] = [];
  for (const form of forms) {
    models.push(await train(YEARS.map(form), '2022'));
    writeFileSync(path('fresh.csv'), periodCsv(YEARS.map(form), { from: 3 }));
    await runModel('score', '--model', path('m'), '--data', path('fresh.csv'), '--out', path('p.csv'));
    fresh.push(readFileSync(path('p.csv'), 'utf8').replaceAll(form(2023), '2023'));
  }
  expect(models[0]!.trainedOn).toMatchObject({ rows: 120, from: 2020, to: 2022 });
  expect(new Set(models.map(({ version }) => version)).size).toBe(1);
  expect(new Set(fresh).size).toBe(1);
}, 300_000);

test.each([
  ['2022', 12],
  ['2022-06', 6],
  ['2022Q2', 6],
  ['2022-05-31', 5],
])(
  'months to %s: all of it is learnt from, nothing after it',
  async (until, months) => {
    const model = await train(monthsOf(2022, 2023), until);
    expect(model.columns.step).toBe('month');
    expect(model.trainedOn).toMatchObject({ rows: 40 * months, from: 2022 * 12, to: 2022 * 12 + months - 1 });
    expect(readFileSync(path('m/model-card.md'), 'utf8')).toContain(
      `periods 2022-01 to 2022-${String(months).padStart(2, '0')}`,
    );
    const measured = ['--model', path('m'), '--data', path('book.csv'), '--out', path('e')];
    await runModel('evaluate', ...measured);
    expect(evaluation().rows).toBe(40 * (24 - months));
    await runModel('evaluate', ...measured, '--from', '2022Q4', '--to', '2023-03');
    expect(evaluation().rows).toBe(240);
    expect(evaluation().warnings).toContain('720 rows of other periods left out');
    expect(evaluation().warnings.some((one) => one.startsWith('120 of 240 rows belong'))).toBe(months === 12);
  },
  240_000,
);

test.each([
  ['spring 2021', /“when”: “spring 2020” is no period.*2023Q2/],
  ['03/04/2021', /“when”: “03\/04\/2020” does not tell day from month/],
  ['2021-13', /“2020-13” is no period/],
])('periods like %s are refused by name', async (form, message) => {
  const periods = YEARS.map((year) => form.replace('2021', String(year)));
  await expect(train(periods, '2022')).rejects.toThrow(message);
});

test('a scoring file whose months cannot be told is refused; plain numbers stay as they are', async () => {
  const model = await train(['1', '2', '3'], '2');
  expect(model.trainedOn).toMatchObject({ rows: 80, from: 1, to: 2 });
  writeFileSync(path('fresh.csv'), periodCsv(['later']));
  await expect(
    runModel('score', '--model', path('m'), '--data', path('fresh.csv'), '--out', path('p.csv')),
  ).rejects.toMatchObject({ code: 'UNDERWRITING_PERIOD', details: { field: 'when', value: 'later' } });
}, 60_000);

test('rows without a period are left out of the training, and that is said', async () => {
  const model = await train(['2021', '', '2022', '2023'], '2022');
  expect(model.trainedOn.rows).toBe(80);
  expect(model.warnings).toContain('40 rows without period left out');
}, 60_000);

async function train(periods: readonly string[], until: string): Promise<UnderwritingModel> {
  writeFileSync(path('book.csv'), periodCsv(periods));
  const files = ['--factors', path('factors.csv'), '--data', path('book.csv'), '--out', path('m')];
  const columns = ['--target', 'paid', '--exposure', 'expo', '--group', 'policy', '--time', 'when'];
  await runModel('train', ...files, ...columns, '--train-until', until, '--effort', 'quick', '--quiet');
  return loadModel(path('m'));
}

function monthsOf(...years: readonly number[]): string[] {
  return years.flatMap((year) => Array.from({ length: 12 }, (_, k) => `01.${String(k + 1).padStart(2, '0')}.${year}`));
}

function evaluation(): { rows: number; warnings: string[] } {
  return JSON.parse(readFileSync(path('e/evaluation.json'), 'utf8')) as { rows: number; warnings: string[] };
}

function path(name: string): string {
  return join(folder, name);
}

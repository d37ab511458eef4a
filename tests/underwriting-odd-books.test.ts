import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UnderwritingModel } from '../models/underwriting/model';
import { loadModel } from '../models/underwriting/model-files';
import { createRandom } from '../models/underwriting/random';
import { foldOf } from '../models/underwriting/sets';
import { BOOK_CATALOGUE, bookCsv } from './support/underwriting-book';
import { PLAIN_CATALOGUE, plainCsv, plainRows } from './support/plain-book';
import { runModel } from './support/model-command';

/** Books whose columns are not what their names or their shape suggest, and books of few groups. */

let folder: string;
let written: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medex-odd-books-'));
  written = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => (written.push(String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => (written.push(String(text)), true));
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const CONTRACTS = ['--target', 'payout_rub', '--exposure', 'person_years', '--group', 'contract_no', '--time', 'year'];

describe('a column that is named like a price level', () => {
  test('and holds rates is an ordinary factor, which the training says', async () => {
    const rates: Record<string, string> = { '1.0000': '0.06', '1.0800': '0.08', '1.1664': '0.14' };
    const book = bookCsv({ contracts: 14 }).replaceAll(/,([\d.]+)$/gm, (_, index: string) => `,${rates[index]!}`);
    const model = await train(book.replace('inflation_index', 'medical_inflation'), CONTRACTS, {
      catalogue: BOOK_CATALOGUE.replace('inflation_index', 'medical_inflation'),
    });
    expect(model.columns.index).toBeUndefined();
    expect(written.join('')).toMatch(/medical_inflation: does not move like a price level.*--index medical_inflation/);
  }, 60_000);

  test.each([
    ['in points', (index: string): string => String(Number(index) * 100), 'inflation_index'],
    ['in per cent', (index: string): string => String((Number(index) - 0.9) * 90), undefined],
    ['another one for each contract', (_: string, i: number): string => String(0.6 + (i % 97) / 60), undefined],
  ])(
    '%s',
    async (_name, change, found) => {
      let row = 0;
      const book = bookCsv({ contracts: 14 }).replaceAll(
        /,([\d.]+)$/gm,
        (_, index: string) => `,${change(index, row++)}`,
      );
      expect((await train(book, CONTRACTS)).columns.index).toBe(found);
      expect(card()).toContain('a row carries the exposure of several');
    },
    60_000,
  );

  test('a row without its level is learnt from and priced at that of its period', async () => {
    const gaps = bookCsv({ contracts: 20 }).replaceAll(/,([\d.]+)$/gm, (cell, _index, at: number) =>
      at % 3 ? cell : ',',
    );
    await train(gaps, CONTRACTS);
    const lines = bookCsv({ contracts: 20 }).trim().split('\n');
    const [told, silent] = await Promise.all([
      predictions([lines[0]!, ...lines.slice(1, 30)]),
      predictions([lines[0]!, ...lines.slice(1, 30).map((line) => line.replace(/,[\d.]+$/, ','))]),
    ]);
    expect(silent).toEqual(told);
  }, 60_000);
});

describe('members of employers at clinics', () => {
  test('bring their own exposure and do not compete, though clinics cross employers', async () => {
    const random = createRandom(11);
    const rows = Array.from({ length: 900 }, (_, i) => {
      const age = 20 + 40 * random();
      const exposure = 0.2 + 0.8 * random();
      const clinic = `C${Math.floor(6 * random())}`;
      const paid = random() < 0.3 ? 0 : exposure * (200 + 10 * age) * -Math.log(random());
      return [`E${i % 60}`, clinic, 2021 + (i % 3), age.toFixed(1), exposure.toFixed(3), paid.toFixed(2)].join(',');
    });
    const book = ['employer,clinic_code,year,age,member_years,paid', ...rows].join('\n');
    const flags = ['--target', 'paid', '--exposure', 'member_years', '--group', 'employer', '--time', 'year'];
    const model = await train(book, [...flags, '--entity', 'clinic_code', '--train-until', '2022'], {
      catalogue: 'code,kind\nage,number\n',
    });
    expect(card()).toContain('Rows are single persons or risks (the middle row has an exposure of 0.');
    expect(model).toMatchObject({ columns: { entity: 'clinic_code' }, shape: { compete: false } });
    await runModel('evaluate', '--model', path('m'), '--data', path('book.csv'), '--out', path('e'));
    const { segments } = JSON.parse(readFileSync(path('e/evaluation.json'), 'utf8')) as {
      segments: { exposure: number }[];
    };
    const last = rows.map((row) => row.split(',')).filter((cells) => cells[2] === '2023');
    expect(segments[0]!.exposure).toBeCloseTo(
      last.reduce((sum, cells) => sum + Number(cells[4]), 0),
      6,
    );
    expect(model.past.exposure.reduce((a, b) => a + b, 0)).toBeGreaterThan(100);
  }, 120_000);
});

describe('a book of few groups', () => {
  const POLICIES = ['--target', 'paid', '--exposure', 'expo', '--group', 'policy'];

  test.each([
    [10, 5],
    [5, 5],
    [3, 3],
    [2, 2],
  ])(
    '%d groups: %d folds, none of them empty',
    async (owners, folds) => {
      for (const seed of owners === 10 ? ['1', '2', '3'] : ['1']) {
        const model = await train(plainCsv(plainRows(120, 5, owners)), [...POLICIES, '--seed', seed], {
          catalogue: PLAIN_CATALOGUE,
        });
        expect(model.folds).toBe(folds);
        const held = new Set([...model.trainGroups].map((name) => foldOf(name, model.folds, model.foldSeed)));
        expect(held.size).toBe(folds);
        expect(model.members.every(({ fold }) => held.has(fold))).toBe(true);
      }
    },
    120_000,
  );

  test('one group: rows are held out, and the training says what that means', async () => {
    const model = await train(plainCsv(plainRows(120, 5, 1)), POLICIES, { catalogue: PLAIN_CATALOGUE });
    expect(model.columns.group).toBeUndefined();
    expect(model.folds).toBe(5);
    expect(written.join('')).toContain('policy: one group only');
  }, 60_000);
});

async function train(
  book: string,
  flags: readonly string[],
  { catalogue = BOOK_CATALOGUE }: { readonly catalogue?: string } = {},
): Promise<UnderwritingModel> {
  writeFileSync(path('factors.csv'), catalogue);
  writeFileSync(path('book.csv'), book);
  const quick = ['--out', path('m'), '--effort', 'quick', '--quiet'];
  await runModel('train', '--factors', path('factors.csv'), '--data', path('book.csv'), ...flags, ...quick);
  return loadModel(path('m'));
}

async function predictions(lines: readonly string[]): Promise<string[]> {
  const name = `asked-${lines[1]!.length}.csv`;
  writeFileSync(path(name), lines.join('\n'));
  await runModel('score', '--model', path('m'), '--data', path(name), '--out', path(`${name}.out`));
  return readFileSync(path(`${name}.out`), 'utf8')
    .trim()
    .split('\n');
}

function card(): string {
  return readFileSync(path('m/model-card.md'), 'utf8');
}

function path(name: string): string {
  return join(folder, name);
}

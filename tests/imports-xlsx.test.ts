import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { isAppError } from '../models/errors';
import { INVOICES } from '../models/exchange/formats';
import { DEFAULT_LIMITS } from '../models/tabular/limits';
import { inspectTable, openTable } from '../models/tabular/table-source';
import { columnName, STYLE, workbook, xlsx, zip } from './support/xlsx-writer';
import type { XlsxCell } from './support/xlsx-writer';

const HEADER = INVOICES.columns.map((one) => one.name);
const SERIAL_2025_09_01 = 45_901;
const ROW: XlsxCell[] = [
  'C01',
  '2509-1',
  { serial: 45_921, style: STYLE.date },
  1,
  '50105763',
  { serial: SERIAL_2025_09_01, style: STYLE.date },
  'Z00.0',
  { serial: 823, style: STYLE.zeros },
  'УЗИ <органов> & "таза"',
  2,
  1187.0999999999999,
  2374.2,
  0,
  'D1',
  null,
  null,
  'E1',
];
const AS_TEXT = [
  'C01',
  '2509-1',
  '2025-09-21',
  '1',
  '50105763',
  '2025-09-01',
  'Z00.0',
  '00823',
  'УЗИ <органов> & "таза"',
  '2',
  '1187.1',
  '2374.2',
  '0',
  'D1',
  '',
  '',
  'E1',
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'medex-xlsx-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function save(bytes: Buffer): string {
  const path = join(folder, `f${Math.random().toString(36).slice(2)}`);
  writeFileSync(path, bytes);
  return path;
}

async function readAll(bytes: Buffer): Promise<{ rows: string[][]; rowNos: number[] }> {
  const table = await openTable(save(bytes), INVOICES);
  const rows: string[][] = [];
  const rowNos: number[] = [];
  for await (const batch of table.rows) {
    rows.push(...batch.rows);
    rowNos.push(...batch.rowNos);
  }
  return { rows, rowNos };
}

/** The code of the refusal, or 'taken'. */
async function verdict(bytes: Buffer): Promise<string> {
  try {
    await inspectTable(save(bytes), INVOICES);
    await readAll(bytes);
    return 'taken';
  } catch (error) {
    if (!isAppError(error) || error.httpStatus < 400 || error.httpStatus > 499) throw error;
    return `${error.code}: ${JSON.stringify(error.details)}`;
  }
}

describe('a workbook', () => {
  test.each([
    ['shared strings', { shared: true }],
    ['inline strings', { shared: false }],
  ])('with %s gives dates as ISO, numbers as shown, codes with their zeros', async (_name, options) => {
    const { rows, rowNos } = await readAll(xlsx([HEADER, ROW], options));
    expect(rows).toEqual([AS_TEXT]);
    expect(rowNos).toEqual([2]);
  });

  test('of the 1904 system counts its days from there', async () => {
    const row = ROW.map((cell) =>
      typeof cell === 'object' && cell?.style === STYLE.date ? { serial: cell.serial - 1462, style: STYLE.date } : cell,
    );
    expect((await readAll(xlsx([HEADER, row], { date1904: true }))).rows).toEqual([AS_TEXT]);
  });

  test('shows the time of a cell that has one', async () => {
    const row = ROW.with(5, { serial: SERIAL_2025_09_01 + 0.5, style: STYLE.dateTime });
    expect((await readAll(xlsx([HEADER, row]))).rows[0]![5]).toBe('2025-09-01T12:00');
  });

  test('may have a title above its header, empty rows and no cell references', async () => {
    const cells = (row: readonly string[]): string => row.map((cell) => `<c t="str"><v>${cell}</v></c>`).join('');
    const sheet = `<worksheet><sheetData><row><c t="str"><v>Реестр за сентябрь</v></c></row><row/><row>${cells(HEADER)}</row><row>${cells(AS_TEXT.map((cell) => cell.replace(/[<>&"]/g, '')))}</row></sheetData></worksheet>`;
    const { rows, rowNos } = await readAll(workbook(sheet));
    expect(rows[0]!.slice(0, 2)).toEqual(['C01', '2509-1']);
    expect(rowNos).toEqual([4]);
  });

  test('of many rows is streamed in batches', async () => {
    const { rows } = await readAll(xlsx([HEADER, ...Array.from({ length: 3000 }, (_, at) => ROW.with(3, at + 1))]));
    expect(rows).toHaveLength(3000);
    expect(rows.map((row) => row[3])).toEqual(Array.from({ length: 3000 }, (_, at) => String(at + 1)));
  });
});

describe('a workbook that would hurt', () => {
  const entities = Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join('');
  const laughs = `<!DOCTYPE lolz [<!ENTITY l0 "lol">${entities}]>`;
  const xxe = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>';
  const wide = `<worksheet><sheetData><row r="1">${Array.from({ length: 16_384 }, (_, at) => `<c r="${columnName(at)}1" t="str"><v>x</v></c>`).join('')}</row></sheetData></worksheet>`;
  const tall = `<worksheet><sheetData>${'<row/>'.repeat(1_000_000)}</sheetData></worksheet>`;
  const padding = `<worksheet><sheetData>${' '.repeat(60_000_000)}</sheetData></worksheet>`;
  const huge = `<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>${'x'.repeat(40_000)}</v></c></row></sheetData></worksheet>`;

  test.each<[string, () => Buffer, string]>([
    ['a bomb of the packing ratio', () => workbook(padding), 'file-too-large: {"what":"packing ratio"'],
    ['a million rows', () => workbook(tall), 'file-too-large'],
    ['16,384 columns', () => workbook(wide), 'file-too-large: {"what":"columns"'],
    ['a huge cell', () => workbook(huge), 'file-too-large: {"what":"characters in a cell"'],
    ['billion laughs', () => xlsx([HEADER, ROW], { prologue: laughs }), 'file-unreadable'],
    ['an external entity', () => xlsx([HEADER, ROW], { prologue: xxe }), 'file-unreadable'],
    [
      'an undeclared entity',
      () => workbook('<worksheet><sheetData><row><c t="str"><v>&boom;</v></c></row></sheetData></worksheet>'),
      'file-unreadable',
    ],
    [
      'macros',
      () => xlsx([HEADER, ROW], { extraParts: [{ name: 'xl/vbaProject.bin', data: 'x' }] }),
      'file-unreadable: {"reason":"macros"',
    ],
    [
      'a password',
      () => xlsx([HEADER, ROW], { extraParts: [{ name: 'x', data: 'x', flags: 1 }] }),
      'file-unreadable: {"reason":"password"',
    ],
    [
      'a link',
      () =>
        xlsx([HEADER, ROW], {
          extraParts: [{ name: 'x', data: '/etc/passwd', externalAttributes: 0o120777 * 65_536 }],
        }),
      'file-unreadable: {"reason":"link',
    ],
    [
      'a path out of the archive',
      () => xlsx([HEADER, ROW], { extraParts: [{ name: '../../evil', data: 'x' }] }),
      'file-unreadable',
    ],
    [
      'a part that occurs twice',
      () => xlsx([HEADER, ROW], { extraParts: [{ name: 'xl/workbook.xml', data: 'x' }] }),
      'file-unreadable',
    ],
    [
      'a lie about the size',
      () => zip([{ name: 'xl/workbook.xml', data: 'x'.repeat(100_000), declaredSize: 10 }]),
      'file-unreadable',
    ],
    [
      'more parts than any workbook',
      () => zip(Array.from({ length: 1001 }, (_, at) => ({ name: `p${at}`, data: '' }))),
      'file-too-large',
    ],
    [
      'an archive of something else',
      () => zip([{ name: 'readme.txt', data: 'x' }]),
      'file-unreadable: {"reason":"not an XLSX',
    ],
    ['a cut archive', () => xlsx([HEADER, ROW]).subarray(0, 500), 'file-unreadable'],
    ['broken XML', () => workbook('<worksheet><sheetData><row></sheetData>'), 'file-unreadable'],
    [
      'no header',
      () =>
        xlsx([
          ['a', 'b'],
          ['1', '2'],
        ]),
      'file-columns-missing',
    ],
    ['an old XLS', () => Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'file-unreadable'],
  ])('%s is refused with a 4xx', async (_name, make, expected) => {
    const bytes = make();
    const before = process.memoryUsage().rss;
    expect(await verdict(bytes)).toContain(expected);
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(150);
  });

  test('too many shared strings are refused', async () => {
    const path = save(xlsx([HEADER, ROW], { shared: true }));
    await expect(openTable(path, INVOICES, { ...DEFAULT_LIMITS, maxSharedStrings: 5 })).rejects.toMatchObject({
      code: 'file-too-large',
    });
  });

  test('any damage is a 4xx or a readable file, never another failure', async () => {
    const good = xlsx([HEADER, ROW, ROW], { shared: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        async (flips) => {
          const bytes = Buffer.from(good);
          for (const [at, value] of flips) bytes[at] = value;
          expect(await verdict(bytes)).toMatch(/^(?:taken|file-)/);
        },
      ),
      { numRuns: 300 },
    );
  });
});

import { rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { isAppError } from '../models/errors';
import { INVOICES } from '../models/exchange/formats';
import { DEFAULT_LIMITS } from '../models/tabular/limits';
import { inspectTable, openTable } from '../models/tabular/table-source';
import { createStreamDecoder } from '../models/tabular/text-decoder';
import { REGISTRY_COLUMNS, registryLine, registryText, saveText, temporaryFolder } from './support/registry-file';

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const save = (content: string | Buffer): string => saveText(folder, `f${files++}`, content);

async function names(content: string | Buffer): Promise<string[]> {
  const table = await openTable(save(content), INVOICES);
  const found: string[] = [];
  for await (const batch of table.rows) found.push(...batch.rows.map((row) => row[table.header.indexOf.item_name!]!));
  return found;
}

async function refusal(content: string | Buffer): Promise<{ code: string; httpStatus: number }> {
  try {
    await inspectTable(save(content), INVOICES);
    await names(content);
  } catch (error) {
    if (isAppError(error)) return { code: error.code, httpStatus: error.httpStatus };
    throw error;
  }
  return { code: 'taken', httpStatus: 200 };
}

const TEXT = registryText([{ item_name: 'Ёлка – приём №1' }, { line_no: 2, item_name: 'second' }]);
const ASCII_FIRST = registryText([
  ...Array.from({ length: 5000 }, (_, at) => ({ line_no: at + 1, item_name: 'ascii' })),
  { line_no: 9999, item_name: 'Приём' },
]);

const TURNING = Buffer.concat([
  Buffer.from(TEXT + `${registryLine()}\n`.repeat(9000)),
  iconv.encode(registryLine({ item_name: 'Приём' }), 'win1251'),
]);
type Sample = [name: string, content: string | Buffer];

describe('a text file', () => {
  test.each<Sample>([
    ['UTF-8', TEXT],
    ['UTF-8 with BOM', `\uFEFF${TEXT}`],
    ['Windows-1251', iconv.encode(TEXT, 'win1251')],
    ['CRLF', TEXT.replaceAll('\n', '\r\n')],
    ['no last line break', TEXT.trimEnd()],
    ['gz', gzipSync(TEXT)],
    ['gz of Windows-1251', gzipSync(iconv.encode(TEXT, 'win1251'))],
    ['semicolons', TEXT.replaceAll(',', ';')],
    ['tabs', TEXT.replaceAll(',', '\t')],
    ['a title above the header', `Реестр счетов\n\n${TEXT}`],
  ])('as %s is read', async (_name, content) => {
    expect(await names(content)).toEqual(['Ёлка – приём №1', 'second']);
  });

  test.each<Sample>([
    ['UTF-8', ASCII_FIRST],
    ['Windows-1251', iconv.encode(ASCII_FIRST, 'win1251')],
  ])('in %s that begins with much ASCII is recognised at its first other letter', async (_name, content) => {
    expect((await names(content)).at(-1)).toBe('Приём');
  });

  test.each<{ name: string; code: string; status: number; content: string | Buffer }>([
    {
      name: 'UTF-16',
      code: 'file-encoding-unknown',
      status: 422,
      content: Buffer.concat([Buffer.from([0xff, 0xfe]), iconv.encode(TEXT, 'utf16-le')]),
    },
    { name: 'UTF-16 without BOM', code: 'file-encoding-unknown', status: 422, content: iconv.encode(TEXT, 'utf16-le') },
    { name: 'UTF-8 that turns into Windows-1251', code: 'file-encoding-unknown', status: 422, content: TURNING },
    {
      name: 'UTF-8 with a damaged byte',
      code: 'file-encoding-unknown',
      status: 422,
      content: Buffer.concat([Buffer.from(TEXT), Buffer.from([0xff, 10])]),
    },
    { name: 'an empty file', code: 'file-unreadable', status: 422, content: '' },
    { name: 'a PDF', code: 'file-unreadable', status: 415, content: '%PDF-1.7\n' },
    { name: 'a web page', code: 'file-unreadable', status: 415, content: '<!DOCTYPE html><html>' },
    { name: 'JSON', code: 'file-unreadable', status: 415, content: '{"a": 1}' },
    {
      name: 'a picture',
      code: 'file-encoding-unknown',
      status: 422,
      content: Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
    },
    { name: 'a table of something else', code: 'file-columns-missing', status: 422, content: 'a,b\n1,2\n' },
    { name: 'one endless line', code: 'file-encoding-unknown', status: 422, content: 'x'.repeat(2_000_000) },
    { name: '16,384 columns', code: 'file-too-large', status: 413, content: `${'c,'.repeat(16_384)}\n` },
    {
      name: 'a gz bomb',
      code: 'file-too-large',
      status: 413,
      content: gzipSync(TEXT.padEnd(60_000_000, `${registryLine()}\n`)),
    },
    { name: 'a damaged gz', code: 'file-unreadable', status: 422, content: gzipSync(TEXT.repeat(50)).subarray(0, 90) },
  ])('$name is refused: $code', async ({ code, status, content }) => {
    expect(await refusal(content)).toEqual({ code, httpStatus: status });
  });

  test.each<[string, string | Buffer, string]>([
    ['nothing', '', 'файл пуст'],
    ['a gz bomb', gzipSync(TEXT.padEnd(60_000_000, `${registryLine()}\n`)), 'степень сжатия: не более 150'],
    ['a damaged gz', gzipSync(TEXT.repeat(50)).subarray(0, 90), 'архив повреждён'],
  ])('says in Russian why %s is refused', async (_name, content, reason) => {
    await expect(inspectTable(save(content), INVOICES).then(() => names(content))).rejects.toMatchObject({
      text: { ru: expect.stringContaining(reason) },
    });
  });

  test('over the size limit is refused before it is read', async () => {
    const limits = { ...DEFAULT_LIMITS, maxFileBytes: 10 };
    await expect(inspectTable(save(TEXT), INVOICES, limits)).rejects.toMatchObject({
      code: 'file-too-large',
      httpStatus: 413,
    });
  });

  test('lacking columns names them', async () => {
    const cut = REGISTRY_COLUMNS.filter((name) => name !== 'amount_rub').join(',');
    await expect(openTable(save(`${cut}\n`), INVOICES)).rejects.toMatchObject({ details: { missing: ['amount_rub'] } });
  });

  test('of any bytes is a 4xx or readable, never another failure', async () => {
    const good = Buffer.from(TEXT);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 5 }), async (flips) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of flips) bytes[at] = value;
        expect((await refusal(bytes)).code).toMatch(/^(?:taken|file-)/);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the stream decoder', () => {
  test('gives the same text however the bytes are cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ж', '€', '\n', '😀'), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (given, piece) => {
        const bytes = Buffer.from(given);
        const decoder = createStreamDecoder();
        let decoded = '';
        for (let at = 0; at < bytes.length; at += piece) decoded += decoder.push(bytes.subarray(at, at + piece));
        expect(decoded + decoder.end()).toBe(given);
      }),
    );
  });
});

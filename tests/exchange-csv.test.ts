import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { createCsvSplitter, detectDelimiter } from '../models/exchange/csv-splitter';
import type { RowBatch } from '../models/exchange/csv-splitter';
import { csvLine, guardCode, guardText } from '../models/exchange/csv-writer';
import { findingLine, findingsHeader } from '../models/exchange/findings-file';

/** Splits a text that arrives in pieces of the given size. */
function split(
  text: string,
  piece: number,
  delimiter = ',',
): { rows: string[][]; rowNos: number[]; malformed: number[] } {
  const splitter = createCsvSplitter(delimiter);
  const batches: RowBatch[] = [];
  for (let at = 0; at < text.length; at += piece) batches.push(splitter.push(text.slice(at, at + piece)));
  batches.push(splitter.end());
  return {
    rows: batches.flatMap((batch) => batch.rows),
    rowNos: batches.flatMap((batch) => batch.rowNos),
    malformed: batches.flatMap((batch) => [...batch.malformed]),
  };
}

/** Texts that RFC 4180 has something to say about. */
const cell = fc.string({ unit: fc.constantFrom('a', 'я', '"', ',', '\n', '\r\n', ' ', ';', '1'), maxLength: 8 });
const table = fc
  .array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  // A row of one empty cell is an empty line, which is skipped by design.
  .filter((rows) => rows.every((row) => row.some((value) => value !== '')));
const rfc4180 = (rows: string[][], end: string): string =>
  rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join(end);

describe('the CSV splitter', () => {
  test('agrees with csv-parse, however the text is cut into pieces', () => {
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), fc.integer({ min: 1, max: 50 }), (rows, end, piece) => {
        const text = rfc4180(rows, end);
        const oracle = parse(text, { relax_column_count: true }) as string[][];
        const { rows: got, malformed } = split(text, piece);
        expect(got).toEqual(oracle);
        expect(malformed).toEqual([]);
      }),
    );
  });

  test('reads back what the writer wrote', () => {
    const plain = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => guardText(text) === text);
    const rows = fc.array(fc.array(plain, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 30 }), (given, piece) => {
        const kept = given.filter((row) => row.some((value) => value !== '') || row.length > 1);
        const text = kept.map((row) => csvLine(row)).join('');
        expect(split(text, piece).rows).toEqual(kept);
      }),
    );
  });

  test('never throws and never loses the lines after a fault', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', ',', '\n', 'x', '\r', ''), maxLength: 40 }), (noise) => {
        const { rows } = split(`${noise}\n"\n${'ok,ok\n'.repeat(3)}`, 7);
        expect(rows.length).toBeGreaterThan(0);
      }),
    );
  });

  test('counts the lines of the file, line breaks inside quotes included', () => {
    const { rows, rowNos } = split('a,b\n"x\ny",1\n\nc,d\n', 5);
    expect(rows).toEqual([
      ['a', 'b'],
      ['x\ny', '1'],
      ['c', 'd'],
    ]);
    expect(rowNos).toEqual([1, 2, 5]);
  });

  test('keeps a quote inside an unquoted value as it is', () => {
    expect(split('1,ООО "Ромашка",2\n', 100).rows).toEqual([['1', 'ООО "Ромашка"', '2']]);
  });

  test('marks a row whose closing quote is followed by text', () => {
    const { rows, malformed } = split('1,"a"b,2\n3,4,5\n', 100);
    expect(malformed).toEqual([1]);
    expect(rows[1]).toEqual(['3', '4', '5']);
  });

  test('a quote that is never closed costs one row, not the rest of the file', () => {
    const { rows, malformed } = split(`1,"open,2\n${'3,4,5\n'.repeat(40_000)}`, 65_536);
    expect(malformed).toEqual([1]);
    expect(rows).toHaveLength(40_001);
    expect(rows.at(-1)).toEqual(['3', '4', '5']);
  });

  test('a line without end is cut into pieces instead of filling the memory', () => {
    const { malformed } = split('x'.repeat(300_000), 10_000);
    expect(malformed.length).toBeGreaterThan(0);
  });

  test.each([
    ['a,b,c\n', ','],
    ['a;b;c\n', ';'],
    ['a\tb\tc\n', '\t'],
    ['"a;b",c\n', ','],
    ['a\n', ','],
  ])('%j is separated by %j', (head, delimiter) => {
    expect(detectDelimiter(head)).toBe(delimiter);
  });
});

describe('the CSV writer', () => {
  test.each(['=1+1', '+7', '-1', '@SUM(A1)', '\tx', '\rx'])('text %j is no live formula any more', (text) => {
    expect(guardText(text)).toBe(`'${text}`);
  });

  test.each(['-15/А', '+7', '-1', 'A-1', '2509A-2', "'x"])('code %j keeps its exact form', (code) => {
    expect(guardCode(code)).toBe(code);
  });

  test.each(['=HYPERLINK("http://x")', '@x', "-2+3+cmd|' /C calc'!A0", '+A(1)'])(
    'code %j that could call something is guarded all the same',
    (code) => {
      expect(guardCode(code)).toBe(`'${code}`);
    },
  );

  test('a finding keeps the identity of its line and guards its texts', () => {
    const line = findingLine({
      clinicCode: 'C01',
      invoiceNo: '-15/А',
      lineNo: '007',
      code: 'PRIC-02',
      ruleId: 'pric-02',
      ruleVersion: '1',
      severity: 'high',
      atRiskKopecks: 12_345,
      guidelineId: null,
      clause: '=1',
      explanation: 'Цена "выше", чем в прейскуранте',
    });
    expect(findingsHeader()).toBe(
      'clinic_code,invoice_no,line_no,code,rule_id,rule_version,severity,at_risk_rub,guideline_id,clause,explanation\n',
    );
    expect(line).toBe(`C01,-15/А,007,PRIC-02,pric-02,1,high,123.45,,'=1,"Цена ""выше"", чем в прейскуранте"\n`);
  });
});

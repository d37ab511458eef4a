import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Row, WorldRows } from '../../models/review/from-rows';

const ROOT = join(__dirname, '..', '..');
const DEMO = join(ROOT, 'demo', 'world');
const ANSWERS = join(ROOT, 'tests', 'fixtures', 'open-world');

export interface Answer {
  line: string;
  code: string;
}

/** Rows of a CSV file with a header, as texts. */
export function readCsv(path: string): Row[] {
  return parse(readFileSync(path), { bom: true, columns: true, skip_empty_lines: true });
}

/** The files of a world folder that the review reads. */
export function readWorldRows(folder = DEMO): WorldRows {
  const csv = (name: string): Row[] => readCsv(join(folder, `${name}.csv`));
  const json = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  return {
    nomenclature: csv('nomenclature'),
    diagnoses: csv('diagnoses'),
    clinics: csv('clinics'),
    priceItems: csv('price-items'),
    contracts: csv('contracts'),
    programmes: json('programmes') as WorldRows['programmes'],
    insured: csv('insured'),
    letters: csv('letters'),
    guidelines: [json('guidelines')] as WorldRows['guidelines'],
    invoices: csv('invoices'),
  };
}

/** The right answers of the open world, and lines that must not get the named code. */
export function readAnswers(name: 'truth' | 'near-misses'): Answer[] {
  return readCsv(join(ANSWERS, `${name}.csv`)).map((row) => ({
    line: `${row.clinic_code}|${row.invoice_no}|${row.line_no}`,
    code: (row.code ?? row.not_code)!,
  }));
}

export function lineKey(row: Row): string {
  return `${row.clinic_code}|${row.invoice_no}|${row.line_no}`;
}

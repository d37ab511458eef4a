import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { compileReference } from '../models/review/compile';
import type { Row, WorldRows } from '../models/review/from-rows';
import { worldFromRows } from '../models/review/from-rows';
import { sortLineTable } from '../models/review/line-order';
import type { ReviewInput } from '../models/review/scopes';

/** The repository's root, from `bench/` as well as from `dist/bench/`. */
export function repositoryRoot(from = __dirname): string {
  return existsSync(join(from, 'demo', 'world', 'invoices.csv')) ? from : repositoryRoot(dirname(from));
}

/**
 * The demo world, repeated until it has `lines` lines: each copy has people, invoices, letters and doctors of its own,
 * so that histories keep their true length.
 */
export function benchmarkWorld(lines: number, disabled: string[] = []): ReviewInput {
  const folder = join(repositoryRoot(), 'demo', 'world');
  const csv = (name: string): Row[] =>
    parse(readFileSync(join(folder, `${name}.csv`)), { bom: true, columns: true, skip_empty_lines: true });
  const json = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const invoices = csv('invoices');
  const insured = csv('insured');
  const letters = csv('letters');
  const copies = Array.from(
    { length: Math.ceil(lines / invoices.length) },
    (_, copy) => (row: Row) => renamed(row, copy),
  );
  const rows: WorldRows = {
    nomenclature: csv('nomenclature'),
    diagnoses: csv('diagnoses'),
    clinics: csv('clinics'),
    priceItems: csv('price-items'),
    contracts: csv('contracts'),
    programmes: json('programmes') as WorldRows['programmes'],
    guidelines: [json('guidelines')] as WorldRows['guidelines'],
    insured: copies.flatMap((copy) => insured.map(copy)),
    letters: copies.flatMap((copy) => letters.map(copy)),
    invoices: copies.flatMap((copy) => invoices.map(copy)).slice(0, lines),
  };
  const world = worldFromRows(rows, 'bench');
  const compiled = compileReference({ ...world.reference, disabled });
  return { compiled, subjects: world.subjects, table: sortLineTable(world.table, compiled.clinics.rank) };
}

const OWN_COLUMNS = ['policy_no', 'invoice_no', 'letter_no', 'doctor_id'];

function renamed(row: Row, copy: number): Row {
  const own = OWN_COLUMNS.filter((column) => row[column]).map((column) => [column, `${row[column]}~${copy}`]);
  return { ...row, ...Object.fromEntries(own) };
}

import { copyFileSync, createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot } from './review-world';

const DEMO = join('demo', 'world');
/** Columns that get a suffix per copy: each copy has people, invoices, letters and doctors of its own. */
const INVOICE_COLUMNS = [1, 4, 13, 15];

/** Writes the reference files of the demo world with its people and letters `copies` times over. */
export function writeReference(folder: string, copies: number): void {
  const source = join(repositoryRoot(), DEMO);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(source).filter((each) => /\.(csv|json)$/.test(each))) {
    if (!/^(invoices|insured|letters|feedback)\.csv$/.test(name)) copyFileSync(join(source, name), join(folder, name));
  }
  writeFileSync(join(folder, 'insured.csv'), repeated('insured.csv', copies, [0]));
  writeFileSync(join(folder, 'letters.csv'), repeated('letters.csv', copies, [0, 1]));
}

/** Writes the demo world's answers `copies` times over, each naming the lines and people of its copy. */
export function writeFeedback(folder: string, copies: number): void {
  writeFileSync(join(folder, 'feedback.csv'), repeated('feedback.csv', copies, [0, 2, 4]));
}

/**
 * Writes a registry of `lines` lines, starting with copy `from` of the demo invoices. Every `part`-th copy differs only
 * in its names, so histories keep their true length.
 */
export async function writeRegistry(file: string, lines: number, from = 0): Promise<void> {
  const [header, ...rows] = linesOf('invoices.csv');
  const out = createWriteStream(file);
  out.write(`${header}\n`);
  for (let copy = from, left = lines; left > 0; copy += 1) {
    const part = rows.slice(0, left).map((row) => renamed(row, copy, INVOICE_COLUMNS));
    left -= part.length;
    if (!out.write(`${part.join('\n')}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

export function copiesFor(lines: number): number {
  return Math.ceil(lines / (linesOf('invoices.csv').length - 1));
}

function linesOf(name: string): string[] {
  return readFileSync(join(repositoryRoot(), DEMO, name), 'utf8')
    .trim()
    .split('\n');
}

function repeated(name: string, copies: number, columns: readonly number[]): string {
  const [header, ...rows] = linesOf(name);
  const all = Array.from({ length: copies }, (_, copy) => rows.map((row) => renamed(row, copy, columns)).join('\n'));
  return [header, ...all, ''].join('\n');
}

/** The renamed columns never hold quotes, but the item name before some of them may: cells are counted from both ends. */
function renamed(row: string, copy: number, columns: readonly number[]): string {
  if (copy === 0) return row;
  const cells = row.split(',');
  const width = columns === INVOICE_COLUMNS ? 17 : cells.length;
  for (const column of columns) {
    const at = column > 8 ? column - width + cells.length : column;
    if (cells[at] !== '') cells[at] = `${cells[at]}-${copy}`;
  }
  return cells.join(',');
}

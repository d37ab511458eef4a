import type { Row, WorldRows } from '../models/review/from-rows';
import { RULES } from '../models/review/registry';
import type { ReviewInput } from '../models/review/scopes';
import { reviewScope } from '../models/review/scopes';
import { sortLineTable } from '../models/review/line-order';
import type { LineTable } from '../models/review/table';
import { takeRows } from '../models/review/table';
import { lineKey } from './support/open-world';
import { SCOPES, prepareWorld, reviewWorld } from './support/review-world';
import { generateWorld } from './support/world-generator/generate';
import type { Chance } from './support/world-generator/random';
import { createChance } from './support/world-generator/random';

const world = generateWorld(21, 60);
const findings = reviewWorld(world).findings;

function shuffled<T>(items: readonly T[], chance: Chance): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i -= 1) {
    const j = chance.int(0, i);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** Findings of one scope over a partition of its subjects, chunks in the order given. */
function byParts(
  input: ReviewInput,
  keyOf: (table: LineTable, row: number) => number | string,
  parts: number,
  chance: Chance,
) {
  const rows = Array.from({ length: input.table.rows }, (_, row) => row);
  const part = new Map<number | string, number>();
  const chunks: number[][] = Array.from({ length: parts }, () => []);
  for (const row of shuffled(rows, chance)) {
    const key = keyOf(input.table, row);
    if (!part.has(key)) part.set(key, chance.int(0, parts - 1));
    chunks[part.get(key)!]!.push(row);
  }
  return shuffled(chunks, chance).map((chunk) => takeRows(input.table, chunk));
}

const SUBJECT = {
  person: (table: LineTable, row: number) => table.person[row]!,
  'doctor-day': (table: LineTable, row: number) => `${table.doctor[row]} ${table.serviceDay[row]}`,
  letter: (table: LineTable, row: number) => table.letter[row]!,
};

describe('findings do not depend on', () => {
  test.each([1, 2, 3])('the order in which lines and reference rows are given (shuffle %i)', (seed) => {
    const chance = createChance(seed);
    const mixed: WorldRows = {
      ...world,
      invoices: shuffled(world.invoices, chance),
      letters: shuffled(world.letters, chance),
      clinics: shuffled(world.clinics, chance),
      nomenclature: shuffled(world.nomenclature, chance),
      diagnoses: shuffled(world.diagnoses, chance),
      programmes: shuffled(world.programmes, chance),
      guidelines: world.guidelines.map((pack) => ({ ...pack, guidelines: shuffled(pack.guidelines, chance) })),
    };
    expect(reviewWorld(mixed).findings).toEqual(findings);
  });

  test('how invoices are split: the tail of each goes to an invoice of its own', () => {
    const tail = new Map<string, number>();
    for (const row of world.invoices) {
      const key = `${row.clinic_code}|${row.invoice_no}`;
      tail.set(key, Math.max(tail.get(key) ?? 0, Number(row.line_no)));
    }
    const original = new Map<string, string>();
    const invoices = world.invoices.map((row): Row => {
      const half = tail.get(`${row.clinic_code}|${row.invoice_no}`)! / 2;
      // "!" sorts before every letter and digit, so the tail keeps its place among the clinic's invoices.
      const moved = Number(row.line_no) > half ? { ...row, invoice_no: `${row.invoice_no}!` } : row;
      original.set(lineKey(moved), lineKey(row));
      return moved;
    });
    const renamed = reviewWorld({ ...world, invoices }).findings.map((finding) => {
      const at = finding.lastIndexOf(' ');
      return `${original.get(finding.slice(0, at))}${finding.slice(at)}`;
    });
    expect(invoices.filter((row) => row.invoice_no!.endsWith('!')).length).toBeGreaterThan(50);
    expect(renamed.sort()).toEqual(findings);
  });

  test('people who have nothing to do with it', () => {
    const other = generateWorld(22, 20);
    const rename = (row: Row): Row => ({
      ...row,
      policy_no: `other-${row.policy_no}`,
      ...(row.doctor_id ? { doctor_id: `other-${row.doctor_id}` } : {}),
      ...(row.letter_no ? { letter_no: `other-${row.letter_no}` } : {}),
      ...(row.invoice_no ? { invoice_no: `other-${row.invoice_no}` } : {}),
    });
    const both = reviewWorld({
      ...world,
      insured: [...other.insured.map(rename), ...world.insured],
      letters: [...other.letters.map(rename), ...world.letters],
      invoices: [...other.invoices.map(rename), ...world.invoices],
    });
    expect(both.findings.filter((finding) => !finding.includes('|other-'))).toEqual(findings);
  });

  test.each([2, 7, 40])('how subjects are divided into %i chunks, nor on the order of chunks', (parts) => {
    const chance = createChance(parts);
    const input = prepareWorld(world);
    const found: string[] = [];
    for (const scope of SCOPES) {
      for (const part of byParts(input, SUBJECT[scope], parts, chance)) {
        const table = scope === 'person' ? sortLineTable(part, input.compiled.clinics.rank) : part;
        const { hits } = reviewScope(scope, { ...input, table });
        for (let i = 0; i < hits.count; i += 1) {
          found.push(`${lineKey(world.invoices[table.lineId[hits.row[i]!]!]!)} ${RULES[hits.rule[i]!]!.code}`);
        }
      }
    }
    expect(found.sort()).toEqual(findings);
  });

  test('which lines are asked about: history lines count, but get no findings of their own', () => {
    const input = prepareWorld(world);
    const chance = createChance(5);
    const asked = new Set<string>();
    for (let row = 0; row < input.table.rows; row += 1) {
      input.table.review[row] = chance.hit(0.3) ? 1 : 0;
      if (input.table.review[row]) asked.add(lineKey(world.invoices[input.table.lineId[row]!]!));
    }
    const found = SCOPES.flatMap((scope) => {
      const { hits } = reviewScope(scope, input);
      return Array.from(
        hits.row,
        (row, i) => `${lineKey(world.invoices[input.table.lineId[row]!]!)} ${RULES[hits.rule[i]!]!.code}`,
      );
    });
    const wanted = findings.filter((finding) => asked.has(finding.slice(0, finding.lastIndexOf(' '))));
    expect(found.sort()).toEqual(wanted);
  });
});

test('an unsorted table is refused rather than reviewed wrongly', () => {
  const input = prepareWorld(world);
  const order = Array.from({ length: input.table.rows }, (_, row) => input.table.rows - 1 - row);
  expect(() => reviewScope('person', { ...input, table: takeRows(input.table, order) })).toThrow(
    expect.objectContaining({ code: 'TABLE_NOT_SORTED' }),
  );
});

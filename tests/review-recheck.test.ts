import type { Finding } from '../models/review/findings';
import { describeFindings } from '../models/review/findings';
import { sortLineTable } from '../models/review/line-order';
import { diffFindings, planRecheck } from '../models/review/recheck';
import type { ReviewInput } from '../models/review/scopes';
import { reviewScope } from '../models/review/scopes';
import type { LineTable } from '../models/review/table';
import { takeRows } from '../models/review/table';
import { SCOPES, prepareWorld } from './support/review-world';
import { generateWorld } from './support/world-generator/generate';
import { createChance } from './support/world-generator/random';

function allFindings(input: ReviewInput, table: LineTable): Finding[] {
  const sorted = sortLineTable(table, input.compiled.clinics.rank);
  return SCOPES.flatMap((scope) => describeFindings(reviewScope(scope, { ...input, table: sorted })));
}

function keys(findings: readonly Finding[]): string[] {
  return findings.map((finding) => `${finding.lineId} ${finding.code} ${JSON.stringify(finding.evidence)}`).sort();
}

/** Checks again only what the plan names, and puts the answer in place of the old one. */
function incremental(input: ReviewInput, old: readonly Finding[], late: readonly number[]): Finding[] {
  const plan = planRecheck(input.compiled, input.table, late);
  const days = new Set(plan.doctorDays.map(({ doctor, day }) => `${doctor} ${day}`));
  const { table } = input;
  const affected = {
    person: (row: number) => table.serviceDay[row]! >= (plan.persons.get(table.person[row]!) ?? Infinity),
    letter: (row: number) => table.serviceDay[row]! >= (plan.letters.get(table.letter[row]!) ?? Infinity),
    'doctor-day': (row: number) => days.has(`${table.doctor[row]} ${table.serviceDay[row]}`),
  };
  const kept = [...old];
  const fresh: Finding[] = [];
  for (const scope of SCOPES) {
    const rows = Array.from({ length: table.rows }, (_, row) => row);
    table.review.set(rows.map((row) => (affected[scope](row) ? 1 : 0)));
    const again = new Set(rows.filter(affected[scope]).map((row) => table.lineId[row]!));
    const result = reviewScope(scope, input);
    const codes = new Set(['PLAU-02', 'AUTH-04']);
    const ofScope = (code: string): boolean =>
      scope === 'person' ? !codes.has(code) : code === (scope === 'letter' ? 'AUTH-04' : 'PLAU-02');
    for (let i = kept.length - 1; i >= 0; i -= 1) {
      if (again.has(kept[i]!.lineId) && ofScope(kept[i]!.code)) kept.splice(i, 1);
    }
    fresh.push(...describeFindings(result));
  }
  return [...kept, ...fresh];
}

test.each([31, 32, 33, 34])(
  'late lines: checking again only what the plan names equals checking everything (seed %i)',
  (seed) => {
    const input = prepareWorld(generateWorld(seed, 40));
    const chance = createChance(seed);
    const rows = Array.from({ length: input.table.rows }, (_, row) => row);
    const late = rows.filter(() => chance.hit(0.08));
    const early = rows.filter((row) => !late.includes(row));
    const before = allFindings(input, takeRows(input.table, early));
    const whole = allFindings(input, input.table);
    const after = incremental(input, before, late);
    expect(keys(after)).toEqual(keys(whole));
    const earlyIds = new Set(early.map((row) => input.table.lineId[row]!));
    const ofEarly = (findings: readonly Finding[]) => findings.filter((finding) => earlyIds.has(finding.lineId));
    // The case is real: lines that were there already change their findings.
    const diff = diffFindings(before, ofEarly(whole));
    expect(diff.added.length + diff.removed.length).toBeGreaterThan(0);
  },
);

test('a diff of findings names what came, what went and what changed', () => {
  const input = prepareWorld(generateWorld(35, 10));
  const findings = allFindings(input, input.table);
  const [first, second, ...rest] = findings;
  const diff = diffFindings([first!, ...rest], [{ ...first!, atRisk: first!.atRisk + 1 }, second!, ...rest.slice(1)]);
  expect(diff.added).toEqual([second]);
  expect(diff.removed).toEqual([rest[0]]);
  expect(diff.changed.map(({ after }) => after.atRisk - first!.atRisk)).toEqual([1]);
});

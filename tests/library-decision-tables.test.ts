import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { checkTable } from '../models/library/decision-tables/check-table';
import type { LineFacts } from '../models/library/decision-tables/fields';
import { RULE_FIELDS } from '../models/library/decision-tables/fields';
import { createPrefilter } from '../models/library/decision-tables/prefilter';
import type { DecisionTable } from '../models/library/decision-tables/table.schema';
import { decisionTableSchema, EXPERT_EFFECTS } from '../models/library/decision-tables/table.schema';
import { createTableRunner } from '../models/library/decision-tables/zen-runner';

const dir = path.join(__dirname, '..', 'data', 'library', 'decision-tables');
const files = readdirSync(dir).filter((name) => name.endsWith('.json'));
const read = (name: string) => JSON.parse(readFileSync(path.join(dir, name), 'utf8')) as unknown;
const shipped = files.map((name) => decisionTableSchema.parse(read(name)));
const mri = shipped.find(({ id }) => id === 'EXP-MRI-REPEAT')!;

/** A copy of a shipped table with a fault in it. */
function spoiled(change: (table: DecisionTable) => void): unknown {
  const copy = structuredClone(mri);
  change(copy);
  return copy;
}

test.each(files)('the shipped table %s may be published: its test cases pass', async (name) => {
  expect(await checkTable(read(name))).toMatchObject({ problems: [], publishable: true });
});

test.each<[rule: string, path: string, change: (table: DecisionTable) => void]>([
  ['unknown-field', 'inputs[0]', (t) => (t.inputs[0] = 'line.colour')],
  ['unknown-field', 'rows[0].when["line.colour"]', (t) => (t.rows[0]!.when['line.colour'] = '> 1')],
  ['column-missing', 'rows[0].when["person.age"]', (t) => (t.rows[0]!.when['person.age'] = '> 1')],
  ['bad-condition', 'rows[1].when["history.imaging90"]', (t) => (t.rows[1]!.when['history.imaging90'] = '>>> 6')],
  ['bad-condition', 'rows[0].when["line.serviceKind"]', (t) => (t.rows[0]!.when['line.serviceKind'] = '> 6')],
  ['no-condition', 'rows[0].when', (t) => (t.rows[0]!.when = {})],
  ['duplicate-row', 'rows[1].id', (t) => (t.rows[1]!.id = 'soon')],
  ['untested-row', 'rows[1]', (t) => (t.tests = t.tests.filter(({ expect: rows }) => !rows.includes('many')))],
  ['no-negative-test', 'tests', (t) => (t.tests = t.tests.filter(({ expect: rows }) => rows.length > 0))],
  ['test-failed', 'tests[0]', (t) => (t.rows[0]!.when['history.daysSinceSameService'] = '< 5')],
  ['shape', 'hit_policy', (t) => Object.assign(t, { hit_policy: 'any' })],
])('%s at %s keeps a table from being published', async (rule, where, change) => {
  const { problems, publishable } = await checkTable(spoiled(change));
  expect(problems).toContainEqual(expect.objectContaining({ rule, path: where }));
  expect(publishable).toBe(false);
});

test.each(['refuse', 'reduce', 'accept'])('no table can %s a line: the effect does not exist', async (effect) => {
  expect(EXPERT_EFFECTS).toEqual(['queue', 'raise-priority']);
  const table = spoiled((t) => Object.assign(t.rows[0]!.outcome, { effect }));
  expect(await checkTable(table)).toMatchObject({ table: null, publishable: false });
});

test('a family that a machine may refuse on is not open to expert tables', async () => {
  const table = spoiled((t) => Object.assign(t.rows[0]!.outcome, { family: 'ELIG' }));
  expect(await checkTable(table)).toMatchObject({
    table: null,
    problems: [expect.objectContaining({ rule: 'shape' })],
  });
});

describe('the runner', () => {
  const runner = createTableRunner(shipped);
  afterAll(() => runner.dispose());
  const facts: LineFacts = {
    'line.service': 'A05.23.009',
    'line.serviceKind': 'imaging',
    'line.insurerShareRub': 900,
    'history.daysSinceSameService': 10,
    'history.imaging90': 2,
    'history.linesSameDay': 16,
    'clinic.fastLane': false,
  };

  test('gives every hit with its text, version and the values that its conditions read', async () => {
    expect(await runner.evaluate(facts)).toEqual([
      expect.objectContaining({ tableId: 'EXP-BIG-DAY', rowId: 'very', tableVersion: '1' }),
      expect.objectContaining({
        tableId: 'EXP-MRI-REPEAT',
        rowId: 'soon',
        outcome: expect.objectContaining({ effect: 'queue', family: 'FREQ' }),
        values: { 'line.serviceKind': 'imaging', 'history.daysSinceSameService': 10 },
      }),
    ]);
  });

  test('says of every table why it did or did not flag the line', async () => {
    const trace = await runner.trace(facts);
    const byTable = Object.fromEntries(trace.map(({ tableId, result, missing }) => [tableId, [result, ...missing]]));
    expect(byTable).toEqual({
      'EXP-BIG-DAY': ['hit'],
      'EXP-CLINIC-TOUR': ['not-evaluated', 'history.clinics30', 'history.sameService30', 'person.age'],
      'EXP-LIMIT-NEAR': ['not-evaluated', 'programme.limitUsedPercent'],
      'EXP-MRI-REPEAT': ['hit'],
      'EXP-NEW-DEAR': ['not-evaluated', 'person.daysEnrolled', 'line.hasLetter'],
      'EXP-PHYSIO-LONG': ['not-applicable'],
    });
  });

  test('does not trouble the engine with lines outside the scope', async () => {
    const only = createTableRunner([mri]);
    for (let i = 0; i < 50; i += 1) await only.evaluate({ ...facts, 'line.service': `B01.${i}` });
    expect(only.evaluations()).toBe(0);
    await only.evaluate(facts);
    expect(only.evaluations()).toBe(1);
    only.dispose();
  });
});

test('the pre-filter never hides a table that the scope admits', () => {
  const scopes = shipped.map(({ scope }) => ({ scope }));
  const prefilter = createPrefilter(scopes);
  const code = fc.constantFrom('A05.23.009', 'A17.30.003', 'B01.047.001', 'A09.05.023', null);
  const kind = fc.constantFrom('imaging', 'physio', 'consultation', 'lab', null);
  fc.assert(
    fc.property(code, kind, (service, serviceKind) => {
      const facts = { 'line.service': service, 'line.serviceKind': serviceKind };
      const admitted = scopes.flatMap(({ scope }, i) => {
        const services = scope.services.length === 0 || scope.services.some((prefix) => service?.startsWith(prefix));
        const kinds = scope.kinds.length === 0 || scope.kinds.includes(serviceKind ?? '-');
        return services && kinds ? [i] : [];
      });
      expect(prefilter.candidates(facts)).toEqual(admitted);
    }),
  );
});

test('every field of the catalogue has labels in both languages and a group', () => {
  expect(RULE_FIELDS.length).toBeGreaterThanOrEqual(35);
  for (const { name, group, label } of RULE_FIELDS) {
    expect(name.startsWith(`${group}.`)).toBe(true);
    expect(label.ru).toMatch(/[А-Яа-я]/);
    expect(label.en).toMatch(/[A-Za-z]/);
  }
  expect(new Set(RULE_FIELDS.map(({ name }) => name)).size).toBe(RULE_FIELDS.length);
});

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { checkPack } from '../models/library/check-pack';
import { codeList, firstMatch } from '../models/library/dictionary';
import { officialGround } from '../models/library/grounds';
import type { PackDocument } from '../models/library/pack.schema';
import { loadShippedLibrary } from '../models/library/shipped';
import { packFromFile } from '../models/review/from-files';

const dataDir = path.join(__dirname, '..', 'data');
const library = loadShippedLibrary(dataDir);
const { pack, problems } = checkPack(library.pack, library.dictionary);
const shipped = pack as PackDocument;
const text = (...parts: string[]) => readFileSync(path.join(dataDir, ...parts), 'utf8');

/** Finding codes of formats.md plus the two statistical families. */
const FINDING_CODES = [
  ['ELIG', 6],
  ['AUTH', 4],
  ['PRIC', 4],
  ['LIMI', 3],
  ['DUPL', 2],
  ['FREQ', 2],
  ['DEMO', 3],
  ['CLIN', 3],
  ['COMB', 4],
  ['PLAU', 4],
].flatMap(([family, count]) => Array.from({ length: Number(count) }, (_, i) => `${family}-0${i + 1}`));

describe('the shipped pack', () => {
  test('passes its own validation: every code exists in the nomenclature or in МКБ-10', () => {
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(pack).not.toBeNull();
  });

  test('has the promised depth', () => {
    expect(shipped.guidelines.length).toBeGreaterThanOrEqual(150);
    expect(shipped.pairs.length).toBeGreaterThanOrEqual(150);
    expect(shipped.demographics.length).toBeGreaterThanOrEqual(150);
    expect(new Set(shipped.pairs.map(({ kind }) => kind))).toEqual(new Set(['bundled', 'exclusive', 'requires']));
  });

  test('names a source, a clause and a provenance with a note in every entry', () => {
    for (const entry of [...shipped.guidelines, ...shipped.pairs, ...shipped.demographics]) {
      expect(entry).toMatchObject({
        source: expect.stringMatching(/\S{3}/),
        clause: expect.stringMatching(/\S{3}/),
        provenance: expect.stringMatching(/^(source|default-awaiting-review)$/),
        provenance_note: expect.stringMatching(/\S{3}/),
      });
    }
  });

  test('never says "source" of a number: only the sex lists of МКБ-10 are taken from a source whole', () => {
    const sourced = [...shipped.guidelines, ...shipped.pairs, ...shipped.demographics].filter(
      ({ provenance }) => provenance === 'source',
    );
    expect(sourced.length).toBeGreaterThan(50);
    for (const entry of sourced) {
      expect(entry).toMatchObject({ source: expect.stringContaining('МКБ-10, том 2'), age_from: null, age_to: null });
    }
  });

  test('says of every recommendation which fields follow the register, and never of its numbers', () => {
    for (const { source, sourced_fields } of shipped.guidelines) {
      const register = source.startsWith('Клинические рекомендации Минздрава');
      expect(sourced_fields).toEqual(
        register ? ['title', 'source', 'diagnoses'] : source.startsWith('Внутренний') ? [] : ['source'],
      );
    }
  });

  test('cites a register number for every recommendation of the ministry, each number once per title and age', () => {
    const ministry = shipped.guidelines.filter(({ source }) => source.startsWith('Клинические рекомендации Минздрава'));
    expect(ministry.length).toBeGreaterThanOrEqual(200);
    const titles = new Map<string, string>();
    for (const { source, title } of ministry) {
      const id = /, ID (\d+_\d+)$/.exec(source)?.[1];
      expect(id).toBeDefined();
      expect(titles.get(id!) ?? title).toBe(title);
      titles.set(id!, title);
    }
  });

  test.each([
    ['out-patient', ['J06', 'I10', 'E11', 'M54', 'N30', 'L20', 'K29']],
    ['dental', ['K02', 'K04', 'K05', 'K08.1', 'K07', 'K12']],
    ['diagnostic and preventive', ['Z00.0', 'R10', 'R07', 'D50', 'E04']],
    ['children', ['J00', 'J21', 'M41', 'E10']],
    ['women and pregnancy', ['N76', 'N80', 'Z34', 'D25', 'N97']],
  ])('covers %s care', (_name, diagnoses) => {
    const covered = shipped.guidelines.flatMap((guideline) => guideline.diagnoses);
    expect(
      diagnoses.filter((code) => !covered.some((prefix) => code.startsWith(prefix) || prefix.startsWith(code))),
    ).toEqual([]);
  });

  test('lets somebody see the patient in every guideline', () => {
    const kinds = new Map(library.services.map(({ code, kind }) => [code, kind]));
    for (const { services } of shipped.guidelines) {
      expect(services.some(({ service }) => kinds.get(service) === 'consultation')).toBe(true);
    }
  });

  test('keeps its numbers within reason', () => {
    const items = shipped.guidelines.flatMap(({ services }) => services);
    expect(items.every(({ frequency }) => frequency > 0 && frequency <= 1)).toBe(true);
    expect(items.every((item) => item.max_per_episode === null || item.max_per_episode <= 40)).toBe(true);
    expect(items.every((item) => item.min_interval_days === null || item.min_interval_days <= 365)).toBe(true);
  });

  test('asks for no service that another pair calls part of the asking one', () => {
    const bundled = new Set(
      shipped.pairs.filter(({ kind }) => kind === 'bundled').map((pair) => `${pair.service}|${pair.with}`),
    );
    const contradictions = shipped.pairs.filter(
      (pair) => pair.kind === 'requires' && bundled.has(`${pair.with}|${pair.service}`),
    );
    expect(contradictions).toEqual([]);
  });

  test('compiles into the review engine', () => {
    expect(packFromFile(shipped)).toMatchObject({ version: '2026.1', guidelines: expect.any(Array) });
  });

  test('the pack of the open demo world passes against its own nomenclature with warnings only', () => {
    const world = text('nomenclature', 'build', 'open-world.csv')
      .split('\n')
      .slice(1)
      .map((line) => ({ code: line.split(',')[0]!, name: line }));
    const dictionary = { ...library.dictionary, services: codeList(world) };
    const check = checkPack(JSON.parse(text('library', 'build', 'open-world.json')), dictionary);
    expect(check.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

describe('the shipped nomenclature and МКБ-10', () => {
  test('has at least 1200 services, each with a name and a source of it, and all codes of the demo world', () => {
    expect(library.services.length).toBeGreaterThanOrEqual(1200);
    expect(library.services.every(({ name }) => name.length > 5)).toBe(true);
    const codes = new Set(library.services.map(({ code }) => code));
    const world = text('nomenclature', 'build', 'open-world.csv').trim().split('\n').slice(1);
    expect(world.filter((line) => !codes.has(line.split(',')[0]!))).toEqual([]);
    const official = library.services.filter(({ nameSource }) => nameSource === '804n').length;
    expect(official / library.services.length).toBeGreaterThan(0.75);
  });

  test('gives every consultation a specialty and minutes', () => {
    const incomplete = library.services.filter(
      ({ kind, specialty, minutes }) => kind === 'consultation' && (specialty === null || minutes === null),
    );
    expect(incomplete).toEqual([]);
  });

  test('has the whole tree of diagnoses, billable only at the leaves', () => {
    expect(library.diagnoses.length).toBe(14915);
    const billable = new Map(library.diagnoses.map((entry) => [entry.code, entry.billable]));
    expect([billable.get('A00'), billable.get('A00.0'), billable.get('A00-A09'), billable.get('I10')]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });
});

describe('official grounds', () => {
  test('say something about every finding code, and every ground named is in force', () => {
    const { findingGrounds, f014 } = library;
    const named = new Set(findingGrounds.map(({ findingCode }) => findingCode));
    expect([...FINDING_CODES, 'STAT', 'FEED'].filter((code) => !named.has(code))).toEqual([]);
    for (const { findingCode, kod, clause, match, note } of findingGrounds) {
      expect(note).not.toBe('');
      expect((kod === null) === (match === null)).toBe(true);
      const found = officialGround(findingCode, '2026-01-01', findingGrounds, f014);
      expect(found?.ground.clause ?? null).toBe(clause);
    }
  });

  test.each([
    ['PRIC-03', '1.4.5.', 'exact'],
    ['DUPL-01', '1.10.2.', 'exact'],
    ['COMB-01', '1.10.3.', 'exact'],
    ['ELIG-05', '1.6.1.', 'analogous'],
  ])('%s is %s (%s)', (code, clause, match) => {
    expect(officialGround(code, '2026-01-01', library.findingGrounds, library.f014)).toMatchObject({
      clause,
      match,
      ground: { unpaidShare: 1 },
    });
  });

  test('no ground is claimed where none fits, and none before it existed', () => {
    const { findingGrounds, f014 } = library;
    expect(officialGround('AUTH-01', '2026-01-01', findingGrounds, f014)).toBeNull();
    expect(officialGround('STAT-01', '2026-01-01', findingGrounds, f014)).toBeNull();
    expect(officialGround('PRIC-03', '2020-01-01', findingGrounds, f014)).toBeNull();
    expect(library.f006.length).toBeGreaterThan(40);
    expect(firstMatch(library.dictionary.services, 'Z')).toBeNull();
  });
});

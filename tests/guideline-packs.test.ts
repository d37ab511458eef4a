import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { loadWorld, WORLD_PARTS } from '../activities/intake/load-world';
import { registerLibraryCommands } from '../cli/library';
import { packFromFile } from '../models/review/from-files';
import type { PackFile } from '../models/review/from-files';
import { currentRuleSet, packsOf } from '../prisma/repositories/rule-sets';
import { startTestApi } from './support/api';
import type { TestApi } from './support/api';
import { openLibraryDesk, openPack, withInterval } from './support/library-desk';
import type { LibraryDesk } from './support/library-desk';
import { OPEN_WORLD } from './support/review-house';

const PACKS = '/v1/guideline-packs';
const CHANGE = { guideline: 'KR-055', from: 14, to: 30 };

let api: TestApi;
let desk: LibraryDesk;

beforeAll(async () => {
  api = await startTestApi();
  await loadWorld(
    { pool: api.pool },
    OPEN_WORLD,
    undefined,
    WORLD_PARTS.filter(({ name }) => !['invoices', 'feedback', 'insured', 'letters'].includes(name)),
  );
  desk = await openLibraryDesk(api);
}, 120_000);
afterAll(() => api.close());

describe('an import', () => {
  const broken: [string, (pack: PackFile) => void, string, string][] = [
    [
      'an unknown service',
      (p) => (p.guidelines[0]!.services[0]!.service = 'A99.99.999'),
      'guidelines[0].services[0].service',
      'unknown-service',
    ],
    [
      'a share above one',
      (p) => (p.guidelines[1]!.services[0]!.frequency = 30),
      'guidelines[1].services[0].frequency',
      'frequency-range',
    ],
    ['an id used twice', (p) => (p.guidelines[1]!.id = p.guidelines[0]!.id), 'guidelines[1].id', 'duplicate-id'],
    [
      'ages the wrong way round',
      (p) => Object.assign(p.demographics[0]!, { age_from: 90, age_to: 10 }),
      'demographics[0].age_from',
      'age-order',
    ],
    ['an empty prefix', (p) => (p.pairs[0]!.with = ''), 'pairs[0].with', 'empty-prefix'],
    [
      'a date that is none',
      (p) => (p.guidelines[2]!.valid_from = '2025-02-30'),
      'guidelines[2].valid_from',
      'bad-date',
    ],
  ];
  test.each(broken)(
    'with %s is refused, naming the JSON path and the fix in both languages',
    async (_name, spoil, path, rule) => {
      const pack = structuredClone(openPack());
      spoil(pack);
      for (const language of ['ru', 'en']) {
        const refused = await desk.author.post(PACKS, { ...pack, version: 'broken' }).set('Accept-Language', language);
        expect([refused.status, refused.body.code]).toEqual([422, 'library.pack-invalid']);
        const fault = (refused.body.errors as { path: string; rule: string; fix: string }[]).find(
          (each) => each.path === path,
        );
        expect(fault).toMatchObject({ rule });
        expect(/[а-я]/i.test(fault!.fix)).toBe(language === 'ru');
      }
      const checked = await desk.author.post(`${PACKS}/check`, pack);
      expect(checked.body).toMatchObject({ valid: false });
    },
  );

  test('is a draft; the same content again changes nothing, another content makes its writer an author too', async () => {
    const pack = withInterval(openPack(), { ...CHANGE, version: 'draft-1' });
    const first = (await desk.author.post(PACKS, pack)).body.version;
    expect(first).toMatchObject({ state: 'draft', authors: [desk.author.user.id] });
    expect((await desk.second.post(PACKS, pack)).body.version).toMatchObject({
      id: first.id,
      authors: [desk.author.user.id],
    });
    const edited = (await desk.second.post(PACKS, withInterval(openPack(), { ...CHANGE, to: 21, version: 'draft-1' })))
      .body.version;
    expect(edited).toMatchObject({ id: first.id, authors: [desk.author.user.id, desk.second.user.id] });
    // Both have written it: neither may review it.
    for (const author of [desk.author, desk.second]) {
      expect((await author.post(`${PACKS}/${first.id}/review`, {})).body.code).toBe('library.four-eyes');
    }
  });

  test('of the shipped library is accepted whole, and keeps what each entry says about its origin', async () => {
    const shipped = JSON.parse(
      readFileSync(join(__dirname, '..', 'data', 'library', 'guidelines.json'), 'utf8'),
    ) as object;
    const saved = await desk.author.post(PACKS, shipped);
    expect(saved.status).toBe(201);
    expect((await desk.author.get(`${PACKS}/${saved.body.version.id}/content`)).body).toEqual(shipped);
  });

  test('is nothing for people outside: a clinic neither reads nor writes the library', async () => {
    const clinic = await api.as('clinic', { clinicId: 1 });
    expect((await clinic.get(PACKS)).status).toBe(403);
    expect((await clinic.post(PACKS, openPack())).status).toBe(403);
  });
});

test('the diff of two versions speaks of medicine, not of JSON', async () => {
  const id = await draft('diff-1');
  const world = (await desk.author.get(PACKS)).body.items.find((row: { version: string }) => row.version === '2025.2');
  const { changes } = (await desk.author.get(`${PACKS}/${id}/diff?since=${world.id}`)).body;
  const fields = new Set(
    (changes as { section: string; field: string; before: { ru: string }; after: { en: string } }[]).map(
      (each) => `${each.section}/${each.field}/${each.before.ru}/${each.after.en}`,
    ),
  );
  expect([...fields]).toEqual(['service/min_interval_days/14 дней/30 days']);
  expect(changes[0].text.ru).toContain('Миопия');
});

describe('the database itself', () => {
  test.each([
    ['its author reviews', `reviewed_by = created_by`],
    ['nobody has reviewed', `reviewed_by = NULL`],
  ])('refuses to publish what %s', async (_name, assignment) => {
    const id = await draft(randomUUID());
    await expect(
      api.pool.query(`UPDATE guideline_pack SET state = 'published', ${assignment} WHERE id = $1`, [id]),
    ).rejects.toThrow('four eyes');
  });

  test('keeps a reviewed version as it was reviewed', async () => {
    const id = await draft('kept');
    await desk.second.post(`${PACKS}/${id}/review`, {}).expect(200);
    await expect(api.pool.query(`UPDATE guideline_pack SET data = '{}' WHERE id = $1`, [id])).rejects.toThrow(
      'never changes',
    );
    await expect(api.pool.query(`DELETE FROM guideline_pack WHERE id = $1`, [id])).rejects.toThrow('never deleted');
    const changed = await desk.author.post(PACKS, { ...openPack(), version: 'kept' });
    expect([changed.status, changed.body.code]).toEqual([409, 'library.version-taken']);
  });
});

describe('publishing from a date', () => {
  const windows = async () => {
    const packs = await packsOf(api.pool, await currentRuleSet(api.pool, 'test'), (data) =>
      packFromFile(data as PackFile),
    );
    return packs.map(({ version, effectiveFrom, effectiveTo }) => [version, effectiveFrom, effectiveTo]);
  };

  test('does not change earlier dates, nor what an old rule set means', async () => {
    const before = await currentRuleSet(api.pool, 'test');
    const old = await packsOf(api.pool, before, (data) => packFromFile(data as PackFile));
    const id = await published('2026.1', '2026-01-01');
    expect(await windows()).toEqual([
      ['2025.2', null, '2025-12-31'],
      ['2026.1', '2026-01-01', null],
    ]);
    const next = await published('2026.2', '2026-07-01');
    expect(await windows()).toEqual([
      ['2025.2', null, '2025-12-31'],
      ['2026.1', '2026-01-01', '2026-06-30'],
      ['2026.2', '2026-07-01', null],
    ]);
    expect(await packsOf(api.pool, before, (data) => packFromFile(data as PackFile))).toEqual(old);
    const inForce = async (date: string) =>
      (await desk.author.get(`${PACKS}/in-force?date=${date}`)).body.items.map(
        (row: { version: string }) => row.version,
      );
    expect([
      await inForce('2025-12-31'),
      await inForce('2026-01-01'),
      await inForce('2026-06-30'),
      await inForce('2026-07-01'),
    ]).toEqual([['2025.2'], ['2026.1'], ['2026.1'], ['2026.2']]);
    // Only the latest can be taken back; then the one before it has no end again.
    expect((await desk.lead.post(`${PACKS}/${id}/revert`, { comment: 'x' })).status).toBe(409);
    await desk.lead.post(`${PACKS}/${next}/revert`, { comment: 'Ошибка' }).expect(200);
    expect(await windows()).toEqual([
      ['2025.2', null, '2025-12-31'],
      ['2026.1', '2026-01-01', null],
    ]);
  });

  test('is refused on a day on which a later version already runs, and without a shadow run of this content', async () => {
    const id = await draft('2026.3');
    await desk.second.post(`${PACKS}/${id}/review`, {}).expect(200);
    expect((await desk.lead.post(`${PACKS}/${id}/publish`, { effectiveFrom: '2026-09-01' })).body.code).toBe(
      'library.no-shadow-run',
    );
    await pretendShadowRun(id);
    expect((await desk.lead.post(`${PACKS}/${id}/publish`, { effectiveFrom: '2025-06-01' })).body.code).toBe(
      'library.bad-dates',
    );
    await desk.lead.post(`${PACKS}/${id}/publish`, { effectiveFrom: '2026-09-01' }).expect(200);
    await desk.lead.post(`${PACKS}/${id}/retire`, { effectiveTo: '2026-12-31' }).expect(200);
    expect((await windows()).at(-1)).toEqual(['2026.3', '2026-09-01', '2026-12-31']);
  });

  test('is audited step by step with who did it, and the version keeps its own history', async () => {
    const row = (await desk.author.get(PACKS)).body.items.find(
      (each: { name: string; version: string }) => each.name === openPack().pack && each.version === '2026.1',
    );
    expect(row.history.map((step: { action: string }) => step.action)).toEqual(['create', 'review', 'publish']);
    const events = await api.pool.query<{ actor: string; facts: { step?: string } }>(
      `SELECT actor, facts FROM audit_event WHERE subject_ids @> ARRAY[$1] ORDER BY at`,
      [row.id],
    );
    expect(events.rows.map(({ actor, facts }) => [actor, facts.step ?? 'import'])).toEqual([
      [desk.author.user.id, 'import'],
      [desk.second.user.id, 'review'],
      [desk.lead.user.id, 'publish'],
    ]);
  });
});

describe('medex library', () => {
  const env = process.env;
  const written: string[] = [];
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'medex-library-'));
    process.env = { ...env, DATABASE_URL: String(api.pool.options.connectionString) };
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  });
  afterAll(() => {
    jest.restoreAllMocks();
    process.env = env;
    process.exitCode = undefined;
    rmSync(folder, { recursive: true });
  });
  const medex = async (...args: string[]): Promise<string> => {
    const program = new Command().exitOverride();
    registerLibraryCommands(program);
    await program.parseAsync(['node', 'medex', 'library', ...args]);
    return written.splice(0).join('');
  };
  const fileOf = (name: string, content: object): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };

  test('imports, diffs, reviews and publishes with the same rules as the API', async () => {
    const pack = withInterval(openPack(), { ...CHANGE, version: 'cli-1' });
    const file = fileOf('pack.json', pack);
    const imported = JSON.parse(await medex('import', file, '--as', desk.author.user.login, '--json')) as {
      id: string;
      state: string;
    };
    expect(imported.state).toBe('draft');
    expect(await medex('diff', fileOf('old.json', openPack()), file)).toMatch(/Миопия.*14.*30/);
    expect(await medex('list')).toContain('cli-1');
    await expect(medex('review', imported.id, '--as', desk.author.user.login)).rejects.toThrow('Another doctor');
    expect(await medex('review', `${pack.pack}@cli-1`, '--as', desk.second.user.login)).toContain('reviewed');
    await expect(medex('publish', imported.id, '--from', '2027-03-01', '--as', desk.second.user.login)).rejects.toThrow(
      'may not guideline:publish',
    );
    await pretendShadowRun(imported.id);
    expect(await medex('publish', imported.id, '--from', '2027-03-01', '--as', desk.lead.user.login)).toContain(
      '2027-03-01',
    );
    expect(await medex('revert', imported.id, '--comment', 'рано', '--as', desk.lead.user.login)).toContain('retired');
  });

  test('names what is wrong with a file, and who is not there', async () => {
    const pack = structuredClone(openPack());
    pack.guidelines[0]!.services[0]!.service = 'A99.99.999';
    expect(await medex('check', fileOf('bad.json', pack))).toMatch(
      /guidelines\[0\]\.services\[0\]\.service.*Check the code/,
    );
    expect(process.exitCode).toBe(1);
    await expect(medex('import', fileOf('good.json', openPack()), '--as', 'nobody')).rejects.toThrow(
      'No account nobody',
    );
    await expect(medex('diff', 'x@1', 'x@2')).rejects.toThrow('There is no version x@1');
  });
});

async function draft(version: string): Promise<string> {
  const saved = await desk.author.post(PACKS, withInterval(openPack(), { ...CHANGE, version }));
  return saved.body.version.id;
}

async function published(version: string, effectiveFrom: string): Promise<string> {
  const id = await draft(version);
  await desk.second.post(`${PACKS}/${id}/review`, {}).expect(200);
  await pretendShadowRun(id);
  await desk.lead.post(`${PACKS}/${id}/publish`, { effectiveFrom }).expect(200);
  return id;
}

/** tests/shadow-run.test.ts runs real ones; here only that one was made matters. */
async function pretendShadowRun(id: string): Promise<void> {
  await api.pool.query(
    `INSERT INTO shadow_run (kind, candidate_id, candidate_name, candidate_version, candidate_sha256, candidate, months, state)
     SELECT 'guideline_pack', id, name, version, sha256, data, 12, 'done' FROM guideline_pack WHERE id = $1`,
    [id],
  );
}

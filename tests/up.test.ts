import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, cpSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareNamespace } from '../cli/runtime/temporal-namespace';
import { createTestDatabase, testTemporal } from './support/env';
import { OPEN_WORLD, someInvoices, workflowBundle } from './support/review-house';

const ROOT = join(__dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'medex-up-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const medex = (...args: string[]) => medexWith({}, ...args);

function medexWith(
  servers: Record<string, string>,
  ...args: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const { DATABASE_URL: _db, TEMPORAL_ADDRESS: _temporal, NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'cli', 'index.ts'), ...args], {
    cwd: ROOT,
    env: { ...env, ...servers },
  });
  const text = { out: '', err: '' };
  child.stdout.on('data', (part: Buffer) => (text.out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (text.err += part.toString()));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve({ code, ...text }));
  });
}

/** The open insurer with so many of its invoices, from the `skip`-th on. */
function writeWorld(world: string, count: number, skip = 0): void {
  cpSync(OPEN_WORLD, world, { recursive: true });
  const [header, ...rows] = readFileSync(join(OPEN_WORLD, 'invoices.csv'), 'utf8').trim().split('\n');
  writeFileSync(join(world, 'invoices.csv'), [header, ...rows.filter(someInvoices(count, skip)), ''].join('\n'));
}

interface Summary {
  readonly businessKey: string;
  readonly findings: number;
  readonly invoices: number;
  readonly state: string;
}

describe('medex up --once', () => {
  const world = join(folder, 'world');
  const data = join(folder, 'data');
  const out = join(folder, 'out', 'findings.csv');
  beforeAll(async () => {
    await workflowBundle();
    writeWorld(world, 40);
  });

  test('loads any world into a clean folder, reviews it through the real path, writes the findings and ends', async () => {
    const first = await medex('up', '--world', world, '--once', '--data-dir', data, '--out', out, '--json');
    expect([first.code, first.err]).toEqual([0, expect.stringContaining('findings')]);
    const summary = JSON.parse(first.out) as Summary;
    expect(summary.state).toBe('done');
    const [header, ...rows] = readFileSync(out, 'utf8').trim().split('\n');
    expect(header).toBe(
      'clinic_code,invoice_no,line_no,code,rule_id,rule_version,severity,at_risk_rub,guideline_id,clause,explanation',
    );
    expect(rows).toHaveLength(summary.findings);

    // The same content elsewhere is the same world, which is not loaded again.
    const moved = join(folder, 'moved');
    renameSync(world, moved);
    const again = await medex('up', '--world', moved, '--once', '--data-dir', data, '--out', out);
    expect([again.code, again.err]).toEqual([0, expect.not.stringContaining('price-items')]);
    expect(readFileSync(out, 'utf8').trim().split('\n')).toEqual([header, ...rows]);

    // Other content in its folder is loaded and reviewed.
    writeWorld(moved, 43);
    const more = await medex('up', '--world', moved, '--once', '--data-dir', data, '--out', out, '--json');
    expect([more.code, more.err]).toEqual([0, expect.stringContaining('price-items')]);
    expect(JSON.parse(more.out) as Summary).toMatchObject({ state: 'done', invoices: 3 });

    const other = await medex('up', '--world', OPEN_WORLD, '--once', '--data-dir', data, '--out', out);
    expect(other.code).toBe(1);
    expect(other.err).toContain('--data-dir');
  }, 300_000);

  test('in a database that several share, other data is another batch and the same data the same one', async () => {
    const database = await createTestDatabase();
    const { address } = testTemporal();
    const namespace = `medex-up-${randomBytes(4).toString('hex')}`;
    await prepareNamespace({ address, namespace, searchAttributes: {} });
    const servers = {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      MEDEX_SECRET: 'one-secret-for-all-who-share',
    };
    const review = async (name: string, dataDir: string): Promise<Summary> => {
      const args = ['--world', join(folder, name), '--once', '--data-dir', join(folder, dataDir), '--json'];
      const { code, out: printed, err } = await medexWith(servers, 'up', ...args);
      expect([code, err]).toEqual([0, expect.any(String)]);
      return JSON.parse(printed) as Summary;
    };
    try {
      writeWorld(join(folder, 'spring'), 6);
      writeWorld(join(folder, 'summer'), 4, 6);
      const spring = await review('spring', 'data-1');
      expect(spring.invoices).toBe(6);
      const summer = await review('summer', 'data-2');
      expect([summer.invoices, summer.state]).toEqual([4, 'done']);
      expect(summer.businessKey).not.toBe(spring.businessKey);
      const once = await review('spring', 'data-3');
      expect([once.businessKey, once.invoices]).toEqual([spring.businessKey, 6]);
    } finally {
      await database.close();
    }
  }, 300_000);

  test.each([
    ['a folder that is not there', ['up', '--once', '--world', join(folder, 'nowhere')], 1],
    ['an unknown option', ['up', '--nonsense'], 2],
    ['an unknown command', ['nonsense'], 2],
    ['an unknown queue', ['worker', '--queues', 'medex-nonsense'], 2],
    ['an unknown role', ['user', 'list', '--role', 'king'], 2],
    ['an id that is none', ['token', 'revoke', 'abc'], 2],
    ['the version', ['--version'], 0],
    ['help', ['--help'], 0],
    ['help of a group', ['review', '--help'], 0],
  ])('%s ends with a clear word and its own exit code', async (_name, args, code) => {
    const result = await medex(...args);
    expect(result.code).toBe(code);
    expect(result.out + result.err).toMatch(/\S/);
    expect(result.err).not.toMatch(/\n\s+at /);
  });
});

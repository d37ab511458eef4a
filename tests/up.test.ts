import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, cpSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPEN_WORLD, someInvoices, workflowBundle } from './support/review-house';

const ROOT = join(__dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'medex-up-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function medex(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { DATABASE_URL: _db, TEMPORAL_ADDRESS: _temporal, NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'cli', 'index.ts'), ...args], {
    cwd: ROOT,
    env,
  });
  const text = { out: '', err: '' };
  child.stdout.on('data', (part: Buffer) => (text.out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (text.err += part.toString()));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve({ code, ...text }));
  });
}

describe('medex up --once', () => {
  const world = join(folder, 'world');
  const data = join(folder, 'data');
  const out = join(folder, 'out', 'findings.csv');
  beforeAll(async () => {
    await workflowBundle();
    cpSync(OPEN_WORLD, world, { recursive: true });
    const [header, ...rows] = readFileSync(join(OPEN_WORLD, 'invoices.csv'), 'utf8').trim().split('\n');
    writeFileSync(join(world, 'invoices.csv'), [header, ...rows.filter(someInvoices(40)), ''].join('\n'));
  });

  test('loads any world into a clean folder, reviews it through the real path, writes the findings and ends', async () => {
    const first = await medex('up', '--world', world, '--once', '--data-dir', data, '--out', out, '--json');
    expect([first.code, first.err]).toEqual([0, expect.stringContaining('findings')]);
    const summary = JSON.parse(first.out) as { findings: number; state: string };
    expect(summary.state).toBe('done');
    const [header, ...rows] = readFileSync(out, 'utf8').trim().split('\n');
    expect(header).toBe(
      'clinic_code,invoice_no,line_no,code,rule_id,rule_version,severity,at_risk_rub,guideline_id,clause,explanation',
    );
    expect(rows).toHaveLength(summary.findings);

    const again = await medex('up', '--world', world, '--once', '--data-dir', data, '--out', out);
    expect(again.code).toBe(0);
    expect(readFileSync(out, 'utf8').trim().split('\n')).toEqual([header, ...rows]);
    const other = await medex('up', '--world', OPEN_WORLD, '--once', '--data-dir', data, '--out', out);
    expect(other.code).toBe(1);
    expect(other.err).toContain('--data-dir');
  }, 240_000);

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

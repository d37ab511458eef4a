import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { registerFindingsCommands } from '../cli/findings';
import type { TestApi } from './support/api';
import { startTestApi } from './support/api';

describe('medex findings export', () => {
  let api: TestApi;
  const env = process.env;
  const folder = mkdtempSync(join(tmpdir(), 'medex-export-'));
  const written: string[] = [];
  beforeAll(async () => {
    api = await startTestApi();
    process.env = { ...env, DATABASE_URL: String(api.pool.options.connectionString) };
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    process.env = env;
    process.exitCode = undefined;
    rmSync(folder, { recursive: true, force: true });
    await api.close();
  });

  const medex = async (...args: string[]): Promise<string> => {
    const program = new Command().exitOverride();
    registerFindingsCommands(program);
    await program.parseAsync(['node', 'medex', 'findings', 'export', ...args]);
    return written.splice(0).join('');
  };

  it('writes the whole file or none, and makes its folder', async () => {
    const out = join(folder, 'new', 'findings.csv');
    expect(JSON.parse(await medex('--out', out, '--json'))).toEqual({ findings: 0, out });
    expect(readFileSync(out, 'utf8')).toMatch(/^clinic_code,invoice_no,line_no,code/);
    expect(readdirSync(join(folder, 'new'))).toEqual(['findings.csv']);
  });

  it('says which file it cannot write', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    await expect(medex('--out', join(file, 'findings.csv'))).rejects.toMatchObject({
      code: 'file-not-written',
      text: { ru: expect.stringContaining(join(file, 'findings.csv')) as unknown },
    });
    await expect(medex('--out', folder)).rejects.toMatchObject({ code: 'file-not-written' });
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('ends with 3 where there is no such batch', async () => {
    await medex('--out', join(folder, 'none.csv'), '--batch', 'nobody');
    expect(process.exitCode).toBe(3);
  });
});

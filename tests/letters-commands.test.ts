import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STANDARD_TIMES } from '../activities/letters/deps';
import { createProgram } from '../cli';
import { startTemporalServer } from '../cli/runtime/temporal-server';
import type { TemporalServer } from '../cli/runtime/temporal-server';
import { plainDate } from '../models/calendar';
import { FLOW_QUEUE } from '../workflows/messages';
import type { TestCaller } from './support/api';
import { addDays } from './support/dates';
import { DIAGNOSIS, letterPerson, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { LETTERS_SECRET, startLetters } from './support/letters';
import type { LettersBench } from './support/letters';

const today = plainDate(new Date().toISOString());
const env = process.env;
const written: string[] = [];
let server: TemporalServer;
let bench: LettersBench;
let person: LetterPerson;
let clinic: TestCaller;
let dir: string;

beforeAll(async () => {
  // The command line knows the product's own queue only: a server that nobody else serves it on.
  server = await startTemporalServer({ namespace: 'medex-commands' });
  bench = await startLetters(STANDARD_TIMES, { ...server, queue: FLOW_QUEUE });
  person = await letterPerson(bench.api.pool, today);
  clinic = await bench.api.as('clinic', { clinicId: person.clinicId });
  dir = await mkdtemp(join(tmpdir(), 'medex-letter-'));
  process.env = {
    ...env,
    DATABASE_URL: String(bench.api.pool.options.connectionString),
    TEMPORAL_ADDRESS: server.address,
    TEMPORAL_NAMESPACE: server.namespace,
    MEDEX_SECRET: LETTERS_SECRET,
  };
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
}, 180_000);
afterAll(async () => {
  jest.restoreAllMocks();
  process.env = env;
  process.exitCode = undefined;
  await rm(dir, { recursive: true });
  await bench?.close();
  await server?.close();
});

/** Runs a command in this process; its output, and what it leaves as the exit code. */
async function medex(...args: string[]): Promise<{ text: string; code: unknown }> {
  process.exitCode = undefined;
  await createProgram().parseAsync(['node', 'medex', 'letter', ...args]);
  return { text: written.splice(0).join(''), code: process.exitCode };
}

async function requestFile(over: object = {}): Promise<string> {
  const line = { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 2 };
  const lines = [{ ...line, periodFrom: today, periodTo: addDays(today, 20) }];
  const file = join(dir, 'request.json');
  const request = { policyNo: person.policyNo, clinicCode: person.clinicCode, senderRef: 'CLI-1', lines, ...over };
  await writeFile(file, JSON.stringify(request));
  return file;
}

const as = () => ['--as', clinic.user.login];

describe('medex letter', () => {
  test('submit answers at once, show says what is left, list finds it; the same request is the same letter', async () => {
    const answer = JSON.parse((await medex('submit', await requestFile(), ...as(), '--json')).text);
    expect(answer).toMatchObject({ state: 'approved', lines: [{ approvedQuantity: 2 }] });
    const again = await medex('submit', await requestFile(), ...as());
    expect(again.text).toContain(`${answer.id}  ${answer.number}  approved`);
    // The API sees the very same letter.
    expect((await clinic.get(`/v1/letters/${answer.id as string}`)).body).toMatchObject({ number: answer.number });
    const shown = JSON.parse((await medex('show', answer.number as string, ...as(), '--json')).text);
    expect(shown).toMatchObject({ id: answer.id, lines: [{ leftQuantity: 2, leftKopecks: 2 * person.priceKopecks }] });
    expect((await medex('show', answer.id as string, ...as())).text).toContain('first-answer');
    expect((await medex('list', ...as(), '--state', 'approved')).text).toContain(answer.id);
    expect((await medex('list', ...as(), '--state', 'expired')).text).toBe('пусто / nothing\n');
    const trail = await bench.api.pool.query(`SELECT DISTINCT action FROM audit_event WHERE actor = $1 ORDER BY 1`, [
      clinic.user.id,
    ]);
    expect(trail.rows.map((row: { action: string }) => row.action)).toEqual(['letter:read', 'letter:request']);
  });

  test('download writes the letter and its signature, verify tells a changed file', async () => {
    const letter = JSON.parse((await medex('submit', await requestFile(), ...as(), '--json')).text);
    await bench.deliver();
    const file = join(dir, 'letter.pdf');
    await medex('download', letter.number as string, ...as(), '--out', file);
    expect((await readFile(file)).subarray(0, 5).toString()).toBe('%PDF-');
    for (const name of [file, `${file}.p7s`]) expect((await stat(name)).mode & 0o777).toBe(0o600);
    const good = await medex('verify', file, '--json');
    expect([JSON.parse(good.text), good.code]).toEqual([{ valid: true, signer: 'Medex' }, undefined]);
    await writeFile(join(dir, 'other.pdf'), Buffer.concat([await readFile(file), Buffer.from(' ')]));
    const bad = await medex('verify', join(dir, 'other.pdf'), '--signature', `${file}.p7s`);
    expect([bad.text, bad.code]).toEqual(['подпись не этого файла / not valid\n', 1]);
    const none = await medex('verify', file, '--signature', file, '--json');
    expect([JSON.parse(none.text), none.code]).toEqual([{ valid: false, signer: null }, 1]);
  });

  test('a download is in the audit trail even when nothing could be written', async () => {
    const letter = JSON.parse((await medex('submit', await requestFile(), ...as(), '--json')).text);
    await bench.deliver();
    const reads = async () =>
      (
        await bench.api.pool.query(`SELECT 1 FROM audit_event WHERE actor = $1 AND action = 'letter:read'`, [
          clinic.user.id,
        ])
      ).rowCount!;
    const before = await reads();
    const nowhere = join(dir, 'missing', 'letter.pdf');
    await expect(medex('download', letter.id as string, ...as(), '--out', nowhere)).rejects.toThrow('ENOENT');
    expect(await reads()).toBe(before + 1);
  });

  test('an account has its own rights and rows here too', async () => {
    const letter = JSON.parse((await medex('submit', await requestFile(), ...as(), '--json')).text);
    const stranger = await bench.api.as('clinic', { clinicId: person.clinicId + 1 });
    const login = stranger.user.login;
    await expect(medex('show', letter.id as string, '--as', login)).rejects.toMatchObject({ httpStatus: 404 });
    const theirs = requestFile({ senderRef: 'CLI-2' });
    await expect(medex('submit', await theirs, '--as', login)).rejects.toMatchObject({ httpStatus: 404 });
    const employer = await bench.api.as('employer');
    await expect(medex('list', '--as', employer.user.login)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(medex('list', '--as', 'nobody')).rejects.toMatchObject({ code: 'user.unknown' });
  });

  test('a file that is no request is told by its field', async () => {
    const file = await requestFile({ lines: [] });
    await expect(medex('submit', file, ...as())).rejects.toMatchObject({ code: 'letter.unfit' });
    const wrong = await requestFile({ senderRef: 'CLI-3', clinicCode: 'C999' });
    await expect(medex('submit', wrong, ...as())).rejects.toMatchObject({ httpStatus: 404 });
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    await expect(medex('submit')).rejects.toMatchObject({ exitCode: 1 });
    await expect(medex('list', ...as(), '--state', 'lost')).rejects.toMatchObject({ exitCode: 1 });
  });
});

import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { encode } from 'iconv-lite';
import { loadWorld } from '../activities/intake/load-world';
import type { AppError } from '../models/errors';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { createTestDatabase } from './support/env';
import type { TestDatabase } from './support/env';
import { temporaryFolder } from './support/registry-file';

const DEMO = join(__dirname, '..', 'demo', 'world');
const records = (name: string): Record<string, string>[] =>
  parse(readFileSync(join(DEMO, name), 'utf8'), { columns: true, bom: true }) as Record<string, string>[];

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.url, applicationName: 'medex-test' });
});
afterAll(async () => {
  await pool.end();
  await database.close();
});

async function rows(sql: string): Promise<Record<string, string>[]> {
  return (await pool.query<Record<string, string>>(sql)).rows;
}

/** The tables written back in the columns of the files. */
const EXPORTS: Record<string, string> = {
  'nomenclature.csv': `SELECT code AS service_code, name, kind, COALESCE(specialty, '') AS specialty,
      COALESCE(minutes::text, '') AS minutes FROM service ORDER BY id`,
  'diagnoses.csv': `SELECT code AS diagnosis_code, name, billable::int::text AS billable FROM diagnosis WHERE known ORDER BY id`,
  'clinics.csv': `SELECT code AS clinic_code, name, city, level::text, to_char(latitude, 'FM990.00000') AS latitude,
      to_char(longitude, 'FM990.00000') AS longitude, payment_mode, open_sunday::int::text AS open_sunday,
      billing_term_days::text FROM clinic ORDER BY id`,
  'price-items.csv': `SELECT c.code AS clinic_code, i.item_code, p.item_name, COALESCE(s.code, '') AS service_code,
      to_char(p.price_kopecks / 100.0, 'FM99999990.00') AS price_rub, p.valid_from::text, COALESCE(p.valid_to::text, '') AS valid_to
    FROM price_item p JOIN clinic_item i ON i.id = p.clinic_item_id JOIN clinic c ON c.id = i.clinic_id
    LEFT JOIN service s ON s.id = p.service_id ORDER BY p.id`,
  'contracts.csv': `SELECT contract_no, h.name AS policyholder, start_date::text, end_date::text
    FROM contract c JOIN policyholder h ON h.id = c.policyholder_id ORDER BY c.id`,
  'insured.csv': `SELECT policy_no, g.code AS programme_code, sex, birth_date::text, enrolled_from::text, enrolled_to::text
    FROM enrolment e JOIN policy p ON p.id = e.policy_id JOIN programme g ON g.id = e.programme_id
    JOIN insured i ON i.policy_id = p.id ORDER BY e.id`,
  'letters.csv': `SELECT r.letter_no, p.policy_no, c.code AS clinic_code, l.service_code, l.quantity::text,
      to_char(l.amount_kopecks / 100.0, 'FM99999990.00') AS amount_rub, l.valid_from::text, l.valid_to::text
    FROM guarantee_letter l JOIN letter_ref r ON r.id = l.letter_ref_id JOIN policy p ON p.id = l.policy_id
    JOIN clinic c ON c.id = l.clinic_id ORDER BY r.id`,
  'feedback.csv': `SELECT survey_id, c.code AS clinic_code, invoice_no, COALESCE(line_no::text, '') AS line_no, p.policy_no,
      visit_date::text, to_char(answered_at, 'YYYY-MM-DD"T"HH24:MI') AS answered_at, question, answer
    FROM feedback_answer f JOIN clinic c ON c.id = f.clinic_id JOIN policy p ON p.id = f.policy_id ORDER BY f.id`,
  'invoices.csv': `SELECT c.code AS clinic_code, i.invoice_no, l.invoice_date::text, l.line_no::text, p.policy_no,
      l.service_date::text, d.code AS diagnosis_code, ci.item_code, l.item_name, l.quantity::text,
      to_char(l.unit_price_kopecks / 100.0, 'FM99999990.00') AS unit_price_rub,
      to_char(l.amount_kopecks / 100.0, 'FM99999990.00') AS amount_rub,
      to_char(l.patient_share_kopecks / 100.0, 'FM99999990.00') AS patient_share_rub, COALESCE(dr.code, '') AS doctor_id,
      COALESCE(l.tooth, '') AS tooth, COALESCE(lr.letter_no, '') AS letter_no, COALESCE(l.episode_no, '') AS episode_no
    FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id JOIN invoice i ON i.id = v.invoice_id
    JOIN clinic c ON c.id = i.clinic_id JOIN policy p ON p.id = l.policy_id JOIN diagnosis d ON d.id = l.diagnosis_id
    JOIN clinic_item ci ON ci.id = l.clinic_item_id LEFT JOIN doctor dr ON dr.id = l.doctor_id
    LEFT JOIN letter_ref lr ON lr.id = l.letter_ref_id WHERE l.current ORDER BY l.id`,
};

const sorted = (list: Record<string, string>[]): string[] =>
  list.map((one) => JSON.stringify(Object.values(one))).toSorted();

describe('loading a world', () => {
  test('takes every row of the demo insurer', async () => {
    const seen = new Set<string>();
    const { parts } = await loadWorld({ pool }, DEMO, (name) => seen.add(name));
    const counts = Object.fromEntries(parts.map((part) => [part.name, [part.rowsAccepted, part.rowsRejected]]));
    expect(counts).toMatchObject({
      nomenclature: [549, 0],
      diagnoses: [14_915, 0],
      clinics: [24, 0],
      'price-items': [6985, 0],
      contracts: [8, 0],
      programmes: [15, 0],
      insured: [3136, 0],
      letters: [477, 0],
      guidelines: [1, 0],
      invoices: [17_158, 0],
      feedback: [8035, 0],
    });
    expect([...seen]).toEqual(expect.arrayContaining(['invoices', 'insured']));
  });

  test.each(Object.keys(EXPORTS))('the tables give %s back, value by value', async (name) => {
    expect(sorted(await rows(EXPORTS[name]!))).toEqual(sorted(records(name)));
  });

  test('programmes keep clinics, prefixes, limits and the exact franchise', async () => {
    const programmes = JSON.parse(readFileSync(join(DEMO, 'programmes.json'), 'utf8')) as Record<string, unknown>[];
    const stored = await pool.query(
      `SELECT g.code AS programme_code, c.contract_no, g.name, covered_kinds, excluded_services, excluded_diagnoses,
         waiting_days, trim_scale(franchise_percent)::float8 AS franchise_percent, letter_required, service_limits,
         annual_limit_kopecks / 100.0::float8 AS annual_limit_rub,
         (SELECT array_agg(k.code ORDER BY k.code) FROM programme_clinic pc JOIN clinic k ON k.id = pc.clinic_id WHERE pc.programme_id = g.id) AS clinics
       FROM programme g JOIN contract c ON c.id = g.contract_id ORDER BY g.id`,
    );
    expect(stored.rows).toEqual(programmes.map((one) => ({ ...one, clinics: (one.clinics as string[]).toSorted() })));
  });

  test('every clinic has the hub of its city', async () => {
    expect(await rows('SELECT DISTINCT c.city = h.name AS same FROM clinic c JOIN hub h ON h.id = c.hub_id')).toEqual([
      { same: true },
    ]);
  });

  test('again changes nothing', async () => {
    const fingerprint = `SELECT (SELECT sum(hashtext(t::text)) FROM invoice_line t) AS lines,
      (SELECT sum(hashtext(t::text)) FROM price_item t) AS prices, (SELECT sum(hashtext(t::text)) FROM enrolment t) AS people,
      (SELECT sum(hashtext(t::text)) FROM invoice_version t) AS versions, (SELECT count(*) FROM policy) AS policies,
      (SELECT sum(hashtext(t::text)) FROM programme_clinic t) AS clinics, (SELECT count(*) FROM import_file) AS files`;
    const before = await rows(fingerprint);
    const { parts } = await loadWorld({ pool }, DEMO);
    expect(parts.find((part) => part.name === 'invoices')!.rowsAccepted).toBe(17_158);
    expect(await rows(fingerprint)).toEqual(before);
  });
});

describe('medex world load', () => {
  const medex = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', join('cli', 'index.ts'), 'world', 'load', ...args], {
      cwd: join(__dirname, '..'),
      env: { ...process.env, DATABASE_URL: database.url },
      encoding: 'utf8',
    });

  test('prints its counts for machines', () => {
    const { status, stdout } = medex('--dir', DEMO, '--json');
    expect(status).toBe(0);
    const { parts } = JSON.parse(stdout) as { parts: { name: string; rowsAccepted: number }[] };
    expect(parts).toContainEqual(expect.objectContaining({ name: 'invoices', rowsAccepted: 17_158 }));
  });

  test('fails with the name of the file that is missing', () => {
    const { status, stderr } = medex('--dir', temporaryFolder());
    expect(status).not.toBe(0);
    expect(stderr).toContain('nomenclature');
  });
});

describe('a world that is odd but legal', () => {
  let odd: string;
  beforeAll(() => {
    odd = temporaryFolder();
    cpSync(DEMO, odd, { recursive: true });
    const change = (name: string, edit: (text: string) => string): void =>
      writeFileSync(join(odd, name), edit(readFileSync(join(odd, name), 'utf8')));
    // Quotes everywhere, BOM, CRLF, no last line break; optional files missing; one table packed.
    const requoted = (text: string): string =>
      `\uFEFF${(parse(text) as string[][]).map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n')}`;
    for (const name of ['clinics.csv', 'insured.csv', 'invoices.csv', 'contracts.csv']) change(name, requoted);
    change('programmes.json', (text) => `\uFEFF${text}`);
    change(
      'price-items.csv',
      (text) => `${text}C01,NEW-1,"Позиция с кодом, которого нет",B99.999.999,1.00,2024-01-01,\n`,
    );
    writeFileSync(join(odd, 'diagnoses.csv.gz'), gzipSync(readFileSync(join(odd, 'diagnoses.csv'))));
    for (const name of ['letters.csv', 'feedback.csv', 'diagnoses.csv']) rmSync(join(odd, name));
  });
  afterAll(() => rmSync(odd, { recursive: true, force: true }));

  test('loads to the same lines', async () => {
    const second = await createTestDatabase();
    const other = createPool({ connectionString: second.url, applicationName: 'medex-test' });
    try {
      const { parts } = await loadWorld({ pool: other }, odd);
      expect(parts.filter((part) => part.rowsRejected > 0)).toEqual([]);
      expect(parts.find((part) => part.name === 'letters')).toMatchObject({ file: null, rowsRead: 0 });
      expect(parts.find((part) => part.name === 'diagnoses')).toMatchObject({
        file: 'diagnoses.csv.gz',
        rowsAccepted: 14_915,
      });
      const exported = await other.query<Record<string, string>>(EXPORTS['invoices.csv']!);
      expect(sorted(exported.rows)).toEqual(sorted(records('invoices.csv')));
      const unmapped = await other.query(
        `SELECT p.service_id FROM price_item p JOIN clinic_item i ON i.id = p.clinic_item_id WHERE i.item_code = 'NEW-1'`,
      );
      expect(unmapped.rows).toEqual([{ service_id: null }]);
    } finally {
      await other.end();
      await second.close();
    }
  });

  test('a world without a required file is refused by name before anything is loaded', async () => {
    await expect(loadWorld({ pool }, temporaryFolder())).rejects.toMatchObject({
      code: 'world-file-missing',
      details: {
        missing: ['nomenclature', 'diagnoses', 'clinics', 'price-items', 'contracts', 'programmes', 'insured'],
      },
    });
    await expect(loadWorld({ pool }, join(odd, 'clinics.csv'))).rejects.toMatchObject({ code: 'world-folder-missing' });
  });

  test.each([
    ['has no such column', 'nomenclature.csv', 'service_code,name\nA01,Осмотр\n', 'file-columns-missing'],
    ['is empty', 'nomenclature.csv', '', 'file-unreadable'],
    [
      'is UTF-16',
      'nomenclature.csv',
      Buffer.from('\uFEFFservice_code,name,kind\n', 'utf16le'),
      'file-encoding-unknown',
    ],
    ['is no JSON', 'programmes.json', '[{"programme_code": ', 'file-unreadable'],
  ])('a file that %s is named in the error', async (_fault, name, content, code) => {
    const folder = temporaryFolder();
    cpSync(DEMO, folder, { recursive: true });
    writeFileSync(join(folder, name), content);
    const failure = await loadWorld({ pool }, folder).catch((error: unknown) => error as AppError);
    expect(failure).toMatchObject({ code, text: { ru: expect.stringMatching(`^${name}: `) } });
  });

  test('JSON files may be packed, and may be in Windows-1251', async () => {
    const folder = temporaryFolder();
    cpSync(DEMO, folder, { recursive: true });
    const guidelines = readFileSync(join(folder, 'guidelines.json'));
    writeFileSync(join(folder, 'guidelines.json.gz'), gzipSync(guidelines));
    rmSync(join(folder, 'guidelines.json'));
    const programmes = readFileSync(join(folder, 'programmes.json'), 'utf8');
    writeFileSync(join(folder, 'programmes.json'), encode(programmes, 'win1251'));
    const { parts } = await loadWorld({ pool }, folder);
    expect(parts.find((part) => part.name === 'guidelines')).toMatchObject({ file: 'guidelines.json.gz' });
    const names = await rows('SELECT name FROM programme ORDER BY id');
    expect(names.map((row) => row.name)).toEqual(
      (JSON.parse(programmes) as { name: string }[]).map((programme) => programme.name),
    );
  });
});

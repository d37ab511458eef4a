import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { takeRegistry } from '../activities/intake/take-registry';
import type { RegistryResult } from '../activities/intake/take-registry';
import { digestFile } from '../models/tabular/file-digest';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { registerImportFile } from '../prisma/repositories/import-files';
import { rejectionsCsv } from '../prisma/repositories/rejections-csv';
import { createTestDatabase } from './support/env';
import type { TestDatabase } from './support/env';
import { addClinics, registryText, saveText, temporaryFolder } from './support/registry-file';
import type { LineChanges } from './support/registry-file';
import { xlsx } from './support/xlsx-writer';

let database: TestDatabase;
let pool: Pool;
let clinics: Map<string, number>;
const folder = temporaryFolder();

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.url, applicationName: 'medex-test' });
  clinics = await addClinics(pool, ['C01', 'C02']);
});
afterAll(async () => {
  await pool.end();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Taken extends RegistryResult {
  created: boolean;
}

/** Sends a file the way the world loader and the API do: register by content, then take. */
async function send(content: string | Buffer, clinicId: number | null = null): Promise<Taken> {
  const path = saveText(folder, randomUUID(), content);
  const draft = {
    id: randomUUID(),
    kind: 'invoices',
    fileName: 'r.csv',
    ...(await digestFile(path)),
    clinicId,
    receivedBy: null,
  };
  const { file, created } = await registerImportFile(pool, draft);
  return { ...(await takeRegistry({ pool }, { fileId: file.id, path, clinicId })), created };
}
const sendLines = (lines: LineChanges[], clinicId: number | null = null): Promise<Taken> =>
  send(registryText(lines), clinicId);

async function versionsOf(invoiceNo: string) {
  const rows = await pool.query<{
    version: number;
    current: boolean;
    lineCount: number;
    billed: number;
    lines: number[];
    live: number;
  }>(
    `SELECT v.version, v.current, v.line_count AS "lineCount", v.billed_kopecks AS billed,
       (SELECT array_agg(l.line_no ORDER BY l.line_no) FROM invoice_line l WHERE l.version_id = v.id) AS lines,
       (SELECT count(*)::int FROM invoice_line l WHERE l.version_id = v.id AND l.current) AS live
     FROM invoice i JOIN invoice_version v ON v.invoice_id = i.id WHERE i.invoice_no = $1 ORDER BY v.version`,
    [invoiceNo],
  );
  return rows.rows;
}

async function rejectionsOf(fileId: string): Promise<string[]> {
  const rows = await pool.query<{ text: string }>(
    `SELECT row_no || ' ' || field || ' ' || rule AS text FROM import_rejection WHERE file_id = $1 ORDER BY row_no, field`,
    [fileId],
  );
  return rows.rows.map((row) => row.text);
}

async function download(fileId: string): Promise<string> {
  let text = '';
  for await (const piece of rejectionsCsv(pool, fileId, 2)) text += piece;
  return text;
}

describe('taking a registry', () => {
  test('stores every field, codes as dictionary ids, raw forms only where they differ', async () => {
    await sendLines([
      {
        invoice_no: 'F1',
        line_no: '007',
        diagnosis_code: 'к29.3',
        tooth: '18',
        letter_no: 'ГП-1',
        amount_rub: '100,50',
        item_name: 'Приём',
      },
      { invoice_no: 'F1', line_no: 8, doctor_id: '', episode_no: '' },
    ]);
    const rows = await pool.query(
      `SELECT c.code AS clinic, i.invoice_no, l.line_no, p.policy_no, l.invoice_date, l.service_date, d.code AS diagnosis,
         d.known, ci.item_code, ci.clinic_id = l.clinic_id AS same_clinic, l.quantity, l.unit_price_kopecks,
         l.amount_kopecks, l.patient_share_kopecks, dr.code AS doctor, lr.letter_no, l.tooth, l.episode_no, l.item_name,
         l.raw, l.current, l.invoice_id = i.id AS same_invoice
       FROM invoice_line l JOIN invoice_version v ON v.id = l.version_id JOIN invoice i ON i.id = v.invoice_id
       JOIN clinic c ON c.id = i.clinic_id JOIN policy p ON p.id = l.policy_id JOIN diagnosis d ON d.id = l.diagnosis_id
       JOIN clinic_item ci ON ci.id = l.clinic_item_id LEFT JOIN doctor dr ON dr.id = l.doctor_id
       LEFT JOIN letter_ref lr ON lr.id = l.letter_ref_id WHERE i.invoice_no = 'F1' ORDER BY l.line_no`,
    );
    const common = {
      clinic: 'C01',
      invoice_no: 'F1',
      policy_no: '50000001',
      invoice_date: '2025-09-21',
      service_date: '2025-09-01',
      known: false,
      item_code: '823',
      same_clinic: true,
      quantity: 1,
      unit_price_kopecks: 10_000,
      patient_share_kopecks: 0,
      current: true,
      same_invoice: true,
    };
    expect(rows.rows).toEqual([
      {
        ...common,
        line_no: 7,
        diagnosis: 'K29.3',
        amount_kopecks: 10_050,
        doctor: 'D0074',
        letter_no: 'ГП-1',
        tooth: '18',
        episode_no: 'E1',
        item_name: 'Приём',
        raw: { line_no: '007', diagnosis_code: 'к29.3', amount_rub: '100,50' },
      },
      {
        ...common,
        line_no: 8,
        diagnosis: 'Z00.0',
        amount_kopecks: 10_000,
        doctor: null,
        letter_no: null,
        tooth: null,
        episode_no: null,
        item_name: 'УЗИ органов',
        raw: null,
      },
    ]);
  });

  test('the same file again is the same registry', async () => {
    const lines = [{ invoice_no: 'S1' }, { invoice_no: 'S1', line_no: 2 }];
    const first = await sendLines(lines);
    const second = await sendLines(lines);
    expect(first).toMatchObject({ created: true, already: false, invoicesNew: 1, rowsAccepted: 2 });
    expect(second).toMatchObject({ created: false, already: true, fileId: first.fileId, rowsAccepted: 2 });
    expect(await versionsOf('S1')).toHaveLength(1);
  });

  test('the same invoice in another file, order and format changes nothing', async () => {
    await sendLines([{ invoice_no: 'S2' }, { invoice_no: 'S2', line_no: 2, amount_rub: '7.50' }]);
    const again = await sendLines([
      { invoice_no: 'S2', line_no: 2, amount_rub: '7,5' },
      { invoice_no: 'S2', service_date: '01.09.2025' },
    ]);
    expect(again).toMatchObject({ created: true, invoicesNew: 0, invoicesChanged: 0, invoicesUnchanged: 1 });
    expect(await versionsOf('S2')).toEqual([
      { version: 1, current: true, lineCount: 2, billed: 10_750, lines: [1, 2], live: 2 },
    ]);
  });

  test('an invoice from an XLSX equals the one from a CSV', async () => {
    const text = registryText([{ invoice_no: 'X1', item_code: 'A-1', policy_no: 'P1' }]);
    await send(text);
    const rows = text
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(await send(xlsx(rows, { shared: true }))).toMatchObject({
      invoicesUnchanged: 1,
      invoicesChanged: 0,
      rowsAccepted: 1,
    });
  });

  test('other content under the same number is a new version, never a second invoice', async () => {
    await sendLines([{ invoice_no: 'V1' }, { invoice_no: 'V1', line_no: 2 }, { invoice_no: 'V2' }]);
    const second = await sendLines([
      { invoice_no: 'V1', amount_rub: '90.00' },
      { invoice_no: 'V2' },
      { invoice_no: 'V3' },
    ]);
    expect(second).toMatchObject({ invoicesNew: 1, invoicesChanged: 1, invoicesUnchanged: 1 });
    expect(await versionsOf('V1')).toEqual([
      { version: 1, current: false, lineCount: 2, billed: 20_000, lines: [1, 2], live: 0 },
      { version: 2, current: true, lineCount: 1, billed: 9_000, lines: [1], live: 1 },
    ]);
    const third = await sendLines([{ invoice_no: 'V1' }, { invoice_no: 'V1', line_no: 2 }]);
    expect(third).toMatchObject({ invoicesChanged: 1 });
    expect((await versionsOf('V1')).map((one) => one.current)).toEqual([false, false, true]);
    const count = await pool.query(`SELECT count(*)::int AS n FROM invoice WHERE invoice_no = 'V1'`);
    expect(count.rows).toEqual([{ n: 1 }]);
  });

  test('the same number of another clinic is another invoice', async () => {
    const result = await sendLines([{ invoice_no: 'N1' }, { invoice_no: 'N1', clinic_code: 'C02' }]);
    expect(result.invoicesNew).toBe(2);
  });

  test('lines of one invoice may be scattered over the file', async () => {
    const lines = Array.from({ length: 600 }, (_, at) => ({ invoice_no: `M${at % 3}`, line_no: 600 - at }));
    expect(await sendLines(lines)).toMatchObject({ invoicesNew: 3, rowsAccepted: 600, rowsRejected: 0 });
    expect((await versionsOf('M0'))[0]).toMatchObject({ lineCount: 200, live: 200 });
  });
});

describe('rows that cannot be taken', () => {
  test('are stored one by one with row, field and rule, and the rest goes on', async () => {
    const result = await sendLines([
      { invoice_no: 'R1' },
      { invoice_no: 'R1', line_no: 2, quantity: 0, amount_rub: 'x' },
      { invoice_no: 'R1', line_no: 1 },
      { invoice_no: 'R1', line_no: 70_000 },
      { invoice_no: 'R1', line_no: 70_000 },
      { invoice_no: 'R1', line_no: 3, clinic_code: 'С01' },
      { invoice_no: 'R1', line_no: 4, item_name: '"a"b' },
      { invoice_no: 'R1', line_no: 5, item_name: 'a\u0000b' },
      { invoice_no: 'R1', line_no: 6 },
    ]);
    expect(result).toMatchObject({ rowsRead: 9, rowsAccepted: 3, rowsRejected: 6 });
    expect(await rejectionsOf(result.fileId)).toEqual([
      '3 amount_rub money',
      '3 quantity positive-whole',
      '4 line_no duplicate-line',
      '6 line_no duplicate-line',
      '7 clinic_code unknown-clinic',
      '8  bad-quotes',
      '9 item_name control-characters',
    ]);
    expect((await versionsOf('R1'))[0]!.lines).toEqual([1, 6, 70_000]);
  });

  test('do not include the row of sums at the end', async () => {
    const text = registryText([{ invoice_no: 'T1' }]);
    const result = await send(`${text}Итого:,,,,,,,,,1,,100.00,0.00,,,,\n`);
    expect(result).toMatchObject({ rowsAccepted: 1, rowsRejected: 0 });
  });

  test('of other clinics are refused to a clinic', async () => {
    const result = await sendLines(
      [{ invoice_no: 'O1' }, { invoice_no: 'O1', clinic_code: 'C02' }],
      clinics.get('C01')!,
    );
    expect(result).toMatchObject({ rowsAccepted: 1, rowsRejected: 1 });
    expect(await rejectionsOf(result.fileId)).toEqual(['3 clinic_code foreign-clinic']);
  });

  test('come back as a file that can be mended and sent: its rows join their invoice', async () => {
    const first = await sendLines([
      { invoice_no: 'B1' },
      { invoice_no: 'B1', line_no: 2, quantity: 'два', item_name: '"=SUM(1;2), ""x"""', diagnosis_code: 'к29.3' },
      { invoice_no: 'B2', amount_rub: '' },
    ]);
    expect(first).toMatchObject({ rowsAccepted: 1, rowsRejected: 2, invoicesNew: 1 });
    const file = await download(first.fileId);
    expect(file).toContain('rejected_row,rejected_field');
    expect(file).toContain(`"'=SUM(1;2), ""x"""`);
    expect(file).toContain('Нужно целое число больше нуля');

    const mended = file.replace(',два,', ',2,').replace(',100.00,,0.00,', ',100.00,100.00,0.00,');
    const second = await send(mended);
    expect(second).toMatchObject({ rowsAccepted: 2, rowsRejected: 0, invoicesNew: 1, invoicesChanged: 1 });
    expect(await versionsOf('B1')).toEqual([
      { version: 1, current: false, lineCount: 1, billed: 10_000, lines: [1], live: 0 },
      { version: 2, current: true, lineCount: 2, billed: 20_000, lines: [1, 2], live: 2 },
    ]);
    const name = await pool.query(`SELECT item_name FROM invoice_line WHERE item_name LIKE '=SUM%' AND current`);
    expect(name.rows).toEqual([{ item_name: '=SUM(1;2), "x"' }]);

    const whole = await sendLines([
      { invoice_no: 'B1' },
      { invoice_no: 'B1', line_no: 2, quantity: 2, item_name: '"=SUM(1;2), ""x"""', diagnosis_code: 'к29.3' },
    ]);
    expect(whole).toMatchObject({ invoicesUnchanged: 1, invoicesChanged: 0 });
  });

  test('do not make an invoice when it has no other lines', async () => {
    const result = await sendLines([{ invoice_no: 'E1', quantity: -1 }]);
    expect(result).toMatchObject({ invoicesNew: 0, rowsRejected: 1 });
    expect(await versionsOf('E1')).toEqual([]);
  });
});

describe('a file that fails as a whole', () => {
  test('leaves nothing behind, is marked failed and may be sent again', async () => {
    const path = saveText(folder, randomUUID(), registryText([{ invoice_no: 'Z1' }]));
    const draft = {
      id: randomUUID(),
      kind: 'invoices',
      fileName: 'r',
      ...(await digestFile(path)),
      clinicId: null,
      receivedBy: null,
    };
    const { file } = await registerImportFile(pool, draft);
    saveText(
      folder,
      path.split('/').at(-1)!,
      registryText([{ invoice_no: 'Z1' }]).repeat(2) + '\uFEFF' + '\u0000'.repeat(3_000_000),
    );
    await expect(takeRegistry({ pool }, { fileId: file.id, path, clinicId: null })).rejects.toMatchObject({
      name: 'AppError',
    });
    expect(await versionsOf('Z1')).toEqual([]);
    const state = await pool.query('SELECT state, error_code FROM import_file WHERE id = $1', [file.id]);
    expect(state.rows).toEqual([{ state: 'failed', error_code: 'file-encoding-unknown' }]);
    const again = await sendLines([{ invoice_no: 'Z1' }]);
    expect(again).toMatchObject({ created: true, invoicesNew: 1 });
  });

  test('two workers on one file take it once', async () => {
    const path = saveText(folder, randomUUID(), registryText([{ invoice_no: 'W1' }, { invoice_no: 'W1', line_no: 2 }]));
    const draft = {
      id: randomUUID(),
      kind: 'invoices',
      fileName: 'r',
      ...(await digestFile(path)),
      clinicId: null,
      receivedBy: null,
    };
    const { file } = await registerImportFile(pool, draft);
    const job = { fileId: file.id, path, clinicId: null };
    const results = await Promise.all([
      takeRegistry({ pool }, job),
      takeRegistry({ pool }, job),
      takeRegistry({ pool }, job),
    ]);
    expect(results.filter((one) => one.already)).toHaveLength(2);
    expect(await versionsOf('W1')).toHaveLength(1);
  });

  test('two files with the same invoices at once make two versions, whoever wins', async () => {
    const invoices = Array.from({ length: 40 }, (_, at) => `P${at}`);
    const lines = (amount: string, order: string[]): LineChanges[] =>
      order.map((invoice_no) => ({ invoice_no, amount_rub: amount }));
    const results = await Promise.all([
      sendLines(lines('1.00', invoices)),
      sendLines(lines('2.00', invoices.toReversed())),
    ]);
    expect(results.map((one) => one.invoicesNew).toSorted((a, b) => a - b)).toEqual([0, 40]);
    expect((await versionsOf('P7')).map((one) => one.current)).toEqual([false, true]);
  });
});

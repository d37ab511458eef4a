import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createIntakeActivities } from '../activities/intake';
import { claimOutbox } from '../prisma/repositories/outbox';
import { REGISTRY_INTAKE_TOPIC } from '../api/routes/imports';
import type { TestApi, TestCaller } from './support/api';
import { startTestApi } from './support/api';
import { addClinics, registryText, temporaryFolder } from './support/registry-file';
import { workbook, xlsx, zip } from './support/xlsx-writer';

const spool = temporaryFolder();
let api: TestApi;
let clinic: TestCaller;
let other: TestCaller;
let administrator: TestCaller;
let intake: ReturnType<typeof createIntakeActivities>;

beforeAll(async () => {
  api = await startTestApi({ config: { MEDEX_SPOOL_DIR: spool } });
  const ids = await addClinics(api.pool, ['C01', 'C02']);
  clinic = await api.as('clinic', { clinicId: ids.get('C01')! });
  other = await api.as('clinic', { clinicId: ids.get('C02')! });
  administrator = await api.as('administrator');
  intake = createIntakeActivities({ pool: api.pool, spoolDir: spool });
});
afterAll(async () => {
  await api.close();
  rmSync(spool, { recursive: true, force: true });
});

const upload = (caller: TestCaller, content: string | Buffer, name = 'registry.csv') =>
  caller.post('/v1/invoice-registries').attach('file', Buffer.from(content), name);

/** What the relay and the worker do: starts the intake of every upload that the outbox tells of. */
async function takeWaiting(): Promise<unknown[]> {
  const messages = await claimOutbox(api.pool, { topics: [REGISTRY_INTAKE_TOPIC], limit: 100, leaseSeconds: 60 });
  const results: unknown[] = [];
  for (const { payload } of messages) {
    const environment = new MockActivityEnvironment();
    results.push(
      await environment.run(
        (input: { fileId: string }) => intake.takeUploadedRegistry(input),
        payload as { fileId: string },
      ),
    );
  }
  return results;
}

describe('sending a registry', () => {
  test('is answered with 202 and a place to look; once taken, it shows counts and rejected rows', async () => {
    const text = registryText([
      { invoice_no: 'A1' },
      { invoice_no: 'A1', line_no: 2, quantity: 'x' },
      { invoice_no: 'A2', clinic_code: 'C02' },
    ]);
    const sent = await upload(clinic, text).expect(202);
    expect(sent.body).toMatchObject({
      state: 'receiving',
      duplicate: false,
      fileName: 'registry.csv',
      bytes: Buffer.byteLength(text),
    });
    const place = sent.headers.location as string;
    expect(place).toBe(`/v1/invoice-registries/${sent.body.registryId}`);

    expect(await takeWaiting()).toMatchObject([{ rowsAccepted: 1, rowsRejected: 2 }]);
    const state = await clinic.get(place).expect(200);
    expect(state.body).toMatchObject({
      state: 'taken',
      rowsRead: 3,
      rowsAccepted: 1,
      rowsRejected: 2,
      invoices: 1,
      invoicesChanged: 0,
    });
    expect(existsSync(`${spool}/${sent.body.registryId}`)).toBe(false);

    const problems = await clinic.get(`${place}/problems?limit=1`).expect(200);
    expect(problems.body.items).toMatchObject([{ rowNo: 3, field: 'quantity', value: 'x', rule: 'positive-whole' }]);
    const next = await clinic.get(`${place}/problems?limit=1&cursor=${problems.body.next}`).expect(200);
    expect(next.body.items).toMatchObject([{ rowNo: 4, rule: 'foreign-clinic' }]);

    const file = await clinic.get(`${place}/rejections`).expect(200).buffer(true);
    expect(file.headers['content-type']).toContain('text/csv');
    expect(file.headers['content-disposition']).toContain('attachment');
    expect(file.text.split('\n').filter((line) => line !== '')).toHaveLength(3);
  });

  test('the same content again is the same registry, with 200', async () => {
    const text = registryText([{ invoice_no: 'D1' }]);
    const first = await upload(clinic, text).expect(202);
    const again = await upload(clinic, text, 'other-name.csv').expect(200);
    expect(again.body).toMatchObject({ registryId: first.body.registryId, duplicate: true });
    expect(await takeWaiting()).toHaveLength(1);
    expect(readdirSync(spool)).toEqual([]);
    const late = await upload(clinic, text).expect(200);
    expect(late.body).toMatchObject({ state: 'taken', duplicate: true });
  });

  test('a retry with the same Idempotency-Key gets the same answer and makes nothing new', async () => {
    const key = randomUUID();
    const text = registryText([{ invoice_no: 'I1' }]);
    const first = await upload(clinic, text).set('Idempotency-Key', key).expect(202);
    const again = await upload(clinic, text).set('Idempotency-Key', key);
    expect(again.body).toEqual(first.body);
    expect(await takeWaiting()).toHaveLength(1);
  });

  test('an XLSX is taken as well', async () => {
    const rows = registryText([{ invoice_no: 'X1' }])
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    await upload(clinic, xlsx(rows), 'реестр.xlsx').expect(202);
    expect(await takeWaiting()).toMatchObject([{ rowsAccepted: 1 }]);
  });

  test('a fault deep in the file ends in the state failed with its code', async () => {
    const text = registryText(Array.from({ length: 6000 }, (_, at) => ({ invoice_no: 'Q1', line_no: at + 1 })));
    const sent = await upload(clinic, Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0x0a])])).expect(202);
    expect(await takeWaiting()).toEqual([{ failed: 'file-encoding-unknown' }]);
    const state = await clinic.get(sent.headers.location as string).expect(200);
    expect(state.body).toMatchObject({
      state: 'failed',
      errorCode: 'file-encoding-unknown',
      rowsAccepted: 0,
      invoices: 0,
    });
  });
});

describe('who may do what', () => {
  test('a clinic sees its own registries only; a foreign one looks like a missing one', async () => {
    const sent = await upload(clinic, registryText([{ invoice_no: 'P1' }])).expect(202);
    await takeWaiting();
    const place = sent.headers.location as string;
    for (const path of ['', '/problems', '/rejections']) await other.get(place + path).expect(404);
    expect((await other.get('/v1/invoice-registries').expect(200)).body.items).toEqual([]);
    const own = (await clinic.get('/v1/invoice-registries?limit=2').expect(200)).body;
    expect(own.items).toHaveLength(2);
    const older = (await clinic.get(`/v1/invoice-registries?limit=2&cursor=${own.next}`).expect(200)).body;
    expect(older.items.map((one: { registryId: string }) => one.registryId)).not.toContain(own.items[1].registryId);
    await administrator.get(place).expect(200);
  });

  test.each(['medical-expert', 'employer', 'insured', 'analyst'] as const)('a %s may not send one', async (role) => {
    const refused = await upload(await api.as(role), registryText([{}]));
    expect(refused.status).toBe(403);
  });

  test('nobody may without a login', async () => {
    const refused = await api.anonymous().post('/v1/invoice-registries').attach('file', Buffer.from('x'), 'r.csv');
    expect(refused.status).toBe(401);
  });
});

describe('what is refused', () => {
  const line = registryText([{ invoice_no: 'Z1' }]);
  test.each<{ name: string; code: string; status: number; content: () => string | Buffer }>([
    { name: 'a table of something else', code: 'file-columns-missing', status: 422, content: () => 'a,b\n1,2\n' },
    { name: 'a PDF', code: 'file-unreadable', status: 415, content: () => '%PDF-1.4\n%' },
    { name: 'an empty file', code: 'file-unreadable', status: 422, content: () => '' },
    {
      name: 'UTF-16',
      code: 'file-encoding-unknown',
      status: 422,
      content: () => Buffer.from(`\uFEFF${line}`, 'utf16le'),
    },
    {
      name: 'an XLSX bomb',
      code: 'file-too-large',
      status: 413,
      content: () => workbook(`<worksheet><sheetData>${' '.repeat(80_000_000)}</sheetData></worksheet>`),
    },
    {
      name: 'an XLSX of 300,000 rows',
      code: 'file-too-large',
      status: 413,
      content: () =>
        workbook(
          `<worksheet><sheetData>${Array.from({ length: 300_000 }, (_, at) => `<row r="${at + 1}"><c r="A${at + 1}"><v>${Math.imul(at, 0x9e3779b9) >>> 0}</v></c></row>`).join('')}</sheetData></worksheet>`,
        ),
    },
    {
      name: 'an XLSX with macros',
      code: 'file-unreadable',
      status: 422,
      content: () => xlsx([['a']], { extraParts: [{ name: 'xl/vbaProject.bin', data: 'x' }] }),
    },
    {
      name: 'a zip of something else',
      code: 'file-unreadable',
      status: 415,
      content: () => zip([{ name: 'a.csv', data: line }]),
    },
    {
      name: 'a gz in a gz',
      code: 'file-encoding-unknown',
      status: 422,
      content: () => gzipSync(gzipSync(Buffer.from(line))),
    },
    { name: 'a gz bomb', code: 'file-too-large', status: 413, content: () => gzipSync(line.padEnd(50_000_000, line)) },
  ])('$name: a problem document with $status, at once, and nothing kept', async ({ code, status, content }) => {
    const bytes = content();
    const started = performance.now();
    const refused = await upload(clinic, bytes).expect(status);
    const seconds = (performance.now() - started) / 1000;
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(JSON.stringify(refused.body)).toContain(code);
    expect(readdirSync(spool)).toEqual([]);
    // The budget is 2 s on an idle machine; here only a hang shall fail.
    expect(seconds).toBeLessThan(20);
  });

  test('no file, or two', async () => {
    const none = await clinic.post('/v1/invoice-registries').field('note', 'x');
    const two = await upload(clinic, line).attach('second', Buffer.from(line), 'b.csv');
    expect([none.status, two.status]).toEqual([422, 422]);
  });

  test('more files than may wait at a time', async () => {
    const insert = `INSERT INTO import_file (kind, file_name, sha256, bytes, state, clinic_id)
      SELECT 'invoices', 'w', md5(n::text) || md5(n::text), 1, 'receiving', $1 FROM generate_series(1, 20) n`;
    await api.pool.query(insert, [other.user.clinicId]);
    const refused = await upload(other, registryText([{ clinic_code: 'C02' }])).expect(429);
    expect(JSON.stringify(refused.body)).toContain('registry-quota');
  });
});

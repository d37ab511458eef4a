import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import fc from 'fast-check';
import type { TestApi, TestCaller } from './support/api';
import { startTestApi } from './support/api';
import type { SampleState } from './support/sample-routes';
import { createNotes, sampleRoutes } from './support/sample-routes';

const note = { title: 'первая', amountKopecks: 100, day: '2026-03-01' };
const state: SampleState = { runs: 0, hold: null, fail: null };

let api: TestApi;
let caller: TestCaller;
beforeAll(async () => {
  api = await startTestApi({ routes: (deps) => sampleRoutes(deps, state) });
  await createNotes(api);
  caller = await api.as('analyst');
});
afterAll(() => api.close());

describe('input', () => {
  const raw = (body: string, type = 'application/json') =>
    caller.post('/v1/notes').set('Content-Type', type).send(body);
  const withField = (field: string): string => JSON.stringify({ ...note, extra: 0 }).replace('"extra":0', field);

  it.each([
    ['U+0000 in a text', withField('"title":"a\\u0000b"'), 400, 'body.title', 'no-nul'],
    ['a lone surrogate', withField('"title":"a\\ud800b"'), 400, 'body.title', 'well-formed-text'],
    ['a key that reaches the prototype', withField('"__proto__":{"x":1}'), 400, 'body.__proto__', 'forbidden-key'],
    ['a constructor key', withField('"constructor":{}'), 400, 'body.constructor', 'forbidden-key'],
    ['an unknown field', withField('"colour":1'), 400, 'body.colour', 'unknown-field'],
    ['a huge number', withField('"amountKopecks":1e400'), 400, 'body.amountKopecks', 'type'],
    [
      'a number beyond the column',
      withField('"amountKopecks":9007199254740993'),
      400,
      'body.amountKopecks',
      'max-value',
    ],
    ['a fraction of a kopeck', withField('"amountKopecks":0.5'), 400, 'body.amountKopecks', 'type'],
    ['a number as text', withField('"amountKopecks":"100"'), 400, 'body.amountKopecks', 'type'],
    ['31 February', withField('"day":"2026-02-31"'), 400, 'body.day', 'format'],
    ['the year 0000', withField('"day":"0000-01-01"'), 400, 'body.day', 'date-range'],
    ['the year 275760', withField('"day":"+275760-01-01"'), 400, 'body.day', 'format'],
    ['a date without zone', withField('"at":"2026-01-01T10:00:00"'), 400, 'body.at', 'format'],
    ['an id that is none', withField('"ref":"1 OR 1=1"'), 400, 'body.ref', 'format'],
    ['null for a text', withField('"title":null'), 400, 'body.title', 'type'],
    ['a missing field', '{"title":"a","day":"2026-01-01"}', 400, 'body.amountKopecks', 'required'],
    ['a blank text', withField('"title":"   "'), 400, 'body.title', 'min-length'],
    [
      'a fault deep inside',
      withField('"tags":[{"name":"a","level":1},{"name":"b"}]'),
      400,
      'body.tags[1].level',
      'required',
    ],
    [
      'int4 overflow inside',
      withField('"tags":[{"name":"a","level":3000000000}]'),
      400,
      'body.tags[0].level',
      'max-value',
    ],
    ['too many items', withField('"tags":[{},{},{},{}]'), 400, 'body.tags', 'max-items'],
    ['an array for an object', '[]', 400, 'body', 'type'],
    ['endless nesting', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, 400, undefined, 'max-depth'],
  ])('%s gives a problem with field, rule and fix', async (_name, body, status, path, rule) => {
    const answer = await raw(body);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    const found = answer.body.errors.find((item: { rule: string }) => item.rule === rule);
    expect(found).toMatchObject({ rule, message: expect.any(String), fix: expect.any(String) });
    expect(found.path).toBe(path ?? found.path);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('bytes that are no UTF-8 are refused, not replaced', async () => {
    const headers = { authorization: `Bearer ${caller.token}`, 'content-type': 'application/json' };
    const body = Buffer.from([0x22, 0xff, 0xfe, 0x22]);
    const answer = await fetch(`${api.url}/v1/notes`, { method: 'POST', headers, body });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'malformed-text' });
  });

  it.each([
    ['broken JSON', '{"title":', 'application/json', 400, 'malformed-json'],
    ['a form', 'title=a', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['plain text', '{}', 'text/plain', 415, 'unsupported-media-type'],
    [
      'a body beyond the limit',
      JSON.stringify({ title: 'a'.repeat(1_100_000) }),
      'application/json',
      413,
      'body-too-large',
    ],
    ['an odd charset', '{}', 'application/json; charset=koi8-r', 415, 'unsupported-charset'],
    ['no body at all', '', 'application/json', 400, 'validation-failed'],
  ])('%s is refused', async (_name, body, type, status, code) => {
    const answer = await raw(body, type);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  });

  it.each([
    ['/v1/notes?limit=1&limit=2', 'query.limit'],
    ['/v1/notes?limit=1000', 'query.limit'],
    ['/v1/notes?since=2026-13-01', 'query.since'],
    ['/v1/notes?open=yes', 'query.open'],
    ['/v1/notes?__proto__=1', 'query.__proto__'],
    ['/v1/notes?cursor=%00', 'query.cursor'],
    ['/v1/notes?what=1', 'query.what'],
  ])('%s is a fault of the query', async (path, field) => {
    const answer = await caller.get(path);
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].path).toBe(field);
  });

  it.each([
    ['/v1/notes/%00', 400],
    ['/v1/notes/%E0%A4%A', 400],
    ['/v1/notes/abc', 400],
    ['/v1/nothing', 404],
    ['/v1/notes/../../etc/passwd', 404],
  ])('%s never reaches the database', async (path, status) => {
    expect((await caller.delete(path)).status).toBe(status);
  });

  it('answers no JSON whatever with a 5xx', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.string({ unit: 'binary' }), async (value, text) => {
        const bodies = [value, { ...note, title: text }, { ...note, [text]: value }, { ...note, tags: value }];
        for (const body of bodies) expect((await raw(JSON.stringify(body))).status).toBeLessThan(500);
      }),
      { numRuns: 30 },
    );
  });
});

describe('uploads and downloads', () => {
  it('stream 100 MB through with flat memory', async () => {
    const chunk = randomBytes(1024 * 1024);
    const before = process.memoryUsage().rss;
    let peak = 0;
    const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const headers = { authorization: `Bearer ${caller.token}`, 'content-type': 'multipart/form-data; boundary=XX' };
      const req = httpRequest(`${api.url}/v1/uploads`, { method: 'POST', headers }, (res) => {
        let body = '';
        res.on('data', (part: Buffer) => (body += part.toString()));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body }));
      });
      req.on('error', reject);
      req.write(
        '--XX\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\nContent-Type: text/csv\r\n\r\n',
      );
      let sent = 0;
      const pump = (): void => {
        peak = Math.max(peak, process.memoryUsage().rss);
        while (sent < 100) {
          sent += 1;
          if (!req.write(chunk)) return void req.once('drain', pump);
        }
        req.end('\r\n--XX--\r\n');
      };
      pump();
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body).files[0]).toMatchObject({ name: 'big.csv', bytes: 100 * 1024 * 1024 });
    expect((peak - before) / 1024 / 1024).toBeLessThan(80);
  });

  it.each([
    [
      'a cut-off form',
      '--XX\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc',
      'multipart/form-data; boundary=XX',
      400,
    ],
    ['a form without boundary', 'abc', 'multipart/form-data', 400],
    ['JSON', '{}', 'application/json', 415],
    [
      'a hostile file name',
      '--XX\r\nContent-Disposition: form-data; name="f"; filename="a\u0000b"\r\n\r\nabc\r\n--XX--\r\n',
      'multipart/form-data; boundary=XX',
      400,
    ],
  ])('refuse %s', async (_name, body, type, status) => {
    const answer = await caller.post('/v1/uploads').set('Content-Type', type).send(body);
    expect(answer.status).toBe(status);
  });

  it('send a file with a Russian name, and mask events for the employer', async () => {
    const download = await caller.get('/v1/export').expect(200);
    expect(download.headers['content-disposition']).toContain("filename*=UTF-8''%D0%B2");
    expect(download.text).toBe('a;b\n1;2\n');
    const doctor = await caller.get('/v1/ticks').expect(200);
    expect(doctor.text).toContain('id: 3\nevent: tick\ndata: {"tick":3,"diagnosisCode":"J06.9"}\n\n');
    const employer = await (await api.as('employer')).get('/v1/ticks').expect(200);
    expect(employer.text).not.toContain('J06');
  });
});

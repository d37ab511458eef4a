import { z } from 'zod';
import { createLogger, scrub } from '../api/http/logging';
import { openAll } from '../api/http/lifecycle';
import { defineRoute, json } from '../api/http/route';
import { startApi } from '../api/server';
import { loadConfig } from '../config';
import { AppError } from '../models/errors';
import { createPool } from '../prisma/pool';
import type { TestApi, TestCaller } from './support/api';
import { startTestApi } from './support/api';
import type { SampleState } from './support/sample-routes';
import { createNotes, sampleRoutes } from './support/sample-routes';

const note = { title: 'первая', amountKopecks: 100, day: '2026-03-01' };
const state: SampleState = { runs: 0, hold: null, fail: null };
const logged: string[] = [];
const log = createLogger({ level: 'debug', name: 'test' }, { write: (line) => void logged.push(line) });
const quiet = createLogger({ level: 'silent', name: 'test' });

let api: TestApi;
let caller: TestCaller;
beforeAll(async () => {
  api = await startTestApi({ log, routes: (deps) => sampleRoutes(deps, state) });
  await createNotes(api);
  caller = await api.as('analyst');
});
afterAll(() => api.close());
beforeEach(() => Object.assign(state, { runs: 0, hold: null, fail: null }));

describe('problems', () => {
  it('speak Russian first and English on demand, with the same code', async () => {
    const ru = await caller.post('/v1/notes', {}).expect(400);
    const en = await caller.post('/v1/notes', {}).set('Accept-Language', 'en-GB,en;q=0.9').expect(400);
    expect(ru.body).toMatchObject({ title: 'Неверный запрос', code: 'validation-failed', status: 400 });
    expect(ru.body.errors[0]).toMatchObject({ message: 'Поле обязательно', fix: 'Укажите значение' });
    expect(en.body).toMatchObject({ title: 'Bad request', code: 'validation-failed' });
    expect(en.body.errors[0]).toMatchObject({ message: 'The field is required' });
    expect(ru.headers['content-language']).toBe('ru');
    expect(ru.body.type).toBe('urn:medex:problem:validation-failed');
    expect(ru.body.instance).toBe(`urn:medex:request:${ru.headers['x-request-id']}`);
  });

  it('say nothing of the inside when a handler breaks', async () => {
    state.fail = 'crash';
    const answer = await caller.post('/v1/notes', note).expect(500);
    expect(answer.body.code).toBe('internal-error');
    expect(answer.text).not.toMatch(/Ivanov|TypeError|sample/);
  });

  it('turn a value that slipped through to Postgres into a 400', async () => {
    state.fail = 'sql';
    expect((await caller.post('/v1/notes', note).expect(400)).body.code).toBe('unfit-value');
  });

  it('refuse to send an answer that does not fit its description', async () => {
    state.fail = 'bad-output';
    expect((await caller.post('/v1/notes', note).expect(500)).body.code).toBe('unfit-output');
  });

  it('name the methods that a path has', async () => {
    const answer = await caller.put('/v1/notes', note).expect(405);
    expect(answer.headers['allow']).toBe('POST, GET, HEAD');
    expect((await api.anonymous().get('/nowhere').expect(404)).body.code).toBe('not-found');
  });

  it('tell the client to come back when the database is away', async () => {
    const config = loadConfig({ NODE_ENV: 'test', PORT: '0' });
    const pool = createPool({ connectionString: 'postgresql://x@127.0.0.1:1/x', applicationName: 'gone' });
    const server = await startApi({
      config,
      pool,
      log: quiet,
      resources: [{ name: 'pool', init: () => {}, close: () => pool.end() }],
    });
    const ask = (path: string) =>
      fetch(`${server.url}${path}`, { headers: { authorization: `Bearer mxs_${'a'.repeat(43)}` } });
    const away = await ask('/v1/me');
    expect({ status: away.status, retry: away.headers.get('retry-after') }).toEqual({ status: 503, retry: '1' });
    expect((await ask('/healthz')).status).toBe(200);
    expect(await (await ask('/readyz')).json()).toEqual({ status: 'not-ready', checks: { database: 'failed' } });
    await server.close();
  });
});

describe('routes', () => {
  const route = { method: 'get', path: '/v1/x', summary: { ru: 'х', en: 'x' }, response: json(z.object({})) } as const;
  const handler = (): Record<string, never> => ({});

  it('do not start without an action of the policy table', () => {
    expect(() => defineRoute({ ...route, handler, permission: undefined as never })).toThrow(/no action/);
    expect(() => defineRoute({ ...route, handler, permission: 'made:up' as never })).toThrow(/no action/);
    expect(() => defineRoute({ ...route, handler, permission: 'toString' as never })).toThrow(/no action/);
  });

  it('are not declared twice', async () => {
    const twice = defineRoute({ ...route, handler, permission: 'public' });
    await expect(startTestApi({ routes: () => [twice, twice] })).rejects.toThrow(/declared twice/);
  });
});

describe('headers, docs and service pages', () => {
  it('carry a CSP without unsafe-inline, no framing, no caching', async () => {
    const { headers } = await api.anonymous().get('/docs').expect(200);
    expect(headers['content-security-policy']).toContain("script-src 'self';");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
  });

  it('serve the API page without inline scripts, and its parts', async () => {
    const page = await api.anonymous().get('/docs').expect(200);
    expect(page.text).not.toMatch(/<script>|<style>|\son\w+=/);
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    for (const part of parts) expect((await api.anonymous().get(part)).status).toBe(200);
  });

  it('describe every route of the product in OpenAPI 3.1, with security, keys and problems', async () => {
    const product = await startTestApi();
    const { body } = await product.anonymous().get('/openapi.json').expect(200);
    await product.close();
    expect(body.openapi).toBe('3.1.0');
    expect(body.paths['/v1/users/{userId}'].patch.parameters.map((one: { name: string }) => one.name)).toEqual(
      expect.arrayContaining(['userId', 'If-Match', 'Idempotency-Key']),
    );
    for (const [path, methods] of Object.entries<Record<string, { security: object[]; responses: object }>>(
      body.paths,
    )) {
      for (const [method, operation] of Object.entries(methods)) {
        expect(`${method} ${path} ${operation.security === undefined}`).toBe(`${method} ${path} false`);
        expect(Object.keys(operation.responses)).toContain('500');
        const wanted = operation.security.length > 0 ? ['401', '403'] : [];
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(wanted));
      }
    }
    const typesAt = (path: string, method: string, status: number): string[] =>
      Object.keys(body.paths[path][method].responses[status].content);
    expect(typesAt('/v1/invoice-registries', 'post', 200)).toEqual(['application/json']);
    expect(typesAt('/s/{token}', 'get', 404)).toEqual(['text/html; charset=utf-8', 'application/problem+json']);
    expect(typesAt('/readyz', 'get', 503)).toEqual(['application/json', 'application/problem+json']);
  });

  it('report readiness by the injected probes', async () => {
    const probes = [{ name: 'temporal', check: () => Promise.resolve(true) }];
    const ready = await startTestApi({ probes });
    expect((await ready.anonymous().get('/readyz').expect(200)).body.checks).toEqual({
      database: 'ok',
      temporal: 'ok',
    });
    await ready.close();
    const never = await startTestApi({
      probes: [{ name: 'temporal', check: () => Promise.reject(new Error('down')) }],
    });
    expect((await never.anonymous().get('/readyz').expect(503)).body.checks.temporal).toBe('failed');
    await never.close();
  });

  it('count requests by route pattern for Prometheus', async () => {
    await caller.delete('/v1/notes/4711').expect(204);
    const { text } = await api.anonymous().get('/metrics').expect(200);
    expect(text).toMatch(
      /medex_http_request_seconds_count\{method="DELETE",route="\/v1\/notes\/:noteId",status="204"\} \d/,
    );
    expect(text).not.toContain('4711');
  });
});

describe('rate limits', () => {
  it('hold per account over two API processes, and say when to come back', async () => {
    const limits = { RATE_LIMIT_PER_MINUTE: 5, RATE_LIMIT_ANONYMOUS_PER_MINUTE: 3 };
    const limited = await startTestApi({ config: limits, routes: (deps) => sampleRoutes(deps, state) });
    const one = await limited.as('analyst');
    const other = await limited.as('analyst');
    await limited.pool.query(`SELECT pg_sleep(GREATEST(0, extract(second FROM now()) - 57) * 1.1)`);
    const statuses = [];
    for (let index = 0; index < 7; index += 1) statuses.push((await one.get('/v1/notes')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    const refused = await one.get('/v1/notes').expect(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers['ratelimit-remaining']).toBe('0');
    await other.get('/v1/notes').expect(200);
    const guesses = [];
    for (let index = 0; index < 5; index += 1) {
      guesses.push((await limited.anonymous().get('/v1/notes').set('Authorization', `Bearer guess${index}`)).status);
    }
    expect(guesses).toEqual([401, 401, 401, 429, 429]);
    await limited.close();
  });
});

describe('logs', () => {
  it('have one line per request with pattern and account, and nothing of a person', async () => {
    logged.length = 0;
    state.fail = 'crash';
    await caller.post('/v1/notes?policyNo=P-777', note).expect(500);
    await caller.post('/v1/notes', { ...note, title: 'Иванов J06.9' }).expect(500);
    await caller.delete('/v1/notes/4711').set('User-Agent', 'Petrov').expect(204);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const text = logged.join('');
    const lines = logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(expect.objectContaining({ route: '/v1/notes/:noteId', account: caller.user.id }));
    expect(lines).toContainEqual(expect.objectContaining({ problem: 'internal-error' }));
    for (const secret of ['Иванов', 'Ivanov', 'J06', 'P-777', 'Petrov', '4711', caller.token])
      expect(text).not.toContain(secret);
    expect(text).toContain('sample-routes');
  });

  it('censor delicate names at any depth and keep foreign error messages out', () => {
    const record = {
      a: [{ password: 'x', deep: { diagnosisCode: 'J06', ok: 1 } }],
      token: 't',
      err: new Error('Иванов'),
    };
    const clean = JSON.stringify(scrub(record));
    expect(clean).not.toMatch(/"x"|J06|"t"|Иванов/);
    expect(clean).toContain('"ok":1');
    const coded = JSON.stringify(scrub(new AppError('held', { ru: 'Занято', en: 'Held' })));
    expect(coded).toContain('"code":"held"');
  });
});

describe('start and end', () => {
  it('opens in order, closes in reverse, and goes on when one close fails', async () => {
    const seen: string[] = [];
    const resource = (name: string, failing = '') => ({
      name,
      init: () => void (failing === 'init' ? fail(name) : seen.push(`+${name}`)),
      close: () => void (failing === 'close' ? fail(name) : seen.push(`-${name}`)),
    });
    const fail = (name: string): never => {
      throw new Error(name);
    };
    const close = await openAll([resource('a'), resource('b', 'close'), resource('c')], quiet);
    await Promise.all([close(), close()]);
    expect(seen).toEqual(['+a', '+b', '+c', '-c', '-a']);
    seen.length = 0;
    await expect(openAll([resource('a'), resource('b', 'init')], quiet)).rejects.toThrow('b');
    expect(seen).toEqual(['+a', '-a']);
  });

  it('lets a request in flight end before the server closes', async () => {
    let release = (): void => undefined;
    state.hold = new Promise((resolve) => (release = resolve));
    const config = loadConfig({ NODE_ENV: 'test', PORT: '0' });
    const server = await startApi({ config, pool: api.pool, log: quiet });
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    const closed = server.close();
    release();
    await closed;
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('names every unfit variable of the environment', () => {
    expect(() => loadConfig({ PORT: 'x', OIDC_ISSUER: 'no url' })).toThrow(/PORT[\s\S]*OIDC_ISSUER/);
    expect(() => loadConfig({ NODE_ENV: 'production' })).toThrow(/MEDEX_SECRET/);
  });
});

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { hashPassword } from '../api/http/passwords';
import { insertUser } from '../prisma/repositories/users';
import type { TestApi } from './support/api';
import { startTestApi } from './support/api';

const PASSWORD = 'correct horse battery';

describe('local accounts', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi({ config: { LOGIN_MAX_FAILURES: 10 } });
    const passwordHash = await hashPassword(PASSWORD, 'doctor');
    await insertUser(api.pool, { login: 'doctor', role: 'medical-expert', passwordHash, fullName: 'Иванова М. П.' });
  });
  afterAll(() => api.close());

  const login = (password = PASSWORD, name = 'doctor') =>
    api.anonymous().post('/v1/auth/login').send({ login: name, password });

  it('opens a session that works as bearer and as an HttpOnly, SameSite cookie', async () => {
    const opened = await login().expect(200);
    const cookie = String(opened.headers['set-cookie']);
    expect(cookie).toMatch(/^medex_session=mxs_.*HttpOnly; SameSite=Strict/);
    const asBearer = await api
      .anonymous()
      .get('/v1/me')
      .set('Authorization', `Bearer ${opened.body.token}`)
      .expect(200);
    expect(asBearer.body).toMatchObject({ role: 'medical-expert', fullName: 'Иванова М. П.', kind: 'user' });
    expect(asBearer.body.actions).toContain('task:decide');
    expect(asBearer.body.actions).not.toContain('user:manage');
    const asCookie = await api.anonymous().get('/v1/me').set('Cookie', cookie.split(';')[0]!).expect(200);
    expect(asCookie.body.id).toBe(asBearer.body.id);
  });

  it('keeps only a hash of the token, and of the password an argon2id digest', async () => {
    const { body } = await login().expect(200);
    const sessions = await api.pool.query('SELECT encode(token_hash, $1) AS t FROM app_session', ['escape']);
    expect(JSON.stringify(sessions.rows)).not.toContain(body.token);
    const users = await api.pool.query<{ h: string }>(`SELECT password_hash AS h FROM app_user WHERE login = 'doctor'`);
    expect(users.rows[0]?.h).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('ends the session at logout', async () => {
    const { body } = await login().expect(200);
    const bearer = `Bearer ${body.token}`;
    await api.anonymous().post('/v1/auth/logout').set('Authorization', bearer).expect(204);
    const refused = await api.anonymous().get('/v1/me').set('Authorization', bearer).expect(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="medex"');
  });

  it('says the same of an unknown login as of a wrong password', async () => {
    const wrong = await login('not the password').expect(401);
    const unknown = await login(PASSWORD, 'nobody').expect(401);
    expect({ ...unknown.body, instance: '' }).toEqual({ ...wrong.body, instance: '' });
  });

  it('shuts the account after ten failures, even for racing attempts and the right password', async () => {
    const passwordHash = await hashPassword(PASSWORD, 'target');
    await insertUser(api.pool, { login: 'target', role: 'analyst', passwordHash });
    const tries = await Promise.all(Array.from({ length: 30 }, () => login('wrong wrong wrong', 'target')));
    expect(tries.filter((answer) => answer.status === 401)).toHaveLength(10);
    expect(tries.filter((answer) => answer.status === 429)).toHaveLength(20);
    const shut = await login(PASSWORD, 'target').expect(429);
    expect(shut.body.code).toBe('account-locked');
    expect(Number(shut.headers['retry-after'])).toBeGreaterThan(60);
    const trail = await api.pool.query<{ action: string; n: number }>(
      `SELECT action, count(*)::int AS n FROM audit_event WHERE action LIKE 'login-%' GROUP BY action`,
    );
    expect(trail.rows).toContainEqual({ action: 'login-locked', n: 1 });
  });

  it('refuses a write that another site started with the cookie, but not one with a token', async () => {
    const { body } = await login().expect(200);
    const cookie = `medex_session=${body.token}`;
    const send = () => api.anonymous().post('/v1/auth/logout');
    const foreign = await send().set('Cookie', cookie).set('Origin', 'https://evil.example').expect(403);
    expect(foreign.body.code).toBe('cross-site');
    await send().set('Cookie', cookie).set('Sec-Fetch-Site', 'cross-site').expect(403);
    await send().set('Cookie', cookie).set('Sec-Fetch-Site', 'same-origin').expect(204);
  });

  it('lets a person change the own password, which ends the sessions', async () => {
    const passwordHash = await hashPassword(PASSWORD, 'changer');
    await insertUser(api.pool, { login: 'changer', role: 'analyst', passwordHash });
    const { body } = await login(PASSWORD, 'changer').expect(200);
    const change = (current: string, next: string) =>
      api.anonymous().post('/v1/me/password').set('Authorization', `Bearer ${body.token}`).send({ current, next });
    expect((await change('wrong one here', 'another long secret').expect(422)).body.code).toBe('wrong-password');
    expect((await change(PASSWORD, 'changer123').expect(422)).body.code).toBe('weak-password');
    await change(PASSWORD, 'another long secret').expect(204);
    await api.anonymous().get('/v1/me').set('Authorization', `Bearer ${body.token}`).expect(401);
    await login('another long secret', 'changer').expect(200);
  });

  it.each([
    ['no credential', undefined],
    ['a made-up session', 'Bearer mxs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['a made-up key', 'Bearer mxk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['a token when no provider is configured', 'Bearer aaa.bbb.ccc'],
    ['another scheme', 'Basic ZG9jdG9yOng='],
    ['rubbish', 'Bearer \u00ff'],
  ])('answers 401 to %s', async (_name, header) => {
    const test = api.anonymous().get('/v1/me');
    const answer = await (header === undefined ? test : test.set('Authorization', header));
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe('unauthenticated');
  });
});

describe('accounts by the administrator', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());

  it('adds, lists by pages, changes by version, and disabling takes effect at once', async () => {
    const admin = await api.as('administrator');
    const added = await admin
      .post('/v1/users', { login: 'New.Doctor', password: PASSWORD, role: 'medical-expert', fullName: 'Петров П.' })
      .expect(201);
    expect(added.body).toMatchObject({ login: 'new.doctor', role: 'medical-expert', version: 1 });
    expect(added.body).not.toHaveProperty('passwordHash');
    const path = String(added.headers['location']);
    const read = await admin.get(path).expect(200);
    await admin.get(path).set('If-None-Match', String(read.headers['etag'])).expect(304);
    await admin.patch(path, { status: 'disabled' }).expect(428);
    await admin.patch(path, { status: 'disabled' }).set('If-Match', '"7"').expect(412);
    const { body } = await api.anonymous().post('/v1/auth/login').send({ login: 'new.doctor', password: PASSWORD });
    const changed = await admin.patch(path, { status: 'disabled' }).set('If-Match', '"1"').expect(200);
    expect(changed.headers['etag']).toBe('"2"');
    await api.anonymous().get('/v1/me').set('Authorization', `Bearer ${body.token}`).expect(401);
    const first = await admin.get('/v1/users?limit=1').expect(200);
    const second = await admin.get(`/v1/users?limit=1&cursor=${first.body.next}`).expect(200);
    expect(first.body.items[0].login < second.body.items[0].login).toBe(true);
    expect(second.body.next).toBeNull();
  });

  it('refuses a doctor without a name, a clinic account without a clinic, and a taken login', async () => {
    const admin = await api.as('administrator');
    const add = (body: object) => admin.post('/v1/users', { password: PASSWORD, ...body });
    expect((await add({ login: 'noname', role: 'lead-expert' }).expect(422)).body.code).toBe('owner-required');
    expect((await add({ login: 'noclinic', role: 'clinic' }).expect(422)).body.code).toBe('owner-required');
    await add({ login: 'twice', role: 'analyst' }).expect(201);
    expect((await add({ login: 'twice', role: 'analyst' }).expect(409)).body.code).toBe('login-taken');
  });

  it('never lets an administrator raise or shut the own account', async () => {
    const admin = await api.as('administrator');
    const own = `/v1/users/${admin.user.id}`;
    const answer = await admin.patch(own, { role: 'analyst' }).set('If-Match', '"1"').expect(403);
    expect(answer.body.code).toBe('own-rights');
  });

  it('issues keys that work until they are revoked or run out, and never for a doctor', async () => {
    const admin = await api.as('administrator');
    const made = await admin.post('/v1/api-keys', { name: 'МИС клиники', role: 'clinic', clinicId: 3 }).expect(201);
    const bearer = `Bearer ${made.body.token}`;
    const me = await api.anonymous().get('/v1/me').set('Authorization', bearer).expect(200);
    expect(me.body).toMatchObject({ kind: 'api-key', role: 'clinic', scope: { clinicId: 3 } });
    await admin.delete(`/v1/api-keys/${made.body.id}`).expect(204);
    await api.anonymous().get('/v1/me').set('Authorization', bearer).expect(401);
    await admin.delete(`/v1/api-keys/${made.body.id}`).expect(404);
    const doctor = await admin.post('/v1/api-keys', { name: 'x', role: 'medical-expert' }).expect(422);
    expect(doctor.body.errors[0]).toMatchObject({ path: 'body.role', rule: 'role-of-a-person' });
    const late = await admin.post('/v1/api-keys', { name: 'late', role: 'analyst' }).expect(201);
    await api.pool.query(`UPDATE api_key SET expires_at = now() - interval '1 second' WHERE id = $1`, [late.body.id]);
    await api.anonymous().get('/v1/me').set('Authorization', `Bearer ${late.body.token}`).expect(401);
    const listed = await admin.get('/v1/api-keys').expect(200);
    expect(JSON.stringify(listed.body)).not.toContain('mxk_');
  });
});

describe("tokens of the customer's identity provider", () => {
  let api: TestApi;
  let issuer: Server;
  let sign: (claims: JWTPayload, options?: { issuer?: string; audience?: string; expires?: string }) => Promise<string>;
  let foreign: (claims: JWTPayload) => Promise<string>;

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
    issuer = createServer((_req, res) =>
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] })),
    );
    await new Promise<void>((resolve) => void issuer.listen(0, '127.0.0.1', () => resolve()));
    const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
    sign = (claims, options = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuer(options.issuer ?? url)
        .setAudience(options.audience ?? 'medex')
        .setIssuedAt()
        .setExpirationTime(options.expires ?? '5m')
        .sign(privateKey);
    const other = await generateKeyPair('RS256');
    foreign = (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuer(url)
        .setAudience('medex')
        .setExpirationTime('5m')
        .sign(other.privateKey);
    api = await startTestApi({
      config: {
        OIDC_ISSUER: url,
        OIDC_AUDIENCE: 'medex',
        OIDC_ROLE_CLAIM: 'realm_access.roles',
        OIDC_ROLE_MAP: { 'dms-expert': 'medical-expert', 'dms-clinic': 'clinic' },
      },
    });
  });
  afterAll(async () => {
    await api.close();
    await new Promise((resolve) => issuer.close(resolve));
  });

  const me = (token: string) => api.anonymous().get('/v1/me').set('Authorization', `Bearer ${token}`);
  const expert = { sub: 'u-1', name: 'Сидоров С. С.', realm_access: { roles: ['offline', 'dms-expert'] } };

  it('maps the role claim, and keeps one account per subject', async () => {
    const first = await me(await sign(expert)).expect(200);
    expect(first.body).toMatchObject({ kind: 'oidc', role: 'medical-expert', fullName: 'Сидоров С. С.' });
    const again = await me(await sign({ ...expert, name: 'Сидоров Сергей' })).expect(200);
    expect(again.body).toMatchObject({ id: first.body.id, fullName: 'Сидоров Сергей' });
  });

  it('takes the owner from the claims', async () => {
    const token = await sign({ sub: 'c-1', realm_access: { roles: ['dms-clinic'] }, medex_clinic_id: 12 });
    expect((await me(token).expect(200)).body.scope.clinicId).toBe(12);
  });

  it('lets a disabled account in no more', async () => {
    const { body } = await me(await sign({ ...expert, sub: 'u-gone' })).expect(200);
    await api.pool.query(`UPDATE app_user SET status = 'disabled' WHERE id = $1`, [body.id]);
    expect((await me(await sign({ ...expert, sub: 'u-gone' }))).status).toBe(401);
  });

  it.each<[string, () => Promise<string>]>([
    ['another issuer', () => sign(expert, { issuer: 'https://evil.example' })],
    ['another audience', () => sign(expert, { audience: 'else' })],
    ['a token past its end', () => sign(expert, { expires: '-1m' })],
    ['a signature of another key', () => foreign(expert)],
    ['a role that is not mapped', () => sign({ sub: 'u-2', realm_access: { roles: ['administrator'] } })],
    ['a doctor without a name', () => sign({ sub: 'u-3', realm_access: { roles: ['dms-expert'] } })],
    ['a clinic without its id', () => sign({ sub: 'u-4', realm_access: { roles: ['dms-clinic'] } })],
    ['no signature', async () => `${b64({ alg: 'none' })}.${b64({ ...expert, aud: 'medex', exp: 9e9 })}.`],
  ])('refuses %s', async (_name, token) => {
    expect((await me(await token())).status).toBe(401);
  });
});

function b64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

import { randomBytes, randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import request from 'supertest';
import type { Test } from 'supertest';
import { createApp } from '../../api/app';
import type { ApiDeps } from '../../api/deps';
import { createLogger } from '../../api/http/logging';
import type { RouteDefinition } from '../../api/http/route';
import { newToken } from '../../api/http/tokens';
import type { Config } from '../../config';
import { loadConfig } from '../../config';
import { DOCTOR_ROLES } from '../../models/access/roles';
import type { OwnerScope, Role } from '../../models/access/roles';
import type { Pool } from '../../prisma/pool';
import { createPool } from '../../prisma/pool';
import { insertSession } from '../../prisma/repositories/sessions';
import type { User } from '../../prisma/repositories/users';
import { insertUser } from '../../prisma/repositories/users';
import { createTestDatabase } from './env';

export interface TestApiOptions extends Partial<Omit<ApiDeps, 'config' | 'pool'>> {
  readonly config?: Partial<Config>;
  /** Instead of the product's routes. */
  readonly routes?: (deps: ApiDeps) => readonly RouteDefinition[];
}

/** A logged-in person: requests carry its token and, when they write, a fresh Idempotency-Key. */
export interface TestCaller {
  readonly user: User;
  readonly token: string;
  readonly get: (path: string) => Test;
  readonly post: (path: string, body?: object) => Test;
  readonly put: (path: string, body?: object) => Test;
  readonly patch: (path: string, body?: object) => Test;
  readonly delete: (path: string) => Test;
}

export interface TestApi {
  readonly url: string;
  readonly pool: Pool;
  readonly deps: ApiDeps;
  /** Without a login. */
  readonly anonymous: () => ReturnType<typeof request>;
  /** A new account of the role, logged in. Outside roles get owner 1 unless told otherwise, doctors a name. */
  readonly as: (
    role: Role,
    owner?: Partial<OwnerScope> & { skills?: string[]; fullName?: string },
  ) => Promise<TestCaller>;
  readonly close: () => Promise<void>;
}

const OWNERS: Partial<Record<Role, Partial<OwnerScope>>> = {
  clinic: { clinicId: 1 },
  employer: { policyholderId: 1 },
  insured: { policyId: 1 },
};

/** The real app on a real port over a database of its own. Close it in `afterAll`. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const { config: overrides, routes, ...rest } = options;
  const database = await createTestDatabase();
  const pool = createPool({ connectionString: database.url, applicationName: 'medex-test', max: 10 });
  const config = { ...loadConfig({ NODE_ENV: 'test', RATE_LIMIT_PER_MINUTE: '100000' }), ...overrides };
  const log = rest.log ?? createLogger({ level: 'silent', name: 'medex-test' });
  const deps: ApiDeps = { ...rest, config, pool, log };
  const app = createApp(deps, routes === undefined ? {} : { routes: routes(deps) });
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    pool,
    deps,
    anonymous: () => request(url),
    as: async (role, owner = {}) => callerOf(url, pool, await addUser(pool, role, owner)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
      await database.close();
    },
  };
}

/** An account of the role, without a password. */
export async function addUser(
  pool: Pool,
  role: Role,
  owner: Partial<OwnerScope> & { skills?: string[]; fullName?: string } = {},
): Promise<User> {
  const fullName = owner.fullName ?? (DOCTOR_ROLES.includes(role) ? 'Иванова Мария Петровна' : null);
  const login = `${role}-${randomBytes(4).toString('hex')}`;
  return insertUser(pool, { login, role, passwordHash: null, ...OWNERS[role], ...owner, fullName });
}

async function callerOf(url: string, pool: Pool, user: User): Promise<TestCaller> {
  const { token, hash } = newToken('session');
  await insertSession(pool, { tokenHash: hash, userId: user.id, maxHours: 1 });
  const agent = request(url);
  const read = (test: Test): Test => test.set('Authorization', `Bearer ${token}`);
  const write = (test: Test, body?: object): Test => {
    const keyed = read(test).set('Idempotency-Key', randomUUID());
    return body === undefined ? keyed : keyed.send(body);
  };
  return {
    user,
    token,
    get: (path) => read(agent.get(path)),
    post: (path, body) => write(agent.post(path), body),
    put: (path, body) => write(agent.put(path), body),
    patch: (path, body) => write(agent.patch(path), body),
    delete: (path) => write(agent.delete(path)),
  };
}

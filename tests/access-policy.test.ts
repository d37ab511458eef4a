import fc from 'fast-check';
import { z } from 'zod';
import type { ApiDeps } from '../api/deps';
import { notFound } from '../api/http/errors';
import { idParam } from '../api/http/fields';
import { createLogger } from '../api/http/logging';
import type { RouteDefinition } from '../api/http/route';
import { defineRoute, json } from '../api/http/route';
import { allRoutes } from '../api/routes';
import { loadConfig } from '../config';
import { fieldClassOf, isFieldVisible, maskFields } from '../models/access/fields';
import { can, POLICY, rolesWith, scopeOf } from '../models/access/policy';
import type { Action } from '../models/access/policy';
import { DOCTOR_ROLES, isNamedDoctor, OUTSIDE_ROLES, ROLES } from '../models/access/roles';
import type { OwnerScope, Principal, Role } from '../models/access/roles';
import { filterSql } from '../prisma/repositories/row-filter';
import type { TestApi, TestCaller } from './support/api';
import { startTestApi } from './support/api';
import { sampleRoutes } from './support/sample-routes';

const NOBODY: OwnerScope = { clinicId: null, policyholderId: null, policyId: null, hubId: null };
const principal = (role: Role, scope: Partial<OwnerScope> = {}): Principal => ({
  kind: 'user',
  id: 'me',
  role,
  scope: { ...NOBODY, ...scope },
  fullName: 'Иванова М. П.',
  skills: [],
  credentialId: 's',
});
const ACTIONS = Object.keys(POLICY) as Action[];

describe('the policy table', () => {
  it('denies what is not written in it', () => {
    expect(can(principal('administrator'), 'made:up' as Action)).toBe(false);
    expect(scopeOf(principal('made-up' as Role), 'invoice:read')).toEqual({ kind: 'none' });
  });

  it.each<[string, Role, Action, Partial<OwnerScope>, object, boolean]>([
    ['a clinic reads its own invoice', 'clinic', 'invoice:read', { clinicId: 7 }, { clinicId: 7 }, true],
    ["a clinic reads another's invoice", 'clinic', 'invoice:read', { clinicId: 7 }, { clinicId: 8 }, false],
    ['a clinic without its id reads nothing', 'clinic', 'invoice:read', {}, { clinicId: null }, false],
    ['a clinic reads a row that has no clinic', 'clinic', 'invoice:read', { clinicId: 7 }, {}, false],
    ['an expert decides in the own hub', 'medical-expert', 'task:decide', { hubId: 1 }, { hubId: 1 }, true],
    ['an expert decides in another hub', 'medical-expert', 'task:decide', { hubId: 1 }, { hubId: 2 }, false],
    ['an expert without a hub serves all hubs', 'medical-expert', 'task:decide', {}, { hubId: 2 }, true],
    ['an employer reads the own roster', 'employer', 'roster:read', { policyholderId: 3 }, { policyholderId: 3 }, true],
    [
      "an employer reads another's roster",
      'employer',
      'roster:read',
      { policyholderId: 3 },
      { policyholderId: 4 },
      false,
    ],
    ['an insured reads the own letter', 'insured', 'letter:read', { policyId: 5 }, { policyId: 5 }, true],
    ["an insured reads another's letter", 'insured', 'letter:read', { policyId: 5 }, { policyId: 6 }, false],
    ['a person changes the own account', 'analyst', 'account:self', {}, { userId: 'me' }, true],
    ["a person changes another's account", 'analyst', 'account:self', {}, { userId: 'you' }, false],
    ['an administrator decides on care', 'administrator', 'task:decide', {}, {}, false],
    ['an underwriter reads invoices', 'underwriter', 'invoice:read', {}, {}, false],
  ])('%s', (_name, role, action, scope, resource, allowed) => {
    expect(can(principal(role, scope), action, resource)).toBe(allowed);
  });

  it('lets only named doctors decide on care (invariant 1)', () => {
    for (const action of ACTIONS.filter((one) => /^(task|letter|dispute):decide$/.test(one))) {
      expect(rolesWith(action).every((role) => DOCTOR_ROLES.includes(role))).toBe(true);
    }
    expect(isNamedDoctor({ role: 'medical-expert', fullName: ' ' })).toBe(false);
    expect(isNamedDoctor({ role: 'administrator', fullName: 'Иванова М. П.' })).toBe(false);
    expect(isNamedDoctor({ role: 'lead-expert', fullName: 'Иванова М. П.' })).toBe(true);
  });

  it('gives outside roles rows of their owner only, never all of anything but the reference', () => {
    for (const action of ACTIONS.filter((one) => one !== 'reference:read')) {
      for (const role of OUTSIDE_ROLES)
        expect(scopeOf(principal(role, { clinicId: 1, policyholderId: 1, policyId: 1 }), action).kind).not.toBe('all');
    }
  });

  it('gives the employer no action on care', () => {
    const granted = ACTIONS.filter((action) => can(principal('employer', { policyholderId: 1 }), action));
    expect(granted).toEqual(['account:self', 'roster:read', 'roster:manage', 'contract:read', 'feedback:report']);
  });
});

describe('fields', () => {
  const medical = [
    'diagnosisCode',
    'serviceCode',
    'itemName',
    'findings',
    'amountKopecks',
    'priceKopecks',
    'letterNo',
    'doctorCode',
  ];

  it.each(medical)('%s of a person is never shown to the employer (invariant 8)', (field) => {
    expect(fieldClassOf(field)).toBeDefined();
    expect(isFieldVisible('employer', field)).toBe(false);
    expect(isFieldVisible('medical-expert', field)).toBe(true);
  });

  it('loses no diagnosis, service, amount or unknown field to the employer, however deep it sits', () => {
    const secret = fc.record({
      key: fc.oneof(fc.constantFrom(...medical), fc.stringMatching(/^[a-z]{3,12}X$/)),
      frame: fc.array(fc.constantFrom('items', 'insured', 'enrolments', 'contract', 'changes'), { maxLength: 5 }),
      listed: fc.boolean(),
    });
    fc.assert(
      fc.property(secret, ({ key, frame, listed }) => {
        const leaf: unknown = { [key]: 'CANARY', policyNo: 'P-1' };
        const value = frame.reduce<unknown>((inner, name) => ({ [name]: listed ? [inner] : inner }), leaf);
        const shown = JSON.stringify(maskFields('employer', value));
        return !shown.includes('CANARY') && shown.includes('P-1');
      }),
    );
  });

  it('keeps suspicion from clinics and insured people, and gives doctors the whole', () => {
    const row = { fraudScore: 0.9, internalNote: 'n', diagnosisCode: 'J06.9' };
    expect(maskFields('clinic', row)).toEqual({ diagnosisCode: 'J06.9' });
    expect(maskFields('insured', [row])).toEqual([{ diagnosisCode: 'J06.9' }]);
    expect(maskFields('lead-expert', row)).toEqual(row);
  });
});

describe('rows over HTTP', () => {
  let api: TestApi;
  const visits = (deps: ApiDeps): RouteDefinition[] => [
    defineRoute({
      method: 'get',
      path: '/v1/visits/:visitId',
      summary: { ru: 'Визит', en: 'Visit' },
      permission: 'invoice:read',
      params: z.object({ visitId: idParam() }),
      response: json(z.object({ id: z.int() })),
      handler: async (ctx, { params }) => {
        const values: unknown[] = [params.visitId];
        const own = filterSql(
          scopeOf(ctx.principal, 'invoice:read'),
          { clinicId: 'v.clinic_id', hubId: 'v.hub_id' },
          values,
        );
        const rows = await ctx.db.query<{ id: number }>(`SELECT v.id FROM visit v WHERE v.id = $1 AND ${own}`, values);
        if (rows.rows[0] === undefined) throw notFound('visit');
        return rows.rows[0];
      },
    }),
    ...sampleRoutes(deps, { runs: 0, hold: null, fail: null }),
  ];
  beforeAll(async () => {
    api = await startTestApi({ routes: visits });
    await api.pool.query('CREATE TABLE visit (id int, clinic_id int, hub_id int)');
    await api.pool.query('INSERT INTO visit VALUES (1, 1, 1), (2, 2, 2)');
  });
  afterAll(() => api.close());

  it('show a foreign row as a missing one', async () => {
    const clinic = await api.as('clinic', { clinicId: 1 });
    const foreign = await clinic.get('/v1/visits/2');
    const missing = await clinic.get('/v1/visits/99');
    expect([(await clinic.get('/v1/visits/1')).status, foreign.status, missing.status]).toEqual([200, 404, 404]);
    expect({ ...foreign.body, instance: '' }).toEqual({ ...missing.body, instance: '' });
  });

  it.each<[Role, Partial<OwnerScope>, number, number]>([
    ['medical-expert', { hubId: 2 }, 404, 200],
    ['medical-expert', {}, 200, 200],
    ['administrator', {}, 200, 200],
    ['clinic', { clinicId: 2 }, 404, 200],
    ['employer', { policyholderId: 1 }, 403, 403],
    ['insured', { policyId: 1 }, 403, 403],
    ['underwriter', {}, 403, 403],
  ])('are filtered for %s with %j', async (role, owner, first, second) => {
    const caller = await api.as(role, owner);
    const statuses = [(await caller.get('/v1/visits/1')).status, (await caller.get('/v1/visits/2')).status];
    expect(statuses).toEqual([first, second]);
  });

  it('give the employer a person without anything of the care, but with cleared aggregates', async () => {
    const employer = await api.as('employer');
    const { body } = await employer.get('/v1/person').expect(200);
    expect(body).toEqual({
      policyNo: 'P-1',
      fullName: 'Иванов И. И.',
      enrolments: [{ programmeCode: 'PR-1' }],
      aggregates: [{ month: '2026-01', people: 25, amountKopecks: 1_000_000 }],
    });
  });

  it('have no filter for a column that the query does not know: no rows', () => {
    const values: unknown[] = [];
    expect(filterSql({ kind: 'equals', field: 'policyId', value: 1 }, { clinicId: 'c' }, values)).toBe('false');
    expect(filterSql({ kind: 'none' }, { clinicId: 'c' }, values)).toBe('false');
    expect(values).toEqual([]);
  });
});

describe('every route of the product', () => {
  const log = createLogger({ level: 'silent', name: 'test' });
  const routes = allRoutes({ config: loadConfig({ NODE_ENV: 'test' }), pool: null as never, log });
  let api: TestApi;
  const callers = new Map<Role, TestCaller>();
  beforeAll(async () => {
    api = await startTestApi();
    for (const role of ROLES) callers.set(role, await api.as(role));
  });
  afterAll(() => api.close());

  const pathOf = (route: RouteDefinition): string => route.path.replace(/:\w+/g, '1');
  const send = (route: RouteDefinition, token?: string) =>
    fetch(`${api.url}${pathOf(route)}`, {
      method: route.method.toUpperCase(),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });

  it('needs a login unless it says otherwise', async () => {
    const guarded = routes.filter((route) => route.permission !== 'public');
    expect(guarded.length).toBeGreaterThan(10);
    const open: string[] = [];
    for (const route of guarded) if ((await send(route)).status !== 401) open.push(`${route.method} ${route.path}`);
    expect(open).toEqual([]);
  });

  it('is closed to every role that its action does not name', async () => {
    const open: string[] = [];
    for (const route of routes) {
      if (route.permission === 'public') continue;
      const granted = rolesWith(route.permission);
      for (const role of ROLES.filter((one) => !granted.includes(one))) {
        const { status } = await send(route, callers.get(role)!.token);
        if (status !== 403) open.push(`${role}: ${route.method} ${route.path} -> ${status}`);
      }
    }
    expect(open).toEqual([]);
  });
});

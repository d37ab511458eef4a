import { z } from 'zod';
import { createLogger } from '../api/http/logging';
import type { RouteDefinition } from '../api/http/route';
import { allRoutes } from '../api/routes';
import { loadConfig } from '../config';
import { fieldClassOf } from '../models/access/fields';

const routes = allRoutes({
  config: loadConfig({ NODE_ENV: 'test' }),
  pool: null as never,
  log: createLogger({ level: 'silent', name: 'test' }),
});

/** Names of all fields of a JSON answer, at any depth. */
function fieldsOf(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return [];
  const own = 'properties' in node ? Object.keys(node.properties as object) : [];
  return [...own, ...Object.values(node).flatMap(fieldsOf)];
}

/** Names that are not of the medical class, and yet tell of one person's care where they stand. */
const ABOUT_A_PERSON = ['policyNo', 'textToClinic', 'answerText'];

function medicalFields({ response }: RouteDefinition): string[] {
  if (response.kind !== 'json' && response.kind !== 'events') return [];
  const schema = z.toJSONSchema(response.schema, { io: 'output', unrepresentable: 'any' });
  return fieldsOf(schema).filter((field) => fieldClassOf(field) === 'medical' || ABOUT_A_PERSON.includes(field));
}

/** Routes with words of the medical list that show nothing of one person's care: the reference, rules, sums over many. */
const NOT_OF_A_PERSON = new Set([
  'get /v1/batches/:batchId',
  'get /v1/guideline-packs/in-force',
  'get /v1/guideline-packs/:id/diff',
  'get /v1/guideline-packs',
  'get /v1/guideline-packs/:id',
  'get /v1/decision-tables',
  'get /v1/decision-tables/:id',
  'get /v1/shadow-runs/:runId',
  'get /v1/quality/rules',
  'get /v1/quality/doctors',
  'get /v1/stat-reviews',
  'get /v1/stat-alerts',
  'get /v1/letter-policies',
  'get /v1/letter-lanes',
  'get /v1/fraud-cases',
  'get /v1/ratings/:kind',
  'get /v1/rating-contests',
  'get /v1/employer-reports',
]);

test('every read that shows medical data of a person leaves an event in the trail', () => {
  const silent = routes
    .filter((route) => route.method === 'get' && (route.audit === undefined || route.audit === false))
    .map((route) => ({ name: `${route.method} ${route.path}`, fields: [...new Set(medicalFields(route))] }))
    .filter(({ name, fields }) => fields.length > 0 && !NOT_OF_A_PERSON.has(name));
  expect(silent).toEqual([]);
});

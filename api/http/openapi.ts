import { OpenApiGeneratorV31, OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { rolesWith } from '../../models/access/policy';
import type { ResponseSpec, RouteDefinition } from './route';
import { SESSION_COOKIE } from './auth';

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    errors: z
      .array(z.object({ path: z.string(), rule: z.string(), message: z.string(), fix: z.string().optional() }))
      .optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457; texts in Russian or English by Accept-Language, `code` is stable' });

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The request has faults: errors[] names field, rule and fix',
  401: 'No valid session, key or token',
  403: 'The role has no right to this action',
  404: 'Not found, or not yours',
  409: 'The state does not allow it, or a twin with the same Idempotency-Key is at work',
  412: 'The record has changed since the version in If-Match',
  413: 'The body is too large',
  415: 'The media type of the body is not taken',
  422: 'A rule of the domain is broken, or the Idempotency-Key was used with other content',
  428: 'If-Match is required',
  429: 'Too many requests: see Retry-After',
  500: 'A fault of the service',
  503: 'Try again: see Retry-After',
};

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

/** OpenAPI 3.1 of all routes, from the same declarations that serve them. */
export function openApiDocument(routes: readonly RouteDefinition[], version: string): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'Session token, API key, or access token of the identity provider',
  });
  registry.registerComponent('securitySchemes', 'session', { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE });
  for (const route of routes) registry.registerPath(pathConfig(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Medex',
      version,
      description:
        'Медэкспертиза, гарантийные письма и андеррайтинг ДМС / Claims and underwriting for voluntary medical insurance',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
  });
}

function pathConfig(route: RouteDefinition): RouteConfig {
  const isPublic = route.permission === 'public';
  const roles = route.permission === 'public' ? '' : `\n\nRoles: ${rolesWith(route.permission).join(', ')}`;
  return {
    method: route.method,
    path: route.path.replace(/:(\w+)/g, '{$1}'),
    operationId: operationId(route),
    summary: `${route.summary.ru} / ${route.summary.en}`,
    description: `${route.description ?? ''}${roles}`.trim(),
    tags: [/^\/v1\/([a-z-]+)/.exec(route.path)?.[1] ?? 'service'],
    security: isPublic ? [] : [{ bearer: [] }, { session: [] }],
    request: {
      ...(route.params === undefined ? {} : { params: route.params as z.ZodObject }),
      ...(route.query === undefined ? {} : { query: route.query as z.ZodObject }),
      ...headersOf(route),
      ...bodyOf(route),
    },
    responses: responsesOf(route),
  };
}

function headersOf(route: RouteDefinition): { headers?: z.ZodObject } {
  const headers = {
    ...(route.idempotent ? { 'Idempotency-Key': z.string().min(1).max(255).optional() } : {}),
    ...(route.etag === 'required' ? { 'If-Match': z.string() } : {}),
    ...(route.etag === 'read' && !route.mutating ? { 'If-None-Match': z.string().optional() } : {}),
  };
  return Object.keys(headers).length === 0 ? {} : { headers: z.object(headers) };
}

function bodyOf(route: RouteDefinition): Pick<NonNullable<RouteConfig['request']>, 'body'> {
  if (route.input === 'json' && route.body === undefined) return {};
  const schema: z.ZodType =
    route.body ?? (route.input === 'multipart' ? z.object({ file: fileSchema() }) : fileSchema());
  const content = Object.fromEntries(route.bodyTypes.map((type) => [type, { schema }]));
  const optional = route.body !== undefined && route.body.safeParse(undefined).success;
  return { body: { content, required: !optional } };
}

function fileSchema(): z.ZodType {
  return z.string().meta({ format: 'binary' });
}

function responsesOf(route: RouteDefinition): RouteConfig['responses'] {
  const { response } = route;
  const responses: RouteConfig['responses'] = {};
  const description = route.summary.en;
  if (response.kind === 'empty') responses[204] = { description };
  else {
    const content = contentOf(response);
    for (const status of [response.status, ...route.alsoStatus]) responses[status] = { description, content };
  }
  if (route.etag === 'read' && !route.mutating) responses[304] = { description: 'Unchanged' };
  for (const status of problemStatuses(route)) {
    const page = responses[status] as { content?: object } | undefined;
    const content = { ...page?.content, 'application/problem+json': { schema: problem } };
    responses[status] = { description: PROBLEMS[status] ?? 'Problem', content };
  }
  return responses;
}

function contentOf(response: Exclude<ResponseSpec, { kind: 'empty' }>): Record<string, { schema: z.ZodType }> {
  if (response.kind === 'json') return { [response.contentType]: { schema: response.schema } };
  if (response.kind === 'file') return { [response.contentType]: { schema: fileSchema() } };
  return { 'text/event-stream': { schema: response.schema } };
}

function problemStatuses(route: RouteDefinition): number[] {
  if (route.bare) return [500, 503];
  const statuses = [400, 401, 429, 500, 503];
  if (route.permission !== 'public' || route.mutating) statuses.push(403);
  if (route.params !== undefined) statuses.push(404);
  if (route.body !== undefined || route.input !== 'json') statuses.push(413, 415);
  if (route.mutating) statuses.push(404, 409, 422);
  if (route.etag === 'required') statuses.push(412, 428);
  return [...new Set(statuses)].sort((a, b) => a - b);
}

function operationId(route: RouteDefinition): string {
  const words = route.path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '' && word !== 'v1');
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  return `${route.method}${name}`;
}

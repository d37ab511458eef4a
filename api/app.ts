import express from 'express';
import type { Express } from 'express';
import type { ApiDeps } from './deps';
import { createAuthenticator } from './http/auth';
import { createHitCounter } from './http/limits';
import { createMetrics } from './http/metrics';
import { routeHandler } from './http/pipeline';
import { otherMethods, problemHandler, unknownPath } from './http/problem-answer';
import { requestLog, takeNotes } from './http/request-log';
import type { RouteDefinition } from './http/route';
import { securityHeaders } from './http/security';
import { allRoutes } from './routes';
import { docsRouter } from './routes/docs';
import { serviceRoutes } from './routes/health';

export interface AppOptions {
  /** Default: every route of the product. Tests may give their own. */
  readonly routes?: readonly RouteDefinition[];
  /** Aborted at shutdown: ends event streams. */
  readonly closing?: AbortSignal;
}

/** The Express app: common middleware, one handler per route, docs, 404/405 and problems. Starts nothing. */
export function createApp(deps: ApiDeps, options: AppOptions = {}): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.set('trust proxy', deps.config.TRUST_PROXY);
  const metrics = createMetrics(deps.pool);
  app.use(takeNotes(), requestLog(deps.log), metrics.middleware, ...securityHeaders(deps.config));

  const service = serviceRoutes(deps, metrics);
  const routes = [...(options.routes ?? allRoutes(deps)), ...service];
  const parts = {
    deps,
    authenticate: createAuthenticator(deps),
    metrics,
    countHit: createHitCounter(deps.pool),
    closing: options.closing ?? new AbortController().signal,
  };
  refuseTwins(routes);
  for (const route of routes) app[route.method](route.path, routeHandler(route, parts));
  app.use(docsRouter(routes));
  for (const [path, allowed] of methodsByPath(routes)) app.all(path, otherMethods(allowed));
  app.use(unknownPath);
  app.use(problemHandler(deps.log));
  return app;
}

function methodsByPath(routes: readonly RouteDefinition[]): Map<string, string[]> {
  const byPath = new Map<string, string[]>();
  for (const route of routes) {
    const methods = route.method === 'get' ? ['GET', 'HEAD'] : [route.method.toUpperCase()];
    byPath.set(route.path, [...(byPath.get(route.path) ?? []), ...methods]);
  }
  return byPath;
}

/** Two declarations for one method and path: the second would never be served. */
function refuseTwins(routes: readonly RouteDefinition[]): void {
  const seen = new Set<string>();
  for (const route of routes) {
    const name = `${route.method} ${route.path.replace(/:\w+/g, ':')}`;
    if (seen.has(name)) throw new Error(`route ${route.method} ${route.path} is declared twice`);
    seen.add(name);
  }
}

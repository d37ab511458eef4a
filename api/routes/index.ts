import type { ApiDeps } from '../deps';
import type { RouteDefinition } from '../http/route';
import { apiKeyRoutes } from './api-keys';
import { auditRoutes } from './audit';
import { authRoutes } from './auth';
import { importRoutes } from './imports';
import { meRoutes } from './me';
import { outboxRoutes } from './outbox';
import { userRoutes } from './users';

/** Every route module of the product. A new feature adds its line here. */
const modules: readonly ((deps: ApiDeps) => RouteDefinition[])[] = [
  authRoutes,
  meRoutes,
  userRoutes,
  apiKeyRoutes,
  auditRoutes,
  importRoutes,
  outboxRoutes,
];

/** All routes, in the order in which they are documented. */
export function allRoutes(deps: ApiDeps): RouteDefinition[] {
  return modules.flatMap((module) => module(deps));
}

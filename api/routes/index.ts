import type { ApiDeps } from '../deps';
import type { RouteDefinition } from '../http/route';

/** Every route module of the product. A new feature adds its line here. */
const modules: readonly ((deps: ApiDeps) => RouteDefinition[])[] = [];

/** All routes, in the order in which they are documented. */
export function allRoutes(deps: ApiDeps): RouteDefinition[] {
  return modules.flatMap((module) => module(deps));
}

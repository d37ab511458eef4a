import { z } from 'zod';
import { assertLawfulPolicy, ROUTING_ACTIONS } from '../../models/routing/policy';
import { appendRoutingPolicy, listRoutingPolicies } from '../../prisma/repositories/routing';
import type { ApiDeps } from '../deps';
import { code, isoDate, int32, kopecks } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const rule = z.object({
  codes: z.array(code(16)).min(1).max(100),
  clinics: z.array(code()).max(5000).optional(),
  minAtRiskKopecks: kopecks().optional(),
  maxAtRiskKopecks: kopecks().optional(),
  action: z.enum(ROUTING_ACTIONS),
});
const policyView = z.object({ version: int32(), effectiveFrom: z.string(), rules: z.array(rule) });

/** Who decides what: versions of the routing policy. A version is never changed; batches pin the one they use. */
export function routingPolicyRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/routing-policies',
      summary: { ru: 'Версии правил маршрутизации', en: 'Versions of the routing policy' },
      permission: 'routing:read',
      response: json(z.object({ items: z.array(policyView) })),
      handler: async (ctx) => ({
        items: (await listRoutingPolicies(ctx.db)).map((policy) => ({ ...policy, rules: policy.rules.map(plain) })),
      }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/routing-policies',
      summary: { ru: 'Новая версия правил маршрутизации', en: 'A new version of the routing policy' },
      description:
        'The first rule that matches a finding decides; what no rule matches waits for a doctor. A rule that lets a machine cut on medical grounds is refused (422).',
      permission: 'routing:manage',
      body: z.object({ effectiveFrom: isoDate(), rules: z.array(rule).max(500) }),
      response: json(policyView, 201),
      handler: async (ctx, { body }) => {
        assertLawfulPolicy({ version: 0, ...body });
        const version = await appendRoutingPolicy(ctx.db, body, ctx.principal.id);
        return { version, ...body };
      },
    }),
  ];
}

function plain(each: z.input<typeof rule> | { readonly codes: readonly string[] }): z.input<typeof rule> {
  return structuredClone(each) as z.input<typeof rule>;
}

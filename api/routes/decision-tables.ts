import { z } from 'zod';
import { RULE_FIELDS } from '../../models/library/decision-tables/fields';
import { importTable } from '../../prisma/repositories/decision-tables';
import type { ApiDeps } from '../deps';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { authorOf, ruleVersionRoutes, ruleVersionView, viewOf } from './rule-versions';

const BASE = '/v1/decision-tables';
const localized = z.object({ ru: z.string(), en: z.string() });
const tableBody = z.looseObject({ id: z.string().max(40), version: z.string().max(200) });

/** Rules of the insurer's own: decision tables that experts write, with their test cases. */
export function decisionTableRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: `${BASE}/fields`,
      summary: { ru: 'Что могут читать условия', en: 'What conditions may read' },
      permission: 'guideline:read',
      response: json(
        z.object({
          items: z.array(
            z.object({
              name: z.string(),
              group: z.string(),
              type: z.string(),
              label: localized,
              hint: localized,
              nullable: z.boolean(),
              values: z.array(z.string()).optional(),
            }),
          ),
        }),
      ),
      handler: () => ({
        items: RULE_FIELDS.map(({ values, ...field }) => ({ ...field, ...(values ? { values: [...values] } : {}) })),
      }),
    }),
    defineRoute({
      method: 'post',
      path: BASE,
      summary: { ru: 'Сохранить правило эксперта', en: 'Store an expert rule' },
      description:
        'A decision table with its test cases; it becomes a draft. `problems` say what still stands between it and its publication.',
      permission: 'guideline:edit',
      body: tableBody,
      response: json(
        z.object({
          version: ruleVersionView,
          publishable: z.boolean(),
          problems: z.array(z.object({ path: z.string(), rule: z.string(), text: localized })),
        }),
        201,
      ),
      audit: {
        kind: 'change',
        subject: (_input, { version, publishable }) => ({
          type: 'decision_table',
          ids: [version.id],
          facts: { version: version.version, sha256: version.sha256, publishable },
        }),
      },
      handler: async (ctx, { body }) => {
        const { version, publishable, problems } = await importTable(ctx.db, body, authorOf(ctx));
        return { version: viewOf(version), publishable, problems: problems.map((problem) => ({ ...problem })) };
      },
    }),
    ...ruleVersionRoutes('decision_table', BASE, { ru: 'Правило эксперта', en: 'Expert rule' }),
  ];
}

import type { coverageAnswer } from '../../models/letters/coverage';
import { letterRequestSchema } from '../../models/letters/request.schema';
import type { ApiDeps } from '../deps';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { checkCoverage } from '../letters/coverage';
import { coverageCheckAnswer } from '../letters/views';

const NO_REQUEST = '00000000-0000-0000-0000-000000000000';

/** The answer at order time, before anything is asked for: nothing is stored, nothing is held. */
export function coverageCheckRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/coverage-checks',
      summary: { ru: 'Проверить покрытие до приёма', en: 'Check cover before the visit' },
      description:
        'Covered or not and why, letter needed or not, documents, what is left of the limits, franchise, shares and price.',
      permission: 'coverage:check',
      body: letterRequestSchema,
      response: json(coverageCheckAnswer),
      transaction: 'own',
      idempotent: false,
      audit: false,
      handler: async (ctx, { body }) => {
        const at = (deps.now?.() ?? new Date()).toISOString();
        const answers = await checkCoverage(deps, ctx, body, { requestId: NO_REQUEST, at });
        return { lines: answers.map(withoutReadonly) };
      },
    }),
  ];
}

function withoutReadonly(answer: ReturnType<typeof coverageAnswer>) {
  return {
    ...answer,
    reasons: [...answer.reasons],
    documents: [...answer.documents],
    limits: answer.limits.map((limit) => ({ ...limit })),
  };
}

import { coverageAnswer } from '../../models/letters/coverage';
import { letterRequestSchema } from '../../models/letters/request.schema';
import { gatherLetter } from '../../prisma/facts/letter-facts';
import type { ApiDeps } from '../deps';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { requireReview } from '../letters/deps';
import { assertOwnRequest } from '../letters/owner';
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
      audit: { kind: 'read', subject: () => ({ type: 'coverage', ids: [] }) },
      handler: async (ctx, { body }) => {
        await assertOwnRequest(deps.pool, ctx.principal, 'coverage:check', body);
        const gathered = await gatherLetter(deps.pool, body, {
          requestId: NO_REQUEST,
          at: (deps.now?.() ?? new Date()).toISOString(),
          lock: false,
          review: requireReview(deps),
        });
        return { lines: gathered.facts.map((facts) => withoutReadonly(coverageAnswer(facts))) };
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

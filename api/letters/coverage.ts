import { coverageAnswer } from '../../models/letters/coverage';
import type { LetterRequestInput } from '../../models/letters/request.schema';
import { gatherLetter } from '../../prisma/facts/letter-facts';
import type { ApiDeps } from '../deps';
import type { RouteContext } from '../http/context';
import { requireReview } from './deps';
import { assertOwnRequest } from './owner';

/**
 * Cover of each requested line as it stands at `at`, whoever asks by whichever door. The audit trail gets a `read` of
 * the person's cover, by the policy's internal id; an unknown policy has none.
 * @throws AppError 404 for somebody else's person or clinic, and what gathering throws
 */
export async function checkCoverage(
  deps: ApiDeps,
  ctx: RouteContext,
  request: LetterRequestInput,
  { requestId, at }: { readonly requestId: string; readonly at: string },
): Promise<ReturnType<typeof coverageAnswer>[]> {
  const { principal } = ctx;
  await assertOwnRequest(deps.pool, principal, 'coverage:check', request);
  const gathered = await gatherLetter(deps.pool, request, {
    requestId,
    at,
    lock: false,
    review: requireReview(deps),
  });
  const { policyId } = gathered.cover;
  ctx.audit({
    kind: 'read',
    action: 'coverage:check',
    actor: principal.id,
    subjectType: 'coverage',
    subjectIds: policyId === null ? [] : [String(policyId)],
  });
  return gathered.facts.map((facts) => coverageAnswer(facts));
}

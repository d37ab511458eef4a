import type { Principal } from '../../models/access/roles';
import type { LetterRequestInput } from '../../models/letters/request.schema';
import type { LetterView } from '../../workflows/letter-messages';
import type { ApiDeps } from '../deps';
import { requestIdOf, submitLetter } from './call';
import { assertOwnRequest } from './owner';
import { assertSameRequest } from './same-request';

/**
 * The one door of requests, whoever brings them: row rights, an id by sender and reference, the first answer.
 * @param reference what makes the request the same one again, when it has no `senderRef` of its own
 * @throws AppError 404 for somebody else's person or clinic, `letter.reference-used` (409), and what the answer throws
 */
export async function requestLetter(
  deps: Pick<ApiDeps, 'pool' | 'temporal' | 'letterQueue' | 'now'>,
  principal: Principal,
  request: LetterRequestInput,
  reference: string,
): Promise<LetterView> {
  await assertOwnRequest(deps.pool, principal, 'letter:request', request);
  const requestId = requestIdOf(principal.id, request.senderRef ?? reference);
  const submittedAt = (deps.now?.() ?? new Date()).toISOString();
  const requester = { role: principal.role, id: principal.id };
  const view = await submitLetter(deps, requestId, { requester, request, submittedAt });
  // Not answered just now: an earlier request under this reference has to be the same one.
  if (view.letter.submittedAt !== submittedAt) await assertSameRequest(deps.pool, requestId, request);
  return view;
}

import { createHash, randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { AppError } from '../../models/errors';
import type { LetterAct } from '../../models/letters/acts';
import { escalationAt } from '../../models/letters/clocks';
import { readLetter } from '../../prisma/repositories/letters';
import { actUpdate, letterWorkflowId, submitUpdate } from '../../workflows/letter-messages';
import type { LetterInput, LetterSubmission, LetterView } from '../../workflows/letter-messages';
import { FLOW_QUEUE } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import { appErrorOf } from '../http/workflow-commands';

/** Id of a request: the same sender's same reference (or Idempotency-Key) is always the same request. RFC 9562, version 8. */
export function requestIdOf(senderId: string, reference: string): string {
  const hex = createHash('sha256').update(`letter\u0000${senderId}\u0000${reference}`).digest('hex');
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Starts the request's workflow and returns its first answer, in one call. The same request again gets the same answer
 * from the workflow itself; the Update's id is of this call alone, since the server would repeat a refusal ("no such
 * policy") for ever to whoever comes with the same id and a corrected request.
 */
export async function submitLetter(
  deps: Pick<ApiDeps, 'temporal' | 'letterQueue'>,
  requestId: string,
  submission: LetterSubmission,
): Promise<LetterView> {
  const temporal = requireTemporal(deps);
  const args: [LetterSubmission] = [submission];
  const update = { startWorkflowOperation: startOf(deps, { requestId }), args, updateId: `submit-${randomUUID()}` };
  return calling(() => temporal.workflow.executeUpdateWithStart(submitUpdate, update));
}

/**
 * One act on a request; `requestKey` makes it happen once. Workflows of the first version ended with the deadline though
 * nobody had decided: such a request gets a new run, which goes on from what is stored.
 */
export async function actOnLetter(
  deps: ApiDeps,
  requestId: string,
  act: LetterAct,
  requestKey: string,
): Promise<LetterView> {
  const { workflow } = requireTemporal(deps);
  const args: [{ act: LetterAct; requestKey: string }] = [{ act, requestKey }];
  const update = { args, updateId: requestKey };
  return calling(async () => {
    try {
      return await workflow.getHandle(letterWorkflowId(requestId)).executeUpdate(actUpdate, update);
    } catch (error) {
      const view = isOver(error) ? await undecidedView(deps, requestId) : null;
      if (view === null) throw error;
      const startWorkflowOperation = startOf(deps, { requestId, view });
      return workflow.executeUpdateWithStart(actUpdate, { ...update, startWorkflowOperation });
    }
  });
}

/** What a new run of a request that waits for a doctor goes on from; null for every other request. */
async function undecidedView({ pool }: Pick<ApiDeps, 'pool'>, requestId: string): Promise<LetterView | null> {
  const letter = (await readLetter(pool, requestId))?.record;
  if (letter?.state !== 'pended' || letter.pendedFor !== 'expert') return null;
  const { clock } = letter;
  const escalateAt = clock === null ? null : escalationAt(clock, letter);
  return { letter, escalateAt, dueAt: clock?.dueAt ?? null, closesAt: null };
}

function startOf(deps: Pick<ApiDeps, 'letterQueue'>, input: LetterInput) {
  return new WithStartWorkflowOperation('guaranteeLetter', {
    workflowId: letterWorkflowId(input.requestId),
    args: [input],
    taskQueue: deps.letterQueue ?? FLOW_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
}

function isOver(error: unknown): boolean {
  return error instanceof Error && error.name === 'WorkflowNotFoundError';
}

/** Refusals come back as the domain's own errors: 409 with their code and both texts. */
async function calling<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asAppError(error);
  }
}

/** A letter whose workflow has ended takes no more acts; everything else is told as for every other command. */
function asAppError(error: unknown): unknown {
  if (!isOver(error)) return appErrorOf(error);
  const text = { ru: 'Жизнь этого запроса окончена', en: 'The life of this request is over' };
  return new AppError('letter.over', text, { httpStatus: 409, cause: error });
}

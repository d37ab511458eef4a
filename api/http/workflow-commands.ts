import {
  isGrpcDeadlineError,
  WithStartWorkflowOperation,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { AppError } from '../../models/errors';
import { DEFAULT_QUEUES, invoiceWorkflowId } from '../../workflows/messages';
import type { CommandResult, Queues } from '../../workflows/messages';

/** A person waits no longer for an answer; the command itself goes on. */
const PATIENCE_MS = 25_000;

/**
 * Sends a command to the workflow of an invoice version and waits for its outcome. The workflow is started when it is
 * not there yet (the relay may be behind) or has ended (a reversal after the act). The request's id is the Update's id:
 * the same request twice is one command, so what was too slow is asked again under the same Idempotency-Key.
 *
 * @throws AppError with the code, status and facts that the workflow or its activity gave; command-pending (503)
 */
export async function commandInvoice<C extends { readonly requestId: string }>(
  client: Client,
  versionId: string,
  update: UpdateDefinition<CommandResult, [C]>,
  command: C,
  queues: Queues = DEFAULT_QUEUES,
  patienceMs = PATIENCE_MS,
): Promise<CommandResult> {
  const start = new WithStartWorkflowOperation('invoiceReview', {
    workflowId: invoiceWorkflowId(versionId),
    taskQueue: queues.flow,
    args: [{ versionId, ...(queues === DEFAULT_QUEUES ? {} : { queues }) }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    return await client.withDeadline(Date.now() + patienceMs, () =>
      client.workflow.executeUpdateWithStart(update, {
        args: [command],
        updateId: command.requestId,
        startWorkflowOperation: start,
      }),
    );
  } catch (error) {
    throw isTooSlow(error) ? pending(error) : appErrorOf(error);
  }
}

function isTooSlow(error: unknown): boolean {
  return error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error);
}

function pending(cause: unknown): AppError {
  return new AppError(
    'command-pending',
    {
      ru: 'Команда принята, но ответа ещё нет: повторите запрос с тем же Idempotency-Key',
      en: 'The command is on its way, but there is no answer yet: repeat the request with the same Idempotency-Key',
    },
    { httpStatus: 503, retryable: true, cause, details: { retryAfterSeconds: 5 } },
  );
}

/** Finds the application failure in what Temporal threw: it carries our code, both texts and the facts. */
export function appErrorOf(error: unknown): unknown {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at.name !== 'ApplicationFailure') continue;
    const { type, details } = at as Error & { type?: string; details?: unknown[] };
    const facts = details?.[0] as
      | { httpStatus?: number; text?: { ru: string; en: string }; facts?: Record<string, unknown> }
      | undefined;
    if (type && facts?.text !== undefined) {
      return new AppError(type, facts.text, { httpStatus: facts.httpStatus, details: facts.facts, cause: error });
    }
  }
  return error;
}

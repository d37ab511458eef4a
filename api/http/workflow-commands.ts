import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { AppError } from '../../models/errors';
import { DEFAULT_QUEUES, invoiceWorkflowId } from '../../workflows/messages';
import type { CommandResult, Queues } from '../../workflows/messages';

/**
 * Sends a command to the workflow of an invoice version and waits for its outcome. The workflow is started when it is
 * not there yet (the relay may be behind) or has ended (a reversal after the act). The request's id is the Update's id:
 * the same request twice is one command.
 *
 * @throws AppError with the code, status and facts that the workflow or its activity gave
 */
export async function commandInvoice<C extends { readonly requestId: string }>(
  client: Client,
  versionId: string,
  update: UpdateDefinition<CommandResult, [C]>,
  command: C,
  queues: Queues = DEFAULT_QUEUES,
): Promise<CommandResult> {
  const start = new WithStartWorkflowOperation('invoiceReview', {
    workflowId: invoiceWorkflowId(versionId),
    taskQueue: queues.flow,
    args: [{ versionId, ...(queues === DEFAULT_QUEUES ? {} : { queues }) }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    return await client.workflow.executeUpdateWithStart(update, {
      args: [command],
      updateId: command.requestId,
      startWorkflowOperation: start,
    });
  } catch (error) {
    throw appErrorOf(error);
  }
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

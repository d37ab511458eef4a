import type { Client } from '@temporalio/client';
import { disputeWorkflowId } from '../workflows/dispute-messages';
import { activationWorkflowId, shadowWorkflowId } from '../workflows/library-messages';
import { DEFAULT_QUEUES } from '../workflows/messages';
import type { Queues } from '../workflows/messages';

type Handler = (client: Client, message: { readonly payload: unknown }, queues: Queues) => Promise<void>;

/** Topics of the library: rows first, then the workflow that works on them, under the row's id. */
export const LIBRARY_OUTBOX_HANDLERS: Readonly<Record<string, Handler>> = {
  'shadow-run': async (client, { payload }, queues) => {
    const { runId, tuning } = payload as { runId: string; tuning?: object };
    await client.workflow
      .start('shadowRun', {
        workflowId: shadowWorkflowId(runId),
        taskQueue: queues.flow,
        args: [{ runId, ...(tuning === undefined ? {} : { tuning }), ...ownQueues(queues) }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      })
      .catch(ignoreStarted);
  },
  dispute: async (client, { payload }, queues) => {
    const { disputeId } = payload as { disputeId: string };
    await client.workflow.start('disputeCase', {
      workflowId: disputeWorkflowId(disputeId),
      taskQueue: queues.flow,
      args: [{ disputeId, ...ownQueues(queues) }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  },
  'rule-activation': async (client, { payload }, queues) => {
    const { key, from } = payload as { key: string; from: string | null };
    await client.workflow
      .start('ruleActivation', {
        workflowId: activationWorkflowId(key),
        taskQueue: queues.flow,
        args: [{ key, from, ...ownQueues(queues) }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      })
      .catch(ignoreStarted);
  },
};

function ownQueues(queues: Queues): { queues?: Queues } {
  return queues === DEFAULT_QUEUES ? {} : { queues };
}

/** A message that is delivered twice has done its work the first time. */
function ignoreStarted(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'WorkflowExecutionAlreadyStartedError') throw error;
}

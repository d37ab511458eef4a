import { WithStartWorkflowOperation } from '@temporalio/client';
import type { z } from 'zod';
import type { CaseAct } from '../../models/investigation/acts';
import { caseActUpdate, fraudCaseWorkflowId } from '../../workflows/fraud-case-messages';
import { DEFAULT_QUEUES } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import { appErrorOf } from '../http/workflow-commands';
import type { clockView } from './views';

/** Sends an act to the case's workflow, which is started when the relay has not got to it yet. */
export async function sendCaseAct(
  deps: ApiDeps,
  caseId: string,
  act: CaseAct,
  key: string,
): Promise<z.input<typeof clockView>> {
  const start = new WithStartWorkflowOperation('fraudInvestigation', {
    workflowId: fraudCaseWorkflowId(caseId),
    taskQueue: (deps.queues ?? DEFAULT_QUEUES).flow,
    args: [{ caseId }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    const view = await requireTemporal(deps).workflow.executeUpdateWithStart(caseActUpdate, {
      args: [{ act, key }],
      updateId: key,
      startWorkflowOperation: start,
    });
    return view as unknown as z.input<typeof clockView>;
  } catch (error) {
    throw appErrorOf(error);
  }
}

import { WithStartWorkflowOperation } from '@temporalio/client';
import type { z } from 'zod';
import type { CaseAct } from '../../models/investigation/acts';
import { clocksOf } from '../../models/investigation/apply-act';
import { readCase } from '../../prisma/repositories/fraud-cases';
import { caseActUpdate, fraudCaseWorkflowId } from '../../workflows/fraud-case-messages';
import { DEFAULT_QUEUES } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { requireTemporal } from '../deps';
import { notFound } from '../http/errors';
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
    await requireTemporal(deps).workflow.executeUpdateWithStart(caseActUpdate, {
      args: [{ act, key }],
      updateId: key,
      startWorkflowOperation: start,
    });
  } catch (error) {
    throw appErrorOf(error);
  }
  const record = (await readCase(deps.pool, caseId, { kind: 'all' }))?.record;
  if (record == null) throw notFound('fraud-case');
  const { holdDueAt, letterDueAt } = clocksOf(record);
  return { record, holdDueAt, letterDueAt } as unknown as z.input<typeof clockView>;
}

import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { batchWorkflowId, invoiceWorkflowId } from '../../workflows/messages';
import { caseView, openWorkflowHouse, RESULT, TAKEN } from './workflow-house';
import type { MockActivities, WorkflowHouse } from './workflow-house';
import { until } from './until';

const DOCTOR = { userId: randomUUID(), fullName: 'Соколова Анна Викторовна', role: 'medical-expert' as const };
const LEAD = { userId: randomUUID(), fullName: 'Морозова Елена Дмитриевна', role: 'lead-expert' as const };
const taskId = RESULT.taskId!;

/** One way through a workflow, run to its end with made-up activities; its history is committed and replayed for ever. */
export interface Branch {
  readonly name: string;
  readonly run: () => Promise<{ readonly house: WorkflowHouse; readonly handle: WorkflowHandle }>;
}

/** Answers in turn; the last one stays. */
function inTurn<T>(...answers: T[]): () => Promise<T> {
  let at = 0;
  return () => Promise.resolve(answers[Math.min(at++, answers.length - 1)]!);
}

async function invoice(
  activities: Partial<MockActivities>,
  during: (handle: WorkflowHandle, house: WorkflowHouse) => Promise<unknown> = () => Promise.resolve(),
) {
  const house = await openWorkflowHouse(activities);
  const versionId = randomUUID();
  const handle = await house.client.workflow.start('invoiceReview', {
    workflowId: invoiceWorkflowId(versionId),
    taskQueue: house.queues.flow,
    args: [{ versionId, queues: house.queues }],
  });
  await during(handle, house);
  await handle.result();
  return { house, handle };
}

async function batch(
  activities: Partial<MockActivities>,
  tuning: object,
  during: (handle: WorkflowHandle) => Promise<unknown> = () => Promise.resolve(),
) {
  const house = await openWorkflowHouse(activities);
  const handle = await house.client.workflow.start('batchReview', {
    workflowId: batchWorkflowId(`${house.queues.flow}/branch`),
    taskQueue: house.queues.flow,
    args: [{ selection: { kind: 'untaken' }, queues: house.queues, tuning }],
  });
  await during(handle);
  await handle.result();
  return { house, handle };
}

const decide = (handle: WorkflowHandle, lineNo = 1) =>
  handle.executeUpdate('decide', {
    args: [{ requestId: randomUUID(), taskId, revision: 2, author: DOCTOR, decisions: [{ lineNo, kind: 'accept' }] }],
  });
const pause = (ms: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

export const BRANCHES: readonly Branch[] = [
  { name: 'batch-all-chunks', run: () => batch({}, { window: 2, chunk: { person: 3 } }) },
  { name: 'batch-nothing-to-take', run: () => batch({ takeBatch: () => Promise.resolve(null) }, {}) },
  {
    name: 'batch-paused-and-resumed',
    run: () =>
      batch(
        { checkChunk: () => pause(50).then(() => ({ lines: 1, findings: 0 })) },
        { window: 1, chunk: { person: 1 } },
        async (handle) => {
          await handle.executeUpdate('pause');
          await handle.query('progress');
          await handle.executeUpdate('resume');
        },
      ),
  },
  { name: 'batch-continued-as-new', run: () => batch({}, { window: 1, chunk: { person: 1 }, maxEvents: 25 }) },
  {
    name: 'batch-chunk-retried',
    run: () => {
      let tries = 0;
      const checkChunk = () =>
        (tries += 1) === 1 ? Promise.reject(new Error('once')) : Promise.resolve({ lines: 1, findings: 0 });
      return batch({ checkChunk }, { window: 1 });
    },
  },
  {
    name: 'invoice-checked-alone',
    run: () =>
      invoice({
        loadCase: inTurn(caseView({ state: 'received' }), caseView({ state: 'settle-ready', openTasks: 0 })),
        takeBatch: () => Promise.resolve({ ...TAKEN, subjects: { ...TAKEN.subjects, person: 1, invoice: 1 } }),
      }),
  },
  {
    name: 'invoice-taken-by-a-batch',
    run: () =>
      invoice({
        loadCase: () => Promise.resolve(caseView({ state: 'received' })),
        takeBatch: () => Promise.resolve(null),
      }),
  },
  {
    name: 'invoice-decided',
    run: () =>
      invoice(
        {
          loadCase: inTurn(
            caseView(),
            caseView(),
            caseView({ state: 'decided', openTasks: 0 }),
            caseView({ state: 'settle-ready' }),
          ),
        },
        async (handle) => {
          await decide(handle);
          await decide(handle, 2);
        },
      ),
  },
  {
    name: 'invoice-held-and-answered',
    run: () =>
      invoice(
        {
          loadCase: inTurn(
            caseView(),
            caseView(),
            caseView(),
            caseView({ state: 'decided' }),
            caseView({ state: 'settle-ready' }),
          ),
        },
        async (handle) => {
          const command = { requestId: randomUUID(), taskId, revision: 2, author: DOCTOR };
          await handle.executeUpdate('hold', { args: [{ ...command, textToClinic: 'Пришлите выписку' }] });
          await handle.executeUpdate('answer-documents', {
            args: [{ requestId: randomUUID(), taskId, documentRequestId: randomUUID(), answerText: 'Вот она' }],
          });
          await decide(handle);
        },
      ),
  },
  {
    name: 'invoice-escalated',
    run: () => {
      const soon = new Date(Date.now() + 400).toISOString();
      let escalated = 0;
      return invoice(
        {
          loadCase: inTurn(
            caseView({ nextEscalationAt: soon }),
            caseView(),
            caseView({ state: 'decided' }),
            caseView({ state: 'settle-ready' }),
          ),
          escalate: () => Promise.resolve((escalated += 1)),
        },
        async (handle) => {
          await until(() => Promise.resolve(escalated > 0));
          await decide(handle);
        },
      );
    },
  },
  {
    name: 'invoice-superseded',
    run: () =>
      invoice({ loadCase: inTurn(caseView(), caseView({ state: 'superseded', openTasks: 0 })) }, (handle) =>
        handle.signal('case-changed'),
      ),
  },
  {
    name: 'invoice-reversed-after-the-act',
    run: () =>
      invoice({ loadCase: inTurn(caseView(), caseView({ state: 'settle-ready', openTasks: 0 })) }, async (handle) => {
        const decision = { lineNo: 1, kind: 'refuse' as const, reasonCode: 'CLIN-01' };
        await handle.executeUpdate('reverse', { args: [{ requestId: randomUUID(), author: LEAD, decision }] });
      }),
  },
];

export { DOCTOR, LEAD };

import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { appErrorOf, commandInvoice } from '../api/http/workflow-commands';
import { refusal } from '../activities/failures';
import { problem } from '../models/review-case/problems';
import { decideUpdate, invoiceWorkflowId } from '../workflows/messages';
import type { CaseView, DecideCommand } from '../workflows/messages';
import { DOCTOR, LEAD } from './support/workflow-branches';
import { caseView, openWorkflowHouse, RESULT } from './support/workflow-house';
import type { MockActivities, WorkflowHouse } from './support/workflow-house';
import { until } from './support/until';

let house: WorkflowHouse | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

async function start(activities: Partial<MockActivities>): Promise<WorkflowHandle> {
  house = await openWorkflowHouse(activities);
  const versionId = randomUUID();
  return house.client.workflow.start('invoiceReview', {
    workflowId: invoiceWorkflowId(versionId),
    taskQueue: house.queues.flow,
    args: [{ versionId, queues: house.queues }],
  });
}

const decideCommand = (over: object = {}) => ({
  requestId: randomUUID(),
  taskId: RESULT.taskId,
  revision: 1,
  author: DOCTOR,
  decisions: [{ lineNo: 1, kind: 'refuse', reasonCode: 'CLIN-01' }],
  ...over,
});
const failureOf = async (work: Promise<unknown>): Promise<{ code?: string; httpStatus?: number; details?: object }> => {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return appErrorOf(error) as { code?: string };
};

/** An invoice that no batch has checked yet: the workflow checks it alone, then it waits. */
const received = () => {
  let asked = 0;
  return () => Promise.resolve(caseView({ state: asked++ === 0 ? 'received' : 'waiting' }));
};
const secondsOf = (duration: { seconds?: unknown } | null | undefined): number => Number(duration?.seconds ?? 0);

describe('commands that the validator refuses never reach an activity', () => {
  let called: string[];
  const counting = (): Partial<MockActivities> => {
    called = [];
    const note = (name: string) => () => {
      called.push(name);
      return Promise.resolve(RESULT);
    };
    return { decide: note('decide'), hold: note('hold'), reverse: note('reverse') };
  };

  test.each<[string, string, object, string]>([
    [
      'a medical refusal without a doctor',
      'decide',
      decideCommand({ author: { ...DOCTOR, fullName: null } }),
      'decision.no-doctor',
    ],
    [
      'a refusal by an analyst',
      'decide',
      decideCommand({ author: { ...DOCTOR, role: 'analyst' } }),
      'decision.no-doctor',
    ],
    [
      'a refusal without a reason',
      'decide',
      decideCommand({ decisions: [{ lineNo: 1, kind: 'refuse' }] }),
      'decision.no-reason',
    ],
    ['an empty question', 'hold', decideCommand({ textToClinic: ' ' }), 'task.no-question'],
    [
      'a reversal by an expert',
      'reverse',
      decideCommand({ decision: { lineNo: 1, kind: 'accept' } }),
      'verdict.no-lead',
    ],
  ])('%s', async (_name, update, command, code) => {
    const handle = await start(counting());
    const failure = await failureOf(handle.executeUpdate(update, { args: [command] }));
    expect(failure.code).toBe(code);
    expect(called).toEqual([]);
    const history = await handle.fetchHistory();
    expect((history.events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toEqual([]);
  });
});

test('a refused command keeps its code, status and facts on the way to the caller, and the workflow goes on', async () => {
  const held = problem('task.held', undefined, { holderId: 'x', holderName: 'Лебедев' });
  const handle = await start({ decide: () => Promise.reject(refusal(held)) });
  const failure = await failureOf(handle.executeUpdate('decide', { args: [decideCommand()] }));
  expect(failure).toMatchObject({ code: 'task.held', httpStatus: 409, details: { holderName: 'Лебедев' } });
  expect((await handle.describe()).status.name).toBe('RUNNING');
});

test('a person waits for a slow command only so long, and the same request again brings its outcome', async () => {
  let answer = (): void => undefined;
  const slow = new Promise<void>((resolve) => (answer = resolve));
  let carriedOut = 0;
  house = await openWorkflowHouse({
    decide: async () => {
      carriedOut += 1;
      await slow;
      return RESULT;
    },
  });
  const { client, queues } = house;
  const versionId = randomUUID();
  const command = decideCommand() as DecideCommand;
  const ask = (patienceMs: number) => commandInvoice(client, versionId, decideUpdate, command, queues, patienceMs);
  const failure = await failureOf(ask(3000));
  expect(failure).toMatchObject({ code: 'command-pending', httpStatus: 503, details: { retryAfterSeconds: 5 } });
  answer();
  expect(await ask(20_000)).toEqual(RESULT);
  expect(carriedOut).toBe(1);
});

test('a step that its worker lost is given to another within seconds, while the person still waits', async () => {
  const handle = await start({ loadCase: received() });
  await until(async () => (await handle.query<CaseView>('case')).state === 'waiting');
  await handle.executeUpdate('decide', { args: [decideCommand()] });
  const { events } = await handle.fetchHistory();
  const silence = Object.fromEntries(
    (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: step }) =>
      step ? [[step.activityType!.name!, secondsOf(step.heartbeatTimeout) || secondsOf(step.startToCloseTimeout)]] : [],
    ),
  );
  expect(silence).toEqual({
    loadCase: 12,
    takeBatch: 12,
    checkChunk: 12,
    closeChecking: 12,
    routeChunk: 12,
    finishBatch: 12,
    decide: 12,
  });
});

test('the stored instant is slept to: the lead expert is told once it has come, and not before', async () => {
  const at = new Date(Date.now() + 1500).toISOString();
  const told: { at: number; dueBy: string }[] = [];
  await start({
    loadCase: () => Promise.resolve(caseView({ nextEscalationAt: told.length === 0 ? at : null })),
    escalate: (({ dueBy }: { dueBy: string }) => Promise.resolve(told.push({ at: Date.now(), dueBy }))) as never,
  });
  await until(() => Promise.resolve(told.length > 0));
  expect(told).toHaveLength(1);
  expect(told[0]!.dueBy).toBe(at);
  expect(told[0]!.at).toBeGreaterThanOrEqual(Date.parse(at) - 50);
});

test('a clock that stands still wakes nobody', async () => {
  let escalations = 0;
  const handle = await start({
    loadCase: () => Promise.resolve(caseView({ nextEscalationAt: null })),
    escalate: () => Promise.resolve((escalations += 1)),
  });
  await until(async () => ((await handle.query('case')) as { state: string }).state === 'waiting');
  expect(escalations).toBe(0);
  expect((await handle.describe()).status.name).toBe('RUNNING');
});

test('the act is issued after the last decision and only then', async () => {
  let state = 'waiting';
  let acts = 0;
  const handle = await start({
    loadCase: () => Promise.resolve(caseView({ state })),
    decide: () => {
      expect(acts).toBe(0);
      state = 'decided';
      return Promise.resolve(RESULT);
    },
    issueAct: () => {
      acts += 1;
      state = 'settle-ready';
      return Promise.resolve({ number: 'АМЭ-2026-000001' });
    },
  });
  await handle.executeUpdate('decide', { args: [decideCommand()] });
  expect(await handle.result()).toMatchObject({ state: 'settle-ready' });
  expect(acts).toBe(1);
});

test('the same request twice is one decision', async () => {
  let decisions = 0;
  const handle = await start({ decide: () => Promise.resolve({ ...RESULT, revision: (decisions += 1) }) });
  const command = decideCommand();
  const send = () => handle.executeUpdate('decide', { args: [command], updateId: command.requestId });
  expect(await Promise.all([send(), send()])).toEqual([
    { ...RESULT, revision: 1 },
    { ...RESULT, revision: 1 },
  ]);
  expect(decisions).toBe(1);
});

test('a lead expert reverses by a verdict with a reason', async () => {
  const handle = await start({ loadCase: () => Promise.resolve(caseView()) });
  const decision = { lineNo: 1, kind: 'refuse', reasonCode: 'CLIN-01' };
  const result = await handle.executeUpdate('reverse', { args: [{ requestId: randomUUID(), author: LEAD, decision }] });
  expect(result).toMatchObject({ taskId: null });
});

test('neither ids nor payloads nor failures of a workflow show a name or a reason in plain text', async () => {
  const handle = await start({
    decide: () => Promise.reject(refusal(problem('task.held', undefined, { holderName: 'Лебедев' }))),
  });
  await failureOf(handle.executeUpdate('decide', { args: [decideCommand()] }));
  const raw = Buffer.from(JSON.stringify(await handle.fetchHistory()));
  const texts = [
    raw.toString(),
    ...[...raw.toString().matchAll(/"([A-Za-z0-9+/=]{40,})"/g)].map(([, b64]) =>
      Buffer.from(b64!, 'base64').toString(),
    ),
  ];
  for (const secret of ['Соколова', 'Лебедев', 'CLIN-01', 'Another expert']) {
    expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  }
});

import { createHash } from 'node:crypto';
import { escalationAt, pauseDeadline, resumeDeadline } from '../../models/calendar';
import { checkDecisions, verdictOf } from '../../models/review-case/decisions';
import type { LineDecision, CaseAuthor } from '../../models/review-case/decisions';
import { isProblem, problem } from '../../models/review-case/problems';
import { withTransaction } from '../../prisma/pool';
import type { Pool, PoolClient } from '../../prisma/pool';
import { setLineStates, setVersionStates } from '../../prisma/repositories/route-lines';
import {
  answerDocumentRequest,
  changeTask,
  documentRequestExists,
  insertDocumentRequest,
  lineOfVersion,
  linesOfTask,
  lockTask,
  openDocumentRequests,
} from '../../prisma/repositories/task-commands';
import type { LockedTask, TaskLine } from '../../prisma/repositories/task-commands';
import { decidedByRequest, insertVerdicts, retireVerdict } from '../../prisma/repositories/verdicts';
import type { LineVerdict } from '../../prisma/repositories/verdicts';
import { caseOf, decideVersions, findVersion } from '../../prisma/repositories/versions';
import type { VersionRow } from '../../prisma/repositories/versions';
import type {
  AnswerCommand,
  CommandResult,
  DecideCommand,
  HoldCommand,
  ReverseCommand,
} from '../../workflows/messages';
import { refusal } from '../failures';
import { deciding } from './deciding';
import type { CaseDeps, DecidedLines } from './deciding';
import { ESCALATION_LEAD_DAYS } from './route-lines';

/** Every command names the invoice version whose workflow carries it out. */
export type OfVersion<C> = C & { readonly versionId: string };

/** Decides lines of a task that the author holds. One transaction; the same request again gives the same answer. */
export function decideLines(deps: CaseDeps, command: OfVersion<DecideCommand>): Promise<CommandResult> {
  return deciding(deps, linesOf(command, command.decisions), async (tx, recheck) => {
    const version = await currentVersion(tx, command.versionId);
    const task = await taskOf(tx, version, command.taskId);
    const lines = await linesOfTask(tx, task.id);
    const asked = command.decisions.map((decision) => ({ decision, line: lineOf(lines, decision) }));
    const done = await decidedByRequest(
      tx,
      command.requestId,
      asked.map(({ line }) => line.lineId),
    );
    if (done.size === asked.length) return resultOf(tx, command.versionId, task.id, task.state, task.revision);
    mustHold(task, command.author, command.revision);
    refuseIf(checkDecisions(command.author, command.decisions));
    await writeVerdicts(tx, command, task.id, asked);
    await recheck();
    const open = (await linesOfTask(tx, task.id)).filter((line) => !line.decided).length;
    const state = open === 0 ? 'decided' : 'claimed';
    const revision = await changeTask(tx, task.id, { state });
    await decideVersions(tx, [version.id]);
    return resultOf(tx, command.versionId, task.id, state, revision);
  });
}

/** Asks the clinic for documents: the task waits, its clock stands still. */
export function holdTask(pool: Pool, command: OfVersion<HoldCommand>): Promise<CommandResult> {
  const requestId = uuidOf(`hold/${command.taskId}/${command.requestId}`);
  return withTransaction(pool, async (tx) => {
    const version = await currentVersion(tx, command.versionId);
    const task = await taskOf(tx, version, command.taskId);
    if (await documentRequestExists(tx, requestId)) {
      return resultOf(tx, command.versionId, task.id, task.state, task.revision);
    }
    mustHold(task, command.author, command.revision);
    await insertDocumentRequest(tx, {
      id: requestId,
      taskId: task.id,
      textToClinic: command.textToClinic,
      requestedBy: command.author.userId,
    });
    const clock = pauseDeadline(task.clock, new Date().toISOString());
    const revision = await changeTask(tx, task.id, { state: 'on-hold', clock, escalateAt: null });
    return resultOf(tx, command.versionId, task.id, 'on-hold', revision);
  });
}

/** The clinic's answer. When nothing is owed any more the clock runs again and the task is open to everybody. */
export function answerDocuments(pool: Pool, command: OfVersion<AnswerCommand>): Promise<CommandResult> {
  return withTransaction(pool, async (tx) => {
    const version = await currentVersion(tx, command.versionId);
    const task = await taskOf(tx, version, command.taskId);
    const answer = { id: command.documentRequestId, taskId: task.id, text: command.answerText };
    const outcome = await answerDocumentRequest(tx, answer);
    if (outcome === 'unknown') throw refusal(problem('documents.unknown'));
    if (outcome === 'answered') throw refusal(problem('documents.answered'));
    const settled = task.state !== 'on-hold' || (await openDocumentRequests(tx, task.id)) > 0;
    if (outcome === 'repeated' || settled) {
      return resultOf(tx, command.versionId, task.id, task.state, task.revision);
    }
    const clock = resumeDeadline(task.clock, new Date().toISOString());
    const revision = await changeTask(tx, task.id, {
      state: 'open',
      holder: null,
      clock,
      deadline: clock.dueAt,
      escalateAt: escalationAt(clock, ESCALATION_LEAD_DAYS),
    });
    return resultOf(tx, command.versionId, task.id, 'open', revision);
  });
}

/** A lead expert's new verdict on a decided line: the old one stays on record, the act gets a supplement. */
export function reverseVerdict(deps: CaseDeps, command: OfVersion<ReverseCommand>): Promise<CommandResult> {
  return deciding(deps, linesOf(command, [command.decision]), async (tx, recheck) => {
    const version = await currentVersion(tx, command.versionId);
    const line = await lineOfVersion(tx, version.id, command.decision.lineNo);
    if (line === null) throw refusal(problem('decision.unknown-line', command.decision));
    const done = await decidedByRequest(tx, command.requestId, [line.lineId]);
    if (done.size > 0) return resultOf(tx, command.versionId, null, null, null);
    if (command.author.role !== 'lead-expert') throw refusal(problem('verdict.no-lead'));
    refuseIf(checkDecisions(command.author, [command.decision]));
    const reversesId = await retireVerdict(tx, line.lineId);
    if (reversesId === null) throw refusal(problem('verdict.none', command.decision));
    await writeVerdicts(
      tx,
      command,
      null,
      [{ decision: command.decision, line: { ...line, decided: false } }],
      reversesId,
    );
    await recheck();
    if (version.state === 'settle-ready') await setVersionStates(tx, [version.id], 'decided');
    return resultOf(tx, command.versionId, null, null, null);
  });
}

function linesOf(
  { versionId, requestId }: OfVersion<{ readonly requestId: string }>,
  decisions: readonly LineDecision[],
): DecidedLines {
  return { versionId, requestId, lineNos: decisions.map((decision) => decision.lineNo) };
}

async function writeVerdicts(
  tx: PoolClient,
  command: { readonly requestId: string; readonly author: CaseAuthor },
  taskId: string | null,
  asked: readonly { readonly decision: LineDecision; readonly line: TaskLine }[],
  reversesId: number | null = null,
): Promise<void> {
  const verdicts = asked.map(({ decision, line }): LineVerdict => {
    if (line.decided) throw refusal(problem('decision.already', decision));
    const draft = verdictOf(line, decision);
    if (isProblem(draft)) throw refusal(draft);
    return { ...draft, lineId: line.lineId, reversesId };
  });
  const author = {
    kind: 'doctor' as const,
    doctorId: command.author.userId,
    doctorName: command.author.fullName!,
    requestId: command.requestId,
    taskId,
  };
  await insertVerdicts(tx, author, verdicts);
  await setLineStates(
    tx,
    verdicts.map((verdict) => verdict.lineId),
    'decided',
  );
}

/** Locks the version: the last of several decisions sees all the others. */
async function currentVersion(tx: PoolClient, publicId: string): Promise<VersionRow> {
  const version = await findVersion(tx, publicId, true);
  if (version === null) throw refusal(problem('invoice.unknown'));
  if (!version.current) throw refusal(problem('invoice.superseded'));
  return version;
}

async function taskOf(tx: PoolClient, version: VersionRow, taskId: string): Promise<LockedTask> {
  const task = await lockTask(tx, taskId);
  if (task === null || task.versionId !== version.id) throw refusal(problem('task.unknown'));
  return task;
}

function lineOf(lines: readonly TaskLine[], decision: LineDecision): TaskLine {
  const line = lines.find((each) => each.lineNo === decision.lineNo);
  if (line === undefined) throw refusal(problem('decision.unknown-line', decision));
  return line;
}

/** The lease may have run out: as long as nobody else took the task, its holder still holds it. */
function mustHold(task: LockedTask, author: CaseAuthor, revision: number | null): void {
  if (task.state === 'decided' || task.state === 'cancelled') throw refusal(problem('task.closed'));
  if (task.state === 'on-hold') throw refusal(problem('task.on-hold'));
  if (task.leased && task.holderId !== author.userId) {
    const facts = { holderId: task.holderId, holderName: task.holderName, leaseUntil: task.leaseUntil };
    throw refusal(problem('task.held', undefined, facts));
  }
  if (task.state !== 'claimed' || task.holderId !== author.userId) throw refusal(problem('task.not-held'));
  if (revision !== null && revision !== task.revision) {
    throw refusal(problem('task.stale', undefined, { revision: task.revision }));
  }
}

function refuseIf(found: ReturnType<typeof checkDecisions>): void {
  if (found !== null) throw refusal(found);
}

async function resultOf(
  tx: PoolClient,
  versionId: string,
  taskId: string | null,
  taskState: string | null,
  revision: number | null,
): Promise<CommandResult> {
  const view = (await caseOf(tx, versionId))!;
  return { taskId, taskState, revision, openTasks: view.openTasks, invoiceState: view.state };
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

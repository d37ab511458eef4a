import { startDeadline } from '../calendar';
import type { LocalizedText } from '../errors';
import type { CaseAct, CaseTimes, KeyedAct } from './acts';
import type { CaseLetter, CaseRecord } from './record';

/** Why an act is refused. */
export interface CaseObjection {
  readonly code: string;
  readonly text: LocalizedText;
}

const objection = (code: string, ru: string, en: string): CaseObjection => ({
  code: `fraud-case.${code}`,
  text: { ru, en },
});

const CLOSED = objection('closed', 'Дело закрыто', 'The case is closed');
const FOUR_EYES = objection('four-eyes', 'Подтвердить должен другой сотрудник', 'Somebody else has to confirm');

/** Null: the act fits the case as it is. Pure; asked by the workflow's validator and again under the row's lock. */
export function objectToAct(record: CaseRecord, act: CaseAct): CaseObjection | null {
  if (record.state === 'closed') return CLOSED;
  switch (act.kind) {
    case 'hold':
      return objectToHold(record, act.lineIds);
    case 'release-hold':
    case 'hold-deadline':
      return activeHold(record) ? null : objection('no-hold', 'Удержания нет', 'There is no hold');
    case 'finish-task': {
      const task = record.tasks.find(({ taskId }) => taskId === act.taskId);
      if (task === undefined) return objection('no-task', 'Такого поручения нет', 'No such task');
      return task.doneAt === null
        ? null
        : objection('task-done', 'Поручение уже выполнено', 'The task is done already');
    }
    case 'clinic-answer': {
      const letter = record.letters.find(({ letterId }) => letterId === act.letterId);
      if (letter === undefined) return objection('no-letter', 'Такого письма нет', 'No such letter');
      return letter.answeredAt === null ? null : objection('answered', 'На письмо уже ответили', 'Answered already');
    }
    case 'propose':
      return objectToProposal(record, act);
    case 'return':
    case 'confirm':
      return objectToConfirmation(record, act);
    case 'add-task':
    case 'write-letter':
    case 'note':
    case 'letter-overdue':
      return null;
    default:
      return act satisfies never;
  }
}

function activeHold(record: CaseRecord): boolean {
  return record.hold !== null && record.hold.releasedAt === null;
}

function objectToHold(record: CaseRecord, lineIds: readonly number[]): CaseObjection | null {
  if (record.hold !== null && record.hold.releasedAt !== null) {
    return objection('hold-over', 'Удержание уже снято, второй раз нельзя', 'The hold is over; there is no second one');
  }
  const known = new Set(record.lines.map(({ lineId }) => lineId));
  if (lineIds.length === 0 || lineIds.some((lineId) => !known.has(lineId))) {
    return objection('foreign-line', 'Удержать можно только строки дела', 'Only lines of the case can be held');
  }
  return null;
}

function objectToProposal(record: CaseRecord, act: Extract<CaseAct, { kind: 'propose' }>): CaseObjection | null {
  if (record.state === 'proposed')
    return objection('proposed', 'Исход уже предложен', 'An outcome is proposed already');
  if (record.tasks.some(({ doneAt }) => doneAt === null)) {
    return objection('open-task', 'Сначала выполните поручения', 'Finish the tasks first');
  }
  const payable = new Map(record.lines.map((line) => [line.lineId, line.payableKopecks]));
  const seen = new Set<number>();
  for (const { lineId, result, recoverKopecks } of act.lines) {
    const most = payable.get(lineId);
    if (most === undefined || seen.has(lineId)) {
      return objection(
        'foreign-line',
        'Строки нет в деле или она названа дважды',
        'A line is not of the case, or is named twice',
      );
    }
    seen.add(lineId);
    if (recoverKopecks > most || (result === 'fine' && recoverKopecks > 0)) {
      return objection(
        'too-much',
        'К возврату больше, чем можно по строке',
        'More is to be recovered than the line allows',
      );
    }
  }
  const wrong = act.lines.filter(({ result }) => result !== 'fine');
  if (act.outcome === 'unfounded' ? wrong.length > 0 : wrong.length === 0) {
    return objection('outcome-lines', 'Исход не сходится со строками', 'The outcome contradicts the lines');
  }
  return null;
}

function objectToConfirmation(
  record: CaseRecord,
  act: Extract<CaseAct, { kind: 'return' | 'confirm' }>,
): CaseObjection | null {
  if (record.proposal === null) return objection('no-proposal', 'Исход не предложен', 'No outcome is proposed');
  if (act.kind === 'confirm' && record.proposal.by.id === act.by.id) {
    return FOUR_EYES;
  }
  return null;
}

/** The case after the act. Call `objectToAct` first. */
export function applyAct(record: CaseRecord, { at, key, act }: KeyedAct, times: CaseTimes): CaseRecord {
  switch (act.kind) {
    case 'hold': {
      const before = record.hold?.lineIds ?? [];
      const lineIds = [...new Set([...before, ...act.lineIds])];
      if (record.hold !== null) return { ...record, hold: { ...record.hold, lineIds } };
      const { dueAt, calendarVersion } = dueOf(at, times.holdDays, times);
      return { ...record, hold: { lineIds, placedAt: at, dueAt, calendarVersion, releasedAt: null, released: null } };
    }
    case 'release-hold':
      return { ...record, hold: { ...record.hold!, releasedAt: at, released: 'decision' } };
    case 'hold-deadline':
      return { ...record, hold: { ...record.hold!, releasedAt: at, released: 'deadline' } };
    case 'add-task':
      return {
        ...record,
        tasks: [...record.tasks, { taskId: key, text: act.text, createdAt: at, doneAt: null, result: null }],
      };
    case 'finish-task':
      return {
        ...record,
        tasks: record.tasks.map((task) =>
          task.taskId === act.taskId ? { ...task, doneAt: at, result: act.result } : task,
        ),
      };
    case 'write-letter': {
      const { subject, text } = act;
      const { dueAt } = dueOf(at, times.answerDays, times);
      const sent = { letterId: key, subject, text, sentAt: at, answerDueAt: dueAt, overdue: false };
      return { ...record, letters: [...record.letters, { ...sent, answeredAt: null, answerText: null }] };
    }
    case 'clinic-answer':
      return changeLetters(record, ({ letterId }) => letterId === act.letterId, {
        answeredAt: at,
        answerText: act.text,
      });
    case 'letter-overdue':
      return changeLetters(record, (letter) => isOwed(letter) && letter.answerDueAt <= at, { overdue: true });
    case 'propose': {
      const { outcome, reason, by, lines } = act;
      return { ...record, state: 'proposed', proposal: { outcome, reason, by, at, lines } };
    }
    case 'return':
      return { ...record, state: 'open', proposal: null };
    case 'confirm':
      return closed(record, act, at);
    case 'note':
      return record;
    default:
      return act satisfies never;
  }
}

function closed(record: CaseRecord, act: Extract<CaseAct, { kind: 'confirm' }>, at: string): CaseRecord {
  const { outcome, lines } = record.proposal!;
  const hold =
    record.hold === null || record.hold.releasedAt !== null
      ? record.hold
      : { ...record.hold, releasedAt: at, released: 'closed' as const };
  const recoveryKopecks = lines.reduce((sum, line) => sum + line.recoverKopecks, 0);
  return { ...record, state: 'closed', outcome, confirmedBy: act.by, recoveryKopecks, closedAt: at, hold };
}

function isOwed(letter: CaseLetter): boolean {
  return letter.answeredAt === null && !letter.overdue;
}

function changeLetters(
  record: CaseRecord,
  which: (letter: CaseLetter) => boolean,
  change: Partial<CaseLetter>,
): CaseRecord {
  return { ...record, letters: record.letters.map((letter) => (which(letter) ? { ...letter, ...change } : letter)) };
}

function dueOf(at: string, days: number, times: CaseTimes): { dueAt: string; calendarVersion: string } {
  if (times.dayMs !== null) {
    return { dueAt: new Date(Date.parse(at) + days * times.dayMs).toISOString(), calendarVersion: 'fixed' };
  }
  const deadline = startDeadline(at, { unit: 'business-days', amount: days });
  return { dueAt: deadline.dueAt!, calendarVersion: deadline.calendarVersion };
}

/** What a case's workflow has to know: little, since every act leaves a copy of it in the workflow's history. */
export interface CaseClocks {
  readonly state: CaseRecord['state'];
  /** Who proposed the outcome: somebody else confirms. */
  readonly proposedBy: string | null;
  /** End of the hold. */
  readonly holdDueAt: string | null;
  /** The earliest answer that a clinic owes. */
  readonly letterDueAt: string | null;
}

/** What can be refused at the door, before an act enters the workflow's history. */
export function objectAtDoor({ state, proposedBy }: CaseClocks, act: CaseAct): CaseObjection | null {
  if (state === 'closed') return CLOSED;
  return act.kind === 'confirm' && proposedBy === act.by.id ? FOUR_EYES : null;
}

/** The instants a case sleeps to, and where it stands. */
export function clocksOf(record: CaseRecord): CaseClocks {
  const { state } = record;
  const proposedBy = record.proposal?.by.id ?? null;
  if (state === 'closed') return { state, proposedBy, holdDueAt: null, letterDueAt: null };
  const owed = record.letters.filter(isOwed).map((letter) => letter.answerDueAt);
  const holdDueAt = activeHold(record) ? record.hold!.dueAt : null;
  const letterDueAt = owed.length === 0 ? null : owed.reduce((a, b) => (a < b ? a : b));
  return { state, proposedBy, holdDueAt, letterDueAt };
}

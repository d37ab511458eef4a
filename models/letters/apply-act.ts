import { AppError } from '../errors';
import { objection } from './acts';
import type { KeyedAct, LetterAct, Objection } from './acts';
import { restartClock, resumeClock, stopClock } from './clocks';
import { decideLine, disagrees, needsSecondDoctor, NO_PROMISE, objectToDecision } from './decision';
import { isAppealedPromise, isInForce, isPromised, stateByLines } from './record';
import type { LetterRecord, LetterRecordLine } from './record';

/**
 * May this act happen to the letter now? Pure and synchronous: the workflow's Update validator and the writing
 * activity ask the same question. Null = yes.
 */
export function objectToAct(letter: LetterRecord, act: LetterAct): Objection | null {
  if ('doctor' in act && act.doctor.fullName.trim() === '') {
    return objection('letter.doctor-unnamed', 'Решение принимает врач, названный по имени', 'A named doctor decides');
  }
  switch (act.kind) {
    case 'decide':
      return objectToDecision(letter, act.doctor, act.lines);
    case 'ask-documents':
    case 'second-opinion':
      return letter.pendedFor === 'expert' ? null : notNow('Запрос не у врача', 'The request is not with a doctor');
    case 'give-documents':
      return letter.pendedFor === 'documents' ? null : notNow('Документы не запрошены', 'No documents are owed');
    case 'amend':
      return (
        objectToLines(
          letter,
          act.lines.map((line) => line.lineNo),
        ) ?? objectToQuantities(letter, act.lines)
      );
    case 'extend':
      if (!isInForce(letter)) return notInForce();
      return letter.validTo !== null && act.validTo > letter.validTo
        ? null
        : notNow('Новый срок должен быть позже прежнего', 'The new term must be later than the old one');
    case 'cancel':
      if (!isInForce(letter) && letter.state !== 'pended') return notInForce();
      return objectToStray(letter, act.lineNos, (line) => isPromised(line) || line.outcome === 'pended');
    case 'appeal': {
      const final = letter.lines.filter((line) => line.outcome === 'refused' || line.outcome === 'partial');
      const known = act.lineNos.every((no) => final.some((line) => line.lineNo === no));
      return known && act.lineNos.length > 0 && letter.pendedFor === null && letter.state !== 'cancelled'
        ? null
        : notNow('Возражать можно против отказа или урезания', 'Only refused or cut lines can be appealed');
    }
    case 'use':
      // What invoices have taken is a fact, whatever has become of the letter: over-use is a finding on the invoice.
      return null;
    default:
      return act satisfies never;
  }
}

/**
 * The letter after an act. Never edits history: the caller appends the act to the thread and stores the result.
 * @throws AppError with the objection's code (409) when the act is not allowed
 */
export function applyAct(letter: LetterRecord, { act, at }: KeyedAct): LetterRecord {
  const wrong = objectToAct(letter, act);
  if (wrong !== null) throw new AppError(wrong.code, wrong.text, { httpStatus: 409 });
  switch (act.kind) {
    case 'decide': {
      if (needsSecondDoctor(letter, act.lines)) {
        return { ...letter, proposedBy: act.doctor.id, proposal: act.lines };
      }
      if (disagrees(letter, act.doctor, act.lines)) {
        const heard = [...letter.decidedBy, letter.proposedBy!, act.doctor.id];
        return {
          ...letter,
          proposedBy: null,
          proposal: null,
          awaitsLead: true,
          decidedBy: heard,
          escalatedAt: letter.escalatedAt ?? at,
        };
      }
      const lines = letter.lines.map((line) => {
        const decision = act.lines.find((candidate) => candidate.lineNo === line.lineNo);
        return decision === undefined ? line : decideLine(line, decision, act.doctor, at);
      });
      const heard = [...letter.decidedBy, ...(letter.proposedBy === null ? [] : [letter.proposedBy]), act.doctor.id];
      const decidedBy = [...new Set(heard)];
      return settle({ ...letter, lines, decidedBy, proposedBy: null, proposal: null, awaitsLead: false }, at);
    }
    case 'ask-documents':
      return { ...letter, pendedFor: 'documents', clock: letter.clock && stopClock(letter.clock, at) };
    case 'give-documents':
      return { ...letter, pendedFor: 'expert', clock: letter.clock && resumeClock(letter.clock, at) };
    case 'second-opinion':
      return { ...letter, decidedBy: [...new Set([...letter.decidedBy, act.doctor.id])] };
    case 'amend': {
      const lines = letter.lines.map((line) => {
        const change = act.lines.find((candidate) => candidate.lineNo === line.lineNo);
        return change === undefined ? line : { ...cutTo(line, change.quantity), author: authorOf(act.doctor) };
      });
      return { ...letter, lines, state: 'amended' };
    }
    case 'extend':
      return {
        ...letter,
        validTo: act.validTo,
        state: 'amended',
        lines: letter.lines.map((line) => (isPromised(line) ? { ...line, approvedTo: act.validTo } : line)),
      };
    case 'cancel': {
      const all = act.lineNos.length === 0;
      const lines = letter.lines.map((line) => {
        const meant = (all && (isPromised(line) || line.outcome === 'pended')) || act.lineNos.includes(line.lineNo);
        return meant ? { ...line, ...NO_PROMISE, outcome: 'cancelled' as const } : line;
      });
      const next = { ...letter, lines };
      if (!lines.some((line) => isPromised(line) || line.outcome === 'pended')) {
        return { ...next, state: 'cancelled', pendedFor: null, finalAt: letter.finalAt ?? at };
      }
      return isInForce(letter) ? { ...next, state: 'amended' } : settle(next, at);
    }
    case 'appeal': {
      const contested = (line: LetterRecordLine): LetterRecordLine =>
        act.lineNos.includes(line.lineNo) ? { ...line, outcome: 'pended' } : line;
      const clock = letter.clock === null ? null : restartClock(letter.clock, at);
      const lines = letter.lines.map(contested);
      return { ...letter, lines, clock, state: 'pended', pendedFor: 'expert', finalAt: null, escalatedAt: null };
    }
    case 'use':
      return countUse(letter, act.lines);
    default:
      return act satisfies never;
  }
}

/** What invoices have taken by now. The letter itself when that is what it says already. */
function countUse(letter: LetterRecord, uses: Extract<LetterAct, { kind: 'use' }>['lines']): LetterRecord {
  const lines = letter.lines.map((line) => {
    const taken = uses.find((candidate) => candidate.lineNo === line.lineNo);
    const [usedQuantity, usedKopecks] = [taken?.quantity ?? 0, taken?.kopecks ?? 0];
    const same = usedQuantity === line.usedQuantity && usedKopecks === line.usedKopecks;
    return same ? line : { ...line, usedQuantity, usedKopecks };
  });
  const stands = isInForce(letter) || letter.state === 'used';
  const open = lines.some((line) => isPromised(line) && line.usedQuantity < line.approvedQuantity);
  const state = !stands ? letter.state : open ? reopened(letter) : 'used';
  if (state === letter.state && lines.every((line, i) => line === letter.lines[i])) return letter;
  return { ...letter, lines, state };
}

/** Owed documents never came: what was asked is closed, what was promised before stands. */
export function closeUnanswered(letter: LetterRecord, at: string): LetterRecord {
  const lines = letter.lines.map((line): LetterRecordLine => {
    if (line.outcome !== 'pended') return line;
    return { ...line, outcome: isAppealedPromise(line) ? 'partial' : 'expired' };
  });
  const next = { ...letter, lines, proposedBy: null, proposal: null, awaitsLead: false };
  return lines.some(isPromised)
    ? settle(next, at)
    : { ...next, state: 'expired', pendedFor: null, finalAt: letter.finalAt ?? at };
}

/** The term is over: what was not used is released. */
export function expireLetter(letter: LetterRecord): LetterRecord {
  const expired = (line: LetterRecordLine): LetterRecordLine =>
    isPromised(line) && line.usedQuantity < line.approvedQuantity ? { ...line, outcome: 'expired' } : line;
  return { ...letter, lines: letter.lines.map(expired), state: letter.state === 'used' ? 'used' : 'expired' };
}

/** State, finality and validity after the lines have changed. */
export function settle(letter: LetterRecord, at: string): LetterRecord {
  const state = stateByLines(letter.lines);
  if (state === 'pended') return { ...letter, state, pendedFor: letter.pendedFor ?? 'expert' };
  const ends = letter.lines.filter(isPromised).map((line) => line.approvedTo ?? line.periodTo);
  const validTo = ends.length === 0 ? null : ends.reduce((a, b) => (a > b ? a : b));
  return { ...letter, state, pendedFor: null, finalAt: at, validTo };
}

/** A used letter of which an invoice was taken back stands again. */
function reopened(letter: LetterRecord): LetterRecord['state'] {
  return letter.state === 'used' ? stateByLines(letter.lines) : letter.state;
}

function cutTo(line: LetterRecordLine, quantity: number): LetterRecordLine {
  const unit = line.approvedQuantity === 0 ? 0 : Math.floor(line.approvedKopecks / line.approvedQuantity);
  const approvedKopecks = quantity === line.approvedQuantity ? line.approvedKopecks : unit * quantity;
  return {
    ...line,
    outcome: quantity === line.approvedQuantity ? line.outcome : 'partial',
    approvedQuantity: quantity,
    approvedKopecks: Math.max(approvedKopecks, Math.min(line.usedKopecks, line.approvedKopecks)),
  };
}

function objectToQuantities(
  letter: LetterRecord,
  changes: readonly { lineNo: number; quantity: number }[],
): Objection | null {
  const wrong = changes.find(({ lineNo, quantity }) => {
    const line = letter.lines.find((candidate) => candidate.lineNo === lineNo)!;
    return quantity < Math.max(1, line.usedQuantity) || quantity > line.approvedQuantity;
  });
  return wrong === undefined
    ? null
    : notNow(
        `Строка ${wrong.lineNo}: количество можно уменьшить, но не ниже использованного`,
        `Line ${wrong.lineNo}: the quantity can be cut, but not below what was used`,
      );
}

function objectToLines(letter: LetterRecord, lineNos: readonly number[]): Objection | null {
  return isInForce(letter) ? objectToStray(letter, lineNos, isPromised) : notInForce();
}

function objectToStray(
  letter: LetterRecord,
  lineNos: readonly number[],
  fits: (line: LetterRecordLine) => boolean,
): Objection | null {
  const stray = lineNos.find((no) => !letter.lines.some((line) => line.lineNo === no && fits(line)));
  return stray === undefined ? null : notNow(`Строка ${stray} не действует`, `Line ${stray} is not in force`);
}

const authorOf = ({ id, fullName }: { id: string; fullName: string }): LetterRecordLine['author'] => ({
  kind: 'doctor',
  id,
  name: fullName,
});
const notInForce = (): Objection =>
  objection('letter.not-in-force', 'Письмо не действует', 'The letter is not in force');
const notNow = (ru: string, en: string): Objection => objection('letter.not-now', ru, en);

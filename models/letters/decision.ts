import { plainDate } from '../calendar';
import { objection } from './acts';
import type { Objection } from './acts';
import type { LetterRecord, LetterRecordLine, LineAuthor } from './record';
import { cutToTerm, validityEnd } from './term';
import type { ActingDoctor, LineDecision } from './types';

/** Judges a doctor's decision before anything is written: each open line decided once, reasons and clauses given. */
export function objectToDecision(
  letter: LetterRecord,
  doctor: ActingDoctor,
  decisions: readonly LineDecision[],
): Objection | null {
  if (letter.pendedFor !== 'expert') {
    return objection('letter.not-with-experts', 'Запрос не ждёт решения врача', 'The request awaits no doctor');
  }
  if (letter.awaitsLead) {
    if (!doctor.lead)
      return objection(
        'letter.lead-only',
        'Два врача разошлись: решает ведущий эксперт',
        'Two doctors disagreed: the lead expert decides',
      );
  } else if (letter.proposedBy === doctor.id) {
    return objection(
      'letter.four-eyes',
      'Второе решение принимает другой врач',
      "The second decision is another doctor's",
    );
  }
  if (!letter.awaitsLead && letter.decidedBy.includes(doctor.id)) {
    return objection(
      'letter.appeal-same-doctor',
      'Возражение рассматривает другой врач',
      'An appeal goes to another doctor',
    );
  }
  const open = letter.lines.filter((line) => line.outcome === 'pended');
  for (const decision of decisions) {
    const line = open.find((candidate) => candidate.lineNo === decision.lineNo);
    const wrong = line === undefined ? notOpen(decision.lineNo) : objectToLine(decision, line);
    if (wrong !== null) return wrong;
  }
  const decided = new Set(decisions.map((decision) => decision.lineNo)).size;
  if (decided === open.length && decisions.length === open.length) return null;
  return objection(
    'letter.lines-missing',
    'Нужно ровно одно решение по каждой строке, которая его ждёт',
    'Each line that awaits a decision needs exactly one',
  );
}

function objectToLine(decision: LineDecision, line: LetterRecordLine): Objection | null {
  const no = decision.lineNo;
  if (line.approvedQuantity > 0 && takesAway(decision, line)) {
    return objection(
      'letter.appeal-worse',
      `Строка ${no}: возражение не может уменьшить уже обещанное (${line.approvedQuantity})`,
      `Line ${no}: an appeal cannot take away what is promised (${line.approvedQuantity})`,
    );
  }
  if (decision.kind !== 'refuse' && line.unitPrice === null && !hasAmount(decision)) {
    return objection(
      'letter.price-missing',
      `Строка ${no}: цены в прейскуранте нет, укажите согласованную сумму`,
      `Line ${no}: there is no contract price, give the agreed sum`,
    );
  }
  if (decision.kind === 'approve') return null;
  if (decision.reasonCode.trim() === '' || /other/i.test(decision.reasonCode)) {
    return objection('letter.reason-missing', `Строка ${no}: нужен код причины`, `Line ${no}: a reason code is needed`);
  }
  const medical = decision.kind === 'approve-part' || decision.ground === 'medical';
  if (medical && decision.clause.trim() === '') {
    return objection(
      'letter.clause-missing',
      `Строка ${no}: назовите пункт клинической рекомендации`,
      `Line ${no}: name the clause of the guideline`,
    );
  }
  if (decision.kind === 'approve-part' && !(decision.quantity >= 1 && decision.quantity <= line.quantity)) {
    return objection(
      'letter.quantity-range',
      `Строка ${no}: количество от 1 до ${line.quantity}`,
      `Line ${no}: quantity from 1 to ${line.quantity}`,
    );
  }
  return decision.kind === 'approve-part' ? objectToTerms(decision, line) : null;
}

/** A promised sum stays within the price, a promised period within what was asked. */
function objectToTerms(
  decision: Extract<LineDecision, { kind: 'approve-part' }>,
  line: LetterRecordLine,
): Objection | null {
  const no = decision.lineNo;
  const ceiling = line.unitPrice === null ? null : line.unitPrice * decision.quantity;
  if (decision.amount !== null && (decision.amount < 1 || (ceiling !== null && decision.amount > ceiling))) {
    return objection(
      'letter.amount-range',
      `Строка ${no}: сумма больше нуля и не выше цены прейскуранта`,
      `Line ${no}: the sum is above zero and within the contract price`,
    );
  }
  const [from, to] = [decision.periodFrom ?? line.periodFrom, decision.periodTo ?? line.periodTo];
  if (from <= to && from >= line.periodFrom && to <= line.periodTo) return null;
  return objection(
    'letter.period-range',
    `Строка ${no}: период внутри запрошенного (${line.periodFrom} – ${line.periodTo})`,
    `Line ${no}: a period within the requested one (${line.periodFrom} – ${line.periodTo})`,
  );
}

/** Less than what stands already: fewer units, a smaller sum, a shorter period. */
function takesAway(decision: LineDecision, line: LetterRecordLine): boolean {
  if (decision.kind === 'refuse') return true;
  if (decision.kind === 'approve') return false;
  const amount = decision.amount ?? decision.quantity * (line.unitPrice ?? 0);
  const [from, to] = [decision.periodFrom ?? line.periodFrom, decision.periodTo ?? line.periodTo];
  return (
    decision.quantity < line.approvedQuantity ||
    amount < line.approvedKopecks ||
    from > (line.approvedFrom ?? from) ||
    (decision.periodTo !== null && to < (line.approvedTo ?? to))
  );
}

const hasAmount = (decision: LineDecision): boolean => decision.kind === 'approve-part' && decision.amount !== null;

function notOpen(lineNo: number): Objection {
  return objection('letter.line-not-open', `Строка ${lineNo} не ждёт решения`, `Line ${lineNo} awaits no decision`);
}

/** True when a decision that promises this much needs a second doctor before it holds. */
export function needsSecondDoctor(letter: LetterRecord, decisions: readonly LineDecision[]): boolean {
  if (letter.awaitsLead || letter.proposedBy !== null) return false;
  return decisions.some((line) => line.kind !== 'refuse') && letter.requestedKopecks >= letter.fourEyesKopecks;
}

/**
 * Four eyes: the second doctor's decision holds when it promises what the first one proposed; a lead's holds anyway.
 * Wording of reasons may differ, the promise may not.
 */
export function disagrees(letter: LetterRecord, doctor: ActingDoctor, decisions: readonly LineDecision[]): boolean {
  if (letter.proposedBy === null || letter.proposal === null || doctor.lead) return false;
  const promiseOf = (lines: readonly LineDecision[]): string =>
    JSON.stringify(
      [...lines]
        .sort((a, b) => a.lineNo - b.lineNo)
        .map((line) =>
          line.kind === 'approve-part'
            ? [line.lineNo, line.kind, line.quantity, line.amount, line.periodFrom, line.periodTo]
            : [line.lineNo, line.kind],
        ),
    );
  return promiseOf(letter.proposal) !== promiseOf(decisions);
}

/**
 * A line after a doctor's decision. The caller has checked it with `objectToDecision`. A period that the doctor names is
 * the doctor's; without one the promise stands for the requested period, as long as the contract's policy lets it.
 * @param at instant of the decision
 */
export function decideLine(
  line: LetterRecordLine,
  decision: LineDecision,
  doctor: ActingDoctor,
  at: string,
): LetterRecordLine {
  const author: LineAuthor = { kind: 'doctor', id: doctor.id, name: doctor.fullName };
  switch (decision.kind) {
    case 'approve':
      return untilTerm(
        { ...line, ...promise(line, line.quantity, null), outcome: 'approved', ...noReason, author },
        line,
        at,
      );
    case 'approve-part': {
      const { reasonCode, clause } = decision;
      const period = {
        approvedFrom: decision.periodFrom ?? line.periodFrom,
        approvedTo: decision.periodTo ?? line.periodTo,
      };
      const promised = { ...promise(line, decision.quantity, decision.amount), ...period };
      const cut = { ground: 'medical', reasonCode, clause, author } as const;
      const decided: LetterRecordLine = { ...line, ...promised, outcome: 'partial', ...cut };
      return decision.periodTo === null ? untilTerm(decided, line, at) : decided;
    }
    case 'refuse': {
      const { ground, reasonCode, clause } = decision;
      return { ...line, ...NO_PROMISE, outcome: 'refused', ground, reasonCode, clause: clause || null, author };
    }
    default:
      return decision satisfies never;
  }
}

/** The policy's term of a promise; one that stood longer already (extended, then appealed) keeps its last day. */
function untilTerm(decided: LetterRecordLine, before: LetterRecordLine, at: string): LetterRecordLine {
  const end = validityEnd(decided.approvedFrom!, plainDate(at), decided.validityDays);
  const cut = cutToTerm(decided, end);
  const stood = before.approvedTo;
  return stood !== null && stood > cut.approvedTo! ? { ...decided, approvedTo: stood } : cut;
}

const noReason = { ground: null, reasonCode: null, clause: null } as const;

export const NO_PROMISE = {
  approvedQuantity: 0,
  approvedKopecks: 0,
  approvedFrom: null,
  approvedTo: null,
} as const;

function promise(line: LetterRecordLine, quantity: number, amount: number | null) {
  return {
    approvedQuantity: quantity,
    approvedKopecks: amount ?? quantity * (line.unitPrice ?? 0),
    approvedFrom: line.periodFrom,
    approvedTo: line.periodTo,
  };
}

import { objection } from './acts';
import type { Objection } from './acts';
import type { LetterRecord, LetterRecordLine, LineAuthor } from './record';

/** A doctor who acts on a request, as the access layer named them. */
export interface ActingDoctor {
  readonly id: string;
  readonly fullName: string;
  readonly lead: boolean;
}

export type LineDecision =
  | { readonly lineNo: number; readonly kind: 'approve' }
  | {
      readonly lineNo: number;
      readonly kind: 'approve-part';
      readonly quantity: number;
      /** Ceiling of the sum in kopecks; null = quantity at the contract price. */
      readonly amount: number | null;
      readonly periodFrom: string | null;
      readonly periodTo: string | null;
      readonly reasonCode: string;
      readonly clause: string;
    }
  | {
      readonly lineNo: number;
      readonly kind: 'refuse';
      readonly ground: 'administrative' | 'medical';
      readonly reasonCode: string;
      readonly clause: string;
    };

/** Judges a doctor's decision before anything is written: each open line decided once, reasons and clauses given. */
export function objectToDecision(
  letter: LetterRecord,
  doctor: ActingDoctor,
  decisions: readonly LineDecision[],
): Objection | null {
  if (letter.pendedFor !== 'expert') {
    return objection('letter.not-with-experts', 'Запрос не ждёт решения врача', 'The request awaits no doctor');
  }
  if (letter.proposedBy === doctor.id) {
    return objection(
      'letter.four-eyes',
      'Второе решение принимает другой врач',
      "The second decision is another doctor's",
    );
  }
  if (letter.decidedBy.includes(doctor.id)) {
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
  if (new Set(decisions.map((decision) => decision.lineNo)).size === open.length) return null;
  return objection(
    'letter.lines-missing',
    'Решение нужно по каждой строке, которая его ждёт',
    'Each line that awaits a decision needs one',
  );
}

function objectToLine(decision: LineDecision, line: LetterRecordLine): Objection | null {
  const no = decision.lineNo;
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
  return null;
}

const hasAmount = (decision: LineDecision): boolean => decision.kind === 'approve-part' && decision.amount !== null;

function notOpen(lineNo: number): Objection {
  return objection('letter.line-not-open', `Строка ${lineNo} не ждёт решения`, `Line ${lineNo} awaits no decision`);
}

/** True when a decision that promises this much needs a second doctor before it holds. */
export function needsSecondDoctor(letter: LetterRecord, decisions: readonly LineDecision[]): boolean {
  const promises = decisions.some((line) => line.kind !== 'refuse');
  return promises && letter.proposedBy === null && letter.requestedKopecks >= letter.fourEyesKopecks;
}

/** A line after a doctor's decision. The caller has checked it with `objectToDecision`. */
export function decideLine(line: LetterRecordLine, decision: LineDecision, doctor: ActingDoctor): LetterRecordLine {
  const author: LineAuthor = { kind: 'doctor', id: doctor.id, name: doctor.fullName };
  switch (decision.kind) {
    case 'approve':
      return { ...line, ...promise(line, line.quantity, null), outcome: 'approved', ...noReason, author };
    case 'approve-part': {
      const { reasonCode, clause } = decision;
      const period = {
        approvedFrom: decision.periodFrom ?? line.periodFrom,
        approvedTo: decision.periodTo ?? line.periodTo,
      };
      const promised = { ...promise(line, decision.quantity, decision.amount), ...period };
      return { ...line, ...promised, outcome: 'partial', ground: 'medical', reasonCode, clause, author };
    }
    case 'refuse': {
      const { ground, reasonCode, clause } = decision;
      return { ...line, ...NO_PROMISE, outcome: 'refused', ground, reasonCode, clause: clause || null, author };
    }
    default:
      return decision satisfies never;
  }
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

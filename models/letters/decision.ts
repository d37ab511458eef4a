import type { LocalizedText } from '../errors';
import type { LetterState, LineOutcome } from './types';

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

export interface ExpertDecision {
  /** Same key, same act: recorded once. */
  readonly requestKey: string;
  readonly doctor: ActingDoctor;
  readonly lines: readonly LineDecision[];
  readonly note: string | null;
}

/** What the workflow keeps of a request: enough to judge whether an act is allowed, nothing personal. */
export interface LetterSnapshot {
  readonly requestId: string;
  readonly state: LetterState;
  readonly pendedFor: 'documents' | 'expert' | null;
  readonly lines: readonly { readonly lineNo: number; readonly quantity: number; readonly outcome: LineOutcome }[];
  readonly requestedKopecks: number;
  readonly fourEyesKopecks: number;
  /** The first of two doctors, while the second is awaited. */
  readonly proposedBy: string | null;
  readonly validTo: string | null;
}

/** Why an act is not allowed: code for the problem document, text for people. Null = allowed. */
export interface Objection {
  readonly code: string;
  readonly text: LocalizedText;
}

const objection = (code: string, ru: string, en: string): Objection => ({ code, text: { ru, en } });

/**
 * Judges a doctor's decision before anything is written. Pure and synchronous: it is the workflow's Update validator,
 * the route's check and the activity's last guard.
 */
export function objectToDecision(letter: LetterSnapshot, decision: ExpertDecision): Objection | null {
  if (letter.state !== 'pended') {
    return objection(
      'letter.not-pended',
      'По запросу уже есть окончательный ответ',
      'The request already has a final answer',
    );
  }
  if (decision.doctor.fullName.trim() === '') {
    return objection(
      'letter.doctor-unnamed',
      'Решение принимает врач, названный по имени',
      'A decision needs a named doctor',
    );
  }
  if (letter.proposedBy !== null && letter.proposedBy === decision.doctor.id) {
    return objection(
      'letter.four-eyes',
      'Второе решение принимает другой врач',
      'The second decision is another doctor’s',
    );
  }
  const open = letter.lines.filter((line) => line.outcome === 'pended');
  for (const line of decision.lines) {
    const asked = open.find((candidate) => candidate.lineNo === line.lineNo);
    if (asked === undefined) {
      return objection(
        'letter.line-not-open',
        `Строка ${line.lineNo} не ждёт решения`,
        `Line ${line.lineNo} awaits no decision`,
      );
    }
    const wrong = objectToLine(line, asked.quantity);
    if (wrong !== null) return wrong;
  }
  if (new Set(decision.lines.map((line) => line.lineNo)).size !== open.length) {
    return objection(
      'letter.lines-missing',
      'Решение нужно по каждой строке, которая его ждёт',
      'Each line that awaits a decision needs one',
    );
  }
  return null;
}

function objectToLine(line: LineDecision, quantity: number): Objection | null {
  if (line.kind === 'approve') return null;
  if (line.reasonCode.trim() === '' || /other/i.test(line.reasonCode)) {
    return objection(
      'letter.reason-missing',
      `Строка ${line.lineNo}: нужен код причины`,
      `Line ${line.lineNo}: a reason code is needed`,
    );
  }
  const medical = line.kind === 'approve-part' || line.ground === 'medical';
  if (medical && line.clause.trim() === '') {
    return objection(
      'letter.clause-missing',
      `Строка ${line.lineNo}: назовите пункт клинической рекомендации`,
      `Line ${line.lineNo}: name the clause of the guideline`,
    );
  }
  if (line.kind === 'approve-part' && !(line.quantity >= 1 && line.quantity <= quantity)) {
    return objection(
      'letter.quantity-range',
      `Строка ${line.lineNo}: количество от 1 до ${quantity}`,
      `Line ${line.lineNo}: quantity from 1 to ${quantity}`,
    );
  }
  return null;
}

/** True when a decision that promises this much needs a second doctor before it holds. */
export function needsSecondDoctor(letter: LetterSnapshot, decision: ExpertDecision): boolean {
  const promises = decision.lines.some((line) => line.kind !== 'refuse');
  return promises && letter.proposedBy === null && letter.requestedKopecks >= letter.fourEyesKopecks;
}

/** May the lines of a final letter be amended, cancelled or extended? */
export function objectToChange(letter: LetterSnapshot, lineNos: readonly number[]): Objection | null {
  if (!['approved', 'partially-approved', 'amended'].includes(letter.state)) {
    return objection('letter.not-in-force', 'Письмо не действует', 'The letter is not in force');
  }
  const unknown = lineNos.find(
    (no) => !letter.lines.some((line) => line.lineNo === no && ['approved', 'partial'].includes(line.outcome)),
  );
  return unknown === undefined
    ? null
    : objection('letter.line-not-in-force', `Строка ${unknown} не действует`, `Line ${unknown} is not in force`);
}

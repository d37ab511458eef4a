import { isNamedDoctor } from '../access/roles';
import type { LocalizedText } from '../errors';
import { AppError } from '../errors';
import type { CaseAuthor, LineDecision } from '../review-case/decisions';

/** Working days in which a clinic may answer an act, and in which the answer is decided. */
export const DISPUTE_TERM_DAYS = 15;

/** How a dispute about one line ends: the verdict stands, falls, or is softened. */
export type DisputeOutcomeKind = 'uphold' | 'overturn' | 'partly';

export interface DisputeDecision {
  readonly lineNo: number;
  readonly outcome: DisputeOutcomeKind;
  /** With `partly` only: what the insurer pays in the end, kopecks. */
  readonly acceptedKopecks?: number | undefined;
  /** Why; the clinic reads it. */
  readonly note: string;
}

/** The verdict under dispute. */
export interface DisputedVerdict {
  readonly reasonCode: string | null;
  readonly clause: string | null;
  readonly acceptedKopecks: number;
  /** Everybody who had a verdict on the line. */
  readonly doctors: readonly string[];
}

const WORDS = {
  'dispute.unknown': [404, 'Такого разногласия нет', 'There is no such dispute'],
  'dispute.empty': [422, 'Не названо ни одной строки', 'No line is named'],
  'dispute.twice': [422, 'Строка названа дважды', 'A line is named twice'],
  'dispute.no-doctor': [403, 'Разногласие решает врач, названный по имени', 'A doctor with a name decides a dispute'],
  'dispute.no-note': [422, 'Нужно объяснение для клиники', 'The clinic has to be told why'],
  'dispute.amount': [
    422,
    'Сумма нужна только при частичном удовлетворении: больше прежней, целые копейки',
    'Only a partial outcome has an amount: above the earlier one, whole kopecks',
  ],
  'dispute.same-doctor': [
    409,
    'Решить должен второй врач: вы уже решали эту строку',
    'A second doctor has to decide: you already had a verdict on this line',
  ],
  'dispute.unknown-line': [422, 'Строки нет в разногласии', 'The line is not part of the dispute'],
  'dispute.decided': [409, 'Строка уже решена', 'The line is already decided'],
  'dispute.too-late': [409, 'Срок ответа на акт истёк', 'The time to answer the act is over'],
  'dispute.no-cut': [
    422,
    'По строке нет отказа или снижения, спорить не о чем',
    'The line was neither refused nor reduced: there is nothing to dispute',
  ],
  'dispute.again': [409, 'Это решение уже оспорено', 'This verdict has already been disputed'],
  'dispute.superseded': [409, 'Есть новая версия счёта', 'The invoice has a newer version'],
} as const satisfies Record<string, readonly [number, string, string]>;

export type DisputeProblem = keyof typeof WORDS;

export function disputeError(code: DisputeProblem, facts: Readonly<Record<string, string | number>> = {}): AppError {
  const [httpStatus, ru, en] = WORDS[code];
  const text: LocalizedText = { ru, en };
  return new AppError(code, text, { httpStatus, details: facts });
}

/** What can be said against decisions without reading rows; pure, so the workflow's validator asks it too. */
export function checkDisputeDecisions(
  author: CaseAuthor,
  decisions: readonly DisputeDecision[],
): { readonly code: DisputeProblem; readonly lineNo: number | null } | null {
  if (!isNamedDoctor(author)) return { code: 'dispute.no-doctor', lineNo: null };
  if (decisions.length === 0) return { code: 'dispute.empty', lineNo: null };
  const seen = new Set<number>();
  for (const { lineNo, outcome, acceptedKopecks, note } of decisions) {
    if (seen.has(lineNo)) return { code: 'dispute.twice', lineNo };
    seen.add(lineNo);
    if (note.trim() === '' || note.length > 4000) return { code: 'dispute.no-note', lineNo };
    const given = acceptedKopecks !== undefined;
    if (given !== (outcome === 'partly')) return { code: 'dispute.amount', lineNo };
    if (given && !(Number.isSafeInteger(acceptedKopecks) && acceptedKopecks >= 0))
      return { code: 'dispute.amount', lineNo };
  }
  return null;
}

/**
 * The verdict that replaces the disputed one; null: it stands. Never by a doctor who had a verdict on the line before.
 * @throws AppError `dispute.same-doctor`, `dispute.amount`
 */
export function replacementOf(
  verdict: DisputedVerdict,
  author: CaseAuthor,
  decision: DisputeDecision,
): LineDecision | null {
  if (verdict.doctors.includes(author.userId)) throw disputeError('dispute.same-doctor', { lineNo: decision.lineNo });
  const base = { lineNo: decision.lineNo, noteToClinic: decision.note };
  switch (decision.outcome) {
    case 'uphold':
      return null;
    case 'overturn':
      return { ...base, kind: 'accept' };
    case 'partly': {
      const acceptedKopecks = decision.acceptedKopecks!;
      // A dispute never makes it worse for the clinic.
      if (acceptedKopecks <= verdict.acceptedKopecks) throw disputeError('dispute.amount', { lineNo: decision.lineNo });
      const clause = verdict.clause === null ? {} : { clause: verdict.clause };
      return { ...base, ...clause, kind: 'reduce', acceptedKopecks, reasonCode: verdict.reasonCode! };
    }
    default:
      return decision.outcome satisfies never;
  }
}

import type { Role } from '../access/roles';
import { isNamedDoctor } from '../access/roles';
import { groundOf } from '../routing/families';
import type { Ground } from '../routing/families';
import { acceptMoney, insurerShareOf, reduceMoney, refuseMoney } from './money';
import type { BilledLine, VerdictMoney } from './money';
import { isReason } from './reasons';
import { problem } from './problems';
import type { CaseProblem } from './problems';

export type VerdictKind = 'accept' | 'reduce' | 'refuse';

/** Who decides: an account, and the name that the act will show. */
export interface CaseAuthor {
  readonly userId: string;
  readonly fullName: string | null;
  readonly role: Role;
}

/** One expert's decision on one line of the task's invoice. `acceptedKopecks` only with `reduce`. */
export interface LineDecision {
  readonly lineNo: number;
  readonly kind: VerdictKind;
  /** What the insurer still pays, kopecks. */
  readonly acceptedKopecks?: number;
  readonly reasonCode?: string;
  readonly clause?: string;
  readonly noteToClinic?: string;
  readonly internalNote?: string;
}

/** A verdict ready to be stored, apart from its line and author. */
export interface VerdictDraft extends VerdictMoney {
  readonly kind: VerdictKind;
  readonly ground: Ground | null;
  readonly reasonCode: string | null;
  readonly clause: string | null;
  readonly noteToClinic: string | null;
  readonly internalNote: string | null;
}

const MAX_TEXT = 4000;

/**
 * What can be said against the decisions without looking at the lines: shape, reasons, and who may cut a bill.
 * Synchronous and pure, so the API, the workflow's validator and the activity ask the same question.
 */
export function checkDecisions(author: CaseAuthor, decisions: readonly LineDecision[]): CaseProblem | null {
  if (decisions.length === 0) return problem('decision.empty');
  const seen = new Set<number>();
  for (const decision of decisions) {
    if (!Number.isSafeInteger(decision.lineNo) || decision.lineNo < 0) return problem('decision.bad-line', decision);
    if (seen.has(decision.lineNo)) return problem('decision.twice', decision);
    seen.add(decision.lineNo);
    const wrong = checkDecision(author, decision);
    if (wrong) return wrong;
  }
  return null;
}

function checkDecision(author: CaseAuthor, decision: LineDecision): CaseProblem | null {
  const texts = [decision.clause, decision.noteToClinic, decision.internalNote];
  if (texts.some((text) => text !== undefined && (text.length > MAX_TEXT || text.includes('\u0000')))) {
    return problem('decision.bad-text', decision);
  }
  // Every verdict of a person is a doctor's verdict: accepting is a judgement too.
  if (!isNamedDoctor(author)) return problem('decision.no-doctor', decision);
  if (decision.kind === 'accept') {
    if (decision.reasonCode !== undefined || decision.acceptedKopecks !== undefined) {
      return problem('decision.accept-is-plain', decision);
    }
    return null;
  }
  if (decision.kind !== 'reduce' && decision.kind !== 'refuse') return problem('decision.bad-kind', decision);
  if (decision.reasonCode === undefined || !isReason(decision.reasonCode)) {
    return problem('decision.no-reason', decision);
  }
  const hasAmount = decision.acceptedKopecks !== undefined;
  if (hasAmount !== (decision.kind === 'reduce')) return problem('decision.amount', decision);
  if (hasAmount && (!Number.isSafeInteger(decision.acceptedKopecks) || decision.acceptedKopecks! < 0)) {
    return problem('decision.amount', decision);
  }
  return null;
}

/** The verdict of a checked decision on a line, or why its amount does not fit the bill. */
export function verdictOf(line: BilledLine, decision: LineDecision): VerdictDraft | CaseProblem {
  const money = moneyOf(line, decision);
  if (money === null) {
    const facts = { lineNo: decision.lineNo, askedKopecks: insurerShareOf(line) };
    return problem('decision.not-a-reduction', decision, facts);
  }
  const cut = decision.kind !== 'accept';
  return {
    ...money,
    kind: decision.kind,
    ground: cut ? groundOf(decision.reasonCode!) : null,
    reasonCode: cut ? decision.reasonCode! : null,
    clause: cut ? (decision.clause ?? null) : null,
    noteToClinic: decision.noteToClinic ?? null,
    internalNote: decision.internalNote ?? null,
  };
}

function moneyOf(line: BilledLine, decision: LineDecision): VerdictMoney | null {
  switch (decision.kind) {
    case 'accept':
      return acceptMoney(line);
    case 'refuse':
      return refuseMoney(line);
    case 'reduce':
      return reduceMoney(line, decision.acceptedKopecks ?? Number.NaN);
    default:
      return decision.kind satisfies never;
  }
}

import { acceptMoney, reduceMoney, refuseMoney, shareOf } from '../review-case/money';
import type { VerdictMoney } from '../review-case/money';
import { actionFor } from './policy';
import type { RoutingAction, RoutingPolicy } from './policy';

/** A checked line with what routing needs of it. Money in kopecks. */
export interface RoutableLine {
  readonly clinicCode: string;
  readonly quantity: number;
  readonly unitPriceKopecks: number;
  readonly amountKopecks: number;
  readonly patientShareKopecks: number;
  readonly findings: readonly RoutableFinding[];
}

export interface RoutableFinding {
  readonly code: string;
  readonly atRiskKopecks: number;
  readonly clause: string | null;
  /** PRIC-02: the price of the contract in force on the service date. */
  readonly contractPriceKopecks: number | null;
}

export type Route =
  | { readonly kind: 'accept'; readonly money: VerdictMoney }
  | {
      readonly kind: 'reduce' | 'refuse';
      readonly money: VerdictMoney;
      readonly reasonCode: string;
      readonly clause: string | null;
    }
  | { readonly kind: 'queue' };

/**
 * Decides one line by the policy, or sends it to the queue.
 *
 * An administrative refusal settles the line whatever else was found: no doctor has to weigh a service that is not
 * covered at all. A reduction settles it only when nothing is left that needs a doctor. A bill that is lower than its
 * own arithmetic is paid as billed: the insurer neither reduces nor adds.
 */
export function routeLine(policy: RoutingPolicy, line: RoutableLine): Route {
  const actions = line.findings.map((finding) => ({ finding, action: actionFor(policy, finding, line.clinicCode) }));
  const refusal = inPolicyOrder(policy, actions).find((each) => each.action === 'refuse');
  if (refusal) {
    return {
      kind: 'refuse',
      money: refuseMoney(line),
      reasonCode: refusal.finding.code,
      clause: refusal.finding.clause,
    };
  }
  if (actions.some((each) => each.action === 'queue')) return { kind: 'queue' };

  const cuts = actions
    .map(({ finding, action }) => ({ finding, amount: reducedAmount(line, finding, action) }))
    .filter((cut) => cut.amount !== null);
  if (cuts.some((cut) => Number.isNaN(cut.amount))) return { kind: 'queue' };
  const unitPrice = Math.min(line.unitPriceKopecks, ...contractPrices(actions));
  const amount = Math.min(line.amountKopecks, cuts.length === 0 ? line.amountKopecks : line.quantity * unitPrice);
  const money = reduceMoney(line, Math.max(0, amount - shareOf(line)));
  const reason = cuts.toSorted((a, b) => a.amount! - b.amount!)[0];
  if (money === null || reason === undefined) return { kind: 'accept', money: acceptMoney(line) };
  return { kind: 'reduce', money, reasonCode: reason.finding.code, clause: reason.finding.clause };
}

type Decided = { readonly finding: RoutableFinding; readonly action: RoutingAction };

/** The amount to which one finding alone would reduce the line; null: it does not; NaN: its price is not known. */
function reducedAmount(line: RoutableLine, finding: RoutableFinding, action: RoutingAction): number | null {
  if (action === 'reduce-to-arithmetic') return line.quantity * line.unitPriceKopecks;
  if (action === 'reduce-to-price') return line.quantity * (finding.contractPriceKopecks ?? Number.NaN);
  return null;
}

function contractPrices(actions: readonly Decided[]): number[] {
  return actions
    .filter(({ action }) => action === 'reduce-to-price')
    .map(({ finding }) => finding.contractPriceKopecks ?? Number.NaN);
}

/** The reason that is named does not depend on the order in which findings were read. */
function inPolicyOrder(policy: RoutingPolicy, actions: readonly Decided[]): Decided[] {
  const order = policy.rules.flatMap((rule) => rule.codes);
  return actions.toSorted((a, b) => order.indexOf(a.finding.code) - order.indexOf(b.finding.code));
}

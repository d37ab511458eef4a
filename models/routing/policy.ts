import { AppError } from '../errors';
import { groundOf } from './families';

/**
 * What happens to a finding without a person:
 * `refuse` the line, `reduce-to-price` (contract price), `reduce-to-arithmetic` (quantity x unit price),
 * `accept` (the finding stays on record, nobody has to look), or `queue` for a doctor.
 */
export const ROUTING_ACTIONS = ['refuse', 'reduce-to-price', 'reduce-to-arithmetic', 'accept', 'queue'] as const;
export type RoutingAction = (typeof ROUTING_ACTIONS)[number];

/** Every condition that is given has to hold. The first rule of a policy that matches decides. */
export interface RoutingRule {
  readonly codes: readonly string[];
  /** Clinic codes; absent: all clinics. */
  readonly clinics?: readonly string[];
  /** Money at risk in kopecks, inclusive bounds. */
  readonly minAtRiskKopecks?: number;
  readonly maxAtRiskKopecks?: number;
  readonly action: RoutingAction;
}

/** Data with versions: a batch pins the version that routes it. What no rule matches waits for a doctor. */
export interface RoutingPolicy {
  readonly version: number;
  /** ISO date from which new batches are routed by it. */
  readonly effectiveFrom: string;
  readonly rules: readonly RoutingRule[];
}

export const DEFAULT_ROUTING_POLICY: RoutingPolicy = {
  version: 1,
  effectiveFrom: '2000-01-01',
  rules: [
    { codes: ['ELIG-01', 'ELIG-02', 'DUPL-01'], action: 'refuse' },
    { codes: ['PRIC-02'], action: 'reduce-to-price' },
    { codes: ['PRIC-03'], action: 'reduce-to-arithmetic' },
  ],
};

/**
 * Findings that only raise priority: statistics, patients' answers, and rows of expert tables that say so (`FREQ-0-…`).
 * Unless a policy names them, no line waits for a doctor because of them.
 */
export function onlyRaisesPriority(code: string): boolean {
  return /^(?:STAT|FEED)-|^[A-Z]{4}-0-/.test(code);
}

/** The action for one finding of a clinic. Pure: same policy and finding, same action. */
export function actionFor(
  policy: RoutingPolicy,
  finding: { readonly code: string; readonly atRiskKopecks: number },
  clinicCode: string,
): RoutingAction {
  for (const rule of policy.rules) {
    if (!rule.codes.includes(finding.code)) continue;
    if (rule.clinics !== undefined && !rule.clinics.includes(clinicCode)) continue;
    if (rule.minAtRiskKopecks !== undefined && finding.atRiskKopecks < rule.minAtRiskKopecks) continue;
    if (rule.maxAtRiskKopecks !== undefined && finding.atRiskKopecks > rule.maxAtRiskKopecks) continue;
    return rule.action;
  }
  return onlyRaisesPriority(finding.code) ? 'accept' : 'queue';
}

/**
 * Refuses a policy that would let a machine refuse or reduce on medical grounds (invariant 1), or that prices by a
 * code which knows no price. The error names the rule and the code.
 */
export function assertLawfulPolicy(policy: RoutingPolicy): void {
  policy.rules.forEach((rule, index) => {
    for (const code of rule.codes) {
      const problem = problemOf(rule.action, code);
      if (problem === null) continue;
      throw new AppError(
        'routing.unlawful-rule',
        {
          ru: `Правило ${index + 1} (${code}): ${problem.ru}`,
          en: `Rule ${index + 1} (${code}): ${problem.en}`,
        },
        { httpStatus: 422, details: { rule: index + 1, code, action: rule.action } },
      );
    }
  });
}

function problemOf(action: RoutingAction, code: string): { ru: string; en: string } | null {
  if (!/^[A-Z]{4}-[0-9A-Z-]+$/.test(code) || /other/i.test(code)) {
    return { ru: 'такого кода замечания нет', en: 'there is no such finding code' };
  }
  if (action === 'accept' || action === 'queue') return null;
  if (groundOf(code) === 'medical') {
    return {
      ru: 'отказ по медицинским основаниям принимает только врач',
      en: 'only a doctor refuses or reduces on medical grounds',
    };
  }
  if (action === 'reduce-to-price' && code !== 'PRIC-02') {
    return { ru: 'цена договора известна только для PRIC-02', en: 'only PRIC-02 knows the contract price' };
  }
  if (action === 'reduce-to-arithmetic' && code !== 'PRIC-03') {
    return { ru: 'пересчёт суммы возможен только для PRIC-03', en: 'only PRIC-03 is settled by arithmetic' };
  }
  return null;
}

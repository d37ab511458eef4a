import type { Rule, Scope } from './rule';
import { AUTH_RULES } from './rules/auth';
import { CLIN_RULES } from './rules/clin';
import { COMB_RULES } from './rules/comb';
import { DEMO_RULES } from './rules/demo';
import { DUPL_RULES } from './rules/dupl';
import { ELIG_RULES } from './rules/elig';
import { FREQ_RULES } from './rules/freq';
import { LIMI_RULES } from './rules/limi';
import { PLAU_RULES } from './rules/plau';
import { PRIC_RULES } from './rules/pric';

/** All deterministic rules in the order of the table in `formats.md`; findings of a line come in this order. */
export const RULES: readonly Rule[] = [
  ...ELIG_RULES,
  ...AUTH_RULES,
  ...PRIC_RULES,
  ...LIMI_RULES,
  ...DUPL_RULES,
  ...FREQ_RULES,
  ...DEMO_RULES,
  ...CLIN_RULES,
  ...COMB_RULES,
  ...PLAU_RULES,
];

/** Every deterministic finding code, in table order. */
export const FINDING_CODES: readonly string[] = RULES.map((rule) => rule.code);

const BY_CODE = new Map(RULES.map((rule) => [rule.code, rule]));

export function ruleOfCode(code: string): Rule | undefined {
  return BY_CODE.get(code);
}

/** Rules of one scope that are switched on. */
export function rulesOf(scope: Scope, disabled: ReadonlySet<string>): readonly Rule[] {
  return RULES.filter((rule) => rule.scope === scope && !disabled.has(rule.code));
}

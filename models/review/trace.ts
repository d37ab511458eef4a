import type { LocalizedText } from '../errors';
import { findingTitle } from './catalogue/render';
import { REASONS } from './catalogue/words';
import type { Finding } from './findings';
import { findingOf } from './findings';
import { RULES } from './registry';
import type { Evidence, OutcomeName } from './rule';
import { HIT, outcomeName } from './rule';
import type { ReviewInput } from './scopes';
import { reviewForTrace } from './scopes';

/** What one rule said about one line, and what it read: the answer to "why was this line (not) flagged?". */
export interface RuleTrace {
  code: string;
  ruleId: string;
  ruleVersion: string;
  title: LocalizedText;
  outcome: OutcomeName;
  /** Why the rule did not judge; null for hit and pass. */
  reason: (LocalizedText & { name: string }) | null;
  values: Evidence;
  finding: Finding | null;
}

/**
 * Every rule's outcome for one line. The table has to hold all lines of the line's person, of its doctor's day and of
 * its letter (more does no harm), sorted; the line itself must have `review` 1.
 */
export function explainLine(input: ReviewInput, row: number): RuleTrace[] {
  const review = reviewForTrace(input);
  return RULES.map((rule) => {
    const outcome = input.compiled.disabled.has(rule.code) ? -1 : rule.check(review, row);
    const values = rule.values(review, row);
    return {
      code: rule.code,
      ruleId: rule.id,
      ruleVersion: rule.version,
      title: { ru: findingTitle(rule.code, values, 'ru'), en: findingTitle(rule.code, values, 'en') },
      outcome: outcome === -1 ? 'not-evaluated' : outcomeName(outcome),
      reason: outcome === -1 ? SWITCHED_OFF : (REASONS[outcome] ?? null),
      values,
      finding: outcome === HIT ? findingOf(review, row, rule) : null,
    };
  });
}

const SWITCHED_OFF = { name: 'switched-off', ru: 'правило выключено', en: 'the rule is switched off' };

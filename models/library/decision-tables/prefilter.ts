import type { DecisionTable } from './table.schema';
import type { LineFacts } from './fields';

/** Finds the tables that may concern a line, without evaluating any condition. */
export interface Prefilter {
  /** Places in the list of tables, ascending. */
  readonly candidates: (facts: LineFacts) => readonly number[];
}

const MEMO_LIMIT = 50_000;

/**
 * Index of table scopes by service prefix, diagnosis prefix, kind and clinic. Answers are remembered per combination
 * of the four, of which real invoices have few: a line costs one look-up, and the rule library sees only candidates.
 */
export function createPrefilter(tables: readonly Pick<DecisionTable, 'scope'>[]): Prefilter {
  const memo = new Map<string, readonly number[]>();
  const find = (facts: LineFacts) => tables.flatMap(({ scope }, i) => (inScope(scope, facts) ? [i] : []));
  return {
    candidates: (facts) => {
      const key = [
        facts['line.service'],
        facts['line.diagnosis'],
        facts['line.serviceKind'],
        facts['clinic.code'],
      ].join('|');
      const known = memo.get(key);
      if (known) return known;
      if (memo.size >= MEMO_LIMIT) memo.clear();
      const found = find(facts);
      memo.set(key, found);
      return found;
    },
  };
}

function inScope({ services, diagnoses, kinds, clinics }: DecisionTable['scope'], facts: LineFacts): boolean {
  return (
    fits(services, facts['line.service'], (code, prefix) => code.startsWith(prefix)) &&
    fits(diagnoses, facts['line.diagnosis'], (code, prefix) => code.startsWith(prefix)) &&
    fits(kinds, facts['line.serviceKind'], (kind, wanted) => kind === wanted) &&
    fits(clinics, facts['clinic.code'], (clinic, wanted) => clinic === wanted)
  );
}

function fits(
  wanted: readonly string[],
  value: LineFacts[string] | undefined,
  matches: (value: string, wanted: string) => boolean,
): boolean {
  if (wanted.length === 0) return true;
  return typeof value === 'string' && wanted.some((one) => matches(value, one));
}

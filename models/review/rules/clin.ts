import { KIND, UNKNOWN_KIND } from '../compile';
import { hasBit } from '../prefixes';
import type { ClauseRef, Review, Rule } from '../rule';
import { EXEMPT_KIND, HIT, NO_KIND, PASS, insurerShare } from '../rule';
import { NONE } from '../table';
import { applyingGuidelines, guidelineClause, withoutGuideline } from './guideline';
import { diagnosisOf, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'CLIN',
  severity: 'medium',
  ground: 'medical',
  atRisk: insurerShare,
} as const satisfies Partial<Rule>;

const EXEMPT: ReadonlySet<number> = new Set([KIND.consultation, KIND.vaccination, KIND.other]);

export const CLIN_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'CLIN-01',
    id: 'service-not-in-guideline',
    suspects: ({ guidelines }) => guidelines.applying,
    check: (review, row) => {
      const blocked = withoutGuideline(review, row);
      if (blocked !== PASS) return blocked;
      const kind = review.lines.kind[row]!;
      if (kind === UNKNOWN_KIND) return NO_KIND;
      if (EXEMPT.has(kind)) return EXEMPT_KIND;
      return review.guidelines.listing[row] === NONE ? HIT : PASS;
    },
    values: (review, row) => ({
      ...serviceOf(review, row),
      ...diagnosisOf(review, row),
      guidelines: applyingGuidelines(review, row).join(', ') || null,
      listedBy: review.compiled.medicine.guidelines.source[review.guidelines.listing[row]!]?.id ?? null,
    }),
    clause: (review, row) => guidelineClause(review, review.guidelines.applying[row]!),
  },
  {
    ...shared,
    code: 'CLIN-02',
    id: 'diagnosis-not-billable',
    severity: 'low',
    // An absent code is an unknown one: the line names no diagnosis that could be paid.
    check: ({ table, compiled }, row) => {
      const diagnosis = table.diagnosis[row]!;
      return diagnosis >= 0 && compiled.diagnosisBillable[diagnosis] ? PASS : HIT;
    },
    values: (review, row) => {
      const diagnosis = review.compiled.source.diagnoses[review.table.diagnosis[row]!];
      return {
        ...diagnosisOf(review, row),
        known: diagnosis?.known ?? false,
        billable: diagnosis?.billable ?? false,
        variant: diagnosis?.known ? 'header' : 'unknown',
      };
    },
  },
  {
    ...shared,
    code: 'CLIN-03',
    id: 'contraindicated',
    severity: 'high',
    suspects: ({ guidelines }) => guidelines.contraindicating,
    check: (review, row) => {
      const blocked = withoutGuideline(review, row);
      if (blocked !== PASS) return blocked;
      return review.guidelines.contraindicating[row] === NONE ? PASS : HIT;
    },
    values: (review, row) => ({
      ...serviceOf(review, row),
      ...diagnosisOf(review, row),
      guidelines: applyingGuidelines(review, row).join(', ') || null,
    }),
    clause: contraindication,
  },
];

function contraindication(review: Review, row: number): ClauseRef | null {
  const guideline = review.guidelines.contraindicating[row]!;
  const service = review.lines.service[row]!;
  if (guideline === NONE || !hasBit(review.compiled.medicine.guidelines.contraindicated, guideline, service))
    return null;
  const code = review.compiled.source.services[service]!.code;
  const entries = review.compiled.medicine.guidelines.source[guideline]!.contraindicated;
  return guidelineClause(review, guideline, entries.find((entry) => code.startsWith(entry.service))?.clause);
}

import { KIND } from '../compile';
import type { Rule } from '../rule';
import { HIT, NO_SERVICE, OTHER_KIND, PASS, insurerShare } from '../rule';
import { NONE } from '../table';
import { lineRef, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'DUPL',
  severity: 'high',
  ground: 'administrative',
  atRisk: insurerShare,
} as const satisfies Partial<Rule>;

const ACROSS_CLINICS: ReadonlySet<number> = new Set([KIND.consultation, KIND.lab, KIND.imaging]);

export const DUPL_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'DUPL-01',
    id: 'same-clinic-duplicate',
    suspects: ({ history }) => history.duplicate,
    check: ({ lines, history }, row) => {
      if (lines.service[row]! < 0) return NO_SERVICE;
      return history.duplicate[row] === NONE ? PASS : HIT;
    },
    values: (review, row) => ({
      ...serviceOf(review, row),
      tooth: review.table.teeth.text[review.table.tooth[row]!] ?? null,
      doctor: review.table.doctors[review.table.doctor[row]!] ?? null,
      ...lineRef(review, review.history.duplicate[row]!, 'earlier'),
    }),
  },
  {
    ...shared,
    code: 'DUPL-02',
    id: 'other-clinic-duplicate',
    severity: 'medium',
    suspects: ({ history }) => history.duplicateElsewhere,
    check: ({ lines, history }, row) => {
      if (lines.service[row]! < 0) return NO_SERVICE;
      if (!ACROSS_CLINICS.has(lines.kind[row]!)) return OTHER_KIND;
      return history.duplicateElsewhere[row] === NONE ? PASS : HIT;
    },
    values: (review, row) => ({
      ...serviceOf(review, row),
      ...lineRef(review, review.history.duplicateElsewhere[row]!, 'earlier'),
    }),
  },
];

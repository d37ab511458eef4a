import { AGE_UNKNOWN } from '../facts/cover';
import type { ClauseRef, Evidence, Review, Rule } from '../rule';
import { HIT, NO_DIAGNOSIS, NO_SERVICE, NO_SUCH_RULE, PASS, POLICY_UNKNOWN, insurerShare } from '../rule';
import { NONE, SEX_FEMALE, SEX_MALE } from '../table';
import { isKnown } from './elig';
import { diagnosisOf, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'DEMO',
  severity: 'high',
  ground: 'medical',
  atRisk: insurerShare,
} as const satisfies Partial<Rule>;

function demographicClause({ compiled }: Review, rule: number): ClauseRef | null {
  const source = compiled.medicine.demographics.source[rule];
  return source ? { ruleId: source.id, title: source.source, source: source.source, clause: source.clause } : null;
}

function personOf({ subjects, table, cover }: Review, row: number): Evidence {
  const sex = subjects.persons.sex[table.person[row]!];
  const age = cover.age[row]!;
  return {
    sex: sex === SEX_MALE ? 'M' : sex === SEX_FEMALE ? 'F' : null,
    ageYears: age === AGE_UNKNOWN ? null : age,
  };
}

function ruleOf({ compiled }: Review, rule: number): Evidence {
  const source = compiled.medicine.demographics.source[rule];
  return { ruleSex: source?.sex ?? null, ruleAgeFrom: source?.ageFrom ?? null, ruleAgeTo: source?.ageTo ?? null };
}

/** A service rule: hit when the facts name a broken rule, else pass or not applicable by whether any rule names it. */
function serviceCheck(review: Review, row: number, broken: Int32Array): number {
  if (!isKnown(review, row)) return POLICY_UNKNOWN;
  const service = review.lines.service[row]!;
  if (service < 0) return NO_SERVICE;
  if (broken[row] !== NONE) return HIT;
  const { start } = review.compiled.medicine.demographics.ofService;
  return start[service] === start[service + 1] ? NO_SUCH_RULE : PASS;
}

export const DEMO_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'DEMO-01',
    id: 'service-sex',
    suspects: ({ guidelines }) => guidelines.sexRule,
    check: (review, row) => serviceCheck(review, row, review.guidelines.sexRule),
    values: (review, row) => ({
      ...serviceOf(review, row),
      ...personOf(review, row),
      ...ruleOf(review, review.guidelines.sexRule[row]!),
    }),
    clause: (review, row) => demographicClause(review, review.guidelines.sexRule[row]!),
  },
  {
    ...shared,
    code: 'DEMO-02',
    id: 'service-age',
    suspects: ({ guidelines }) => guidelines.ageRule,
    check: (review, row) => serviceCheck(review, row, review.guidelines.ageRule),
    values: (review, row) => ({
      ...serviceOf(review, row),
      ...personOf(review, row),
      ...ruleOf(review, review.guidelines.ageRule[row]!),
    }),
    clause: (review, row) => demographicClause(review, review.guidelines.ageRule[row]!),
  },
  {
    ...shared,
    code: 'DEMO-03',
    id: 'diagnosis-person',
    severity: 'medium',
    suspects: ({ guidelines }) => guidelines.diagnosisRule,
    check: (review, row) => {
      if (!isKnown(review, row)) return POLICY_UNKNOWN;
      const diagnosis = review.table.diagnosis[row]!;
      if (diagnosis < 0) return NO_DIAGNOSIS;
      if (review.guidelines.diagnosisRule[row] !== NONE) return HIT;
      const { start } = review.compiled.medicine.demographics.ofDiagnosis;
      return start[diagnosis] === start[diagnosis + 1] ? NO_SUCH_RULE : PASS;
    },
    values: (review, row) => ({
      ...diagnosisOf(review, row),
      ...personOf(review, row),
      ...ruleOf(review, review.guidelines.diagnosisRule[row]!),
    }),
    clause: (review, row) => demographicClause(review, review.guidelines.diagnosisRule[row]!),
  },
];

import { UNKNOWN_KIND } from '../compile';
import { isoOfDay } from '../days';
import { hasBit } from '../prefixes';
import type { Evidence, Review, Rule } from '../rule';
import { HIT, NO_DIAGNOSIS, NO_ENROLMENT, NO_SERVICE, PASS, POLICY_UNKNOWN, insurerShare } from '../rule';
import { NONE } from '../table';
import { clinicOf, dateOrNull, diagnosisOf, programmeOf, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'ELIG',
  severity: 'high',
  ground: 'administrative',
  atRisk: insurerShare,
} as const satisfies Partial<Rule>;

/** ELIG-03 to -06, AUTH-01 and LIMI need a programme; says why there is none, or PASS when there is one. */
export function withoutProgramme(review: Review, row: number): number {
  if (review.cover.programme[row] !== NONE) return PASS;
  return isKnown(review, row) ? NO_ENROLMENT : POLICY_UNKNOWN;
}

export function isKnown({ subjects, table }: Review, row: number): boolean {
  return subjects.persons.known[table.person[row]!] === 1;
}

export const ELIG_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'ELIG-01',
    id: 'policy-unknown',
    check: (review, row) => (isKnown(review, row) ? PASS : HIT),
    values: ({ subjects, table }, row) => ({ policyNo: subjects.persons.policyNo[table.person[row]!] ?? null }),
  },
  {
    ...shared,
    code: 'ELIG-02',
    id: 'no-enrolment',
    check: (review, row) => {
      if (!isKnown(review, row)) return POLICY_UNKNOWN;
      return review.cover.enrolment[row] === NONE ? HIT : PASS;
    },
    values: (review, row) => {
      const { subjects, table } = review;
      const person = table.person[row]!;
      const day = table.serviceDay[row]!;
      let endedBefore = NONE;
      for (let e = subjects.persons.enrolmentStart[person]!; e < subjects.persons.enrolmentStart[person + 1]!; e += 1) {
        const to = subjects.enrolments.toDay[e]!;
        if (to < day && to > endedBefore) endedBefore = to;
      }
      return {
        policyNo: subjects.persons.policyNo[person] ?? null,
        serviceDate: isoOfDay(day),
        enrolments: subjects.persons.enrolmentStart[person + 1]! - subjects.persons.enrolmentStart[person]!,
        lastCoverEndedDate: endedBefore === NONE ? null : isoOfDay(endedBefore),
        ...enrolmentOf(review, row),
      };
    },
  },
  {
    ...shared,
    code: 'ELIG-03',
    id: 'clinic-not-in-programme',
    suspects: ({ cover }) => cover.programme,
    check: (review, row) => {
      const blocked = withoutProgramme(review, row);
      if (blocked !== PASS) return blocked;
      const { compiled, cover, table } = review;
      return hasBit(compiled.cover.clinics, cover.programme[row]!, table.clinic[row]!) ? PASS : HIT;
    },
    values: (review, row) => ({ ...clinicOf(review, row), ...programmeOf(review, row) }),
  },
  {
    ...shared,
    code: 'ELIG-04',
    id: 'service-not-covered',
    severity: 'medium',
    check: (review, row) => {
      const blocked = withoutProgramme(review, row);
      if (blocked !== PASS) return blocked;
      const { compiled, cover, lines } = review;
      const service = lines.service[row]!;
      if (service < 0) return NO_SERVICE;
      const programme = cover.programme[row]!;
      const kind = lines.kind[row]!;
      if (kind !== UNKNOWN_KIND && ((compiled.cover.coveredKinds[programme]! >>> kind) & 1) === 0) return HIT;
      return hasBit(compiled.cover.excludedServices, programme, service) ? HIT : PASS;
    },
    values: (review, row) => {
      const programme = review.compiled.source.programmes[review.cover.programme[row]!];
      const service = review.compiled.source.services[review.lines.service[row]!];
      const excluded = programme?.excludedServices.find((prefix) => service?.code.startsWith(prefix)) ?? null;
      const kindCovered = service?.kind && programme ? programme.coveredKinds.includes(service.kind) : null;
      return {
        ...serviceOf(review, row),
        ...programmeOf(review, row),
        kindCovered,
        excludedPrefix: excluded,
        variant: kindCovered === false ? 'kind' : 'excluded',
      };
    },
  },
  {
    ...shared,
    code: 'ELIG-05',
    id: 'diagnosis-excluded',
    severity: 'medium',
    check: (review, row) => {
      const blocked = withoutProgramme(review, row);
      if (blocked !== PASS) return blocked;
      const { compiled, cover, table } = review;
      // A code that the diagnosis list lacks still is a text that an excluded prefix can match.
      if (table.diagnosis[row]! < 0) return NO_DIAGNOSIS;
      return hasBit(compiled.cover.excludedDiagnoses, cover.programme[row]!, table.diagnosis[row]!) ? HIT : PASS;
    },
    values: (review, row) => {
      const programme = review.compiled.source.programmes[review.cover.programme[row]!];
      const code = review.compiled.source.diagnoses[review.table.diagnosis[row]!]?.code;
      return {
        ...diagnosisOf(review, row),
        ...programmeOf(review, row),
        excludedPrefix: programme?.excludedDiagnoses.find((prefix) => code?.startsWith(prefix)) ?? null,
      };
    },
  },
  {
    ...shared,
    code: 'ELIG-06',
    id: 'waiting-period',
    check: (review, row) => {
      const blocked = withoutProgramme(review, row);
      if (blocked !== PASS) return blocked;
      return review.table.serviceDay[row]! < waitingEnds(review, row) ? HIT : PASS;
    },
    values: (review, row) => ({
      serviceDate: isoOfDay(review.table.serviceDay[row]!),
      ...enrolmentOf(review, row),
      waitingDays: review.compiled.source.programmes[review.cover.programme[row]!]?.waitingDays ?? null,
      coveredFromDate: review.cover.programme[row] === NONE ? null : isoOfDay(waitingEnds(review, row)),
      ...programmeOf(review, row),
    }),
  },
];

/** First day on which services are covered: enrolled_from (of the governing enrolment) + waiting_days. */
function waitingEnds({ compiled, cover, subjects }: Review, row: number): number {
  return subjects.enrolments.fromDay[cover.enrolment[row]!]! + compiled.cover.waitingDays[cover.programme[row]!]!;
}

function enrolmentOf({ cover, subjects }: Review, row: number): Evidence {
  const enrolment = cover.enrolment[row]!;
  if (enrolment === NONE) return { enrolledFromDate: null, enrolledToDate: null };
  return {
    enrolledFromDate: isoOfDay(subjects.enrolments.fromDay[enrolment]!),
    enrolledToDate: dateOrNull(subjects.enrolments.toDay[enrolment]),
  };
}

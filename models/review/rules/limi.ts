import { partOf, shareOf } from '../money';
import type { Evidence, Review, Rule } from '../rule';
import { HIT, NO_LIMIT, NO_SERVICE, PASS, insurerShare } from '../rule';
import { NONE } from '../table';
import { withoutProgramme } from './elig';
import { programmeOf, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'LIMI',
  severity: 'medium',
  ground: 'administrative',
} as const satisfies Partial<Rule>;

export const LIMI_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'LIMI-01',
    id: 'service-limit',
    suspects: ({ cover }) => cover.limitSlot,
    check: (review, row) => {
      const blocked = withoutProgramme(review, row);
      if (blocked !== PASS) return blocked;
      if (review.lines.service[row]! < 0) return NO_SERVICE;
      if (review.cover.limitSlot[row] === NONE) return NO_LIMIT;
      return review.cover.limitUnits[row]! > maxUnits(review, row) ? HIT : PASS;
    },
    atRisk: (review, row) => {
      const excess = review.cover.limitUnits[row]! - maxUnits(review, row);
      return partOf(insurerShare(review, row), excess, review.table.quantity[row]!);
    },
    values: (review, row) => {
      const slot = review.cover.limitSlot[row]!;
      return {
        ...serviceOf(review, row),
        ...programmeOf(review, row),
        ...contractOf(review, row),
        limitPrefix: review.compiled.cover.limits.prefix[slot] ?? null,
        units: slot === NONE ? null : review.cover.limitUnits[row]!,
        maxUnits: slot === NONE ? null : maxUnits(review, row),
        quantity: review.table.quantity[row]!,
      };
    },
  },
  {
    ...shared,
    code: 'LIMI-02',
    id: 'annual-limit',
    suspects: ({ cover }) => cover.programme,
    check: (review, row) => {
      const blocked = withoutProgramme(review, row);
      if (blocked !== PASS) return blocked;
      const limit = annualLimit(review, row);
      if (limit === Infinity) return NO_LIMIT;
      return review.cover.shareTotal[row]! > limit ? HIT : PASS;
    },
    atRisk: (review, row) =>
      Math.min(insurerShare(review, row), review.cover.shareTotal[row]! - annualLimit(review, row)),
    values: (review, row) => {
      const programme = review.compiled.source.programmes[review.cover.programme[row]!];
      return {
        ...programmeOf(review, row),
        ...contractOf(review, row),
        shareTotalKopecks: programme ? review.cover.shareTotal[row]! : null,
        annualLimitKopecks: programme?.annualLimit ?? null,
      };
    },
  },
  {
    ...shared,
    code: 'LIMI-03',
    id: 'franchise',
    severity: 'low',
    suspects: ({ cover }) => cover.programme,
    check: (review, row) => {
      const blocked = withoutProgramme(review, row);
      if (blocked !== PASS) return blocked;
      return review.table.patientShare[row] === expectedShare(review, row) ? PASS : HIT;
    },
    // A share that is too small is paid by the insurer; one that is too large is owed to the patient, not at risk here.
    atRisk: (review, row) => {
      const missing = expectedShare(review, row) - review.table.patientShare[row]!;
      return Math.min(insurerShare(review, row), Math.max(0, missing));
    },
    values: (review, row) => {
      const programme = review.compiled.source.programmes[review.cover.programme[row]!];
      return {
        ...programmeOf(review, row),
        franchisePercent: programme ? Number(programme.franchisePercent) : null,
        amountKopecks: review.table.amount[row]!,
        patientShareKopecks: review.table.patientShare[row]!,
        expectedShareKopecks: programme ? expectedShare(review, row) : null,
      };
    },
  },
];

function maxUnits({ compiled, cover }: Review, row: number): number {
  const { limits } = compiled.cover;
  return limits.max[cover.programme[row]! * limits.count + cover.limitSlot[row]!]!;
}

function annualLimit({ compiled, cover }: Review, row: number): number {
  return compiled.cover.annualLimit[cover.programme[row]!]!;
}

function expectedShare({ compiled, cover, table }: Review, row: number): number {
  const programme = cover.programme[row]!;
  const { franchiseNumerator, franchiseDenominator } = compiled.cover;
  return shareOf(table.amount[row]!, franchiseNumerator[programme]!, franchiseDenominator[programme]!);
}

function contractOf({ compiled, cover }: Review, row: number): Evidence {
  const programme = compiled.source.programmes[cover.programme[row]!];
  return { contractNo: programme ? compiled.source.contracts[programme.contract]!.no : null };
}

import { KIND } from '../compile';
import { PAIR_KIND } from '../compile-medicine';
import { settingsOn } from '../facts/settings';
import { hasBit } from '../prefixes';
import type { ClauseRef, Evidence, Review, Rule } from '../rule';
import { HIT, NO_SERVICE, NO_SUCH_RULE, OTHER_KIND, PASS, insurerShare } from '../rule';
import { NONE } from '../table';
import { lineRef, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'COMB',
  severity: 'medium',
  ground: 'medical',
  atRisk: insurerShare,
} as const satisfies Partial<Rule>;

function pairCheck(review: Review, row: number, kind: number, pair: number): number {
  if (review.lines.service[row]! < 0) return NO_SERVICE;
  if (pair !== NONE) return HIT;
  return (review.pairs.asked[row]! >>> kind) & 1 ? PASS : NO_SUCH_RULE;
}

function pairOf({ compiled }: Review, pair: number): Evidence {
  const source = compiled.medicine.pairs.source[pair];
  if (!source) return { windowDays: null };
  // A prefix that many services share has no name of its own: naming the first would mislead and depend on file order.
  const required = compiled.source.services.filter((service) => service.code.startsWith(source.with));
  return {
    pairService: source.service,
    pairWith: source.with,
    pairWithName: required.length === 1 ? required[0]!.name : `${source.with}*`,
    windowDays: source.windowDays,
  };
}

function pairClause({ compiled }: Review, pair: number): ClauseRef | null {
  const source = compiled.medicine.pairs.source[pair];
  return source ? { ruleId: source.id, title: source.source, source: source.source, clause: source.clause } : null;
}

export const COMB_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'COMB-01',
    id: 'bundled',
    suspects: ({ pairs }) => pairs.bundledPair,
    check: (review, row) => pairCheck(review, row, PAIR_KIND.bundled, review.pairs.bundledPair[row]!),
    values: (review, row) => ({
      ...serviceOf(review, row),
      ...pairOf(review, review.pairs.bundledPair[row]!),
      ...lineRef(review, review.pairs.bundledWith[row]!, 'other'),
    }),
    clause: (review, row) => pairClause(review, review.pairs.bundledPair[row]!),
  },
  {
    ...shared,
    code: 'COMB-02',
    id: 'exclusive',
    suspects: ({ pairs }) => pairs.exclusivePair,
    check: (review, row) => pairCheck(review, row, PAIR_KIND.exclusive, review.pairs.exclusivePair[row]!),
    values: (review, row) => ({
      ...serviceOf(review, row),
      ...pairOf(review, review.pairs.exclusivePair[row]!),
      ...lineRef(review, review.pairs.exclusiveWith[row]!, 'other'),
    }),
    clause: (review, row) => pairClause(review, review.pairs.exclusivePair[row]!),
  },
  {
    ...shared,
    code: 'COMB-03',
    id: 'required-missing',
    suspects: ({ pairs }) => pairs.missingPair,
    check: (review, row) => pairCheck(review, row, PAIR_KIND.requires, review.pairs.missingPair[row]!),
    values: (review, row) => ({
      ...serviceOf(review, row),
      ...pairOf(review, review.pairs.missingPair[row]!),
    }),
    clause: (review, row) => pairClause(review, review.pairs.missingPair[row]!),
  },
  {
    ...shared,
    code: 'COMB-04',
    id: 'repeated-primary',
    severity: 'low',
    suspects: ({ history }) => history.primaryBefore,
    check: (review, row) => {
      const service = review.lines.service[row]!;
      if (service < 0) return NO_SERVICE;
      if (review.lines.kind[row] !== KIND.consultation) return OTHER_KIND;
      if (review.history.primaryBefore[row] !== NONE) return HIT;
      const pack = visitsPack(review, row);
      const { settings } = review.compiled.medicine;
      return pack !== NONE && hasBit(settings.primary, pack, service) ? PASS : NO_SUCH_RULE;
    },
    values: (review, row) => {
      const pack = visitsPack(review, row);
      const before = review.history.primaryBefore[row]!;
      const { settings } = review.compiled.medicine;
      return {
        ...serviceOf(review, row),
        specialty: review.compiled.source.services[review.lines.service[row]!]?.specialty ?? null,
        windowDays: pack === NONE ? null : settings.primaryWindowDays[pack]!,
        daysSince: before === NONE ? null : review.table.serviceDay[row]! - review.table.serviceDay[before]!,
        ...lineRef(review, before, 'previous'),
      };
    },
  },
];

function visitsPack({ compiled, table }: Review, row: number): number {
  const { settings } = compiled.medicine;
  return settingsOn(settings, table.serviceDay[row]!, settings.primaryWindowDays, -1);
}

/** A billed visit that could be asked about. `visitId` and `personId` are opaque. */
export interface VisitCandidate {
  readonly visitId: string;
  readonly personId: string;
  readonly clinicId: string;
  /** Day number of the visit. */
  readonly day: number;
  /** Probability that something of the visit was not rendered or was upcoded, 0-1. */
  readonly risk: number;
  /** Insurer's share of the visit, kopecks. */
  readonly payable: number;
  /** Posterior standard deviation of the clinic's (or doctor's) guilt, 0-0.5: what an answer can settle. */
  readonly uncertainty: number;
}

export interface PersonLimits {
  readonly optedOut: boolean;
  /** A contact that ever answered or was verified. */
  readonly reachable: boolean;
  /** Surveys that the person allows in the period. */
  readonly perPeriod: number;
  /** Day numbers of surveys already sent. */
  readonly sentOn: readonly number[];
}

export interface ChoiceRules {
  /** Surveys to send. */
  readonly budget: number;
  /** Days over which `perPeriod` counts, and the quiet days between two surveys of one person. */
  readonly periodDays: number;
  readonly quietDays: number;
  /**
   * Share of the budget drawn at even probability among all: the audit sample that keeps rates estimable and makes
   * sure that every clinic is asked about.
   */
  readonly auditShare: number;
  readonly today: number;
  readonly seed: number;
}

export interface ChosenVisit {
  readonly visitId: string;
  readonly personId: string;
  readonly clinicId: string;
  /** Probability with which this visit was drawn, 0-1, to be stored with the survey. */
  readonly probability: number;
  readonly reason: 'audit' | 'value';
}

/** Value of asking: roubles at stake times how far one answer can move the belief; kopecks. */
export function valueOfAsking(visit: VisitCandidate): number {
  return Math.sqrt(Math.max(1, visit.payable)) * (visit.risk * (1 - visit.risk) + visit.uncertainty ** 2 + 0.002);
}

function mayAsk(limits: PersonLimits | undefined, rules: ChoiceRules): boolean {
  if (!limits || limits.optedOut || !limits.reachable || limits.perPeriod < 1) return false;
  const recent = limits.sentOn.filter((day) => day > rules.today - rules.periodDays);
  if (recent.length >= limits.perPeriod) return false;
  return limits.sentOn.every((day) => day <= rules.today - rules.quietDays);
}

/** A number in [0, 1) that depends on the visit and the seed only: the draw can be replayed and audited. */
export function visitDraw(visitId: string, seed: number): number {
  let h = (seed ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < visitId.length; i++) h = Math.imul(h ^ visitId.charCodeAt(i), 0x01000193) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b) >>> 0;
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/**
 * Poisson sampling: each visit is drawn on its own with a known probability, a mixture of an even audit rate and a rate
 * in proportion to the value of asking, capped at 1. A person's several visits compete first (one at most, drawn evenly
 * among them), which enters the probability; so weights 1 / probability undo the choice (Horvitz & Thompson 1952), up
 * to the normalisation of the pool, which hardly moves with one person's visit.
 */
export function chooseVisits(
  visits: readonly VisitCandidate[],
  limitsOf: (personId: string) => PersonLimits | undefined,
  rules: ChoiceRules,
): ChosenVisit[] {
  const byPerson = new Map<string, VisitCandidate[]>();
  for (const visit of visits) {
    if (!mayAsk(limitsOf(visit.personId), rules)) continue;
    const own = byPerson.get(visit.personId);
    if (own) own.push(visit);
    else byPerson.set(visit.personId, [visit]);
  }
  const pool: { visit: VisitCandidate; among: number }[] = [];
  for (const own of byPerson.values()) {
    own.sort((a, b) => visitDraw(a.visitId, rules.seed + 1) - visitDraw(b.visitId, rules.seed + 1));
    pool.push({ visit: own[0]!, among: own.length });
  }
  const audit = Math.min(1, (rules.budget * rules.auditShare) / Math.max(1, pool.length));
  const values = pool.map(({ visit }) => valueOfAsking(visit));
  const rates = inclusionRates(values, rules.budget * (1 - rules.auditShare));
  return pool.flatMap(({ visit, among }, i) => {
    const draw = visitDraw(visit.visitId, rules.seed);
    const probability = 1 - (1 - audit) * (1 - rates[i]!);
    if (draw >= probability) return [];
    const { visitId, personId, clinicId } = visit;
    const reason = draw < audit ? 'audit' : 'value';
    return [{ visitId, personId, clinicId, probability: probability / among, reason } as const];
  });
}

/** Probabilities in proportion to `values` that sum to `expected`, none above 1 (the excess goes to the others). */
export function inclusionRates(values: readonly number[], expected: number): Float64Array {
  const rates = new Float64Array(values.length);
  const order = values.map((_v, i) => i).sort((a, b) => values[b]! - values[a]!);
  let left = Math.min(expected, values.length);
  let total = values.reduce((sum, value) => sum + value, 0);
  for (const i of order) {
    const share = total > 0 ? (left * values[i]!) / total : 0;
    rates[i] = Math.min(1, share);
    left -= rates[i]!;
    total -= values[i]!;
  }
  return rates;
}

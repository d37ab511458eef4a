/** What both functions below need of a visit's lines; filled by `gather`, so that nothing is allocated in the hot loop. */
const sums = { total: 1, none: 1, all: 1, product: 1, least: 1 };

function gather(prior: Float64Array, ratio: Float64Array, count: number): void {
  let total = 1;
  let none = 1;
  let all = 1;
  let product = 1;
  let least = 1;
  for (let i = 0; i < count; i++) {
    const p = prior[i]!;
    const a = p * ratio[i]!;
    total *= 1 - p + a;
    none *= 1 - p;
    all *= a;
    product *= ratio[i]!;
    if (p < least) least = p;
  }
  sums.total = total;
  sums.none = none;
  sums.all = all;
  sums.product = product;
  sums.least = least;
}

/**
 * The exact likelihood of one visit's answers when each line i is "not rendered" with prior p_i.
 *
 * All terms are ratios to the honest visit, so nothing underflows: `ratio[i]` = P(answer on line i | not rendered) /
 * P(... | rendered); `whole` = P(answer on the visit | it did not happen) / P(... | it did); `any` = P(comment and
 * rating | something was not rendered) / P(... | all was). A visit did not happen when none of its lines was rendered.
 * With weight `block` the visit is invented (or not) as one piece, at the probability of its least likely line.
 */
export function visitRatio(
  prior: Float64Array,
  ratio: Float64Array,
  count: number,
  whole: number,
  any: number,
  block: number,
): number {
  gather(prior, ratio, count);
  const { total, none, all, product, least } = sums;
  const independent = none + (total - none - all) * any + all * whole * any;
  if (count === 1 || block === 0) return independent;
  return (1 - block) * independent + block * (1 - least + least * product * whole * any);
}

export interface VisitPosterior {
  /** Probability that nothing of the visit was rendered. */
  all: number;
  /** Probability that something was not. */
  any: number;
}

/** Posterior of each line into `out`, by the same model as `visitRatio`. */
export function visitPosterior(
  prior: Float64Array,
  ratio: Float64Array,
  count: number,
  whole: number,
  any: number,
  block: number,
  out: Float64Array,
): VisitPosterior {
  const evidence = visitRatio(prior, ratio, count, whole, any, block);
  const { total, none, all, product, least } = sums;
  const mixed = count === 1 ? 0 : block;
  const blockAll = mixed * least * product * whole * any;
  const blockNone = mixed * (1 - least);
  const loose = 1 - mixed;
  for (let i = 0; i < count; i++) {
    const p = prior[i]!;
    const a = p * ratio[i]!;
    const others = total / (1 - p + a);
    const some = loose * any * (a * others - all + all * whole);
    out[i] = Math.min(1, Math.max(0, (some + blockAll) / evidence));
  }
  return {
    all: (loose * all * whole * any + blockAll) / evidence,
    any: 1 - (loose * none + blockNone) / evidence,
  };
}

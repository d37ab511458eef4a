/** A beta prior fitted to peers: mean a / (a + b), strength a + b (in cases). */
export interface BetaPrior {
  readonly a: number;
  readonly b: number;
}

export interface Share {
  readonly hits: number;
  readonly cases: number;
}

/** Bounds of the strength: from "peers differ a lot" to "peers are nearly the same" (honest clinics always differ a little). */
const WEAKEST = 2;
const STRONGEST = 400;

/**
 * Empirical-Bayes prior of a share among peers by moments of the beta-binomial distribution (J. C. Kleinman, JASA 68,
 * 1973). With fewer than two peers, or no more spread than chance gives, the prior is the strongest allowed. Half a
 * hit in one case is added, so that a service that no peer ever adds still has a small chance.
 */
export function fitPrior(peers: readonly Share[]): BetaPrior {
  const cases = peers.reduce((sum, peer) => sum + peer.cases, 0);
  const hits = peers.reduce((sum, peer) => sum + peer.hits, 0);
  const mean = (hits + 0.5) / (cases + 1);
  const strength = strengthOf(peers, mean, cases);
  // The mean itself is an estimate from a few peers: its own variance is added, so that a new peer is not judged by it too sharply.
  const certain = strength + 1;
  const ofMean = peers.reduce((sum, { cases: n }) => sum + n * (1 + (n - 1) / certain), 0) / Math.max(1, cases) ** 2;
  const predictive = Math.max(WEAKEST, 1 / (1 / certain + ofMean) - 1);
  return { a: mean * predictive, b: (1 - mean) * predictive };
}

/** Posterior mean of a share under the prior: the own share pulled towards the peers' the more, the fewer its cases. */
export function shrink({ hits, cases }: Share, { a, b }: BetaPrior): number {
  return (hits + a) / (cases + a + b);
}

function strengthOf(peers: readonly Share[], mean: number, cases: number): number {
  if (peers.length < 2 || cases === 0) return STRONGEST;
  const spread = mean * (1 - mean);
  const squares = peers.reduce((sum, { hits, cases: n }) => sum + (n === 0 ? 0 : n * (hits / n - mean) ** 2), 0);
  const sizes = peers.reduce((sum, { cases: n }) => sum + n * n, 0);
  const effective = cases - sizes / cases;
  if (effective <= 0) return STRONGEST;
  // Var(hits/n) = spread * (1 + (n - 1) rho) / n; solve the weighted sum of squares for rho.
  const rho = (squares / spread - (peers.length - 1)) / (effective - (peers.length - 1));
  if (!(rho > 0)) return STRONGEST;
  return Math.min(STRONGEST, Math.max(WEAKEST, 1 / rho - 1));
}

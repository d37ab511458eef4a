import { qValues } from './multiple-testing';
import type { BetaPrior, Share } from './shrinkage';
import { fitPrior, shrink } from './shrinkage';
import { betaBinomialUpperTail, betaQuantile } from './special';

/** How often one subject (clinic or doctor) does a thing; compared with the other subjects under the same key. */
export interface PeerCount extends Share {
  readonly subject: string;
  /** What is compared: peers are the other subjects with this key. */
  readonly key: string;
}

export interface PeerOptions {
  /** A subject with fewer cases is not judged. */
  readonly minCases: number;
  readonly minHits: number;
  /** Peers with fewer cases do not count as peers. */
  readonly minPeerCases: number;
  readonly minPeers: number;
  /** The shrunken share has to be this many times the peers' mean. */
  readonly minRatio: number;
  /** False discovery rate over all comparisons of the run. */
  readonly alpha: number;
  /** Coverage of the interval shown. */
  readonly confidence: number;
}

export const DEFAULT_PEER_OPTIONS: PeerOptions = {
  minCases: 20,
  minHits: 5,
  minPeerCases: 10,
  minPeers: 5,
  minRatio: 1.5,
  alpha: 0.05,
  confidence: 0.95,
};

/** The comparison behind an alert: everything that a reader needs to see why. */
export interface PeerComparison extends PeerCount {
  readonly ownRate: number;
  readonly peers: number;
  readonly peerCases: number;
  /** Mean share among the peers (this subject left out). */
  readonly peerMean: number;
  /** Own share pulled towards the peers' mean. */
  readonly shrunkRate: number;
  /** Posterior interval of the own share. */
  readonly low: number;
  readonly high: number;
  readonly pValue: number;
  readonly qValue: number;
  /** Cases above what the peers' mean would give, by the shrunken share. */
  readonly excessCases: number;
}

/**
 * Finds subjects that do a thing far more often than their peers: empirical-Bayes prior from the others
 * (leave-one-out), beta-binomial upper tail, Benjamini-Hochberg over all subjects and keys with enough volume.
 * Every comparison comes back in `all`; `alerts` are those that pass alpha and the minimum ratio.
 */
export function compareWithPeers(
  counts: readonly PeerCount[],
  options: Partial<PeerOptions> = {},
): { readonly alerts: PeerComparison[]; readonly all: PeerComparison[] } {
  const rules = { ...DEFAULT_PEER_OPTIONS, ...options };
  const groups = new Map<string, PeerCount[]>();
  for (const count of counts) {
    const group = groups.get(count.key);
    if (group) group.push(count);
    else groups.set(count.key, [count]);
  }
  const judged: (Omit<PeerComparison, 'qValue'> & { readonly prior: BetaPrior })[] = [];
  for (const group of groups.values()) {
    const sized = group.filter(({ cases }) => cases >= rules.minPeerCases);
    for (const own of group) {
      if (own.cases < rules.minCases) continue;
      const peers = sized.filter(({ subject }) => subject !== own.subject);
      if (peers.length >= rules.minPeers) judged.push(judge(own, peers, rules));
    }
  }
  const q = qValues(judged.map(({ pValue }) => pValue));
  const all = judged.map(({ prior: _, ...comparison }, i) => ({ ...comparison, qValue: q[i]! }));
  const alerts = all
    .filter(
      ({ qValue, hits, shrunkRate, peerMean }) =>
        qValue <= rules.alpha && hits >= rules.minHits && shrunkRate >= rules.minRatio * peerMean,
    )
    .sort((a, b) => a.qValue - b.qValue || b.excessCases - a.excessCases);
  return { alerts, all };
}

function judge(own: PeerCount, peers: readonly PeerCount[], rules: PeerOptions) {
  const prior = fitPrior(peers);
  const { hits, cases } = own;
  const shrunkRate = shrink(own, prior);
  const peerMean = prior.a / (prior.a + prior.b);
  const tail = (1 - rules.confidence) / 2;
  return {
    ...own,
    prior,
    ownRate: hits / cases,
    peers: peers.length,
    peerCases: peers.reduce((sum, peer) => sum + peer.cases, 0),
    peerMean,
    shrunkRate,
    low: betaQuantile(tail, prior.a + hits, prior.b + cases - hits),
    high: betaQuantile(1 - tail, prior.a + hits, prior.b + cases - hits),
    pValue: betaBinomialUpperTail(hits, cases, prior.a, prior.b),
    excessCases: Math.max(0, (shrunkRate - peerMean) * cases),
  };
}

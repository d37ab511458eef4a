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

/** A judged count. A count that cannot be an alert (few hits, or no more than the peers' mean) has p = 1, which is conservative. */
export interface PeerTest extends PeerCount {
  readonly pValue: number;
  readonly qValue: number;
}

/** The comparison behind an alert: everything that a reader needs to see why. */
export interface PeerComparison extends PeerTest {
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
  /** Cases above what the peers' mean would give, by the shrunken share. */
  readonly excessCases: number;
}

/**
 * Finds subjects that do a thing far more often than their peers: empirical-Bayes prior from the others
 * (leave-one-out), beta-binomial upper tail, Benjamini-Hochberg over all subjects and keys with enough volume.
 * Every judged count comes back in `all`; `alerts` are those that pass alpha and the minimum ratio.
 */
export function compareWithPeers(
  counts: readonly PeerCount[],
  options: Partial<PeerOptions> = {},
): { readonly alerts: PeerComparison[]; readonly all: PeerTest[] } {
  const rules = { ...DEFAULT_PEER_OPTIONS, ...options };
  const groups = new Map<string, PeerCount[]>();
  for (const count of counts) {
    const group = groups.get(count.key);
    if (group) group.push(count);
    else groups.set(count.key, [count]);
  }
  const judged: Judged[] = [];
  for (const group of groups.values()) judgeGroup(group, rules, judged);
  const q = qValues(judged.map(({ pValue }) => pValue));
  const all = judged.map(({ own, pValue }, i) => ({ ...own, pValue, qValue: q[i]! }));
  const alerts = judged
    .flatMap((one, i) => (q[i]! <= rules.alpha ? describe(one, q[i]!, rules) : []))
    .filter(({ shrunkRate, peerMean }) => shrunkRate >= rules.minRatio * peerMean)
    .sort((a, b) => a.qValue - b.qValue || b.excessCases - a.excessCases);
  return { alerts, all };
}

interface Judged {
  readonly own: PeerCount;
  readonly peers: readonly PeerCount[];
  readonly prior: BetaPrior | null;
  readonly pValue: number;
}

function judgeGroup(group: readonly PeerCount[], rules: PeerOptions, judged: Judged[]): void {
  const sized = group.filter(({ cases }) => cases >= rules.minPeerCases);
  const hits = sized.reduce((sum, peer) => sum + peer.hits, 0);
  const cases = sized.reduce((sum, peer) => sum + peer.cases, 0);
  for (const own of group) {
    if (own.cases < rules.minCases) continue;
    const counted = own.cases >= rules.minPeerCases;
    if (sized.length - (counted ? 1 : 0) < rules.minPeers) continue;
    const mean = counted ? (hits - own.hits) / (cases - own.cases) : hits / cases;
    if (own.hits < rules.minHits || own.hits / own.cases <= mean) {
      judged.push({ own, peers: [], prior: null, pValue: 1 });
      continue;
    }
    const peers = sized.filter(({ subject }) => subject !== own.subject);
    const prior = fitPrior(peers);
    judged.push({ own, peers, prior, pValue: betaBinomialUpperTail(own.hits, own.cases, prior.a, prior.b) });
  }
}

function describe(
  { own, peers, prior, pValue }: Judged,
  qValue: number,
  { confidence }: PeerOptions,
): PeerComparison[] {
  if (prior === null) return [];
  const { hits, cases } = own;
  const shrunkRate = shrink(own, prior);
  const peerMean = prior.a / (prior.a + prior.b);
  const tail = (1 - confidence) / 2;
  return [
    {
      ...own,
      pValue,
      qValue,
      ownRate: hits / cases,
      peers: peers.length,
      peerCases: peers.reduce((sum, peer) => sum + peer.cases, 0),
      peerMean,
      shrunkRate,
      low: betaQuantile(tail, prior.a + hits, prior.b + cases - hits),
      high: betaQuantile(1 - tail, prior.a + hits, prior.b + cases - hits),
      excessCases: Math.max(0, (shrunkRate - peerMean) * cases),
    },
  ];
}

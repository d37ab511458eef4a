import { isolationForest } from './isolation-forest';
import { median, robustScale } from './math';
import type { FraudResult } from './score';

/** Scores of one ranking method over all candidates of a result, in the order of `candidates`. */
export interface Baselines {
  readonly candidates: readonly { clinic: number; doctor: number }[];
  /** Denials over yes/no answers, unweighted. */
  readonly denialShare: Float64Array;
  /** Isolation forest (Liu, Ting & Zhou 2008) on the features that the model itself reads. */
  readonly isolationForest: Float64Array;
  /** Sum of positive robust z-scores against peers: billing volume for the case mix and primary visits. */
  readonly peerScore: Float64Array;
}

interface Features {
  denial: number;
  short: number;
  volume: number;
  primary: number;
  size: number;
}

/** The three usual yardsticks on the same candidates (clinics, then clinic x doctor) as the model's alerts. */
export function computeBaselines(result: Omit<FraudResult, 'posterior'>, seed = 1): Baselines {
  const { units, phantom, upcoding, volume } = result;
  const candidates: { clinic: number; doctor: number }[] = [];
  const features: Features[] = [];
  const ratio = (k: number, n: number): number => (n > 0 ? k / n : 0);
  const clinics = new Set(result.alerts.filter((alert) => alert.doctor < 0).map((alert) => alert.clinic));
  for (const c of clinics) {
    candidates.push({ clinic: c, doctor: -1 });
    const mix = upcoding.mix;
    features.push({
      denial: ratio(phantom.clinicDenied[c]!, phantom.clinicAnswered[c]!),
      short: ratio(upcoding.clinicShort[c]!, upcoding.clinicTimed[c]!),
      volume: volume.clinic.value[c]!,
      primary: ratio(mix.clinicPrimary[c]! - mix.clinicExpected[c]!, mix.clinicVisits[c]!),
      size: Math.log1p(volume.clinic.observed[c]!),
    });
  }
  const clinicCount = candidates.length;
  for (let u = 0; u < units.count; u++) {
    candidates.push({ clinic: units.clinic[u]!, doctor: units.doctor[u]! });
    const mix = upcoding.mix;
    features.push({
      denial: ratio(phantom.unitDenied[u]!, phantom.unitAnswered[u]!),
      short: ratio(upcoding.unitShort[u]!, upcoding.unitTimed[u]!),
      volume: volume.unit.value[u]!,
      primary: ratio(mix.unitPrimary[u]! - mix.unitExpected[u]!, mix.unitVisits[u]!),
      size: Math.log1p(volume.unit.observed[u]!),
    });
  }
  const rows = features.map((f) => [f.denial, f.short, f.volume, f.primary, f.size]);
  return {
    candidates,
    denialShare: Float64Array.from(features, (f) => f.denial),
    isolationForest: isolationForest(rows, seed),
    peerScore: Float64Array.from([
      ...peerScores(features.slice(0, clinicCount)),
      ...peerScores(features.slice(clinicCount)),
    ]),
  };
}

/** Robust z of volume and visit mix; only what exceeds the peers counts. */
function peerScores(features: readonly Features[]): number[] {
  const names = ['volume', 'primary'] as const;
  const sums = features.map(() => 0);
  for (const name of names) {
    const values = features.map((f) => f[name]);
    const centre = median(values);
    const scale = Math.max(1e-6, robustScale(values));
    // Small practices scatter more: the deviation counts by the root of the practice's size.
    features.forEach((f, i) => (sums[i]! += Math.max(0, (f[name] - centre) / scale) * Math.sqrt(f.size / 5)));
  }
  return sums;
}

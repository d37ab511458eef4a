/** A closed case: what the detector had said and what two people found. */
export interface CaseLabel {
  /** Score at which the case was opened, 0-1. */
  readonly score: number;
  readonly outcome: 'confirmed' | 'error' | 'unfounded';
}

/** Map of a score on the logit scale: slope x logit + offset. (1, 0) changes nothing. */
export interface ScoreCalibration {
  readonly slope: number;
  readonly offset: number;
  readonly labels: number;
}

/** A billing error is half of a success: money comes back, but nobody cheated. */
const TRUTH: Readonly<Record<CaseLabel['outcome'], number>> = { confirmed: 1, error: 0.5, unfounded: 0 };
const SLOPE_SD = 0.5;
const OFFSET_SD = 1;
const LIMIT = 1e-6;

function logit(score: number): number {
  const p = Math.min(1 - LIMIT, Math.max(LIMIT, score));
  return Math.log(p / (1 - p));
}
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * Re-estimates the detector's calibration from closed cases: Platt's logistic map (1999) with normal priors around "as
 * it is" (slope 1 with sd 0.5, offset 0 with sd 1), so that ten cases move it a little and hundreds decide. Newton.
 */
export function recalibrate(labels: readonly CaseLabel[]): ScoreCalibration {
  let slope = 1;
  let offset = 0;
  const wa = 1 / SLOPE_SD ** 2;
  const wb = 1 / OFFSET_SD ** 2;
  for (let round = 0; round < 30; round++) {
    let [ga, gb, haa, hab, hbb] = [wa * (slope - 1), wb * offset, wa, 0, wb];
    for (const { score, outcome } of labels) {
      const x = logit(score);
      const p = logistic(slope * x + offset);
      const weight = Math.max(1e-9, p * (1 - p));
      ga += (p - TRUTH[outcome]) * x;
      gb += p - TRUTH[outcome];
      haa += weight * x * x;
      hab += weight * x;
      hbb += weight;
    }
    const determinant = haa * hbb - hab * hab;
    const da = (hbb * ga - hab * gb) / determinant;
    const db = (haa * gb - hab * ga) / determinant;
    slope = Math.max(0.05, slope - Math.max(-1, Math.min(1, da)));
    offset -= Math.max(-2, Math.min(2, db));
    if (Math.abs(da) + Math.abs(db) < 1e-9) break;
  }
  return { slope, offset, labels: labels.length };
}

/** A score after calibration; without labels it is unchanged. */
export function calibrated(score: number, { slope, offset, labels }: ScoreCalibration): number {
  return labels === 0 ? score : logistic(slope * logit(score) + offset);
}

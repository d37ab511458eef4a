/** Area under the ROC curve by ranks, ties counted half; NaN without both classes. */
export function areaUnderCurve(scores: ArrayLike<number>, truth: ArrayLike<number | boolean>): number {
  const n = scores.length;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let i = 0; i < n;) {
    let j = i;
    while (j < n && scores[order[j]!] === scores[order[i]!]) j++;
    const rank = (i + 1 + j) / 2;
    for (let k = i; k < j; k++) {
      if (truth[order[k]!]) {
        positives++;
        rankSum += rank;
      }
    }
    i = j;
  }
  const negatives = n - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Share of planted units among the first `k` by score. */
export function precisionAt(scores: ArrayLike<number>, truth: ArrayLike<number | boolean>, k: number): number {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const taken = order.slice(0, k);
  return taken.length === 0 ? Number.NaN : taken.filter((i) => truth[i]).length / taken.length;
}

export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly meanScore: number;
  readonly observed: number;
}

/** Reliability table on fixed bins, and the expected calibration error (mean gap weighted by count). */
export function calibration(
  scores: ArrayLike<number>,
  truth: ArrayLike<number | boolean>,
  edges: readonly number[] = [0, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0001],
): { bins: CalibrationBin[]; error: number; brier: number } {
  const bins: CalibrationBin[] = [];
  let error = 0;
  let brier = 0;
  for (let i = 0; i < scores.length; i++) brier += (scores[i]! - (truth[i] ? 1 : 0)) ** 2 / scores.length;
  for (let b = 0; b + 1 < edges.length; b++) {
    let count = 0;
    let sum = 0;
    let hits = 0;
    for (let i = 0; i < scores.length; i++) {
      if (scores[i]! < edges[b]! || scores[i]! >= edges[b + 1]!) continue;
      count++;
      sum += scores[i]!;
      if (truth[i]) hits++;
    }
    if (count === 0) continue;
    bins.push({ from: edges[b]!, to: edges[b + 1]!, count, meanScore: sum / count, observed: hits / count });
    error += Math.abs(sum - hits) / scores.length;
  }
  return { bins, error, brier };
}

/** An estimate on some scale with its standard deviation. */
export interface Estimate {
  readonly mean: number;
  readonly sd: number;
}

/**
 * Normal empirical Bayes: shrinks noisy means towards their common mean by the spread between units (method of moments,
 * DerSimonian & Laird 1986). Units without data (infinite or NaN error) get the common mean at the full spread.
 */
export function shrinkMeans(raw: readonly Estimate[]): { units: Estimate[]; mean: number; spread: number } {
  const known = raw.filter(({ mean, sd }) => Number.isFinite(mean) && Number.isFinite(sd) && sd > 0);
  const weights = known.map(({ sd }) => 1 / (sd * sd));
  const sumW = weights.reduce((a, b) => a + b, 0);
  const fixed = sumW > 0 ? known.reduce((sum, { mean }, i) => sum + weights[i]! * mean, 0) / sumW : 0;
  const q = known.reduce((sum, { mean }, i) => sum + weights[i]! * (mean - fixed) ** 2, 0);
  const c = sumW - weights.reduce((sum, w) => sum + w * w, 0) / Math.max(1e-12, sumW);
  const between = c > 0 ? Math.max(0, (q - (known.length - 1)) / c) : 0;
  const random = known.map(({ sd }) => 1 / (sd * sd + between));
  const sumR = random.reduce((a, b) => a + b, 0);
  const mean = sumR > 0 ? known.reduce((sum, one, i) => sum + random[i]! * one.mean, 0) / sumR : 0;
  const spread = Math.sqrt(between);
  const units = raw.map((one) => {
    if (!(Number.isFinite(one.mean) && Number.isFinite(one.sd) && one.sd > 0)) return { mean, sd: spread };
    const trust = between / (between + one.sd * one.sd);
    return {
      mean: mean + trust * (one.mean - mean),
      // The common mean's own error is part of what is not known.
      sd: Math.sqrt(trust * one.sd * one.sd + (1 - trust) ** 2 / Math.max(1e-12, sumR)),
    };
  });
  return { units, mean, spread };
}

/** Standard normal distribution function (Abramowitz & Stegun 7.1.26, error below 1.5e-7). */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = 0.5 * poly * Math.exp(-x * x);
  return z >= 0 ? 1 - tail : tail;
}

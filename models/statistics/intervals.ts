import { betaQuantile, normalQuantile } from './special';

/** A share with its interval; `low` and `high` are within 0 and 1. */
export interface ShareInterval {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** Wilson score interval of k out of n (E. B. Wilson, JASA 22, 1927); 0..1 when n is 0. */
export function wilsonInterval(k: number, n: number, confidence = 0.95): ShareInterval {
  if (n === 0) return { share: 0, low: 0, high: 1 };
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const p = k / n;
  const centre = p + (z * z) / (2 * n);
  const spread = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  // At the ends the algebra gives exactly 0 and 1; floating point would leave 1e-17.
  const low = k === 0 ? 0 : Math.max(0, (centre - spread) / scale);
  const high = k === n ? 1 : Math.min(1, (centre + spread) / scale);
  return { share: p, low, high };
}

/** Exact interval of k out of n (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934): never too narrow. */
export function clopperPearsonInterval(k: number, n: number, confidence = 0.95): ShareInterval {
  if (n === 0) return { share: 0, low: 0, high: 1 };
  const tail = (1 - confidence) / 2;
  return {
    share: k / n,
    low: k === 0 ? 0 : betaQuantile(tail, k, n - k + 1),
    high: k === n ? 1 : betaQuantile(1 - tail, k + 1, n - k),
  };
}

/**
 * Unit deviance of the Tweedie family: 1 is Poisson, 2 is gamma, between them compound Poisson (Jorgensen 1987).
 *
 * @param y - observed, at least 0
 * @param mu - expected, above 0
 */
export function unitDeviance(y: number, mu: number, power: number): number {
  if (power === 1) return 2 * ((y > 0 ? y * Math.log(y / mu) : 0) - (y - mu));
  if (power === 2) return 2 * (y / mu - 1 - Math.log(Math.max(y, 1e-9) / mu));
  const a = 1 - power;
  const b = 2 - power;
  return 2 * (Math.pow(Math.max(y, 0), b) / (a * b) - (y * Math.pow(mu, a)) / a + Math.pow(mu, b) / b);
}

/** Weighted mean deviance of totals: rates y/w against mu/w with weight w. */
export function meanDeviance(
  totals: ArrayLike<number>,
  expected: ArrayLike<number>,
  weights: ArrayLike<number>,
  power: number,
): number {
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < totals.length; i++) {
    const w = weights[i]!;
    if (!(w > 0)) continue;
    sum += w * unitDeviance(totals[i]! / w, Math.max(expected[i]! / w, 1e-9), power);
    weight += w;
  }
  return weight === 0 ? 0 : sum / weight;
}

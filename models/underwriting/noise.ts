/** Variance of a total around its expectation m: phi * m + tau2 * m^2 (counting noise and lasting differences). */
export interface Noise {
  readonly phi: number;
  readonly tau2: number;
}

/**
 * Fits squared relative residuals by expectation: mean of (y/m - 1)^2 over equal bins against tau2 + phi / m, by least
 * squares of logarithms on a grid (bins count alike, one wild bin does not carry the fit).
 */
export function fitNoise(totals: ArrayLike<number>, expected: ArrayLike<number>, bins = 24): Noise {
  const order = Array.from({ length: totals.length }, (_, i) => i)
    .filter((i) => expected[i]! > 0)
    .sort((a, b) => expected[a]! - expected[b]!);
  if (order.length === 0) return { phi: 1, tau2: 0.01 };
  const size = Math.max(1, Math.ceil(order.length / bins));
  const points: { readonly log: number; readonly inverse: number }[] = [];
  for (let from = 0; from < order.length; from += size) {
    const part = order.slice(from, from + size);
    let square = 0;
    let inverse = 0;
    for (const i of part) {
      square += Math.min((totals[i]! / expected[i]! - 1) ** 2, 400);
      inverse += 1 / expected[i]!;
    }
    points.push({ log: Math.log(Math.max(square / part.length, 1e-6)), inverse: inverse / part.length });
  }
  const middle = expected[order[Math.floor(order.length / 2)]!]!;
  let best = { phi: middle, tau2: 0.01, loss: Infinity };
  for (let a = -6; a <= 4; a += 0.1)
    for (let b = -6; b <= 2; b += 0.2) {
      const phi = Math.exp(a) * middle;
      const tau2 = Math.exp(b);
      let loss = 0;
      for (const { log, inverse } of points) loss += (log - Math.log(tau2 + phi * inverse)) ** 2;
      if (loss < best.loss) best = { phi, tau2, loss };
    }
  return { phi: best.phi, tau2: best.tau2 };
}

import { quantileOf, sortedFinite } from './quantiles';

/** Part of the expected total that single very large rows bring, kept apart in the price build-up. */
export interface LargeLoss {
  /** A row is large beyond this multiple of its expectation, and beyond this amount. */
  readonly multiple: number;
  readonly amount: number;
  /** Excess over that line as a share of all totals, by size of the row's expectation. */
  readonly bands: readonly { readonly upTo: number; readonly share: number }[];
}

/** Measures the excess of large rows over out-of-fold expectations; pooled with the whole by 20 large rows. */
export function fitLargeLoss(totals: ArrayLike<number>, expected: ArrayLike<number>): LargeLoss {
  const order = Array.from({ length: totals.length }, (_, i) => i).sort((a, b) => expected[a]! - expected[b]!);
  const ratios = sortedFinite(order.map((i) => totals[i]! / Math.max(expected[i]!, 1e-9)));
  const multiple = Math.max(3, quantileOf(ratios, 0.995));
  const amount = quantileOf(sortedFinite(Array.from(totals)), 0.9);
  const measure = (rows: readonly number[]): { excess: number; sum: number; large: number } => {
    let excess = 0;
    let sum = 0;
    let large = 0;
    for (const i of rows) {
      const over = totals[i]! - Math.max(multiple * expected[i]!, amount);
      sum += totals[i]!;
      if (over <= 0) continue;
      excess += over;
      large++;
    }
    return { excess, sum, large };
  };
  const all = measure(order);
  const overall = all.sum > 0 ? all.excess / all.sum : 0;
  const count = Math.max(1, Math.min(5, Math.floor(order.length / 500)));
  const bands = Array.from({ length: count }, (_, k) => {
    const part = order.slice(Math.floor((k * order.length) / count), Math.floor(((k + 1) * order.length) / count));
    const own = measure(part);
    const trust = own.large / (own.large + 20);
    const share = (own.sum > 0 ? (own.excess / own.sum) * trust : 0) + overall * (1 - trust);
    return { upTo: k === count - 1 ? 1e300 : expected[part[part.length - 1]!]!, share };
  });
  return { multiple, amount, bands };
}

/** The large-loss part of a row's forecast. */
export function largeLossOf({ bands }: LargeLoss, forecast: number): number {
  const band = bands.find(({ upTo }) => forecast <= upTo) ?? bands[bands.length - 1];
  return band === undefined ? 0 : forecast * Math.min(band.share, 0.9);
}

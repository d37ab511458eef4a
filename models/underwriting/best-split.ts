import type { BinnedFactor } from './tree-bins';

/** Sums of gradients, curvatures and rows by bin, all factors behind one another (three numbers a bin). */
export type Histogram = Float64Array;

/** What a leaf may be: its value lies between the bounds that splits by monotone factors above it have left. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export interface SplitRules {
  readonly minRows: number;
  readonly ridge: number;
}

export interface Split {
  readonly gain: number;
  readonly factor: number;
  /** Numeric: last bin on the left; category: the bins on the left. */
  readonly threshold: number;
  readonly levels?: readonly number[];
  readonly missingLeft: boolean;
  readonly leftValue: number;
  readonly rightValue: number;
}

/** Extra ridge on levels, so that a rare level does not win by luck (as LightGBM's cat_l2 and cat_smooth). */
const LEVEL_RIDGE = 10;
const MIN_GAIN = 1e-9;

interface Sums {
  g: number;
  h: number;
  n: number;
}

/** Second-order value of a leaf within its bounds. */
export function leafValue(g: number, h: number, ridge: number, { low, high }: Bounds): number {
  return Math.min(high, Math.max(low, -g / (h + ridge)));
}

/** The split with the largest gain over the factors asked; null when none gains. */
export function bestSplit(
  histogram: Histogram,
  offsets: Int32Array,
  factors: readonly BinnedFactor[],
  asked: ArrayLike<number>,
  total: Readonly<Sums>,
  bounds: Bounds,
  rules: SplitRules,
): Split | null {
  let best: Split | null = null;
  const before = gainOf(total, leafValue(total.g, total.h, rules.ridge, bounds), rules.ridge);
  for (let i = 0; i < asked.length; i++) {
    const factor = asked[i]!;
    const { bins, levels, monotone } = factors[factor]!;
    const from = offsets[factor]!;
    const order = levels === undefined ? null : levelOrder(histogram, from, bins);
    const ridge = rules.ridge + (order === null ? 0 : LEVEL_RIDGE);
    const missing = sumsAt(histogram, from);
    const steps = order === null ? bins - 1 : order.length;
    for (const missingLeft of missing.n > 0 ? [true, false] : [false]) {
      const left: Sums = missingLeft ? { ...missing } : { g: 0, h: 0, n: 0 };
      for (let step = 0; step < steps; step++) {
        const bin = order === null ? step + 1 : order[step]!;
        const at = 3 * (from + bin);
        left.g += histogram[at]!;
        left.h += histogram[at + 1]!;
        left.n += histogram[at + 2]!;
        const rightRows = total.n - left.n;
        if (left.n < rules.minRows) continue;
        if (rightRows < rules.minRows) break;
        const leftValue = leafValue(left.g, left.h, ridge, bounds);
        const right = { g: total.g - left.g, h: total.h - left.h, n: rightRows };
        const rightValue = leafValue(right.g, right.h, ridge, bounds);
        if (monotone !== undefined && against(monotone, leftValue, rightValue)) continue;
        const gain = gainOf(left, leftValue, ridge) + gainOf(right, rightValue, ridge) - before;
        if (gain <= (best?.gain ?? MIN_GAIN)) continue;
        best = {
          gain,
          factor,
          threshold: bin,
          ...(order === null ? {} : { levels: order.slice(0, step + 1) }),
          missingLeft: missing.n > 0 ? missingLeft : left.n >= right.n,
          leftValue,
          rightValue,
        };
      }
    }
  }
  return best;
}

/** Bounds of the two children: a monotone split keeps everything below it on its side of the middle. */
export function childBounds({ monotone }: BinnedFactor, split: Split, { low, high }: Bounds): [Bounds, Bounds] {
  if (monotone === undefined)
    return [
      { low, high },
      { low, high },
    ];
  const middle = (split.leftValue + split.rightValue) / 2;
  return monotone === 'increasing'
    ? [
        { low, high: middle },
        { low: middle, high },
      ]
    : [
        { low: middle, high },
        { low, high: middle },
      ];
}

/** Loss that a leaf of this value takes away (twice). */
function gainOf({ g, h }: Readonly<Sums>, value: number, ridge: number): number {
  return -(2 * g * value + (h + ridge) * value * value);
}

function against(monotone: 'increasing' | 'decreasing', left: number, right: number): boolean {
  return monotone === 'increasing' ? left > right : left < right;
}

/** Levels that occur, from the lowest to the highest smoothed value: the best set is then a prefix (Fisher 1958). */
function levelOrder(histogram: Histogram, from: number, bins: number): number[] {
  const order: number[] = [];
  for (let bin = 1; bin < bins; bin++) if (histogram[3 * (from + bin) + 2]! > 0) order.push(bin);
  const valueOf = (bin: number): number =>
    histogram[3 * (from + bin)]! / (histogram[3 * (from + bin) + 1]! + LEVEL_RIDGE);
  return order.sort((a, b) => valueOf(b) - valueOf(a) || a - b);
}

function sumsAt(histogram: Histogram, at: number): Sums {
  return { g: histogram[3 * at]!, h: histogram[3 * at + 1]!, n: histogram[3 * at + 2]! };
}

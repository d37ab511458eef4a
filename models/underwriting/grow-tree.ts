import type { Bounds, Histogram, Split, SplitRules } from './best-split';
import { bestSplit, childBounds } from './best-split';
import type { Forest } from './forest';
import { goesLeft } from './forest';
import type { BinnedFactor, BinnedRows } from './tree-bins';

export interface TreeRules extends SplitRules {
  readonly leaves: number;
}

/** Nodes of a forest while it grows. */
export class ForestBuilder {
  readonly roots: number[] = [];
  readonly factor: number[] = [];
  readonly split: number[] = [];
  readonly byLevel: number[] = [];
  readonly missingLeft: number[] = [];
  readonly left: number[] = [];
  readonly value: number[] = [];
  readonly sets: number[] = [];

  addNode(): number {
    this.factor.push(-1);
    this.split.push(0);
    this.byLevel.push(0);
    this.missingLeft.push(0);
    this.left.push(0);
    return this.value.push(0) - 1;
  }

  /** Makes a leaf an inner node with two leaves behind it. */
  splitNode(node: number, { factor, threshold, levels, missingLeft }: Split): number {
    this.factor[node] = factor;
    this.missingLeft[node] = missingLeft ? 1 : 0;
    this.byLevel[node] = levels === undefined ? 0 : 1;
    this.split[node] = levels === undefined ? threshold : this.sets.length;
    if (levels !== undefined) {
      const words = [0, 0];
      for (const bin of levels) words[bin >> 5]! |= 1 << (bin & 31);
      this.sets.push(...words);
    }
    const left = this.addNode();
    this.addNode();
    this.left[node] = left;
    return left;
  }

  /** The forest of the first trees. */
  finish(bias: number, trees: number): Forest {
    const nodes = trees < this.roots.length ? this.roots[trees]! : this.factor.length;
    return {
      bias,
      roots: Int32Array.from(this.roots.slice(0, trees)),
      factor: Int32Array.from(this.factor.slice(0, nodes)),
      split: Int32Array.from(this.split.slice(0, nodes)),
      byLevel: Uint8Array.from(this.byLevel.slice(0, nodes)),
      missingLeft: Uint8Array.from(this.missingLeft.slice(0, nodes)),
      left: Int32Array.from(this.left.slice(0, nodes)),
      value: Float64Array.from(this.value.slice(0, nodes)),
      sets: Int32Array.from(this.sets),
    };
  }
}

interface Leaf {
  readonly node: number;
  readonly rows: Int32Array;
  readonly histogram: Histogram;
  readonly bounds: Bounds;
  readonly value: number;
  readonly split: Split | null;
}

/** Gradient, curvature and bins of the rows that a tree is grown on. */
export interface TreeData {
  readonly factors: readonly BinnedFactor[];
  readonly bins: BinnedRows;
  readonly offsets: Int32Array;
  readonly gradient: Float64Array;
  readonly curvature: Float64Array;
}

/** Grows one tree leaf by leaf, the split of the largest gain first, and returns its root. */
export function growTree(
  builder: ForestBuilder,
  data: TreeData,
  rows: Int32Array,
  asked: Int32Array,
  rules: TreeRules,
  learningRate: number,
): number {
  const root = builder.addNode();
  const open: Leaf[] = [];
  const add = (node: number, own: Int32Array, histogram: Histogram, bounds: Bounds, value: number): void => {
    const split = own.length < 2 * rules.minRows ? null : searchSplit(data, histogram, asked, own, bounds, rules);
    open.push({ node, rows: own, histogram, bounds, value, split });
  };
  add(root, rows, histogramOf(data, rows, asked), { low: -Infinity, high: Infinity }, 0);
  const weights: { readonly node: number; readonly left: number; readonly share: number }[] = [];
  for (let leaves = 1; leaves < rules.leaves; leaves++) {
    const at = richest(open);
    if (at < 0) break;
    const [{ node, rows: own, histogram, bounds, split }] = open.splice(at, 1) as [Leaf];
    const left = builder.splitNode(node, split!);
    const [leftRows, rightRows] = partition(builder, node, data.bins[split!.factor]!, own);
    weights.push({ node, left, share: leftRows.length / own.length });
    const small = histogramOf(data, leftRows.length <= rightRows.length ? leftRows : rightRows, asked);
    const large = subtract(histogram, small);
    const [leftBounds, rightBounds] = childBounds(data.factors[split!.factor]!, split!, bounds);
    const leftIsSmall = leftRows.length <= rightRows.length;
    add(left, leftRows, leftIsSmall ? small : large, leftBounds, split!.leftValue);
    add(left + 1, rightRows, leftIsSmall ? large : small, rightBounds, split!.rightValue);
  }
  for (const { node, value } of open) builder.value[node] = value * learningRate;
  for (const { node, left, share } of weights.reverse())
    builder.value[node] = share * builder.value[left]! + (1 - share) * builder.value[left + 1]!;
  return root;
}

function richest(open: readonly Leaf[]): number {
  let best = -1;
  open.forEach(({ split }, i) => {
    if (split !== null && (best < 0 || split.gain > open[best]!.split!.gain)) best = i;
  });
  return best;
}

function searchSplit(
  { factors, offsets, gradient, curvature }: TreeData,
  histogram: Histogram,
  asked: Int32Array,
  rows: Int32Array,
  bounds: Bounds,
  rules: SplitRules,
): Split | null {
  let g = 0;
  let h = 0;
  for (const row of rows) {
    g += gradient[row]!;
    h += curvature[row]!;
  }
  return bestSplit(histogram, offsets, factors, asked, { g, h, n: rows.length }, bounds, rules);
}

/** The hot loop of boosting: one pass over the rows for each factor. */
function histogramOf({ bins, offsets, gradient, curvature }: TreeData, rows: Int32Array, asked: Int32Array): Histogram {
  const out = new Float64Array(3 * offsets[offsets.length - 1]!);
  for (let i = 0; i < asked.length; i++) {
    const column = bins[asked[i]!]!;
    const from = 3 * offsets[asked[i]!]!;
    for (let k = 0; k < rows.length; k++) {
      const row = rows[k]!;
      const at = from + 3 * column[row]!;
      out[at]! += gradient[row]!;
      out[at + 1]! += curvature[row]!;
      out[at + 2]! += 1;
    }
  }
  return out;
}

function subtract(whole: Histogram, part: Histogram): Histogram {
  const out = new Float64Array(whole.length);
  for (let i = 0; i < whole.length; i++) out[i] = whole[i]! - part[i]!;
  return out;
}

function partition(builder: ForestBuilder, node: number, bins: Uint8Array, rows: Int32Array): [Int32Array, Int32Array] {
  const left = new Int32Array(rows.length);
  const right = new Int32Array(rows.length);
  let l = 0;
  let r = 0;
  for (const row of rows) {
    if (goesLeft(builder, node, bins[row]!)) left[l++] = row;
    else right[r++] = row;
  }
  return [left.slice(0, l), right.slice(0, r)];
}

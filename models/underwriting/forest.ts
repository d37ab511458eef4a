import type { BinnedRows } from './tree-bins';

/**
 * Boosted trees as flat arrays: log mu = bias + sum of the leaf that each tree sends a row to. A node's children stand
 * side by side (`left`, `left + 1`); `value` of an inner node is the mean of its leaves over the training rows, so that
 * the steps of value along a row's path say what each split did.
 */
export interface Forest {
  readonly bias: number;
  /** First node of each tree. */
  readonly roots: Int32Array;
  /** Index of the factor that the node splits by; -1: a leaf. */
  readonly factor: Int32Array;
  /** Numeric: the last bin that goes left. Category: where its set of left bins starts in `sets` (two words). */
  readonly split: Int32Array;
  readonly byLevel: Uint8Array;
  readonly missingLeft: Uint8Array;
  readonly left: Int32Array;
  readonly value: Float64Array;
  readonly sets: Int32Array;
}

/** log mu of each row. */
export function predictForest(forest: Forest, bins: BinnedRows, rows: number): Float64Array {
  const out = new Float64Array(rows).fill(forest.bias);
  const { factor, left, value } = forest;
  for (const root of forest.roots)
    for (let row = 0; row < rows; row++) {
      let node = root;
      while (factor[node]! >= 0) node = left[node]! + (goesLeft(forest, node, bins[factor[node]!]![row]!) ? 0 : 1);
      out[row]! += value[node]!;
    }
  return out;
}

/**
 * Takes log mu of one row apart by factor: each split on the row's path is credited with the step of the mean that it
 * made (Saabas 2014). Exact: what is returned + the sum of the contributions = log mu.
 *
 * @param into - contributions by factor, added to
 * @returns the forest's mean over its training rows
 */
export function explainForest(forest: Forest, bins: BinnedRows, row: number, into: Float64Array): number {
  const { factor, left, value } = forest;
  let start = forest.bias;
  for (const root of forest.roots) {
    start += value[root]!;
    let node = root;
    while (factor[node]! >= 0) {
      const by = factor[node]!;
      const next = left[node]! + (goesLeft(forest, node, bins[by]![row]!) ? 0 : 1);
      into[by]! += value[next]! - value[node]!;
      node = next;
    }
  }
  return start;
}

/** What decides where a row goes, of a finished forest or of one that grows. */
export interface NodeSplits {
  readonly split: ArrayLike<number>;
  readonly byLevel: ArrayLike<number>;
  readonly missingLeft: ArrayLike<number>;
  readonly sets: ArrayLike<number>;
}

/** Where a bin goes at a node. */
export function goesLeft({ split, byLevel, missingLeft, sets }: NodeSplits, node: number, bin: number): boolean {
  if (bin === 0) return missingLeft[node] === 1;
  if (byLevel[node] === 0) return bin <= split[node]!;
  return ((sets[split[node]! + (bin >> 5)]! >>> (bin & 31)) & 1) === 1;
}

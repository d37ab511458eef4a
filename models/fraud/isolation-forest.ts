import { seededRandom } from './math';

const TREES = 100;
const SAMPLE = 256;
const EULER = 0.5772156649;

type Node = { size: number } | { feature: number; at: number; left: Node; right: Node };

/** Mean path length of an unsuccessful search in a binary tree of n points. */
function pathLength(n: number): number {
  return n <= 1 ? 0 : 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n;
}

function grow(rows: readonly (readonly number[])[], depth: number, random: () => number): Node {
  if (rows.length <= 1 || depth === 0) return { size: rows.length };
  const feature = Math.floor(random() * rows[0]!.length);
  let low = Infinity;
  let high = -Infinity;
  for (const row of rows) {
    low = Math.min(low, row[feature]!);
    high = Math.max(high, row[feature]!);
  }
  if (low === high) return { size: rows.length };
  const at = low + random() * (high - low);
  return {
    feature,
    at,
    left: grow(
      rows.filter((row) => row[feature]! < at),
      depth - 1,
      random,
    ),
    right: grow(
      rows.filter((row) => row[feature]! >= at),
      depth - 1,
      random,
    ),
  };
}

/** Anomaly scores in (0, 1), higher is stranger; deterministic for a seed. */
export function isolationForest(rows: readonly (readonly number[])[], seed: number): Float64Array {
  const random = seededRandom(seed);
  const sample = Math.min(SAMPLE, rows.length);
  const depth = Math.ceil(Math.log2(Math.max(2, sample)));
  const trees = Array.from({ length: TREES }, () =>
    grow(
      Array.from({ length: sample }, () => rows[Math.floor(random() * rows.length)]!),
      depth,
      random,
    ),
  );
  const usual = pathLength(sample);
  return Float64Array.from(rows, (row) => {
    let total = 0;
    for (const tree of trees) {
      let node = tree;
      let steps = 0;
      while ('feature' in node) {
        node = row[node.feature]! < node.at ? node.left : node.right;
        steps++;
      }
      total += steps + pathLength(node.size);
    }
    return 2 ** (-total / trees.length / Math.max(1e-9, usual));
  });
}

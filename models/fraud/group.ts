/** Dense group numbers for rows keyed by up to three integer columns. */
export interface Grouping {
  readonly count: number;
  /** Group of each row. */
  readonly id: Int32Array;
  /** First row of each group. */
  readonly first: Int32Array;
  /** Group of a key, or -1. */
  readonly find: (a: number, b: number, c: number) => number;
}

/** Mixes three integers into 32 bits. */
export function hashTriple(a: number, b: number, c: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul((h ^ (h >>> 15)) + b, 0xc2b2ae35);
  h = Math.imul((h ^ (h >>> 13)) + c, 0x27d4eb2f);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Groups rows by the integer key (a, b, c) with one open-addressing table of row numbers: linear time, 4 bytes a
 * slot, no objects. Pass the same column twice where the key has fewer parts. Rows for which `skip` is true get -1.
 */
export function groupRows(
  length: number,
  a: Int32Array,
  b: Int32Array,
  c: Int32Array,
  skip?: (row: number) => boolean,
): Grouping {
  let size = 16;
  while (size < length * 2) size *= 2;
  const mask = size - 1;
  const table = new Int32Array(size).fill(-1);
  const id = new Int32Array(length).fill(-1);
  let first = new Int32Array(Math.max(16, length >> 2));
  let count = 0;
  for (let row = 0; row < length; row++) {
    if (skip?.(row)) continue;
    let slot = hashTriple(a[row]!, b[row]!, c[row]!) & mask;
    for (;;) {
      const group = table[slot]!;
      if (group < 0) {
        table[slot] = count;
        if (count === first.length) {
          const grown = new Int32Array(first.length * 2);
          grown.set(first);
          first = grown;
        }
        first[count] = row;
        id[row] = count++;
        break;
      }
      const f = first[group]!;
      if (a[f] === a[row] && b[f] === b[row] && c[f] === c[row]) {
        id[row] = group;
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
  const find = (x: number, y: number, z: number): number => {
    for (let slot = hashTriple(x, y, z) & mask; ; slot = (slot + 1) & mask) {
      const group = table[slot]!;
      if (group < 0) return -1;
      const f = first[group]!;
      if (a[f] === x && b[f] === y && c[f] === z) return group;
    }
  };
  return { count, id, first: first.subarray(0, count), find };
}

/** Compressed rows by group: rows of group g are `rows[start[g]] .. rows[start[g + 1] - 1]`. */
export interface Buckets {
  readonly start: Int32Array;
  readonly rows: Int32Array;
}

/** Counting sort of row numbers by group; rows of group -1 are left out. Linear. */
export function bucketRows(groups: Int32Array, count: number): Buckets {
  const start = new Int32Array(count + 1);
  for (const g of groups) if (g >= 0) start[g + 1]!++;
  for (let g = 0; g < count; g++) start[g + 1]! += start[g]!;
  const cursor = start.slice(0, count);
  const rows = new Int32Array(start[count]!);
  for (let row = 0; row < groups.length; row++) {
    const g = groups[row]!;
    if (g >= 0) rows[cursor[g]!++] = row;
  }
  return { start, rows };
}
